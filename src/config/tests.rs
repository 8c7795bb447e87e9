//! Are settings read from every place, in the right order, and are bad ones told of?

use std::io::Write as _;

use super::*;
use crate::plan::OfficeWords;

/// What a test gives: flags, variables, and a file's text.
fn try_load(flags: &[&str], variables: &[(&str, &str)], file: &str) -> Result<Config, Vec<String>> {
    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        args: ConfigArgs,
    }
    let mut written = tempfile::NamedTempFile::new().expect("a file");
    written.write_all(file.as_bytes()).expect("a file");
    let flags = std::iter::once("second-opinion").chain(flags.iter().copied());
    let mut args = <Command as clap::Parser>::try_parse_from(flags)
        .expect("flags")
        .args;
    args.config = Some(written.path().display().to_string());
    let environment = Environment::of(variables.iter().copied());
    load(&args, &environment)
        .map_err(|errors| errors.problems().iter().map(ToString::to_string).collect())
}

fn problems(flags: &[&str], variables: &[(&str, &str)], file: &str) -> Vec<String> {
    try_load(flags, variables, file).expect_err("problems")
}

const AUTH: [(&str, &str); 3] = [
    ("SECOND_OPINION_AUTH_JWKS", "jwks.json"),
    ("SECOND_OPINION_AUTH_ISSUER", "https://id.example.org"),
    ("SECOND_OPINION_AUTH_AUDIENCE", "second-opinion"),
];

#[test]
fn without_anything_the_defaults_hold() {
    let config = load(&ConfigArgs::default(), &Environment::default()).expect("defaults");
    assert_eq!(config.listen.to_string(), "127.0.0.1:50051");
    assert_eq!(config.ops_listen.to_string(), "127.0.0.1:9464");
    assert_eq!(
        config.store.to_string(),
        "sqlite://second-opinion-data/second-opinion.db"
    );
    assert_eq!(
        (config.max_deadline.as_secs(), config.drain_grace.as_secs()),
        (30, 25)
    );
    assert_eq!(
        (config.log.as_str(), config.log_format, config.law_limits),
        ("info", None, true)
    );
    assert_eq!(config.audit, AuditSink::Log);
    assert_eq!(config.otlp_endpoint, None);
    assert_eq!(config.sweeper_rungs, [50, 75, 90]);
    assert_eq!(config.plan, Plan::default());
    assert!(config.development_identity());
}

#[test]
fn flags_over_environment_over_file_over_defaults() {
    let file = "listen = \"127.0.0.1:3\"\nlog = \"warn\"\ndata = \"three\"\ndrain_grace = \"3s\"";
    let variables = [
        ("SECOND_OPINION_LISTEN", "127.0.0.1:2"),
        ("SECOND_OPINION_LOG", "debug"),
        ("SECOND_OPINION_MAX_DEADLINE", "2m"),
    ];
    let config = try_load(&["--listen", "127.0.0.1:1"], &variables, file).expect("a configuration");
    assert_eq!(config.listen.port(), 1);
    assert_eq!(config.log, "debug");
    assert_eq!(
        config.store,
        StoreUrl::Sqlite("three/second-opinion.db".into())
    );
    assert_eq!(
        (config.max_deadline.as_secs(), config.drain_grace.as_secs()),
        (120, 3)
    );
    let shown = config.show();
    for line in [
        "listen = \"127.0.0.1:1\" # flag --listen",
        "log = \"debug\" # environment SECOND_OPINION_LOG",
        "drain_grace = \"3s\" # file",
        "ops_listen = \"127.0.0.1:9464\" # default",
        "# auth_jwks is not set",
        "limits.law = true # default",
    ] {
        assert!(
            shown.lines().any(|it| it == line),
            "`{line}` is not in\n{shown}"
        );
    }
}

