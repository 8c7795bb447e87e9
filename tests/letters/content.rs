//! The values of a case in its letters: hostile names, other languages, addresses, and the state of the network.

#[cfg(feature = "pdf")]
use second_opinion::case::AlternativeFormat;
use second_opinion::case::{LanguageTag, Requester};
use second_opinion::notice::{Form, NoticeError, Rendition, Templates};
use second_opinion::rules::DenialReasonCode::{self, MemberNotEligible};

#[cfg(feature = "pdf")]
use crate::golden::pdf_to_text;
use crate::samples::{denial_letters, denial_without_translation, request_supporting, text};
use crate::support::professional;

const NAMES: [&str; 6] = [
    "Ann <b>&amp; \"Bob\" 'x' </p><script>",
    "# Heading **bold** | x",
    "عائشة بنت محمد",
    "דנה כהן",
    "Zoë Nguye\u{302}\u{303}n A\u{30a}sa",
    "#set text(1pt) $x$ #eval(\"1\") @ref _a_",
];

#[test]
fn names_are_printed_unchanged() {
    for name in NAMES {
        let mut request = request_supporting(None, "en");
        request.member.full_name = name.into();
        let letter = denial_letters(request, MemberNotEligible).swap_remove(0);
        assert!(
            text(&letter, "en").contains(&format!("Dear {name},")),
            "{name}"
        );
        let page = Rendition::of(&letter, Form::Html, None, false)
            .expect("the letter's own language")
            .render(Templates::shipped(), &letter)
            .expect("a page");
        let page = String::from_utf8(page).expect("UTF-8");
        let escaped = name
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;")
            .replace('\'', "&#39;");
        assert!(page.contains(&format!("<bdi>{escaped}</bdi>")), "{name}");
        assert!(!page.contains("<script"), "{name}");
    }
}

/// A denial's letter in large print to a member with this name.
#[cfg(feature = "pdf")]
fn pdf_with_name(name: &str) -> Vec<u8> {
    let mut request = request_supporting(None, "en");
    request.member.full_name = name.into();
    request.member.alternative_format = AlternativeFormat::LargePrint;
    let letter = denial_letters(request, MemberNotEligible).swap_remove(0);
    let rendition =
        Rendition::of(&letter, Form::Pdf, None, false).expect("the letter's own language");
    assert!(rendition.large_print, "the member's preference");
    rendition
        .render(Templates::shipped(), &letter)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[cfg(feature = "pdf")]
#[test]
fn pdf_is_rendered_with_any_name() {
    let long = "Wolfeschlegelsteinhausenbergerdorff".repeat(6);
    let unknown = "\u{10380}\u{10381} Ugaritic \u{1f600} \u{e000}";
    for name in NAMES.into_iter().chain([&long[..200], unknown]) {
        assert!(!pdf_with_name(name).is_empty(), "{name}");
    }
}

#[cfg(feature = "pdf")]
#[test]
#[ignore = "needs poppler-utils"]
fn pdf_prints_ascii_names_unchanged() {
    for name in NAMES.into_iter().filter(|name| name.is_ascii()) {
        let text = pdf_to_text(&pdf_with_name(name));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&format!("Dear {name},")), "{name}: {text}");
    }
}

#[test]
fn letter_in_an_unshipped_language_is_english_with_language_help() {
    let letter = denial_letters(request_supporting(None, "vi"), MemberNotEligible).swap_remove(0);
    assert!(letter.translation_needed);
    assert_eq!(letter.language, LanguageTag::english());
    let text = text(&letter, "en");
    let help = text.find("Tiếng Việt:").expect("help in Vietnamese");
    assert!(
        help < text.find("Dear").expect("a greeting"),
        "language help precedes the greeting"
    );
    assert!(text.contains("中文") && text.contains("Русский") && text.contains("Tagalog"));
}

#[test]
fn vi_c_letter_states_the_network_as_the_case_has_it() {
    let any = "You can see any provider in our network";
    let none = "Right now no provider in our network";
    for (code, says_any, says_none) in [
        (
            DenialReasonCode::QualifiedNetworkProviderAvailable,
            true,
            false,
        ),
        (DenialReasonCode::ProviderNotMediCalCertified, false, true),
        (DenialReasonCode::InsufficientInformation, false, true),
        (MemberNotEligible, false, false),
    ] {
        let text = text(
            &denial_letters(request_supporting(Some(code), "en"), code)[0],
            "en",
        );
        assert_eq!(text.contains(any), says_any, "{code:?}");
        assert_eq!(text.contains(none), says_none, "{code:?}");
    }
}

#[test]
fn requesting_professional_gets_a_copy_with_the_direct_phone() {
    let mut request = request_supporting(None, "en");
    let Requester::HealthProfessional(mut professional_requester) =
        professional("1993999998", "Dr. Pat Primary")
    else {
        panic!("a professional");
    };
    professional_requester.fax = "(707) 555-0166".into();
    request
        .requesters
        .push(Requester::HealthProfessional(professional_requester));
    let letters = denial_letters(request, MemberNotEligible);
    assert_eq!(letters.len(), 2);
    let direct = "(707) 555-0199";
    let (member, copy) = (text(&letters[0], "en"), text(&letters[1], "en"));
    assert!(
        !member.contains(direct),
        "the member's letter has the plan's number"
    );
    for wanted in [
        direct,
        "Dr. Pat Primary",
        "(707) 555-0166",
        "We looked at what",
    ] {
        assert!(copy.contains(wanted), "{wanted}: {copy}");
    }
}

#[test]
fn vi_f_reviewer_must_write_in_a_shipped_language_of_the_member() {
    let outcome = denial_without_translation(request_supporting(None, "es-MX"), MemberNotEligible);
    assert!(
        matches!(&outcome, Err(NoticeError::TranslationMissing { language, reasons })
            if language == "es" && *reasons == [0]),
        "{outcome:?}"
    );
    for language in ["en", "en-GB", "vi"] {
        let sealed =
            denial_without_translation(request_supporting(None, language), MemberNotEligible);
        let letter = sealed.expect("letters").swap_remove(0).letter;
        let in_spanish = Rendition::of(&letter, Form::Text, Some("es"), false);
        assert_eq!(in_spanish, None, "it would be half in English");
    }
}

#[test]
fn confidential_address_replaces_the_other() {
    let mut request = request_supporting(None, "en");
    request.member.confidential_address_lines = vec!["PO Box 7".into()];
    let letter = denial_letters(request, MemberNotEligible).swap_remove(0);
    let text = text(&letter, "en");
    assert!(text.contains("PO Box 7") && !text.contains("12 Example Street"));
}

#[test]
fn office_name_is_not_repeated_in_its_address() {
    let text = text(
        &denial_letters(request_supporting(None, "en"), MemberNotEligible)[0],
        "en",
    );
    let hearing = "State Hearings Division, P.O. Box 944243";
    assert!(text.contains(hearing), "{text}");
    assert!(!text.contains("State Hearings Division, State Hearings Division"));
}
