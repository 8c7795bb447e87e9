//! TLS to the database: connections are encrypted, and only to a server with the expected certificate.

use second_opinion::store::postgres;

use crate::database::Database;
use crate::support::certificate;

#[tokio::test]
#[ignore = "needs PostgreSQL: SECOND_OPINION_TEST_POSTGRES"]
async fn certificate_and_host_name_are_checked_before_login() {
    let folder = tempfile::tempdir().expect("a folder");
    let other_folder = tempfile::tempdir().expect("a folder");
    let files = certificate::make_for(folder.path(), &["localhost"]);
    let crt = folder.path().join("server.crt");
    std::fs::copy(&files.cert, &crt).expect("a copy");
    let other = certificate::make_for(other_folder.path(), &["localhost"]).cert;
    let database = Database::start_with(Some(folder.path().to_owned()));
    let (crt, other) = (crt.display(), other.display());
    let url_of = |host: &str, parameters: &str| {
        let url = database.url.replace("127.0.0.1", host);
        format!("{url}?{parameters}")
    };
    for (url, error) in [
        (
            url_of(
                "localhost",
                &format!("sslmode=verify-full&sslrootcert={crt}"),
            ),
            None,
        ),
        (
            url_of("localhost", &format!("sslmode=require&sslrootcert={crt}")),
            None,
        ),
        (
            url_of("localhost", &format!("sslmode=prefer&sslrootcert={crt}")),
            None,
        ),
        (url_of("localhost", &format!("sslrootcert={crt}")), None),
        // Another host name, another authority, the system's authorities, a file without a certificate, no TLS.
        (
            url_of(
                "127.0.0.1",
                &format!("sslmode=verify-full&sslrootcert={crt}"),
            ),
            Some("certificate"),
        ),
        (
            url_of("127.0.0.1", &format!("sslmode=verify-ca&sslrootcert={crt}")),
            Some("certificate"),
        ),
        (
            url_of(
                "localhost",
                &format!("sslmode=verify-full&sslrootcert={other}"),
            ),
            Some("certificate"),
        ),
        (
            url_of("localhost", &format!("sslmode=prefer&sslrootcert={other}")),
            Some("certificate"),
        ),
        (
            url_of("localhost", "sslmode=verify-full"),
            Some("certificate"),
        ),
        (
            url_of("localhost", "sslmode=verify-full&sslrootcert=/dev/null"),
            Some("/dev/null"),
        ),
        (
            url_of("localhost", "sslmode=disable"),
            Some("no encryption"),
        ),
    ] {
        let outcome = postgres::migrate(&url).await;
        match error {
            None => drop(outcome.unwrap_or_else(|error| panic!("{url}: {error}"))),
            Some(expected) => {
                let error = outcome.expect_err(&url).to_string();
                assert!(error.contains(expected), "{url}: {error}");
            }
        }
    }
}
