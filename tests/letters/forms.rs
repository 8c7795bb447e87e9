//! Do hostile and unusual words come out as themselves, in every form?

#[cfg(feature = "pdf")]
use second_opinion::case::AlternativeFormat;
use second_opinion::case::{LanguageTag, Requester};
use second_opinion::notice::{Form, NoticeError, Rendition, Templates};
use second_opinion::rules::DenialReasonCode::{self, MemberNotEligible};

#[cfg(feature = "pdf")]
use crate::golden::pdf_to_text;
use crate::support::professional;
use crate::written::{asked, denied, denied_untranslated, text};

const NAMES: [&str; 6] = [
    "Ann <b>&amp; \"Bob\" 'x' </p><script>",
    "# Heading **bold** | x",
    "عائشة بنت محمد",
    "דנה כהן",
    "Zoë Nguye\u{302}\u{303}n A\u{30a}sa",
    "#set text(1pt) $x$ #eval(\"1\") @ref _a_",
];

#[test]
fn names_come_out_as_themselves() {
    for name in NAMES {
        let mut request = asked(None, "en");
        request.member.full_name = name.into();
        let letter = denied(request, MemberNotEligible).swap_remove(0);
        assert!(
            text(&letter, "en").contains(&format!("Dear {name},")),
            "{name}"
        );
        let page = Rendition::of(&letter, Form::Html, None, false)
            .expect("its own")
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
    let mut request = asked(None, "en");
    request.member.full_name = name.into();
    request.member.alternative_format = AlternativeFormat::LargePrint;
    let letter = denied(request, MemberNotEligible).swap_remove(0);
    let rendition = Rendition::of(&letter, Form::Pdf, None, false).expect("its own");
    assert!(rendition.large_print, "as the member prefers");
    rendition
        .render(Templates::shipped(), &letter)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[cfg(feature = "pdf")]
#[test]
fn every_name_gives_a_pdf() {
    let long = "Wolfeschlegelsteinhausenbergerdorff".repeat(6);
    let unknown = "\u{10380}\u{10381} Ugaritic \u{1f600} \u{e000}";
    for name in NAMES.into_iter().chain([&long[..200], unknown]) {
        assert!(!pdf_with_name(name).is_empty(), "{name}");
    }
}

#[cfg(feature = "pdf")]
#[test]
#[ignore = "needs poppler-utils"]
fn pdf_has_every_ascii_name_as_it_is() {
    for name in NAMES.into_iter().filter(|name| name.is_ascii()) {
        let text = pdf_to_text(&pdf_with_name(name));
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&format!("Dear {name},")), "{name}: {text}");
    }
}

#[test]
fn another_language_has_english_words_and_help_in_its_own() {
    let letter = denied(asked(None, "vi"), MemberNotEligible).swap_remove(0);
    assert!(letter.translation_needed);
    assert_eq!(letter.language, LanguageTag::english());
    let said = text(&letter, "en");
    let help = said.find("Tiếng Việt:").expect("help in Vietnamese");
    assert!(
        help < said.find("Dear").expect("a greeting"),
        "before all else"
    );
    assert!(said.contains("中文") && said.contains("Русский") && said.contains("Tagalog"));
}

#[test]
fn vi_c_nothing_untrue_is_said_of_the_network() {
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
        let said = text(&denied(asked(Some(code), "en"), code)[0], "en");
        assert_eq!(said.contains(any), says_any, "{code:?}");
        assert_eq!(said.contains(none), says_none, "{code:?}");
    }
}

#[test]
fn a_professional_who_asked_has_a_copy_with_the_direct_line() {
    let mut request = asked(None, "en");
    let Requester::HealthProfessional(mut asker) = professional("1993999998", "Dr. Pat Primary")
    else {
        panic!("a professional");
    };
    asker.fax = "(707) 555-0166".into();
    request
        .requesters
        .push(Requester::HealthProfessional(asker));
    let letters = denied(request, MemberNotEligible);
    assert_eq!(letters.len(), 2);
    let direct = "(707) 555-0199";
    let (member, copy) = (text(&letters[0], "en"), text(&letters[1], "en"));
    assert!(!member.contains(direct), "the member calls the plan");
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
fn vi_f_the_reviewer_s_words_are_owed_in_a_shipped_language() {
    let outcome = denied_untranslated(asked(None, "es-MX"), MemberNotEligible);
    assert!(
        matches!(&outcome, Err(NoticeError::TranslationMissing { language, reasons })
            if language == "es" && *reasons == [0]),
        "{outcome:?}"
    );
    for language in ["en", "en-GB", "vi"] {
        let made = denied_untranslated(asked(None, language), MemberNotEligible);
        let letter = made.expect("letters").swap_remove(0).letter;
        let in_spanish = Rendition::of(&letter, Form::Text, Some("es"), false);
        assert_eq!(in_spanish, None, "half of it would be English");
    }
}

#[test]
fn a_confidential_address_is_the_only_one_printed() {
    let mut request = asked(None, "en");
    request.member.confidential_address_lines = vec!["PO Box 7".into()];
    let letter = denied(request, MemberNotEligible).swap_remove(0);
    let said = text(&letter, "en");
    assert!(said.contains("PO Box 7") && !said.contains("12 Example Street"));
}

#[test]
fn an_office_s_name_is_not_said_twice_in_its_address() {
    let said = text(&denied(asked(None, "en"), MemberNotEligible)[0], "en");
    let hearing = "State Hearings Division, P.O. Box 944243";
    assert!(said.contains(hearing), "{said}");
    assert!(!said.contains("State Hearings Division, State Hearings Division"));
}
