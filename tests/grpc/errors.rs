//! Invalid requests: every violation at once, with its field path.

use prost_types::Timestamp;
use second_opinion::identity::ActorType;
use second_opinion::wire::v1;
use tonic::{Code, Status};

use crate::support::messages::{
    OUT_OF_NETWORK_NPI, get, id, second_opinion, submission, timestamp,
};
use crate::support::raw::call_raw;
use crate::support::server::{EVERY_SCOPE, TestServer};
use crate::support::status::{code_and_reason, fields};

#[tokio::test]
async fn all_violations_are_returned_at_once() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let mut request = second_opinion();
    let member = request.member.as_mut().expect("a member");
    member.member_id = "12345678A".to_owned();
    member.full_name = "Two\nlines".to_owned();
    member.alternative_format = 99;
    request.requesters.clear();
    request.reasons[0].code = 77;
    request.reasons[0].detail = "bell \u{7}".to_owned();
    let context = request.clinical_context.as_mut().expect("a context");
    context.diagnosis_codes = vec!["C50.911".to_owned(), "50.911".to_owned()];
    context.procedure_codes = vec!["D1234".to_owned()];
    request.requested_provider.as_mut().expect("a provider").npi = "1234567890".to_owned();
    request.urgency_claim = Some(v1::UrgencyClaim::default());
    request.received_at = Some(timestamp("2026-11-16T18:01:01Z"));
    request.referral_number = "9".repeat(201);
    let status = client
        .submit_second_opinion(v1::SubmitSecondOpinionRequest {
            request_id: "x".to_owned(),
            second_opinion: Some(Box::new(request)),
        })
        .await
        .expect_err("malformed");
    assert_eq!(status.code(), Code::InvalidArgument);
    let mut names = fields(&status);
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "request_id",
            "second_opinion.clinical_context.diagnosis_codes[1]",
            "second_opinion.clinical_context.procedure_codes[0]",
            "second_opinion.member.alternative_format",
            "second_opinion.member.full_name",
            "second_opinion.member.member_id",
            "second_opinion.reasons[0].code",
            "second_opinion.reasons[0].detail",
            "second_opinion.received_at",
            "second_opinion.referral_number",
            "second_opinion.requested_provider.npi",
            "second_opinion.requesters",
            "second_opinion.urgency_claim",
        ]
    );
    assert!(
        !format!("{status:?}").contains("12345678A"),
        "the input is not repeated"
    );
}

#[tokio::test]
async fn missing_facts_do_not_reject_a_submission() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let bare = v1::SecondOpinion {
        member: Some(v1::Member {
            member_id: "90000001A".to_owned(),
            ..v1::Member::default()
        }),
        requesters: vec![v1::Requester {
            kind: Some(v1::requester::Kind::AuthorizedRepresentative(
                v1::AuthorizedRepresentative::default(),
            )),
        }],
        reasons: vec![v1::RequestReason {
            code: v1::ReasonCode::SeriousCondition.into(),
            ..Default::default()
        }],
        ..v1::SecondOpinion::default()
    };
    let answer = client
        .submit_second_opinion(submission(bare))
        .await
        .expect("an answer")
        .into_inner();
    let case = answer.determination.expect("a determination");
    assert!(case.due_at.is_some(), "a running clock");
    let unknown: Vec<&str> = case
        .findings
        .iter()
        .filter(|finding| finding.outcome() == v1::FindingOutcome::Unknown)
        .map(|finding| finding.clause.as_str())
        .collect();
    assert_eq!(unknown, ["VI.A.2", "VI.A", "VI.C"]);
}

#[tokio::test]
async fn received_at_is_between_the_policys_adoption_and_a_minute_ahead() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    for (received, is_valid) in [
        ("2016-04-20T07:00:00Z", true),
        ("2016-04-20T06:59:59Z", false), // April 19 in California
        ("2026-11-16T18:01:00Z", true),
        ("2026-11-16T18:01:00.000001Z", false),
    ] {
        let request = v1::SecondOpinion {
            received_at: Some(timestamp(received)),
            ..second_opinion()
        };
        let answer = client.submit_second_opinion(submission(request)).await;
        assert_eq!(answer.is_ok(), is_valid, "{received}");
        if let Err(status) = answer {
            assert_eq!(fields(&status), ["second_opinion.received_at"]);
        }
    }
    for invalid in [
        Timestamp {
            seconds: i64::MAX,
            nanos: 0,
        },
        Timestamp {
            seconds: 0,
            nanos: -1,
        },
    ] {
        let request = v1::SecondOpinion {
            received_at: Some(invalid),
            ..second_opinion()
        };
        let status = client
            .submit_second_opinion(submission(request))
            .await
            .expect_err("an invalid timestamp");
        assert_eq!(fields(&status), ["second_opinion.received_at"]);
    }
}

