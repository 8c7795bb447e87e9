/* What would a bad disk do? Loaded before the C library (LD_PRELOAD), it stands between the program and the files under
 * DISK_ROOT: it fails, delays and shortens what DISK_CONTROL says, and writes down in DISK_JOURNAL, where that is set, in
 * what order the files were changed and synced. All other files are none of its business.
 *
 * A sync that is let through does nothing: no one cuts this machine's power. Where a cut would leave the disk, the test
 * works out from the journal.
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
#error "offsets are taken to have 64 bits"
#endif

/* Kinds of files, for the faults that hit only some. */
enum { DATABASE = 1, LOG = 2, INDEX = 4, ROLLBACK = 8, FOLDER = 16, OTHER = 32 };

/* The test writes this file while the program runs. The last two the program counts for the test. */
struct control {
  uint64_t kinds;       /* whom the faults hit */
  uint64_t room;        /* bytes by which files may still grow */
  uint64_t write_error; /* errno of every write; 0: none */
  uint64_t open_error;  /* errno of every opening for writing; 0: none */
  uint64_t sync_error;  /* errno of a sync that fails */
  uint64_t sync_passes; /* syncs until then */
  uint64_t sync_fails;  /* as many fail */
  uint64_t sync_ms;     /* how long every sync takes */
  uint64_t syncs;       /* syncs that were let through, of the kinds above */
  uint64_t faults;      /* calls that failed here */
};

/* An open file under the root. As on Linux, a failed sync is told once to each description that was open by then: `seen`
 * is the last failure of its file that this one was told of. */
struct open_file {
  int kind; /* 0: not ours */
  uint32_t handle;
  uint32_t file;
  uint32_t seen;
};

/* A file, however often it is open. */
struct file {
  dev_t device;
  ino_t inode;
  uint32_t failures;
};

enum { OPEN_MAX_HERE = 65536, FILES_MAX = 4096 };

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static struct open_file open_files[OPEN_MAX_HERE];
static struct file files[FILES_MAX];
static uint32_t files_known = 0;
static uint32_t last_handle = 0;
static const char *root = NULL;
static size_t root_length = 0;
static struct control *control = NULL;
static int journal = -1;

static void give_up(const char *why) {
  dprintf(2, "disk.c: %s\n", why);
  abort();
}

__attribute__((constructor)) static void begin(void) {
  root = getenv("DISK_ROOT");
  const char *control_path = getenv("DISK_CONTROL");
  const char *journal_path = getenv("DISK_JOURNAL");
  if (root == NULL || control_path == NULL) give_up("DISK_ROOT and DISK_CONTROL have to be set");
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

static int is_ours(const char *path) {
  return root != NULL && path != NULL && strncmp(path, root, root_length) == 0 &&
         (path[root_length] == '/' || path[root_length] == 0);
}

static int ends_with(const char *path, const char *end) {
  size_t length = strlen(path), wanted = strlen(end);
  return length >= wanted && strcmp(path + length - wanted, end) == 0;
}

static int kind_of(const char *path, mode_t mode) {
  if (S_ISDIR(mode)) return FOLDER;
  if (ends_with(path, "-wal")) return LOG;
  if (ends_with(path, "-shm")) return INDEX;
  if (ends_with(path, "-journal")) return ROLLBACK;
  if (ends_with(path, ".db")) return DATABASE;
  return OTHER;
}

static struct open_file *ours(int fd) {
  return fd >= 0 && fd < OPEN_MAX_HERE && open_files[fd].kind != 0 ? &open_files[fd] : NULL;
}

/* One line of the journal: what, by whom, where, and the bytes. The index of the log is none of a disk's business: it is
 * made anew by whoever opens the file first. */
static void note(char what, uint32_t handle, uint64_t offset, const void *bytes, uint32_t length) {
  if (journal < 0) return;
  struct __attribute__((packed)) {
    char what;
    uint32_t process, handle;
    uint64_t offset;
    uint32_t length;
  } head = {what, (uint32_t)getpid(), handle, offset, length};
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)bytes, length}};
  ssize_t wanted = (ssize_t)(sizeof head + length);
  if (syscall(SYS_writev, journal, parts, 2) != wanted) give_up("the journal cannot be written");
}

static void note_paths(char what, const char *from, const char *to) {
  char both[8192];
  int length = to == NULL ? snprintf(both, sizeof both, "%s", from + root_length)
                          : snprintf(both, sizeof both, "%s\n%s", from + root_length, to + root_length);
  note(what, 0, 0, both, (uint32_t)length);
}

