//! The precedence of the sources, and the effective configuration as text.

use super::{OWN_PLAN, problems, try_load};
use crate::config::{AuditSink, ConfigArgs, Environment, Secret, StoreUrl, load};
use crate::identity::ScopeSet;
use crate::plan::Plan;

#[test]
fn defaults_apply_without_any_source() {
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
        (config.log.as_str(), config.log_format, config.limits.law),
        ("info", None, true)
    );
    assert_eq!(config.audit, AuditSink::Log);
    assert_eq!(config.otlp_endpoint, None);
    assert_eq!(config.sweeper.rungs, [50, 75, 90]);
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
fn overridden_value_is_checked_too() {
    let found = problems(
        &["--listen", "127.0.0.1:1"],
        &[("SECOND_OPINION_LISTEN", "")],
        "",
    );
    assert_eq!(
        found,
        [
            "variable `SECOND_OPINION_LISTEN`: expected an address and a port such as `127.0.0.1:50051`, got ``"
        ]
    );
}

#[test]
fn store_may_name_the_data_folder() {
    let file = "data = \"here\"\nstore = \"sqlite://{data}/um.db\"";
    let config = try_load(&[], &[], file).expect("a configuration");
    assert_eq!(config.store, StoreUrl::Sqlite("here/um.db".into()));
}

#[test]
fn shown_configuration_can_be_read_again() {
    let file = r#"
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
    let config = try_load(&[], &[], &format!("{OWN_PLAN}{file}")).expect("a configuration");
    assert_eq!(config.calendar.closures[0].name, "Year's \"end\"");
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
    assert_eq!(again.plan, config.plan);
    assert_eq!(again.calendar.closures, config.calendar.closures);
    assert_eq!((again.callers, again.limits.law), (config.callers, false));
}

#[test]
fn passwords_are_never_shown() {
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
    let args = ConfigArgs::of([("store", url)]);
    let environment = Environment::of([("SECOND_OPINION_STORE", url)]);
    assert!(!format!("{args:?} {environment:?}").contains("canary"));
}