#[test]
fn every_bad_value_is_reported_at_once() {
    let file = r#"
        listn = "127.0.0.1:1"
        log = "second_opinion=loud"
        trace_ratio = "2"
        max_deadline = 30
        [plan]
        time_zone = "Mars/Base"
        knox_keene = "yes"
        appeals = { fax = "1", phone = 2 }
        [calendar]
        closures = [{ date = 2026-12-24, name = "Eve" }, { date = "2026-12-24", name = "Eve" }, { date = "soon" }]
        [limits]
        law = "yes"
        [sweeper]
        rungs = [50, 50]
        [callers]
        "tar.example.org" = "second-opinion.everything"
        [web]
        origins = ["*"]
    "#;
    let variables = [
        ("SECOND_OPINION_DRAIN_GRACE", "soon"),
        ("SECOND_OPINION_LOG_FORMAT", "xml"),
    ];
    let told = problems(
        &["--listen", "nowhere", "--store", "mysql://app:canary@db"],
        &variables,
        file,
    );
    let expected = [
        "flag `--listen`: expected an address and a port",
        "flag `--store`: expected `sqlite://PATH` or `postgres://…`, got `mysql://app:***@db`",
        "variable `SECOND_OPINION_DRAIN_GRACE`: expected a time up to 24h",
        "variable `SECOND_OPINION_LOG_FORMAT`: expected `json` or `text`, got `xml`",
        "file key `listn`: no such key, did you mean `listen`?",
        "file key `log`: expected a filter",
        "file key `trace_ratio`: expected a share from `0` to `1`",
        "file key `max_deadline`: expected a string, got a TOML integer",
        "file key `plan.time_zone`: expected a time zone such as `America/Los_Angeles`, got `Mars/Base`",
        "file key `plan.knox_keene`: invalid type",
        "file key `plan.appeals.fax`: unknown field `fax`",
        "file key `plan.appeals.phone`: invalid type",
        "file key `calendar.closures.1.date`: expected each date once",
        "file key `calendar.closures.2.date`: expected a date",
        "file key `calendar.closures.2.name`: expected the name",
        "file key `limits.law`: expected `true` or `false`, got `yes`",
        "file key `sweeper.rungs`: expected rising whole numbers",
        "file key `callers.\\\"tar.example.org\\\"`: `second-opinion.everything` is not a scope of this service",
        "file key `web.origins.0`: expected an origin",
    ];
    for start in expected {
        assert!(
            told.iter().any(|it| it.starts_with(start)),
            "`{start}` is not in\n{}",
            told.join("\n")
        );
    }
    assert_eq!(told.len(), expected.len(), "{}", told.join("\n"));
}

#[test]
fn a_value_that_another_overrides_is_judged_too() {
    let told = problems(
        &["--listen", "127.0.0.1:1"],
        &[("SECOND_OPINION_LISTEN", "")],
        "",
    );
    assert_eq!(
        told,
        [
            "variable `SECOND_OPINION_LISTEN`: expected an address and a port such as `127.0.0.1:50051`, got ``"
        ]
    );
}

#[test]
fn a_file_that_cannot_be_read_hides_nothing_else() {
    let args = ConfigArgs {
        config: Some("no/such/file.toml".into()),
        ..ConfigArgs::default()
    };
    let environment = Environment::of([("SECOND_OPINION_LISTEN", "x")]);
    let errors = load(&args, &environment).expect_err("problems");
    assert_eq!(errors.problems().len(), 2, "{errors}");
    assert!(
        errors
            .to_string()
            .contains("file `no/such/file.toml`: cannot be read"),
        "{errors}"
    );
}

#[test]
fn a_syntax_error_names_the_line_and_not_the_secret() {
    let told = problems(
        &[],
        &[],
        "log = \"info\"\nstore = \"postgres://app:canary@db\nlisten = 1",
    );
    assert_eq!(told.len(), 1);
    assert!(told[0].contains(", line 2: "), "{told:?}");
    assert!(!told[0].contains("canary"), "{told:?}");
}

#[test]
fn passwords_are_shown_nowhere() {
    let url = "postgres://app:canary@db/um?password=canary";
    let config = try_load(&[], &[("SECOND_OPINION_STORE", url)], "").expect("a configuration");
    assert!(
        config
            .show()
            .contains("store = \"postgres://app:***@db/um?password=***\" # environment")
    );
    assert!(!format!("{config:?}{}", config.show()).contains("canary"));
    assert_eq!(
        config.store,
        StoreUrl::Postgres(Secret::from(url.to_owned()))
    );
    let args = ConfigArgs {
        store: Some(Secret::from(url.to_owned())),
        ..ConfigArgs::default()
    };
    let environment = Environment::of([("SECOND_OPINION_STORE", url)]);
    assert!(!format!("{args:?} {environment:?}").contains("canary"));
}

#[test]
fn token_settings_come_all_three_or_not_at_all() {
    let told = problems(&["--auth-issuer", "https://id.example.org"], &[], "");
    assert_eq!(
        told,
        [
            "flag `--auth-issuer`: expected `auth_jwks` to be given too",
            "flag `--auth-issuer`: expected `auth_audience` to be given too",
        ]
    );
    let config = try_load(&[], &AUTH, "").expect("a configuration");
    assert!(!config.development_identity());
    assert_eq!(
        config.auth.expect("auth").jwks,
        JwksLocation::File("jwks.json".into())
    );
}

#[test]
fn a_client_ca_alone_is_identity_enough_and_needs_a_certificate() {
    let ca = ("SECOND_OPINION_TLS_CLIENT_CA", "ca.pem");
    let told = problems(&[], &[ca, ("SECOND_OPINION_TLS_KEY", "key.pem")], "");
    assert_eq!(
        told,
        ["variable `SECOND_OPINION_TLS_CLIENT_CA`: expected `tls_cert` to be given too"]
    );
    let all = [
        ca,
        ("SECOND_OPINION_TLS_KEY", "key.pem"),
        ("SECOND_OPINION_TLS_CERT", "cert.pem"),
    ];
    let config = try_load(&["--listen", "0.0.0.0:50051"], &all, "").expect("a configuration");
    assert!(!config.development_identity());
    assert_eq!(problems(&["--tls-cert", "cert.pem"], &[], "").len(), 1);
}