/* The caller counts as having failed. */
static int fail(uint64_t error) {
  control->faults++;
  errno = (int)error;
  return -1;
}

static int hits(int kind) { return (control->kinds & (uint64_t)kind) != 0; }

static uint32_t file_of(const struct stat *status) {
  for (uint32_t at = 0; at < files_known; at++) {
    if (files[at].device == status->st_dev && files[at].inode == status->st_ino) return at;
  }
  if (files_known == FILES_MAX) give_up("more files than are kept");
  files[files_known] = (struct file){status->st_dev, status->st_ino, 0};
  return files_known++;
}

static int open_ours(int folder, const char *path, int flags, mode_t mode) {
  int writes = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
  pthread_mutex_lock(&turn);
  struct stat status;
  int was_there = syscall(SYS_newfstatat, folder, path, &status, 0) == 0;
  int kind = kind_of(path, was_there ? status.st_mode : 0);
  int fd;
  if (writes && control->open_error != 0 && hits(kind)) {
    fd = fail(control->open_error);
  } else {
    fd = syscall(SYS_openat, folder, path, flags, mode);
  }
  if (fd >= OPEN_MAX_HERE) give_up("more open files than are kept");
  if (fd >= 0) {
    fstat(fd, &status);
    uint32_t file = file_of(&status), handle = ++last_handle;
    open_files[fd] = (struct open_file){kind, handle, file, files[file].failures};
    if (kind != INDEX) {
      const char *name = path + root_length;
      note(was_there ? 'O' : 'C', handle, 0, name, (uint32_t)strlen(name));
      if (was_there && (flags & O_TRUNC)) note('T', handle, 0, NULL, 0);
    }
  }
  int error = errno;
  pthread_mutex_unlock(&turn);
  errno = error;
  return fd;
}

static int open_any(int folder, const char *path, int flags, va_list rest) {
  mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
  if (is_ours(path)) return open_ours(folder, path, flags, mode);
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
  pthread_mutex_lock(&turn);
  if (ours(fd) != NULL) open_files[fd].kind = 0;
  int result = syscall(SYS_close, fd);
  int error = errno;
  pthread_mutex_unlock(&turn);
  errno = error;
  return result;
}

/* Writes as far as there is room, which a file needs that grows. */
static ssize_t write_ours(int fd, struct open_file *file, const void *bytes, size_t count, off_t offset) {
  if (control->write_error != 0 && hits(file->kind)) return fail(control->write_error);
  struct stat status;
  if (fstat(fd, &status) != 0) return -1;
  uint64_t end = (uint64_t)offset + count, size = (uint64_t)status.st_size;
  uint64_t growth = end <= size ? 0 : end - (size > (uint64_t)offset ? size : (uint64_t)offset);
  if (control->room != UINT64_MAX && growth > 0 && hits(file->kind)) {
    if (growth > control->room) {
      if (count - (growth - control->room) == 0) return fail(ENOSPC);
      count -= growth - control->room;
      growth = control->room;
      control->faults++;
    }
    control->room -= growth;
  }
  ssize_t written = syscall(SYS_pwrite64, fd, bytes, count, offset);
  if (written > 0 && file->kind != INDEX) note('W', file->handle, (uint64_t)offset, bytes, (uint32_t)written);
  return written;
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
  if (ours(fd) == NULL) return syscall(SYS_pwrite64, fd, bytes, count, offset);
  pthread_mutex_lock(&turn);
  ssize_t written = write_ours(fd, &open_files[fd], bytes, count, offset);
  int error = errno;
  pthread_mutex_unlock(&turn);
  errno = error;
  return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t offset) __attribute__((alias("pwrite")));

ssize_t write(int fd, const void *bytes, size_t count) {
  if (ours(fd) == NULL) return syscall(SYS_write, fd, bytes, count);
  pthread_mutex_lock(&turn);
  int appends = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
  off_t offset = lseek(fd, 0, appends ? SEEK_END : SEEK_CUR);
  ssize_t written = write_ours(fd, &open_files[fd], bytes, count, offset);
  int error = errno;
  if (written > 0) lseek(fd, offset + written, SEEK_SET);
  pthread_mutex_unlock(&turn);
  errno = error;
  return written;
}

