//! Approvals and denials by a reviewer.

use second_opinion::wire::v1;
use tonic::Code;

use crate::support::messages::{
    NETWORK_NPI, OTHER_NPI, approval, available, denial, get, id, professional_requester, provider,
    second_opinion, submission, timestamp,
};
use crate::support::server::{Client, TestServer};
use crate::support::status::{clauses, fields};

pub async fn submit(client: &mut Client, request: v1::SecondOpinion) -> v1::Determination {
    let answer = client
        .submit_second_opinion(submission(request))
        .await
        .expect("a submission");
    *answer.into_inner().determination.expect("a determination")
}

pub fn with_alternative() -> v1::SecondOpinion {
    v1::SecondOpinion {
        network_availability: Some(available()),
        ..second_opinion()
    }
}

pub async fn read_letter(client: &mut Client, notice: &v1::NoticeReference) -> String {
    let request = v1::GetNoticeRequest {
        notice_id: notice.notice_id.clone(),
        format: v1::NoticeFormat::Text.into(),
        ..v1::GetNoticeRequest::default()
    };
    let answer = client
        .get_notice(request)
        .await
        .expect("a letter")
        .into_inner();
    assert_eq!(answer.media_type, "text/plain; charset=utf-8");
    assert_eq!(answer.notice.as_ref(), Some(notice));
    assert_eq!(
        answer.content_sha256,
        second_opinion::case::Digest::of(&answer.content).to_string()
    );
    String::from_utf8(answer.content).expect("UTF-8")
}

#[tokio::test]
async fn vi_f_denial_has_its_letter() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let request = v1::SecondOpinion {
        requesters: vec![professional_requester()],
        ..with_alternative()
    };
    let case = submit(&mut client, request).await;
    let preview = v1::IssueDenialRequest {
        validate_only: true,
        ..denial(&case.determination_id)
    };
    let preview = client
        .issue_denial(preview)
        .await
        .expect("a preview")
        .into_inner();
    assert_eq!(
        preview
            .determination
            .as_ref()
            .expect("a determination")
            .state(),
        v1::State::Denied
    );
    let unchanged = client
        .get_determination(get(&case.determination_id, v1::View::Basic))
        .await
        .expect("an answer");
    assert_eq!(
        unchanged
            .into_inner()
            .determination
            .expect("a determination")
            .etag,
        case.etag,
        "a preview stores nothing"
    );

    let denied = client
        .issue_denial(denial(&case.determination_id))
        .await
        .expect("a denial")
        .into_inner();
    assert_eq!(denied.notice_text, "", "only a preview has the text");
    let denied = denied.determination.expect("a determination");
    assert_eq!(denied.state(), v1::State::Denied);
    let notice = denied
        .notices
        .iter()
        .find(|notice| notice.kind() == v1::NoticeKind::Denial)
        .expect("a letter");
    let text = read_letter(&mut client, notice).await;
    for expected in [
        "Sample Member",
        "A qualified doctor in our network can give this opinion.",
        "The network specialist treats this condition.",
        "Sample Network Clinic",
        "(707) 555-0120",
        "January 15, 2027", // the 60th day after November 16, 2026
        "60 calendar days",
        "appeal",
        "grievance",
        "(800) 863-4155",
        "4665 Business Center Drive",
        "State Hearing",
        "120 calendar days",
        "Ombudsman",
        "Sample Reviewer",
    ] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
    assert!(
        !text.contains("555-0199"),
        "the reviewer's direct phone is not for the member"
    );
    let kinds: Vec<_> = denied.next_steps.iter().map(v1::NextStep::kind).collect();
    let expected = [
        v1::NextStepKind::FileAppeal,
        v1::NextStepKind::FileGrievance,
        v1::NextStepKind::SeeNetworkProvider,
    ];
    assert_eq!(kinds, expected);
    assert_eq!(
        denied.next_steps[0].deadline,
        Some(timestamp("2027-01-16T08:00:00Z"))
    );
    // HSC 1367.01(h)(3): the member within 2 business days, the professional within 24 hours.
    let clock = |kind| {
        denied
            .clocks
            .iter()
            .find(|clock| clock.kind() == kind)
            .expect("a clock")
    };
    let member = clock(v1::ClockKind::MemberNotification);
    assert_eq!(member.due_at, Some(timestamp("2026-11-19T08:00:00Z")));
    assert_eq!(
        clock(v1::ClockKind::ProviderNotification).due_at,
        Some(timestamp("2026-11-17T18:00:00Z"))
    );
    assert!(
        denied
            .findings
            .iter()
            .any(|finding| finding.clause == "VI.F")
    );
}

#[tokio::test]
async fn denial_preview_is_the_text_of_the_letter() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, with_alternative()).await;
    let preview = v1::IssueDenialRequest {
        validate_only: true,
        ..denial(&case.determination_id)
    };
    let preview = client
        .issue_denial(preview)
        .await
        .expect("a preview")
        .into_inner()
        .notice_text;
    let denied = client
        .issue_denial(denial(&case.determination_id))
        .await
        .expect("a denial")
        .into_inner();
    let notice = denied
        .determination
        .expect("a determination")
        .notices
        .pop()
        .expect("a letter");
    assert_eq!(read_letter(&mut client, &notice).await, preview);
}