#[test]
fn the_development_identity_stays_on_loopback() {
    for open in ["0.0.0.0:50051", "[::]:50051", "192.0.2.1:50051"] {
        let told = problems(&["--listen", open], &[], "");
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(&format!(
            "flag `--listen`: `{open}` is open to other machines"
        )));
        assert!(try_load(&["--listen", open], &AUTH, "").is_ok());
        // A certificate of the server's own says nothing about who calls.
        let tls = [
            ("SECOND_OPINION_TLS_KEY", "key.pem"),
            ("SECOND_OPINION_TLS_CERT", "cert.pem"),
        ];
        assert_eq!(problems(&["--listen", open], &tls, "").len(), 1);
        let args = ConfigArgs {
            listen: Some(open.into()),
            ..ConfigArgs::default()
        };
        assert!(load_offline(&args, &Environment::default()).is_ok());
    }
    for closed in [
        "127.0.0.1:50051",
        "127.8.0.1:1",
        "[::1]:50051",
        "[::ffff:127.0.0.1]:50051",
    ] {
        assert!(try_load(&["--listen", closed], &[], "").is_ok(), "{closed}");
    }
}

#[test]
fn the_two_listeners_differ() {
    assert_eq!(
        problems(&["--ops-listen", "127.0.0.1:50051"], &[], "").len(),
        1
    );
    let any_port = ["--ops-listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
    assert!(try_load(&any_port, &[], "").is_ok());
}

#[test]
fn the_store_may_name_the_data_folder() {
    let file = "data = \"here\"\nstore = \"sqlite://{data}/um.db\"";
    let config = try_load(&[], &[], file).expect("a configuration");
    assert_eq!(config.store, StoreUrl::Sqlite("here/um.db".into()));
}

#[test]
fn what_is_shown_can_be_read_again() {
    let file = r#"
        [plan]
        name = "Another Plan"
        member_services = { name = "Member Services", phone = "(415) 555-0100" }
        grievance_coordinator = { name = "Grievances", phone = "(415) 555-0101" }
        appeals = { name = "Appeals", phone = "(415) 555-0102", address_lines = ["1 Main Street"] }
        [calendar]
        closures = [{ date = 2026-12-31, name = "Year's \"end\"" }, { date = 2026-12-24, name = "Eve" }]
        [limits]
        law = false
        [callers]
        "spiffe://um.example.org/tar" = ["second-opinion.submit", "second-opinion.read"]
        "raf.example.org" = "second-opinion.read"
        [web]
        origins = ["https://reviewers.example.org"]
    "#;
    let config = try_load(&[], &[], file).expect("a configuration");
    assert_eq!(config.closures[0].name, "Eve");
    assert_eq!(
        config.callers["spiffe://um.example.org/tar"],
        ScopeSet::parse("second-opinion.read second-opinion.submit")
    );
    let shown = config.show();
    assert!(
        shown.contains("plan.name = \"Another Plan\" # file"),
        "{shown}"
    );
    assert!(
        shown.contains("plan.ombudsman.phone = \"1-888-452-8609\" # default"),
        "{shown}"
    );
    assert!(
        shown.contains("callers.\"raf.example.org\" = \"second-opinion.read\" # file"),
        "{shown}"
    );
    let again = try_load(&[], &[], &shown).expect("what was shown");
    assert_eq!((again.plan, again.closures), (config.plan, config.closures));
    assert_eq!((again.callers, again.law_limits), (config.callers, false));
}

#[test]
fn a_plan_without_its_own_offices_is_refused() {
    let told = problems(&[], &[], "[plan]\nname = \"Another Plan\"");
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(
        told[0].starts_with("file key `plan.member_services`: still that of"),
        "{told:?}"
    );
}

/// It could not be shown as a key again, and no certificate can carry it.
#[test]
fn the_name_of_a_caller_is_one_line() {
    let told = problems(&[], &[], "[callers]\n\"a\\nb\" = \"second-opinion.read\"\n");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("expected a name of one line"), "{told:?}");
}

/// Letters look for `es`: under any other name the words would never be printed.
#[test]
fn a_translation_is_named_by_the_language_alone() {
    for (language, taken) in [
        ("es", true),
        ("hmn", true),
        ("ES", false),
        ("es-MX", false),
        ("e s", false),
        ("", false),
    ] {
        let mut plan = Plan::default();
        let words = std::iter::once((language.to_owned(), OfficeWords::default()));
        plan.appeals.translations = words.collect();
        let expected = format!("plan.appeals.translations.{language}");
        let keys: Vec<String> = plan.problems().into_iter().map(|it| it.key).collect();
        assert_eq!(keys, if taken { vec![] } else { vec![expected] });
    }
}
