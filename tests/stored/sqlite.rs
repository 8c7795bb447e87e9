//! Golden stores of the embedded kind: a copy of the file is opened by this build.

use second_opinion::store::sqlite::SqliteStore;

use crate::files::Folder;
use crate::record::SQLITE;
use crate::stores::check;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn golden_sqlite_stores_open_verify_and_serve() {
    for folder in Folder::all("stores") {
        let temporary = tempfile::tempdir().expect("a folder");
        let path = temporary.path().join(SQLITE);
        std::fs::copy(folder.path(SQLITE), &path).expect("a copy");
        let open = async || {
            let store = SqliteStore::open(&path);
            store.unwrap_or_else(|error| panic!("{}: {error}", folder.name))
        };
        check(&folder, open).await;
    }
}
