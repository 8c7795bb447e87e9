/* Fault injection for a disk. Loaded before the C library (LD_PRELOAD), this library replaces the calls that open, change
 * and sync files under DISK_ROOT. It fails, delays and shortens them as DISK_CONTROL says, and, where DISK_JOURNAL is set,
 * records them there in order. Calls for other files pass through.
 *
 * A sync that succeeds does nothing: this machine's power is not cut. The test computes from the journal what a power cut
 * would leave on the disk.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#if !defined(__LP64__)
#error "offsets must have 64 bits"
#endif

/* Kinds of files, for faults that apply to some of them. */
enum { DATABASE = 1, LOG = 2, INDEX = 4, ROLLBACK = 8, FOLDER = 16, OTHER = 32 };

/* The control file. The test writes it while the program runs; the program writes the last two numbers. */
struct control {
  uint64_t kinds;                 /* kinds of files that faults apply to */
  uint64_t free_bytes;            /* bytes by which files can still grow */
  uint64_t write_errno;           /* of every write; 0: none */
  uint64_t open_errno;            /* of every opening for writing; 0: none */
  uint64_t sync_errno;            /* of a sync that fails */
  uint64_t syncs_before_failures; /* syncs that succeed before the next failures */
  uint64_t sync_failures;         /* number of failures */
  uint64_t sync_ms;               /* duration of every sync */
  uint64_t syncs;                 /* syncs that succeeded, of the kinds above */
  uint64_t failed_calls;          /* calls that failed by fault injection */
};

/* An open file under the root. As on Linux, a failed sync is reported once to each description that was open by then:
 * `reported` is the last failure of its file that was reported to this one. */
struct open_file {
  int kind; /* 0: not under the root */
  uint32_t handle;
  uint32_t file;
  uint32_t reported;
};

/* A file, with any number of descriptions. */
struct file {
  dev_t device;
  ino_t inode;
  uint32_t failures;
};

enum { OPEN_FILES_MAX = 65536, FILES_MAX = 4096 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct open_file open_files[OPEN_FILES_MAX];
static struct file files[FILES_MAX];
static uint32_t files_count = 0;
static uint32_t last_handle = 0;
static const char *root = NULL;
static size_t root_length = 0;
static struct control *control = NULL;
static int journal = -1;

static void give_up(const char *reason) {
  dprintf(2, "disk.c: %s\n", reason);
  abort();
}

__attribute__((constructor)) static void initialize(void) {
  root = getenv("DISK_ROOT");
  const char *control_path = getenv("DISK_CONTROL");
  const char *journal_path = getenv("DISK_JOURNAL");
  if (root == NULL || control_path == NULL) give_up("DISK_ROOT and DISK_CONTROL must be set");
  root_length = strlen(root);
  int file = syscall(SYS_openat, AT_FDCWD, control_path, O_RDWR | O_CLOEXEC, 0);
  if (file < 0) give_up("the control file cannot be opened");
  void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) give_up("the control file cannot be mapped");
  control = mapped;
  syscall(SYS_close, file);
  if (journal_path != NULL) {
    journal = syscall(SYS_openat, AT_FDCWD, journal_path, O_WRONLY | O_APPEND | O_CLOEXEC, 0);
    if (journal < 0) give_up("the journal cannot be opened");
  }
}

static int is_under_root(const char *path) {
  return root != NULL && path != NULL && strncmp(path, root, root_length) == 0 &&
         (path[root_length] == '/' || path[root_length] == 0);
}

static int ends_with(const char *path, const char *suffix) {
  size_t length = strlen(path), suffix_length = strlen(suffix);
  return length >= suffix_length && strcmp(path + length - suffix_length, suffix) == 0;
}

static int kind_of(const char *path, mode_t mode) {
  if (S_ISDIR(mode)) return FOLDER;
  if (ends_with(path, "-wal")) return LOG;
  if (ends_with(path, "-shm")) return INDEX;
  if (ends_with(path, "-journal")) return ROLLBACK;
  if (ends_with(path, ".db")) return DATABASE;
  return OTHER;
}

static struct open_file *open_file_at(int fd) {
  return fd >= 0 && fd < OPEN_FILES_MAX && open_files[fd].kind != 0 ? &open_files[fd] : NULL;
}

/* Writes an entry of the journal: operation, process and handle, offset, and content. The log's index is left out: the
 * first process to open the file makes it anew. */
static void record(char operation, uint32_t handle, uint64_t offset, const void *bytes, uint32_t length) {
  if (journal < 0) return;
  struct __attribute__((packed)) {
    char operation;
    uint32_t process, handle;
    uint64_t offset;
    uint32_t length;
  } header = {operation, (uint32_t)getpid(), handle, offset, length};
  struct iovec parts[2] = {{&header, sizeof header}, {(void *)bytes, length}};
  ssize_t expected = (ssize_t)(sizeof header + length);
  if (syscall(SYS_writev, journal, parts, 2) != expected) give_up("the journal cannot be written");
}

