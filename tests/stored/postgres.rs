//! Golden stores in PostgreSQL: the statements are loaded into an empty schema, which this build migrates and opens.

use second_opinion::store::postgres::migrate;

use crate::files::Folder;
use crate::record::POSTGRES;
use crate::stores::check;
use crate::support::postgres::Schema;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn golden_postgres_stores_open_verify_and_serve() {
    for folder in Folder::all("stores") {
        let schema = Schema::empty().await;
        let statements = String::from_utf8(folder.read(POSTGRES)).expect("UTF-8");
        let loaded = schema.client().await.batch_execute(&statements).await;
        loaded.unwrap_or_else(|error| panic!("{}: {error:?}", folder.name));
        let migrated = migrate(&schema.url()).await;
        migrated.unwrap_or_else(|error| panic!("{}: {error}", folder.name));
        check(&folder, async || schema.store().await).await;
    }
}
