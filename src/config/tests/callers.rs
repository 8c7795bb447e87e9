//! The authentication of callers, and the settings that stay on loopback.

use super::{AUTH, OWN_PLAN, problems, try_load};
use crate::config::{ConfigArgs, Environment, load_offline};
use crate::identity::JwksLocation;
use crate::plan::Plan;

#[test]
fn token_settings_are_all_three_or_none() {
    let found = problems(&["--auth-issuer", "https://id.example.org"], &[], "");
    assert_eq!(
        found,
        [
            "flag `--auth-issuer`: expected `auth_jwks` to be set too",
            "flag `--auth-issuer`: expected `auth_audience` to be set too",
        ]
    );
    let config = try_load(&[], &AUTH, "").expect("a configuration");
    assert!(!config.development_identity());
    assert_eq!(
        config.auth().expect("auth").jwks,
        JwksLocation::File("jwks.json".into())
    );
}

#[test]
fn client_ca_authenticates_callers_and_needs_a_certificate() {
    let ca = ("SECOND_OPINION_TLS_CLIENT_CA", "ca.pem");
    let found = problems(&[], &[ca, ("SECOND_OPINION_TLS_KEY", "key.pem")], "");
    assert_eq!(
        found,
        ["variable `SECOND_OPINION_TLS_CLIENT_CA`: expected `tls_cert` to be set too"]
    );
    let all = [
        ca,
        ("SECOND_OPINION_TLS_KEY", "key.pem"),
        ("SECOND_OPINION_TLS_CERT", "cert.pem"),
    ];
    let open = ["--listen", "0.0.0.0:50051"];
    let config = try_load(&open, &all, OWN_PLAN).expect("a configuration");
    assert!(!config.development_identity());
    assert_eq!(problems(&["--tls-cert", "cert.pem"], &[], "").len(), 1);
}

#[test]
fn development_identity_stays_on_loopback() {
    for open in ["0.0.0.0:50051", "[::]:50051", "192.0.2.1:50051"] {
        let found = problems(&["--listen", open], &[], OWN_PLAN);
        assert_eq!(found.len(), 1, "{found:?}");
        let start = format!("flag `--listen`: `{open}` is open to other machines");
        assert!(
            found[0].starts_with(&start) && found[0].contains("anyone could act as anyone"),
            "{found:?}"
        );
        assert!(try_load(&["--listen", open], &AUTH, OWN_PLAN).is_ok());
        // The server's own certificate authenticates no caller.
        let tls = [
            ("SECOND_OPINION_TLS_KEY", "key.pem"),
            ("SECOND_OPINION_TLS_CERT", "cert.pem"),
        ];
        assert_eq!(problems(&["--listen", open], &tls, OWN_PLAN).len(), 1);
        let args = ConfigArgs::of([("listen", open)]);
        assert!(load_offline(&args, &Environment::default()).is_ok());
    }
    for loopback in [
        "127.0.0.1:50051",
        "127.8.0.1:1",
        "[::1]:50051",
        "[::ffff:127.0.0.1]:50051",
    ] {
        assert!(
            try_load(&["--listen", loopback], &[], "").is_ok(),
            "{loopback}"
        );
    }
}

/// The default is a real plan, for trial: an open server must not send letters in its name by accident.
#[test]
fn default_plan_stays_on_loopback() {
    let open = ["--listen", "0.0.0.0:50051"];
    for file in ["", "[plan]\ntime_zone = \"America/Los_Angeles\""] {
        let found = problems(&open, &AUTH, file);
        assert_eq!(found.len(), 1, "{found:?}");
        for part in [
            "flag `--listen`: `0.0.0.0:50051` is open to other machines",
            "Partnership HealthPlan of California",
            "set `plan.name`",
        ] {
            assert!(found[0].contains(part), "{found:?}");
        }
    }
    assert_eq!(problems(&open, &[], "").len(), 2, "and the identity");
    // The plan of the default names itself.
    let named = format!("[plan]\nname = \"{}\"", Plan::default().name);
    for file in [OWN_PLAN, &named] {
        assert!(try_load(&open, &AUTH, file).is_ok(), "{file}");
    }
}
