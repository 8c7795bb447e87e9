//! The example files: one row of the README each, with valid identifiers of invented people.

use std::collections::BTreeSet;

use second_opinion::case::{Cin, Npi, is_phone};
use second_opinion::wire::v1;
use serde_json::Value;

use crate::call::{example, submit, text};
use crate::support::server::TestServer;
use crate::tables::{folder, table, tables};

/// The sample NPI of the standard.
const SAMPLE_NPI: &str = "1234567893";

/// The names of the files.
fn files() -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder()).expect("the folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    names
        .map(|name| name.into_string().expect("UTF-8"))
        .filter(|name| name != "README.md")
        .collect()
}

/// Calls `visit` with the name and the text of every field in a document, lists included.
fn each_text(name: &str, value: &Value, visit: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => visit(name, text),
        Value::Array(values) => values.iter().for_each(|it| each_text(name, it, visit)),
        Value::Object(fields) => fields
            .iter()
            .for_each(|(name, it)| each_text(name, it, visit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn files_and_rows_correspond() {
    let mut named = BTreeSet::new();
    for table in tables() {
        assert_eq!(table.header[0], "file");
        for row in table.rows {
            assert!(named.insert(row[0].clone()), "two rows for {}", row[0]);
        }
    }
    assert_eq!(named, files());
}

#[test]
fn people_are_invented_and_identifiers_valid() {
    let (mut npis, mut members) = (0, 0);
    for file in files() {
        let document: Value = serde_json::from_str(&text(&file)).expect("JSON");
        each_text("", &document, &mut |name, text| match name {
            "npi" | "initiatingProfessionalNpi" => {
                npis += 1;
                assert!(Npi::parse(text).is_some(), "{file}: NPI {text}");
                assert!(
                    text == SAMPLE_NPI || text.starts_with('2'),
                    "{file}: NPI {text}"
                );
            }
            "memberId" => {
                members += 1;
                assert!(Cin::parse(text).is_some(), "{file}: CIN {text}");
            }
            "phone" | "fax" => {
                assert!(is_phone(text), "{file}: {text}");
                assert!(text.contains("555-01"), "{file}: {text}");
            }
            "requestId" | "determinationId" | "receivedAt" => panic!("{file} has a {name}"),
            _ => {}
        });
        if let Some(name) = document.pointer("/secondOpinion/member/fullName") {
            assert_eq!(name, "Sample Member", "{file}");
        }
    }
    assert!(npis > 10 && members > 10, "{npis} NPIs, {members} members");
}

#[tokio::test]
async fn queries_are_answered() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, "out-of-network-routine.json").await;
    let id = case.determination_id.as_str();
    for row in table(&["file", "call"]).rows {
        let file = &row[0];
        let call = row[1].split([':', ' ']).next().expect("a call");
        match call {
            "ListDeterminations" => {
                let page = client
                    .list_determinations(example!(ListDeterminationsRequest, file, &[]))
                    .await;
                let page = page.expect("a page").into_inner();
                assert_eq!(page.determinations.len(), 1, "{file}");
            }
            "GetDetermination" => {
                let set = [("determination_id", id)];
                let full = client
                    .get_determination(example!(GetDeterminationRequest, file, &set))
                    .await;
                let full: v1::GetDeterminationResponse = full.expect("it").into_inner();
                let full = full.determination.expect("it");
                assert!(full.second_opinion.is_some(), "{file}");
            }
            other => panic!("{file}: `{other}` is not a query"),
        }
    }
}
