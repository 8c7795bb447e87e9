//! Retries: one request id is one change and one answer, forever. Stale etags.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use second_opinion::config::Config;
use second_opinion::wire::v1;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::decisions::{submit, with_alternative};
use crate::faults::{FaultyStore, MISSED_REPLAY, NO_FAULT};
use crate::support::messages::{
    approval, available, denial, id, second_opinion, submission, timestamp,
};
use crate::support::server::TestServer;
use crate::support::status::code_and_reason;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_concurrent_retries_make_one_case_and_one_answer() {
    let server = TestServer::start().await;
    let client = server.reviewer().await;
    let request = submission(second_opinion());
    let calls = (0..50).map(|_| {
        let (mut client, request) = (client.clone(), request.clone());
        tokio::spawn(async move {
            client
                .submit_second_opinion(request)
                .await
                .expect("an answer")
                .into_inner()
        })
    });
    let answers: Vec<_> = futures::future::join_all(calls)
        .await
        .into_iter()
        .map(|answer| answer.expect("no panic"))
        .collect();
    assert!(answers.iter().all(|answer| answer == &answers[0]));
    assert_eq!(server.store.head().await.expect("a head").position, 1);
}

#[tokio::test]
async fn retry_gets_the_first_answer_after_later_changes() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let request = submission(v1::SecondOpinion {
        network_availability: Some(available()),
        ..second_opinion()
    });
    let first = client
        .submit_second_opinion(request.clone())
        .await
        .expect("an answer")
        .into_inner();
    let case = first.determination.clone().expect("a determination");
    let deny = v1::IssueDenialRequest {
        etag: case.etag.clone(),
        ..denial(&case.determination_id)
    };
    let denied = client
        .issue_denial(deny.clone())
        .await
        .expect("a denial")
        .into_inner();
    // By now the clock has moved, the state has changed and the etag is stale.
    server
        .clock
        .set("2026-11-16T18:30:00Z".parse().expect("an instant"));
    assert_eq!(
        client
            .submit_second_opinion(request.clone())
            .await
            .expect("a replay")
            .into_inner(),
        first
    );
    assert_eq!(
        client
            .issue_denial(deny.clone())
            .await
            .expect("a replay")
            .into_inner(),
        denied
    );
    assert_eq!(server.store.head().await.expect("a head").position, 2);

    let mut other = request.clone();
    other
        .second_opinion
        .as_mut()
        .expect("a request")
        .referral_number = "RAF-1".to_owned();
    let reused = client
        .submit_second_opinion(other)
        .await
        .expect_err("other content");
    assert_eq!(
        code_and_reason(&reused),
        (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned())
    );
    // The etag and the called method are part of the content.
    let without = v1::IssueDenialRequest {
        etag: String::new(),
        ..deny
    };
    assert_eq!(
        client
            .issue_denial(without)
            .await
            .expect_err("other content")
            .code(),
        Code::AlreadyExists
    );
    let other_call = v1::IssueApprovalRequest {
        request_id: request.request_id,
        ..approval(&case.determination_id)
    };
    assert_eq!(
        client
            .issue_approval(other_call)
            .await
            .expect_err("another call")
            .code(),
        Code::AlreadyExists
    );
}

#[tokio::test]
async fn retry_gets_the_first_answer_after_the_clock_was_set_back() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let request = submission(v1::SecondOpinion {
        received_at: Some(timestamp("2026-11-16T18:00:00Z")),
        ..second_opinion()
    });
    let first = client
        .submit_second_opinion(request.clone())
        .await
        .expect("an answer")
        .into_inner();
    // received_at is now more than a minute ahead.
    let back: chrono::DateTime<chrono::Utc> = "2026-11-16T17:58:59Z".parse().expect("an instant");
    server.clock.set(back);
    let replay = client.submit_second_opinion(request.clone()).await;
    assert_eq!(replay.expect("a replay").into_inner(), first);
    let new = v1::SubmitSecondOpinionRequest {
        request_id: id(),
        ..request
    };
    let refused = client
        .submit_second_opinion(new)
        .await
        .expect_err("received_at ahead of the clock");
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn two_callers_can_use_the_same_request_id() {
    let server = TestServer::start().await;
    let request = submission(second_opinion());
    let mut ids = HashSet::new();
    for mut client in [
        server.reviewer().await,
        server.service("second-opinion.submit").await,
    ] {
        let answer = client
            .submit_second_opinion(request.clone())
            .await
            .expect("an answer")
            .into_inner();
        ids.insert(
            answer
                .determination
                .expect("a determination")
                .determination_id,
        );
    }
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn rejections_and_previews_do_not_use_up_the_request_id() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let request = submission(v1::SecondOpinion {
        network_availability: Some(available()),
        ..second_opinion()
    });
    let case = client
        .submit_second_opinion(request)
        .await
        .expect("an answer")
        .into_inner()
        .determination
        .expect("a determination");
    let mut deny = denial(&case.determination_id);
    deny.validate_only = true;
    client.issue_denial(deny.clone()).await.expect("a preview");
    deny.validate_only = false;
    let referral = deny.referral.take();
    client
        .issue_denial(deny.clone())
        .await
        .expect_err("no referral");
    deny.referral = referral;
    client
        .issue_denial(deny)
        .await
        .expect("a first use of the request id");
}

