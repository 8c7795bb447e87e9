//! The precedence of the sources, the problems of bad values, and the settings' documentation.

use std::fmt::Write as _;
use std::io::Write as _;

use super::*;
use crate::identity::ScopeSet;
use crate::plan::{OfficeWords, Plan};

#[derive(clap::Parser)]
struct Command {
    #[command(flatten)]
    args: ConfigArgs,
}

/// The configuration of flags, variables, and a file's text.
fn try_load(flags: &[&str], variables: &[(&str, &str)], file: &str) -> Result<Config, Vec<String>> {
    let mut written = tempfile::NamedTempFile::new().expect("a file");
    written.write_all(file.as_bytes()).expect("a file");
    let path = written.path().display().to_string();
    let first = ["second-opinion", "--config", &path];
    let flags = first.into_iter().chain(flags.iter().copied());
    let command = <Command as clap::Parser>::try_parse_from(flags).expect("flags");
    let environment = Environment::of(variables.iter().copied());
    load(&command.args, &environment)
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
    let found = problems(
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
        "file key `plan.appeals.name`: empty; expected a text",
        "file key `calendar.closures`: expected each date once, got `2026-12-24` again",
        "file key `calendar.closures.2`: expected a `date` such as `2026-12-24` and the `name` of the closure",
        "file key `limits.law`: invalid type: string \"yes\", expected a boolean",
        "file key `sweeper.rungs`: expected rising whole numbers",
        "file key `callers.\\\"tar.example.org\\\"`: `second-opinion.everything` is not a scope of this service",
        "file key `web.origins.0`: expected an origin",
    ];
    for start in expected {
        assert!(
            found.iter().any(|it| it.starts_with(start)),
            "`{start}` is not in\n{}",
            found.join("\n")
        );
    }
    assert_eq!(found.len(), expected.len(), "{}", found.join("\n"));
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
fn unreadable_file_hides_no_other_problem() {
    let args = ConfigArgs::of([("config", "no/such/file.toml")]);
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
fn syntax_error_names_the_line_and_shows_no_secret() {
    let found = problems(
        &[],
        &[],
        "log = \"info\"\nstore = \"postgres://app:canary@db\nlisten = 1",
    );
    assert_eq!(found.len(), 1);
    assert!(found[0].contains(", line 2: "), "{found:?}");
    assert!(!found[0].contains("canary"), "{found:?}");
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

/// The `[plan]` that a server on an open address needs.
const OWN_PLAN: &str = r#"
    [plan]
    name = "Another Plan"
    member_services = { name = "Member Services", phone = "(415) 555-0100" }
    grievance_coordinator = { name = "Grievances", phone = "(415) 555-0101" }
    appeals = { name = "Appeals", phone = "(415) 555-0102", address_lines = ["1 Main Street"] }
"#;

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

#[test]
fn both_addresses_cannot_be_the_same() {
    assert_eq!(
        problems(&["--ops-listen", "127.0.0.1:50051"], &[], "").len(),
        1
    );
    let any_port = ["--ops-listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
    assert!(try_load(&any_port, &[], "").is_ok());
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
fn plan_without_its_own_offices_is_refused() {
    let found = problems(&[], &[], "[plan]\nname = \"Another Plan\"");
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        found[0].starts_with("file key `plan.member_services`: still that of"),
        "{found:?}"
    );
}

/// No certificate can carry another name, and `check-config` could not show it as a key.
#[test]
fn name_of_a_caller_is_one_line() {
    let found = problems(&[], &[], "[callers]\n\"a\\nb\" = \"second-opinion.read\"\n");
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("expected a name of one line"),
        "{found:?}"
    );
}

/// Letters look for `es`: under any other tag the words would never be printed.
#[test]
fn translation_has_the_tag_of_a_language_alone() {
    for (language, is_accepted) in [
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
        assert_eq!(keys, if is_accepted { vec![] } else { vec![expected] });
    }
}

/// The table of settings is the one place that names a setting: elsewhere its field is used.
#[test]
fn setting_is_declared_once() {
    let mut keys: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
    keys.extend(settings::TABLES);
    let declared = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), declared, "{keys:?}");

    let mut folders = vec![concat!(env!("CARGO_MANIFEST_DIR"), "/src").into()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir::<PathBuf>(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            for setting in SETTINGS
                .iter()
                .filter(|_| !path.ends_with("config/tests.rs"))
            {
                for name in [setting.flag(), setting.variable()] {
                    let literal = format!("\"{name}\"");
                    assert!(!code.contains(&literal), "{}: {name}", path.display());
                }
            }
        }
    }
}

/// The table of settings in `docs/configuration.md`.
fn documentation() -> String {
    let mut text = String::from("| flag | default | meaning |\n| --- | --- | --- |\n");
    for setting in std::iter::once(&settings::CONFIG_FILE).chain(SETTINGS) {
        let (flag, value) = (setting.flag(), setting.value_name.replace('|', "\\|"));
        let default = match setting.default {
            Some(default) => format!("`{default}`"),
            None => String::new(),
        };
        writeln!(
            text,
            "| `{flag} {value}` | {default} | {} |",
            setting.help()
        )
        .expect("a string takes any text");
    }
    text
}

/// `UPDATE_GOLDEN=1` writes the table.
#[test]
fn documentation_has_the_table_of_settings() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/configuration.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let (before, rest) = page.split_once("<!-- settings -->\n").expect("a marker");
    let (table, after) = rest.split_once("<!-- /settings -->").expect("a marker");
    let expected = documentation();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let page = format!("{before}<!-- settings -->\n{expected}<!-- /settings -->{after}");
        std::fs::write(path, page).expect("the page");
    } else {
        assert_eq!(table, expected, "UPDATE_GOLDEN=1 writes the table");
    }
}
