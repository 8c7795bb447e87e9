//! Views of a determination, the worklist and its pages, forms of letters.

use std::collections::HashSet;

use prost::Message as _;
use second_opinion::wire::v1;
use tonic::Code;

use crate::support::messages::{
    available, denial, get, professional_requester, second_opinion, submission, timestamp,
};
use crate::support::server::{Client, TestServer};
use crate::support::status::{code_and_reason, fields};

/// A request with a canary in every field that holds PHI.
fn canaries() -> v1::SecondOpinion {
    let canary = |name: &str| format!("canary-{name}");
    let mut request = v1::SecondOpinion {
        network_availability: Some(available()),
        ..second_opinion()
    };
    request.member = Some(v1::Member {
        member_id: "91234567C".to_owned(),
        full_name: canary("name"),
        address_lines: vec![canary("address")],
        confidential_address_lines: vec![canary("confidential")],
        ..v1::Member::default()
    });
    request.requesters = vec![
        professional_requester(),
        v1::Requester {
            kind: Some(v1::requester::Kind::AuthorizedRepresentative(
                v1::AuthorizedRepresentative {
                    full_name: canary("representative"),
                    relationship: canary("relationship"),
                    ..v1::AuthorizedRepresentative::default()
                },
            )),
        },
    ];
    request.reasons[0].detail = canary("detail");
    request.clinical_context = Some(v1::ClinicalContext {
        diagnosis_codes: vec!["Z99.89".to_owned()],
        procedure_codes: vec!["99499".to_owned()],
        summary: canary("summary"),
        initiating_professional_npi: String::new(),
    });
    request.urgency_claim = Some(v1::UrgencyClaim {
        psychological_jeopardy: canary("psychological"),
        practitioner_opinion: Some(v1::PractitionerOpinion {
            npi: "1245319599".to_owned(),
            statement: canary("opinion"),
        }),
        functional_jeopardy: canary("functional"),
    });
    request.specialty_wanted = canary("specialty");
    request
}

fn has_phi(bytes: &[u8]) -> bool {
    ["canary", "91234567C", "Z99.89", "99499"]
        .iter()
        .any(|phi| {
            bytes
                .windows(phi.len())
                .any(|window| window == phi.as_bytes())
        })
}

#[tokio::test]
async fn basic_view_has_no_phi_and_full_view_has_the_whole_request() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let request = canaries();
    let submitted = client
        .submit_second_opinion(submission(request.clone()))
        .await
        .expect("an answer")
        .into_inner();
    let case = submitted.determination.clone().expect("a determination");
    assert!(!has_phi(&submitted.encode_to_vec()));
    let mut deny = denial(&case.determination_id);
    deny.reasons[0].explanation = "canary-explanation".to_owned();
    deny.reasons[0].clinical_rationale = "canary-rationale".to_owned();
    deny.reasons[0].criteria = vec!["canary-criterion".to_owned()];
    let denied = client
        .issue_denial(deny)
        .await
        .expect("a denial")
        .into_inner();
    assert!(!has_phi(&denied.encode_to_vec()), "{denied:?}");
    assert!(
        !format!("{request:?} {denied:?}").contains("canary"),
        "Debug shows PHI"
    );

    let basic = client
        .get_determination(get(&case.determination_id, v1::View::Basic))
        .await
        .expect("an answer")
        .into_inner();
    assert!(!has_phi(&basic.encode_to_vec()));
    let full = client
        .get_determination(get(&case.determination_id, v1::View::Full))
        .await
        .expect("an answer")
        .into_inner();
    assert!(!format!("{full:?}").contains("canary"), "Debug shows PHI");
    let full = full.determination.expect("a determination");
    let stored = full.second_opinion.expect("a request");
    let expected = v1::SecondOpinion {
        received_at: Some(timestamp("2026-11-16T18:00:00Z")),
        member: request.member.map(|member| v1::Member {
            preferred_language: "en".to_owned(),
            ..member
        }),
        ..request
    };
    assert_eq!(*stored, expected);
    let events: Vec<_> = full
        .history
        .iter()
        .map(|entry| (entry.version, entry.event()))
        .collect();
    assert_eq!(
        events,
        [(1, v1::EventType::Submitted), (2, v1::EventType::Denied)]
    );
    let Some(v1::determination::Decision::Denial(decision)) = full.decision else {
        panic!("no denial")
    };
    assert_eq!(decision.reasons[0].explanation, "canary-explanation");
}

