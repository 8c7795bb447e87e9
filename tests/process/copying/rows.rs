//! Compares two stores column by column. Both are read as text, directly from their databases.

use std::path::Path;

use rusqlite::types::ValueRef;
use tokio_postgres::Client;

/// The tables with the columns that order them.
const TABLES: [(&str, &str); 5] = [
    ("events", "position"),
    ("cases", "opened_at"),
    ("notices", "notice_id"),
    ("renderings", "notice_id, form, language, large_print"),
    ("log_head", "one"),
];

type Rows = Vec<Vec<String>>;

/// Checks that both stores have the same rows.
pub async fn assert_equal(file: &Path, database: &Client) {
    let file = rusqlite::Connection::open(file).expect("the file");
    for (table, order) in TABLES {
        let columns = columns(database, table).await;
        let mut of_file: Vec<String> = columns_of_file(&file, table);
        of_file.sort_unstable();
        assert_eq!(
            columns.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            of_file.iter().collect::<Vec<_>>(),
            "{table}"
        );
        let expected = rows_of_file(&file, table, &columns, order);
        let copied = rows_of_database(database, table, &columns, order).await;
        assert!(!expected.is_empty(), "{table} is empty");
        assert_eq!(copied.len(), expected.len(), "{table}");
        for (copied, expected) in copied.iter().zip(&expected) {
            for ((name, _), (copied, expected)) in columns.iter().zip(copied.iter().zip(expected)) {
                assert!(copied == expected, "{table}.{name}");
            }
        }
    }
}

/// A table's columns with their types, ordered by name, without generated columns.
async fn columns(database: &Client, table: &str) -> Vec<(String, String)> {
    const SQL: &str = "SELECT column_name::text, data_type::text FROM information_schema.columns
        WHERE table_schema = current_schema() AND table_name = $1 AND is_generated = 'NEVER' ORDER BY column_name COLLATE \"C\"";
    let found = database.query(SQL, &[&table]).await.expect("columns");
    found.iter().map(|row| (row.get(0), row.get(1))).collect()
}

fn columns_of_file(file: &rusqlite::Connection, table: &str) -> Vec<String> {
    let sql = format!("SELECT name FROM pragma_table_info('{table}')");
    let mut statement = file.prepare(&sql).expect("a statement");
    let names = statement.query_map([], |row| row.get(0)).expect("columns");
    names.map(|name| name.expect("a name")).collect()
}

async fn rows_of_database(
    database: &Client,
    table: &str,
    columns: &[(String, String)],
    order: &str,
) -> Rows {
    let expressions: Vec<String> = columns
        .iter()
        .map(|(name, kind)| {
            let text = match kind.as_str() {
                "uuid" => format!("replace({name}::text, '-', '')"),
                "bytea" => format!("encode({name}, 'hex')"),
                "boolean" => format!("{name}::int::text"),
                _ => format!("{name}::text"),
            };
            format!("coalesce({text}, 'null')")
        })
        .collect();
    let sql = format!(
        "SELECT {} FROM {table} ORDER BY {order}",
        expressions.join(", ")
    );
    let found = database.query(&sql, &[]).await.expect("rows");
    let text = |row: &tokio_postgres::Row| (0..row.len()).map(|at| row.get(at)).collect();
    found.iter().map(text).collect()
}

fn rows_of_file(
    file: &rusqlite::Connection,
    table: &str,
    columns: &[(String, String)],
    order: &str,
) -> Rows {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let sql = format!("SELECT {} FROM {table} ORDER BY {order}", names.join(", "));
    let mut statement = file.prepare(&sql).expect("a statement");
    let found = statement.query_map([], |row| {
        (0..names.len())
            .map(|at| row.get_ref(at).map(text))
            .collect()
    });
    found
        .expect("rows")
        .map(|row| row.expect("a row"))
        .collect()
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(_) => panic!("no column has fractions"),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
        ValueRef::Blob(bytes) => bytes
            .iter()
            .fold(String::new(), |text, byte| text + &format!("{byte:02x}")),
    }
}
