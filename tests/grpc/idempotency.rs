//! The same request id is one change and one answer, for ever; a stale etag is told.

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
async fn fifty_at_once_make_one_case_and_one_answer() {
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
        .map(|it| it.expect("a task"))
        .collect();
    assert!(answers.iter().all(|answer| answer == &answers[0]));
    assert_eq!(server.store.head().await.expect("a head").position, 1);
}

#[tokio::test]
async fn the_first_answer_comes_again_whatever_happened_since() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let request = submission(v1::SecondOpinion {
        network_availability: Some(available()),
        ..second_opinion()
    });
    let first = client
        .submit_second_opinion(request.clone())
        .await
        .expect("it")
        .into_inner();
    let case = first.determination.clone().expect("it");
    let deny = v1::IssueDenialRequest {
        etag: case.etag.clone(),
        ..denial(&case.determination_id)
    };
    let denied = client
        .issue_denial(deny.clone())
        .await
        .expect("a denial")
        .into_inner();
    // The clock has moved past what was due, the state has changed, the etag is stale.
    server
        .clock
        .set("2026-11-16T18:30:00Z".parse().expect("an instant"));
    assert_eq!(
        client
            .submit_second_opinion(request.clone())
            .await
            .expect("again")
            .into_inner(),
        first
    );
    assert_eq!(
        client
            .issue_denial(deny.clone())
            .await
            .expect("again")
            .into_inner(),
        denied
    );
    assert_eq!(server.store.head().await.expect("a head").position, 2);

    let mut other = request.clone();
    other.second_opinion.as_mut().expect("it").referral_number = "RAF-1".to_owned();
    let reused = client
        .submit_second_opinion(other)
        .await
        .expect_err("other content");
    assert_eq!(
        code_and_reason(&reused),
        (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned())
    );
    // The etag belongs to the content, and so does the call.
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
async fn the_first_answer_comes_again_when_the_clock_was_set_back() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let request = submission(v1::SecondOpinion {
        received_at: Some(timestamp("2026-11-16T18:00:00Z")),
        ..second_opinion()
    });
    let first = client
        .submit_second_opinion(request.clone())
        .await
        .expect("it")
        .into_inner();
    // What was received lies more than a minute ahead now.
    let back: chrono::DateTime<chrono::Utc> = "2026-11-16T17:58:59Z".parse().expect("an instant");
    server.clock.set(back);
    let again = client.submit_second_opinion(request.clone()).await;
    assert_eq!(again.expect("again").into_inner(), first);
    let new = v1::SubmitSecondOpinionRequest {
        request_id: id(),
        ..request
    };
    let refused = client.submit_second_opinion(new).await.expect_err("ahead");
    assert_eq!(refused.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn two_callers_may_use_the_same_id() {
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
            .expect("it")
            .into_inner();
        ids.insert(answer.determination.expect("it").determination_id);
    }
    assert_eq!(ids.len(), 2);
}

#[tokio::test]
async fn refusals_and_previews_are_not_recorded() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let request = submission(v1::SecondOpinion {
        network_availability: Some(available()),
        ..second_opinion()
    });
    let case = client
        .submit_second_opinion(request)
        .await
        .expect("it")
        .into_inner()
        .determination
        .expect("it");
    let mut deny = denial(&case.determination_id);
    deny.validate_only = true;
    client.issue_denial(deny.clone()).await.expect("a preview");
    deny.validate_only = false;
    let referral = deny.referral.take();
    client
        .issue_denial(deny.clone())
        .await
        .expect_err("the duty to refer");
    deny.referral = referral;
    client
        .issue_denial(deny)
        .await
        .expect("the same id, for the first time");
}

#[tokio::test]
async fn a_stale_etag_is_aborted_with_the_present_one() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = client
        .submit_second_opinion(submission(second_opinion()))
        .await
        .expect("it")
        .into_inner();
    let case = case.determination.expect("it");
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
            details.error_info().expect("it").metadata["etag"],
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
        .expect("the present one")
        .into_inner();
    assert_ne!(approved.determination.expect("it").etag, case.etag);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_reviewers_at_once_one_wins() {
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
            .expect("it")
            .into_inner()
            .determination
            .expect("it");
        let (mut one, mut other) = (client.clone(), client.clone());
        let (denied, approved) = tokio::join!(
            one.issue_denial(denial(&case.determination_id)),
            other.issue_approval(approval(&case.determination_id)),
        );
        let loser = match (denied, approved) {
            (Ok(_), Err(status)) | (Err(status), Ok(_)) => status,
            (one, other) => panic!("{one:?} {other:?}"),
        };
        // Loaded and judged again, without an etag: the state forbids it now.
        assert_eq!(loser.code(), Code::FailedPrecondition, "{loser:?}");
    }
}

#[tokio::test]
async fn a_request_id_is_a_uuid() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    for bad in ["", "1", "{}", &id().replace('-', "")] {
        let request = v1::SubmitSecondOpinionRequest {
            request_id: bad.to_owned(),
            ..submission(second_opinion())
        };
        let status = client
            .submit_second_opinion(request)
            .await
            .expect_err("no UUID");
        assert_eq!(crate::support::status::fields(&status), ["request_id"]);
    }
}

/// The first is carried out after the second was looked up and before it is judged.
#[tokio::test]
async fn a_request_sent_twice_at_once_has_one_outcome_though_the_first_changed_the_state() {
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
    let first = client.issue_denial(message.clone()).await.expect("it");
    switch.store(MISSED_REPLAY, Ordering::SeqCst);
    let second = client.issue_denial(message.clone()).await.expect("it");
    assert_eq!(second.into_inner(), first.into_inner());
    switch.store(MISSED_REPLAY, Ordering::SeqCst);
    let other = v1::IssueDenialRequest {
        etag: String::new(),
        ..message
    };
    let status = client.issue_denial(other).await.expect_err("other content");
    assert_eq!(status.code(), Code::AlreadyExists);
}
