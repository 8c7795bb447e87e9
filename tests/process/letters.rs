//! The commands `notice show` and `notice verify`, and templates that lack a required section.

use serde_json::Value;

use crate::program::{Server, run, text};

/// Primary care did not grant this request, so its submission makes a letter (VI.E).
const NOT_GRANTED: &str = r#"{"secondOpinion": {
  "member": {"memberId": "90000001A", "fullName": "Sample Member", "preferredLanguage": "es"},
  "requesters": [{"member": {}}],
  "primaryCareDecision": "PRIMARY_CARE_DECISION_NOT_GRANTED"
}}"#;

#[test]
fn vi_e_notice_commands_show_a_letter_and_detect_a_changed_copy() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let server = Server::start(data);
    let submit = ["call", "SubmitSecondOpinion", "-", "--to", &server.address];
    let submitted = run(data, &submit, NOT_GRANTED);
    assert_eq!(
        submitted.status.code(),
        Some(0),
        "{}",
        text(&submitted.stderr)
    );
    let answer: Value = serde_json::from_slice(&submitted.stdout).expect("JSON");
    let notice = &answer["determination"]["notices"][0];
    assert_eq!(notice["kind"], "NOTICE_KIND_GRIEVANCE_INFORMATION");
    assert_eq!(notice["language"], "es");
    let id = notice["noticeId"].as_str().expect("an id");

    let shown = run(data, &["notice", "show", id], "");
    assert!(text(&shown.stdout).contains("Esta carta no es una negación."));
    let page = run(
        data,
        &[
            "notice",
            "show",
            id,
            "--format",
            "html",
            "--language",
            "en",
            "--large-print",
        ],
        "",
    );
    assert!(text(&page.stdout).contains("This letter is not a denial."));
    for (name, content, issued) in [
        ("as-shown.txt", shown.stdout.clone(), true),
        ("page.html", page.stdout, true),
        ("changed.txt", [&shown.stdout[..], b"x"].concat(), false),
    ] {
        let path = data.join(name);
        std::fs::write(&path, content).expect("a file");
        let path = path.display().to_string();
        let verified = run(data, &["notice", "verify", id, &path], "");
        assert_eq!(
            verified.status.code(),
            Some(i32::from(!issued)),
            "{name}: {}",
            text(&verified.stderr)
        );
    }
    let unknown = "01900000-0000-7000-8000-000000000000";
    let none = run(data, &["notice", "show", unknown], "");
    assert_eq!(none.status.code(), Some(1));
    server.kill();
}

#[test]
fn vi_f_template_without_a_right_is_a_configuration_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let templates = data.join("letters");
    std::fs::create_dir_all(templates.join("es")).expect("a folder");
    let shipped = include_str!("../../crates/letters/src/templates/es/denial.txt");
    let without = shipped.replace("{{ parts.appeal(letter) }}", "");
    assert_ne!(without, shipped);
    std::fs::write(templates.join("es/denial.txt"), without).expect("a file");
    let config = data.join("config.toml");
    let setting = format!(
        "[notices]\ntemplates = {:?}\n",
        templates.display().to_string()
    );
    std::fs::write(&config, setting).expect("a file");
    let config = config.display().to_string();
    for command in ["check-config", "serve"] {
        let mut arguments = vec![command, "--config", &config, "--listen", "127.0.0.1:0"];
        arguments.extend(["--ops-listen", "127.0.0.1:0"]);
        let output = run(data, &arguments, "");
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{command}: {errors}");
        let expected = "es/denial.txt: section `appeal` is missing";
        assert!(errors.contains(expected), "{command}: {errors}");
    }
}