static void record_paths(char operation, const char *from, const char *to) {
  char both[8192];
  int length = to == NULL ? snprintf(both, sizeof both, "%s", from + root_length)
                          : snprintf(both, sizeof both, "%s\n%s", from + root_length, to + root_length);
  record(operation, 0, 0, both, (uint32_t)length);
}

/* Fails a call. */
static int fail(uint64_t error) {
  control->failed_calls++;
  errno = (int)error;
  return -1;
}

static int applies_to(int kind) { return (control->kinds & (uint64_t)kind) != 0; }

static uint32_t file_of(const struct stat *status) {
  for (uint32_t at = 0; at < files_count; at++) {
    if (files[at].device == status->st_dev && files[at].inode == status->st_ino) return at;
  }
  if (files_count == FILES_MAX) give_up("too many files");
  files[files_count] = (struct file){status->st_dev, status->st_ino, 0};
  return files_count++;
}

static int open_under_root(int folder, const char *path, int flags, mode_t mode) {
  int writes = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
  pthread_mutex_lock(&mutex);
  struct stat status;
  int existed = syscall(SYS_newfstatat, folder, path, &status, 0) == 0;
  int kind = kind_of(path, existed ? status.st_mode : 0);
  int fd;
  if (writes && control->open_errno != 0 && applies_to(kind)) {
    fd = fail(control->open_errno);
  } else {
    fd = syscall(SYS_openat, folder, path, flags, mode);
  }
  if (fd >= OPEN_FILES_MAX) give_up("too many open files");
  if (fd >= 0) {
    fstat(fd, &status);
    uint32_t file = file_of(&status), handle = ++last_handle;
    open_files[fd] = (struct open_file){kind, handle, file, files[file].failures};
    if (kind != INDEX) {
      const char *name = path + root_length;
      record(existed ? 'O' : 'C', handle, 0, name, (uint32_t)strlen(name));
      if (existed && (flags & O_TRUNC)) record('T', handle, 0, NULL, 0);
    }
  }
  int error = errno;
  pthread_mutex_unlock(&mutex);
  errno = error;
  return fd;
}