#[tokio::test]
async fn vi_a_approval_has_its_number_and_letter() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, second_opinion()).await;
    assert_eq!(case.recommendation(), v1::Recommendation::Approve);
    let approved = client
        .issue_approval(approval(&case.determination_id))
        .await
        .expect("an approval");
    let approved = approved
        .into_inner()
        .determination
        .expect("a determination");
    assert_eq!(approved.state(), v1::State::Approved);
    let Some(v1::determination::Decision::Approval(decision)) = &approved.decision else {
        panic!("no approval: {approved:?}");
    };
    assert!(decision.authorization_number.starts_with("SO20261116-"));
    assert_eq!(
        (
            decision.valid_from.as_str(),
            decision.valid_through.as_str()
        ),
        ("2026-11-16", "2027-02-28")
    );
    let text = read_letter(&mut client, &approved.notices[0]).await;
    for expected in [
        &decision.authorization_number,
        "Example Oncology Group",
        "(916) 555-0110",
        "free",
        "MCUP3041",
    ] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
    // A decided case cannot be decided again.
    let refused = client
        .issue_denial(denial(&case.determination_id))
        .await
        .expect_err("decided");
    assert_eq!(
        (refused.code(), clauses(&refused)),
        (Code::FailedPrecondition, vec!["STATE".to_owned()])
    );
}

#[tokio::test]
async fn unsupported_denial_names_clause_and_fact() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    // By the facts no network provider is available.
    let case = submit(&mut client, second_opinion()).await;
    let refused = client
        .issue_denial(denial(&case.determination_id))
        .await
        .expect_err("an unsupported reason");
    assert_eq!(
        (refused.code(), clauses(&refused)),
        (Code::FailedPrecondition, vec!["VI.C".to_owned()])
    );
    assert!(
        refused
            .message()
            .contains("no qualified network professional is available"),
        "{}",
        refused.message()
    );
    // The denial lacks the referral that it owes.
    let case = submit(&mut client, with_alternative()).await;
    let without_referral = v1::IssueDenialRequest {
        referral: None,
        ..denial(&case.determination_id)
    };
    let refused = client
        .issue_denial(without_referral)
        .await
        .expect_err("no referral");
    assert_eq!(clauses(&refused), ["VI.C"]);
    // Two reasons, each with its own clause.
    let mut two = denial(&case.determination_id);
    two.referral = None;
    two.reasons.push(v1::DenialReason {
        code: v1::DenialReasonCode::ProviderNotQualified.into(),
        ..two.reasons[0].clone()
    });
    let refused = client.issue_denial(two).await.expect_err("two reasons");
    assert_eq!(clauses(&refused), ["VI.C", "VI.B"]);
    // In the network no authorization is needed, so there is nothing to deny.
    let network = v1::SecondOpinion {
        requested_provider: Some(provider(NETWORK_NPI, v1::NetworkStatus::InNetwork)),
        ..second_opinion()
    };
    let case = submit(&mut client, network).await;
    assert_eq!(case.state(), v1::State::NoAuthorizationRequired);
    let refused = client
        .issue_denial(denial(&case.determination_id))
        .await
        .expect_err("nothing to deny");
    assert_eq!(clauses(&refused), ["VI.A"]);
}

#[tokio::test]
async fn denial_needs_a_license_and_its_texts() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, with_alternative()).await;
    let mut bare = denial(&case.determination_id);
    let reviewer = bare.reviewer.as_mut().expect("a reviewer");
    reviewer.license_type = 0;
    reviewer.license_number = " ".to_owned();
    bare.reasons[0].explanation.clear();
    bare.reasons[0].clinical_rationale.clear();
    let refused = client.issue_denial(bare).await.expect_err("missing texts");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let mut names = fields(&refused);
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "reasons[0].clinical_rationale",
            "reasons[0].explanation",
            "reviewer.license_number",
            "reviewer.license_type"
        ]
    );
}

#[tokio::test]
async fn approval_of_another_provider_needs_the_members_agreement() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, second_opinion()).await;
    let mut another = approval(&case.determination_id);
    another.provider = Some(v1::Provider {
        name: "Another Sample Group".to_owned(),
        ..provider(OTHER_NPI, v1::NetworkStatus::OutOfNetwork)
    });
    let refused = client
        .issue_approval(another.clone())
        .await
        .expect_err("no agreement");
    assert_eq!(
        (refused.code(), clauses(&refused)),
        (Code::FailedPrecondition, vec!["VI.C".to_owned()])
    );
    another.request_id = id();
    another.member_agreement = Some(v1::MemberAgreement {
        agreed_at: None,
        how: "Said so by phone.".to_owned(),
    });
    let approved = client
        .issue_approval(another)
        .await
        .expect("an approval")
        .into_inner()
        .determination
        .expect("a determination");
    let Some(v1::determination::Decision::Approval(decision)) = approved.decision else {
        panic!("no approval")
    };
    assert_eq!(decision.provider.expect("a provider").npi, OTHER_NPI);
}

#[tokio::test]
async fn overdue_request_can_be_appealed_and_still_approved() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, second_opinion()).await;
    server
        .clock
        .set("2026-11-24T08:00:00Z".parse().expect("an instant"));
    let token = server.token(
        "reviewer",
        crate::support::server::EVERY_SCOPE,
        second_opinion::identity::ActorType::Person,
    );
    let mut client = server.client_with(Some(&token)).await;
    let overdue = client
        .get_determination(get(&case.determination_id, v1::View::Basic))
        .await
        .expect("an answer");
    let overdue = overdue.into_inner().determination.expect("a determination");
    assert_eq!(overdue.clocks[0].timeliness(), v1::Timeliness::Overdue);
    let appeal = &overdue.next_steps[0];
    assert_eq!(appeal.kind(), v1::NextStepKind::FileAppeal);
    // Day 0 is the local day of the due instant, November 24: the 60th is January 23.
    assert_eq!(appeal.deadline, Some(timestamp("2027-01-24T08:00:00Z")));
    let approved = client
        .issue_approval(approval(&case.determination_id))
        .await
        .expect("a late approval");
    assert_eq!(
        approved
            .into_inner()
            .determination
            .expect("a determination")
            .state(),
        v1::State::Approved
    );
}