#[tokio::test]
async fn stale_etag_is_aborted_with_the_present_etag() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = client
        .submit_second_opinion(submission(second_opinion()))
        .await
        .expect("an answer")
        .into_inner();
    let case = case.determination.expect("a determination");
    for stale in ["0000000000000000", "anything"] {
        let request = v1::IssueApprovalRequest {
            etag: stale.to_owned(),
            ..approval(&case.determination_id)
        };
        let status = client.issue_approval(request).await.expect_err("stale");
        assert_eq!(
            code_and_reason(&status),
            (Code::Aborted, "ETAG_STALE".to_owned())
        );
        let details = status.get_error_details();
        assert_eq!(
            details.error_info().expect("a detail").metadata["etag"],
            case.etag
        );
    }
    let present = v1::IssueApprovalRequest {
        etag: case.etag.clone(),
        ..approval(&case.determination_id)
    };
    let approved = client
        .issue_approval(present)
        .await
        .expect("a present etag")
        .into_inner();
    assert_ne!(
        approved.determination.expect("a determination").etag,
        case.etag
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_concurrent_decisions_wins() {
    let server = TestServer::start().await;
    for _ in 0..20 {
        let mut client = server.reviewer().await;
        let request = submission(v1::SecondOpinion {
            network_availability: Some(available()),
            ..second_opinion()
        });
        let case = client
            .submit_second_opinion(request)
            .await
            .expect("an answer")
            .into_inner()
            .determination
            .expect("a determination");
        let (mut one, mut other) = (client.clone(), client.clone());
        let (denied, approved) = tokio::join!(
            one.issue_denial(denial(&case.determination_id)),
            other.issue_approval(approval(&case.determination_id)),
        );
        let loser = match (denied, approved) {
            (Ok(_), Err(status)) | (Err(status), Ok(_)) => status,
            (one, other) => panic!("{one:?} {other:?}"),
        };
        // Without an etag the second decision is judged on the new state, which forbids it.
        assert_eq!(loser.code(), Code::FailedPrecondition, "{loser:?}");
    }
}

#[tokio::test]
async fn request_id_must_be_a_uuid() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    for invalid in ["", "1", "{}", &id().replace('-', "")] {
        let request = v1::SubmitSecondOpinionRequest {
            request_id: invalid.to_owned(),
            ..submission(second_opinion())
        };
        let status = client
            .submit_second_opinion(request)
            .await
            .expect_err("an invalid UUID");
        assert_eq!(crate::support::status::fields(&status), ["request_id"]);
    }
}

/// The first request commits after the lookup of the second one's request id and before its judgment.
#[tokio::test]
async fn concurrent_duplicate_gets_the_first_answer_after_the_state_changed() {
    let fault = Arc::new(AtomicU8::new(NO_FAULT));
    let switch = Arc::clone(&fault);
    let server = TestServer::start_with(&Config::default(), |store| {
        Arc::new(FaultyStore { store, fault })
    })
    .await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, with_alternative()).await;
    let message = v1::IssueDenialRequest {
        etag: case.etag,
        ..denial(&case.determination_id)
    };
    let first = client
        .issue_denial(message.clone())
        .await
        .expect("an answer");
    switch.store(MISSED_REPLAY, Ordering::SeqCst);
    let second = client
        .issue_denial(message.clone())
        .await
        .expect("an answer");
    assert_eq!(second.into_inner(), first.into_inner());
    switch.store(MISSED_REPLAY, Ordering::SeqCst);
    let other = v1::IssueDenialRequest {
        etag: String::new(),
        ..message
    };
    let status = client.issue_denial(other).await.expect_err("other content");
    assert_eq!(status.code(), Code::AlreadyExists);
}