async fn list(
    client: &mut Client,
    request: v1::ListDeterminationsRequest,
) -> v1::ListDeterminationsResponse {
    client
        .list_determinations(request)
        .await
        .expect("a page")
        .into_inner()
}

/// The determinations of all pages of a list, duplicates included.
async fn pages(
    client: &mut Client,
    request: v1::ListDeterminationsRequest,
) -> Vec<v1::Determination> {
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = list(
            client,
            v1::ListDeterminationsRequest {
                page_token: token,
                ..request.clone()
            },
        )
        .await;
        all.extend(page.determinations);
        token = page.next_page_token;
        if token.is_empty() {
            return all;
        }
    }
}

/// Submits ten undecided cases, two for each of five days of receipt, and one without a clock.
async fn fill(client: &mut Client) {
    for day in [13, 9, 16, 11, 10] {
        let received = format!("2026-11-{day:02}T17:00:00Z");
        for referral in ["RAF-1", "RAF-2"] {
            let request = v1::SecondOpinion {
                received_at: Some(timestamp(&received)),
                referral_number: referral.to_owned(),
                treatment_authorization_number: format!("TAR-{day}"),
                ..second_opinion()
            };
            client
                .submit_second_opinion(submission(request))
                .await
                .expect("an answer");
        }
    }
    let network = v1::SecondOpinion {
        requested_provider: None,
        network_availability: Some(available()),
        ..second_opinion()
    };
    client
        .submit_second_opinion(submission(network))
        .await
        .expect("an answer");
}

#[tokio::test]
async fn worklist_pages_are_ordered_by_due_time() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    fill(&mut client).await;
    let paged = v1::ListDeterminationsRequest {
        page_size: 3,
        ..Default::default()
    };
    let all = pages(&mut client, paged.clone()).await;
    assert_eq!(all.len(), 11);
    assert_eq!(
        all.iter()
            .map(|it| &it.determination_id)
            .collect::<HashSet<_>>()
            .len(),
        11,
        "no duplicates"
    );
    let seconds = |it: &v1::Determination| it.due_at.as_ref().map_or(i64::MAX, |due| due.seconds);
    let dues: Vec<i64> = all.iter().map(seconds).collect();
    assert!(dues.is_sorted() && dues[10] == i64::MAX, "{dues:?}");

    let pending = v1::ListDeterminationsRequest {
        states: vec![v1::State::PendingReview.into()],
        ..paged.clone()
    };
    assert_eq!(pages(&mut client, pending).await.len(), 10);
    let raf = v1::ListDeterminationsRequest {
        referral_number: "RAF-1".to_owned(),
        ..paged.clone()
    };
    assert_eq!(pages(&mut client, raf).await.len(), 5);
    let both = v1::ListDeterminationsRequest {
        referral_number: "RAF-1".to_owned(),
        treatment_authorization_number: "TAR-9".to_owned(),
        ..paged.clone()
    };
    assert_eq!(pages(&mut client, both).await.len(), 1);
    let due = all[4].due_at;
    let before = v1::ListDeterminationsRequest {
        due_before: due,
        ..paged.clone()
    };
    assert_eq!(pages(&mut client, before).await.len(), 4, "strictly before");
    let member = v1::ListDeterminationsRequest {
        member_id: "90000001A".to_owned(),
        page_size: 1_000,
        ..paged
    };
    assert_eq!(list(&mut client, member).await.determinations.len(), 11);
}