int ftruncate(int fd, off_t size) {
  if (ours(fd) == NULL) return syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&turn);
  struct open_file *file = &open_files[fd];
  int result;
  if (control->write_error != 0 && hits(file->kind)) {
    result = fail(control->write_error);
  } else {
    result = syscall(SYS_ftruncate, fd, size);
    if (result == 0 && file->kind != INDEX) note('T', file->handle, (uint64_t)size, NULL, 0);
  }
  int error = errno;
  pthread_mutex_unlock(&turn);
  errno = error;
  return result;
}

int ftruncate64(int fd, off_t size) __attribute__((alias("ftruncate")));

static int sync_ours(struct open_file *file) {
  uint32_t *failures = &files[file->file].failures;
  if (hits(file->kind) && control->sync_fails > 0) {
    if (control->sync_passes > 0) {
      control->sync_passes--;
    } else {
      if (control->sync_fails != UINT64_MAX) control->sync_fails--;
      ++*failures;
    }
  }
  if (file->seen != *failures) {
    file->seen = *failures;
    note('F', file->handle, 0, NULL, 0);
    return fail(control->sync_error != 0 ? control->sync_error : EIO);
  }
  if (hits(file->kind)) control->syncs++;
  note('S', file->handle, 0, NULL, 0);
  return 0;
}

int fsync(int fd) {
  if (ours(fd) == NULL) return syscall(SYS_fsync, fd);
  if (control->sync_ms > 0 && hits(open_files[fd].kind)) {
    struct timespec wait = {(time_t)(control->sync_ms / 1000), (long)(control->sync_ms % 1000) * 1000000};
    nanosleep(&wait, NULL);
  }
  pthread_mutex_lock(&turn);
  int result = sync_ours(&open_files[fd]);
  int error = errno;
  pthread_mutex_unlock(&turn);
  errno = error;
  return result;
}

int fdatasync(int fd) {
  if (ours(fd) == NULL) return syscall(SYS_fdatasync, fd);
  return fsync(fd);
}

/* A change of names that the system makes, and that is written down where it is made. */
static int renamed(char what, const char *from, const char *to, long result) {
  if (result == 0 && is_ours(from) && !ends_with(from, "-shm")) note_paths(what, from, to);
  return (int)result;
}

#define NAMES(call)                          \
  pthread_mutex_lock(&turn);                 \
  int result = call;                         \
  int error = errno;                         \
  pthread_mutex_unlock(&turn);               \
  errno = error;                             \
  return result

int unlink(const char *path) { NAMES(renamed('U', path, NULL, syscall(SYS_unlinkat, AT_FDCWD, path, 0))); }

int rmdir(const char *path) { NAMES(renamed('U', path, NULL, syscall(SYS_unlinkat, AT_FDCWD, path, AT_REMOVEDIR))); }

int rename(const char *from, const char *to) {
  NAMES(renamed('R', from, to, syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0)));
}

int link(const char *from, const char *to) {
  NAMES(renamed('L', from, to, syscall(SYS_linkat, AT_FDCWD, from, AT_FDCWD, to, 0)));
}

int linkat(int there, const char *from, int here, const char *to, int flags) {
  NAMES(renamed('L', from, to, syscall(SYS_linkat, there, from, here, to, flags)));
}

int mkdir(const char *path, mode_t mode) { NAMES(renamed('M', path, NULL, syscall(SYS_mkdirat, AT_FDCWD, path, mode))); }

/* Ways to change a file that are not followed here: who takes one is told, or the test would prove nothing. */
#define UNKNOWN(fd, call)                                        \
  if (ours(fd) != NULL) give_up(#call " is not followed here"); \
  return call

ssize_t writev(int fd, const struct iovec *parts, int count) { UNKNOWN(fd, syscall(SYS_writev, fd, parts, count)); }

int fallocate(int fd, int mode, off_t offset, off_t length) {
  UNKNOWN(fd, (int)syscall(SYS_fallocate, fd, mode, offset, length));
}

int fallocate64(int fd, int mode, off_t offset, off_t length) __attribute__((alias("fallocate")));

ssize_t copy_file_range(int from, off_t *at, int to, off_t *there, size_t length, unsigned flags) {
  UNKNOWN(to, syscall(SYS_copy_file_range, from, at, to, there, length, flags));
}

ssize_t sendfile(int to, int from, off_t *offset, size_t count) { UNKNOWN(to, syscall(SYS_sendfile, to, from, offset, count)); }

ssize_t sendfile64(int to, int from, off_t *offset, size_t count) __attribute__((alias("sendfile")));

int truncate(const char *path, off_t size) {
  if (is_ours(path)) give_up("truncate is not followed here");
  return (int)syscall(SYS_truncate, path, size);
}
