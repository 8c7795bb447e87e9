//! Letters in the member's language: the translations that a denial needs, and English where there is no template.

use second_opinion::wire::v1;
use tonic::Code;

use crate::decisions::{read_letter, submit, with_alternative};
use crate::support::messages::{denial, get};
use crate::support::server::{Client, TestServer};
use crate::support::status::{fields, reason};

async fn submit_in(client: &mut Client, language: &str) -> v1::Determination {
    let mut request = with_alternative();
    let member = request.member.as_mut().expect("a member");
    language.clone_into(&mut member.preferred_language);
    submit(client, request).await
}

fn denial_without_translation(case: &v1::Determination) -> v1::IssueDenialRequest {
    let mut denial = denial(&case.determination_id);
    for reason in &mut denial.reasons {
        reason.translations.clear();
    }
    denial
}

#[tokio::test]
async fn denial_in_spanish_needs_a_spanish_translation() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit_in(&mut client, "es").await;
    let mut denial = denial_without_translation(&case);
    let refused = client
        .issue_denial(denial.clone())
        .await
        .expect_err("no translation");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(fields(&refused), ["reasons[0].translations"]);
    let unchanged = client
        .get_determination(get(&case.determination_id, v1::View::Basic))
        .await
        .expect("an answer");
    let unchanged = unchanged
        .into_inner()
        .determination
        .expect("a determination");
    assert_eq!(
        (unchanged.state(), &unchanged.etag),
        (v1::State::PendingReview, &case.etag)
    );

    let reason = &denial.reasons[0];
    let rationale = if reason.clinical_rationale.is_empty() {
        ""
    } else {
        "El expediente muestra un curso estable."
    };
    let translation = v1::Translation {
        language: "es".to_owned(),
        explanation: "Hay un proveedor calificado en la red.".to_owned(),
        clinical_rationale: rationale.to_owned(),
    };
    denial.reasons[0].translations.push(translation);
    let denied = client.issue_denial(denial).await.expect("a denial");
    let denied = denied.into_inner().determination.expect("a determination");
    let notice = &denied.notices[0];
    assert_eq!(
        (notice.language.as_str(), notice.translation_needed),
        ("es", false)
    );
    let text = read_letter(&mut client, notice).await;
    assert!(
        text.contains("Hay un proveedor calificado en la red."),
        "{text}"
    );
}

#[tokio::test]
async fn language_without_templates_gets_an_english_letter_marked_for_translation() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit_in(&mut client, "hmn").await;
    let denied = client
        .issue_denial(denial_without_translation(&case))
        .await
        .expect("a denial in English");
    let denied = denied.into_inner().determination.expect("a determination");
    let notice = &denied.notices[0];
    assert_eq!(
        (notice.language.as_str(), notice.translation_needed),
        ("en", true)
    );
    // The letter has the help lines of the configured languages.
    let text = read_letter(&mut client, notice).await;
    assert!(
        text.contains("Español") || text.contains("español"),
        "{text}"
    );
    for language in ["hmn", "es"] {
        let request = v1::GetNoticeRequest {
            notice_id: notice.notice_id.clone(),
            format: v1::NoticeFormat::Text.into(),
            language: language.to_owned(),
            ..v1::GetNoticeRequest::default()
        };
        let refused = client.get_notice(request).await.expect_err("no such form");
        assert_eq!(
            (refused.code(), reason(&refused)),
            (Code::Unimplemented, "NOTICE_FORM_UNKNOWN".to_owned()),
            "{language}"
        );
    }
}
