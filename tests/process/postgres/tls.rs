//! Is the way to the database encrypted, and only to the database that is meant?

use second_opinion::store::postgres;

use crate::database::Database;
use crate::support::certificate;

#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn a_certificate_is_checked_with_its_name_before_anything_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let another = tempfile::tempdir().expect("a folder");
    let made = certificate::make_for(folder.path(), &["localhost"]);
    let crt = folder.path().join("server.crt");
    std::fs::copy(&made.cert, &crt).expect("a copy");
    let stranger = certificate::make_for(another.path(), &["localhost"]).cert;
    let database = Database::start_with(Some(folder.path().to_owned()));
    let (crt, stranger) = (crt.display(), stranger.display());
    let at = |host: &str, parameters: &str| {
        let url = database.url.replace("127.0.0.1", host);
        format!("{url}?{parameters}")
    };
    for (url, refused) in [
        (
            at(
                "localhost",
                &format!("sslmode=verify-full&sslrootcert={crt}"),
            ),
            None,
        ),
        (
            at("localhost", &format!("sslmode=require&sslrootcert={crt}")),
            None,
        ),
        (
            at("localhost", &format!("sslmode=prefer&sslrootcert={crt}")),
            None,
        ),
        (at("localhost", &format!("sslrootcert={crt}")), None),
        // Another name, another authority, those of the system, a file that is none, and none at all.
        (
            at(
                "127.0.0.1",
                &format!("sslmode=verify-full&sslrootcert={crt}"),
            ),
            Some("certificate"),
        ),
        (
            at("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={crt}")),
            Some("certificate"),
        ),
        (
            at(
                "localhost",
                &format!("sslmode=verify-full&sslrootcert={stranger}"),
            ),
            Some("certificate"),
        ),
        (
            at(
                "localhost",
                &format!("sslmode=prefer&sslrootcert={stranger}"),
            ),
            Some("certificate"),
        ),
        (at("localhost", "sslmode=verify-full"), Some("certificate")),
        (
            at("localhost", "sslmode=verify-full&sslrootcert=/dev/null"),
            Some("/dev/null"),
        ),
        (at("localhost", "sslmode=disable"), Some("no encryption")),
    ] {
        let outcome = postgres::migrate(&url).await;
        match refused {
            None => drop(outcome.unwrap_or_else(|error| panic!("{url}: {error}"))),
            Some(said) => {
                let error = outcome.expect_err(&url).to_string();
                assert!(error.contains(said), "{url}: {error}");
            }
        }
    }
}