#[tokio::test]
async fn page_token_of_another_list_and_negative_page_size_are_invalid() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    fill(&mut client).await;
    let paged = v1::ListDeterminationsRequest {
        page_size: 3,
        ..Default::default()
    };
    let token = list(&mut client, paged.clone()).await.next_page_token;
    for page_token in ["x".to_owned(), format!("{token}A")] {
        let status = client
            .list_determinations(v1::ListDeterminationsRequest {
                page_token,
                ..paged.clone()
            })
            .await;
        assert_eq!(
            fields(&status.expect_err("an invalid token")),
            ["page_token"]
        );
    }
    let other = v1::ListDeterminationsRequest {
        page_token: token,
        referral_number: "RAF-1".to_owned(),
        ..paged.clone()
    };
    assert_eq!(
        fields(
            &client
                .list_determinations(other)
                .await
                .expect_err("another list")
        ),
        ["page_token"]
    );
    let negative = v1::ListDeterminationsRequest {
        page_size: -1,
        ..paged
    };
    assert_eq!(
        fields(
            &client
                .list_determinations(negative)
                .await
                .expect_err("negative")
        ),
        ["page_size"]
    );
}

#[tokio::test]
async fn page_of_full_views_stays_under_4_mib() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let mut large = second_opinion();
    let reason = v1::RequestReason {
        code: 1,
        detail: "x".repeat(4_000),
        ..v1::RequestReason::default()
    };
    large.reasons = vec![reason; 50];
    for _ in 0..30 {
        client
            .submit_second_opinion(submission(large.clone()))
            .await
            .expect("an answer");
    }
    let full = v1::ListDeterminationsRequest {
        view: v1::View::Full.into(),
        page_size: 500,
        ..Default::default()
    };
    let page = list(&mut client, full.clone()).await;
    assert!(page.encoded_len() < 4 * 1024 * 1024 && page.determinations.len() < 30);
    assert_eq!(pages(&mut client, full).await.len(), 30);
}

#[tokio::test]
async fn letter_form_without_a_template_is_unimplemented_and_the_others_are_stable() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = client
        .submit_second_opinion(submission(canaries()))
        .await
        .expect("an answer")
        .into_inner();
    let id = case
        .determination
        .expect("a determination")
        .determination_id;
    let denied = client
        .issue_denial(denial(&id))
        .await
        .expect("a denial")
        .into_inner();
    let notice_id = denied.determination.expect("a determination").notices[0]
        .notice_id
        .clone();
    let notice_request = |format: v1::NoticeFormat, language: &str| v1::GetNoticeRequest {
        notice_id: notice_id.clone(),
        format: format.into(),
        language: language.to_owned(),
        large_print: false,
    };
    // There is no template in Vietnamese, and no translation of the reviewer's words into Spanish.
    for language in ["vi", "es"] {
        let status = client
            .get_notice(notice_request(v1::NoticeFormat::Text, language))
            .await
            .expect_err("no such form");
        assert_eq!(
            code_and_reason(&status),
            (Code::Unimplemented, "NOTICE_FORM_UNKNOWN".to_owned())
        );
    }
    for (format, begins) in [
        (v1::NoticeFormat::Html, "<!DOCTYPE html>"),
        (v1::NoticeFormat::Pdf, "%PDF-1."),
        (v1::NoticeFormat::Unspecified, "%PDF-1."),
    ] {
        let mut answers = Vec::new();
        for _ in 0..2 {
            let answer = client
                .get_notice(notice_request(format, ""))
                .await
                .expect("a letter");
            answers.push(answer.into_inner());
        }
        let (first, again) = (&answers[0], &answers[1]);
        assert!(first.content.starts_with(begins.as_bytes()), "{format:?}");
        assert_eq!(
            first.content, again.content,
            "the first rendering is stored"
        );
        assert_eq!(first.content_sha256, again.content_sha256);
    }
    let text = client
        .get_notice(notice_request(v1::NoticeFormat::Text, "en-US"))
        .await
        .expect("text")
        .into_inner();
    let text = String::from_utf8(text.content).expect("UTF-8");
    assert!(
        text.contains("canary-confidential") && !text.contains("canary-address"),
        "{text}"
    );
}