static int open_any(int folder, const char *path, int flags, va_list rest) {
  mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
  if (is_under_root(path)) return open_under_root(folder, path, flags, mode);
  return syscall(SYS_openat, folder, path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int fd = open_any(AT_FDCWD, path, flags, rest);
  va_end(rest);
  return fd;
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int openat(int folder, const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int fd = open_any(folder, path, flags, rest);
  va_end(rest);
  return fd;
}

int openat64(int folder, const char *path, int flags, ...) __attribute__((alias("openat")));

int close(int fd) {
  pthread_mutex_lock(&mutex);
  if (open_file_at(fd) != NULL) open_files[fd].kind = 0;
  int result = syscall(SYS_close, fd);
  int error = errno;
  pthread_mutex_unlock(&mutex);
  errno = error;
  return result;
}

/* Writes as far as there is room for the file's growth. */
static ssize_t write_under_root(int fd, struct open_file *file, const void *bytes, size_t count, off_t offset) {
  if (control->write_errno != 0 && applies_to(file->kind)) return fail(control->write_errno);
  struct stat status;
  if (fstat(fd, &status) != 0) return -1;
  uint64_t end = (uint64_t)offset + count, size = (uint64_t)status.st_size;
  uint64_t growth = end <= size ? 0 : end - (size > (uint64_t)offset ? size : (uint64_t)offset);
  if (control->free_bytes != UINT64_MAX && growth > 0 && applies_to(file->kind)) {
    if (growth > control->free_bytes) {
      if (count - (growth - control->free_bytes) == 0) return fail(ENOSPC);
      count -= growth - control->free_bytes;
      growth = control->free_bytes;
      control->failed_calls++;
    }
    control->free_bytes -= growth;
  }
  ssize_t written = syscall(SYS_pwrite64, fd, bytes, count, offset);
  if (written > 0 && file->kind != INDEX) record('W', file->handle, (uint64_t)offset, bytes, (uint32_t)written);
  return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  if (open_file_at(fd) == NULL) return syscall(SYS_pwrite64, fd, bytes, count, offset);
  pthread_mutex_lock(&mutex);
  ssize_t written = write_under_root(fd, &open_files[fd], bytes, count, offset);
  int error = errno;
  pthread_mutex_unlock(&mutex);
  errno = error;
  return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset) __attribute__((alias("pwrite")));

ssize_t write(int fd, const void *bytes, size_t count) {
  if (open_file_at(fd) == NULL) return syscall(SYS_write, fd, bytes, count);
  pthread_mutex_lock(&mutex);
  int appends = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
  off_t offset = lseek(fd, 0, appends ? SEEK_END : SEEK_CUR);
  ssize_t written = write_under_root(fd, &open_files[fd], bytes, count, offset);
  int error = errno;
  if (written > 0) lseek(fd, offset + written, SEEK_SET);
  pthread_mutex_unlock(&mutex);
  errno = error;
  return written;
}

int ftruncate(int fd, off_t size) {
  if (open_file_at(fd) == NULL) return syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&mutex);
  struct open_file *file = &open_files[fd];
  int result;
  if (control->write_errno != 0 && applies_to(file->kind)) {
    result = fail(control->write_errno);
  } else {
    result = syscall(SYS_ftruncate, fd, size);
    if (result == 0 && file->kind != INDEX) record('T', file->handle, (uint64_t)size, NULL, 0);
  }
  int error = errno;
  pthread_mutex_unlock(&mutex);
  errno = error;
  return result;
}

int ftruncate64(int fd, off_t size) __attribute__((alias("ftruncate")));

static int sync_under_root(struct open_file *file) {
  uint32_t *failures = &files[file->file].failures;
  if (applies_to(file->kind) && control->sync_failures > 0) {
    if (control->syncs_before_failures > 0) {
      control->syncs_before_failures--;
    } else {
      if (control->sync_failures != UINT64_MAX) control->sync_failures--;
      ++*failures;
    }
  }
  if (file->reported != *failures) {
    file->reported = *failures;
    record('F', file->handle, 0, NULL, 0);
    return fail(control->sync_errno != 0 ? control->sync_errno : EIO);
  }
  if (applies_to(file->kind)) control->syncs++;
  record('S', file->handle, 0, NULL, 0);
  return 0;
}

int fsync(int fd) {
  if (open_file_at(fd) == NULL) return syscall(SYS_fsync, fd);
  if (control->sync_ms > 0 && applies_to(open_files[fd].kind)) {
    struct timespec wait = {(time_t)(control->sync_ms / 1000), (long)(control->sync_ms % 1000) * 1000000};
    nanosleep(&wait, NULL);
  }
  pthread_mutex_lock(&mutex);
  int result = sync_under_root(&open_files[fd]);
  int error = errno;
  pthread_mutex_unlock(&mutex);
  errno = error;
  return result;
}

int fdatasync(int fd) {
  if (open_file_at(fd) == NULL) return syscall(SYS_fdatasync, fd);
  return fsync(fd);
}

/* Records a change of names that the system made. */
static int record_names(char operation, const char *from, const char *to, long result) {
  if (result == 0 && is_under_root(from) && !ends_with(from, "-shm")) record_paths(operation, from, to);
  return (int)result;
}

#define NAMES(call)             \
  pthread_mutex_lock(&mutex);   \
  int result = call;            \
  int error = errno;            \
  pthread_mutex_unlock(&mutex); \
  errno = error;                \
  return result

int unlink(const char *path) { NAMES(record_names('U', path, NULL, syscall(SYS_unlinkat, AT_FDCWD, path, 0))); }

int rmdir(const char *path) {
  NAMES(record_names('U', path, NULL, syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR)));
}

int rename(const char *from, const char *to) {
  NAMES(record_names('R', from, to, syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0)));
}

int link(const char *from, const char *to) {
  NAMES(record_names('L', from, to, syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0)));
}

int linkat(int there, const char *from, int here, const char *to, int flags) {
  NAMES(record_names('L', from, to, syscall(SYS_linkat, there, from, here, to, flags)));
}

int mkdir(const char *path, mode_t mode) {
  NAMES(record_names('M', path, NULL, syscall(SYS_mkdirat, AT_FDCWD, path, mode)));
}

/* Ways to change a file that are not recorded here. A program that takes one is ended: the test would prove nothing. */
#define UNSUPPORTED(fd, call)                                        \
  if (open_file_at(fd) != NULL) give_up(#call " is not supported here"); \
  return call

ssize_t writev(int fd, const struct iovec *parts, int count) { UNSUPPORTED(fd, syscall(SYS_writev, fd, parts, count)); }

int fallocate(int fd, int mode, off_t offset, off_t length) {
  UNSUPPORTED(fd, (int)syscall(SYS_fallocate, fd, mode, offset, length));
}

int fallocate64(int fd, int mode, off_t offset, off_t length) __attribute__((alias("fallocate")));

ssize_t copy_file_range(int from, off_t *at, int to, off_t *there, size_t length, unsigned flags) {
  UNSUPPORTED(to, syscall(SYS_copy_file_range, from, at, to, there, length, flags));
}

ssize_t sendfile(int to, int from, off_t *offset, size_t count) {
  UNSUPPORTED(to, syscall(SYS_sendfile, to, from, offset, count));
}

ssize_t sendfile64(int to, int from, off_t *offset, size_t count) __attribute__((alias("sendfile")));

int truncate(const char *path, off_t size) {
  if (is_under_root(path)) give_up("truncate is not supported here");
  return (int)syscall(SYS_truncate, path, size);
}
