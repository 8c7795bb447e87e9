//! Facts are learned, a request becomes urgent or is taken back, and people are told.

use second_opinion::wire::v1;
use tonic::Code;

use crate::decisions::{submit, with_alternative};
use crate::support::messages::{
    OUT_OF_NETWORK_NPI, alternative, denial, id, professional_requester, provider, second_opinion,
    timestamp,
};
use crate::support::server::TestServer;
use crate::support::status::clauses;

#[tokio::test]
async fn the_members_clock_of_a_denial_stops_in_writing_alone() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, with_alternative()).await;
    let denied = client
        .issue_denial(denial(&case.determination_id))
        .await
        .expect("a denial")
        .into_inner();
    let notice_id = denied.determination.expect("it").notices[0]
        .notice_id
        .clone();
    let tell = |channel: v1::NotificationChannel, notice_id: &str| v1::RecordNotificationRequest {
        request_id: id(),
        determination_id: case.determination_id.clone(),
        etag: String::new(),
        notification: Some(v1::Notification {
            recipient: v1::Recipient::Member.into(),
            channel: channel.into(),
            notice_id: notice_id.to_owned(),
            notified_at: None,
        }),
    };
    for (channel, named, stops) in [
        (v1::NotificationChannel::Phone, notice_id.as_str(), false),
        (v1::NotificationChannel::Mail, "", false),
        (v1::NotificationChannel::Mail, notice_id.as_str(), true),
    ] {
        let told = client
            .record_notification(tell(channel, named))
            .await
            .expect("recorded")
            .into_inner();
        let told = told.determination.expect("it");
        let timeliness = told
            .clocks
            .iter()
            .map(v1::Clock::timeliness)
            .next()
            .expect("a clock");
        assert_eq!(
            timeliness == v1::Timeliness::Met,
            stops,
            "{channel:?} {named}"
        );
        assert_eq!(told.due_at.is_none(), stops);
    }
    let unknown = client
        .record_notification(tell(v1::NotificationChannel::Mail, &id()))
        .await
        .expect_err("unknown");
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn facts_learned_move_a_request_to_the_network_way_and_back() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let unknown = v1::Provider {
        network_status: 0,
        ..provider(OUT_OF_NETWORK_NPI, v1::NetworkStatus::Unspecified)
    };
    let case = submit(
        &mut client,
        v1::SecondOpinion {
            requested_provider: Some(unknown),
            ..second_opinion()
        },
    )
    .await;
    assert_eq!(case.state(), v1::State::PendingReview);
    let learn = |status: v1::NetworkStatus| v1::RecordVerificationRequest {
        request_id: id(),
        determination_id: case.determination_id.clone(),
        provider: Some(v1::Provider {
            network_status: status.into(),
            ..v1::Provider::default()
        }),
        ..v1::RecordVerificationRequest::default()
    };
    let there = client
        .record_verification(learn(v1::NetworkStatus::InNetwork))
        .await
        .expect("learned");
    let there = there.into_inner().determination.expect("it");
    assert_eq!(there.state(), v1::State::NoAuthorizationRequired);
    assert_eq!(there.due_at, case.due_at, "the member is still to be told");
    let back = client
        .record_verification(learn(v1::NetworkStatus::OutOfNetwork))
        .await
        .expect("learned");
    let back = back.into_inner().determination.expect("it");
    assert_eq!(
        (back.state(), back.clocks),
        (v1::State::PendingReview, case.clocks)
    );
    // Another provider is another request.
    let mut other = learn(v1::NetworkStatus::OutOfNetwork);
    other.provider.as_mut().expect("a provider").npi = alternative().npi;
    let refused = client
        .record_verification(other)
        .await
        .expect_err("another provider");
    assert_eq!(clauses(&refused), ["VI.A"]);
}

#[tokio::test]
async fn iii_a_an_expedited_request_is_due_72_hours_after_that() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, second_opinion()).await;
    server
        .clock
        .set("2026-11-17T18:00:00Z".parse().expect("an instant"));
    let request = v1::ExpediteSecondOpinionRequest {
        request_id: id(),
        determination_id: case.determination_id.clone(),
        urgency_claim: Some(v1::UrgencyClaim {
            functional_jeopardy: "Pain grows by the day.".to_owned(),
            ..v1::UrgencyClaim::default()
        }),
        ..v1::ExpediteSecondOpinionRequest::default()
    };
    let urgent = client
        .expedite_second_opinion(request)
        .await
        .expect("urgent")
        .into_inner()
        .determination
        .expect("it");
    assert_eq!(urgent.urgency(), v1::Urgency::Urgent);
    let kinds: Vec<_> = urgent.clocks.iter().map(v1::Clock::kind).collect();
    assert_eq!(
        kinds,
        [
            v1::ClockKind::Determination,
            v1::ClockKind::MemberNotification
        ]
    );
    for clock in &urgent.clocks {
        assert_eq!(clock.due_at, Some(timestamp("2026-11-20T18:00:00Z")));
    }
    assert_eq!(
        urgent.clocks[1].limits.len(),
        3,
        "its own limits stay beside the new one"
    );
}

#[tokio::test]
async fn a_professional_cannot_withdraw_what_the_member_asked_for() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, second_opinion()).await;
    let withdraw = |by: v1::Requester| v1::WithdrawSecondOpinionRequest {
        request_id: id(),
        determination_id: case.determination_id.clone(),
        withdrawn_by: Some(by),
        ..v1::WithdrawSecondOpinionRequest::default()
    };
    let refused = client
        .withdraw_second_opinion(withdraw(professional_requester()))
        .await
        .expect_err("not theirs");
    assert_eq!(clauses(&refused), ["VI.A"]);
    let by_member = withdraw(crate::support::messages::member_requester());
    let withdrawn = client
        .withdraw_second_opinion(by_member)
        .await
        .expect("withdrawn")
        .into_inner();
    let withdrawn = withdrawn.determination.expect("it");
    assert_eq!(withdrawn.state(), v1::State::Withdrawn);
    assert_eq!(withdrawn.clocks[0].timeliness(), v1::Timeliness::NotCounted);
}