#[tokio::test]
async fn unknown_determination_or_notice_is_not_found() {
    use tonic_types::StatusExt as _;
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let unknown = id();
    let status = client
        .get_determination(get(&unknown, v1::View::Basic))
        .await
        .expect_err("unknown");
    assert_eq!(status.code(), Code::NotFound);
    let details = status.get_error_details();
    assert_eq!(
        details.resource_info().expect("a detail").resource_name,
        unknown
    );
    let request = v1::GetNoticeRequest {
        notice_id: unknown.clone(),
        format: v1::NoticeFormat::Text.into(),
        ..v1::GetNoticeRequest::default()
    };
    assert_eq!(
        client
            .get_notice(request)
            .await
            .expect_err("unknown")
            .code(),
        Code::NotFound
    );
    let status = client
        .get_determination(get("not-an-id", v1::View::Basic))
        .await
        .expect_err("an invalid id");
    assert_eq!(fields(&status), ["determination_id"]);
}

/// Sends bytes as the message of a submission.
async fn submit_bytes(server: &TestServer, message: Vec<u8>) -> Status {
    let token = server.token("raw", EVERY_SCOPE, ActorType::Person);
    let headers = [("authorization", format!("Bearer {token}"))];
    call_raw(&server.address, "SubmitSecondOpinion", &message, &headers).await
}

#[tokio::test]
async fn undecodable_message_is_invalid_argument() {
    let server = TestServer::start().await;
    for garbage in [
        vec![0xff; 64],
        b"{\"second_opinion\":{}}".to_vec(),
        vec![0x12, 0x05, 0x01],
    ] {
        let status = submit_bytes(&server, garbage).await;
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert_eq!(fields(&status), [""]);
    }
}

#[tokio::test]
async fn oversized_message_is_resource_exhausted() {
    let server = TestServer::start().await;
    let status = submit_bytes(&server, vec![0; 2 * 1024 * 1024]).await;
    assert_eq!(
        code_and_reason(&status),
        (Code::ResourceExhausted, "MESSAGE_TOO_LARGE".to_owned())
    );
    // A message under the limit is decoded, and its fields are checked.
    let mut client = server.reviewer().await;
    let mut large = second_opinion();
    large.clinical_context.as_mut().expect("a context").summary = "x".repeat(1024 * 1024 - 4096);
    let status = client
        .submit_second_opinion(submission(large))
        .await
        .expect_err("a text over its limit");
    assert_eq!(fields(&status), ["second_opinion.clinical_context.summary"]);
}

#[tokio::test]
async fn text_or_list_over_its_limit_is_invalid_argument() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let with = |detail: String, reasons: usize| {
        let mut request = second_opinion();
        request.reasons = vec![
            v1::RequestReason {
                code: 1,
                detail,
                ..v1::RequestReason::default()
            };
            reasons
        ];
        submission(request)
    };
    client
        .submit_second_opinion(with("é".repeat(4_000), 50))
        .await
        .expect("at the limit");
    let status = client
        .submit_second_opinion(with("é".repeat(4_001), 1))
        .await
        .expect_err("a character over the limit");
    assert_eq!(fields(&status), ["second_opinion.reasons[0].detail"]);
    let status = client
        .submit_second_opinion(with(String::new(), 51))
        .await
        .expect_err("an item over the limit");
    assert_eq!(fields(&status), ["second_opinion.reasons"]);
}

#[tokio::test]
async fn surrounding_white_space_is_trimmed() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let mut request = second_opinion();
    request.requested_provider.as_mut().expect("a provider").npi =
        format!(" {OUT_OF_NETWORK_NPI}\n");
    request.member.as_mut().expect("a member").full_name = "  Sample Member ".to_owned();
    let case = client
        .submit_second_opinion(submission(request))
        .await
        .expect("an answer")
        .into_inner();
    let id = case
        .determination
        .expect("a determination")
        .determination_id;
    let full = client
        .get_determination(get(&id, v1::View::Full))
        .await
        .expect("an answer")
        .into_inner();
    let stored = full
        .determination
        .expect("a determination")
        .second_opinion
        .expect("a request");
    assert_eq!(
        stored.requested_provider.expect("a provider").npi,
        OUT_OF_NETWORK_NPI
    );
    assert_eq!(stored.member.expect("a member").full_name, "Sample Member");
}
