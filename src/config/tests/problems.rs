//! Refused values, each with its place.

use super::{problems, try_load};
use crate::config::{ConfigArgs, Environment, load};
use crate::plan::{OfficeWords, Plan};

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
fn both_addresses_cannot_be_the_same() {
    assert_eq!(
        problems(&["--ops-listen", "127.0.0.1:50051"], &[], "").len(),
        1
    );
    let any_port = ["--ops-listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
    assert!(try_load(&any_port, &[], "").is_ok());
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
