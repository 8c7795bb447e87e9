//! Changes of a case besides its decision: verification, expedite, withdrawal, notification.

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
async fn members_notification_clock_stops_by_written_notice_alone() {
    let server = TestServer::start().await;
    let mut client = server.reviewer().await;
    let case = submit(&mut client, with_alternative()).await;
    let denied = client
        .issue_denial(denial(&case.determination_id))
        .await
        .expect("a denial")
        .into_inner();
    let notice_id = denied.determination.expect("a determination").notices[0]
        .notice_id
        .clone();
    let notify =
        |channel: v1::NotificationChannel, notice_id: &str| v1::RecordNotificationRequest {
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
        let answer = client
            .record_notification(notify(channel, named))
            .await
            .expect("recorded")
            .into_inner();
        let case = answer.determination.expect("a determination");
        let timeliness = case
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
        assert_eq!(case.due_at.is_none(), stops);
    }
    let unknown = client
        .record_notification(notify(v1::NotificationChannel::Mail, &id()))
        .await
        .expect_err("unknown");
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn verification_moves_a_case_to_the_network_pathway_and_back() {
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
    let verify = |status: v1::NetworkStatus| v1::RecordVerificationRequest {
        request_id: id(),
        determination_id: case.determination_id.clone(),
        provider: Some(v1::Provider {
            network_status: status.into(),
            ..v1::Provider::default()
        }),
        ..v1::RecordVerificationRequest::default()
    };
    let in_network = client
        .record_verification(verify(v1::NetworkStatus::InNetwork))
        .await
        .expect("a verification");
    let in_network = in_network
        .into_inner()
        .determination
        .expect("a determination");
    assert_eq!(in_network.state(), v1::State::NoAuthorizationRequired);
    assert_eq!(
        in_network.due_at, case.due_at,
        "the member has not been notified"
    );
    let back = client
        .record_verification(verify(v1::NetworkStatus::OutOfNetwork))
        .await
        .expect("a verification");
    let back = back.into_inner().determination.expect("a determination");
    assert_eq!(
        (back.state(), back.clocks),
        (v1::State::PendingReview, case.clocks)
    );
    // Another provider would be another request.
    let mut other = verify(v1::NetworkStatus::OutOfNetwork);
    other.provider.as_mut().expect("a provider").npi = alternative().npi;
    let refused = client
        .record_verification(other)
        .await
        .expect_err("another provider");
    assert_eq!(clauses(&refused), ["VI.A"]);
}

#[tokio::test]
async fn iii_a_expedited_request_is_due_72_hours_later() {
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
        .expect("an expedited case")
        .into_inner()
        .determination
        .expect("a determination");
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
        "the earlier limits stay beside the new one"
    );
}

#[tokio::test]
async fn professional_cannot_withdraw_a_members_request() {
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
        .expect_err("the member's request");
    assert_eq!(clauses(&refused), ["VI.A"]);
    let by_member = withdraw(crate::support::messages::member_requester());
    let withdrawn = client
        .withdraw_second_opinion(by_member)
        .await
        .expect("a withdrawal")
        .into_inner();
    let withdrawn = withdrawn.determination.expect("a determination");
    assert_eq!(withdrawn.state(), v1::State::Withdrawn);
    assert_eq!(withdrawn.clocks[0].timeliness(), v1::Timeliness::NotCounted);
}
