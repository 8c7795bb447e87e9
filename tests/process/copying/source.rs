//! A store with every kind of event, letters and what was given out of them, and everything that callers were told.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{TimeDelta, Utc};
use second_opinion::wire::{render, v1};
use tonic::Code;

use crate::program::Server;
use crate::support::messages::{
    approval, available, denial, get, id, member_asks, second_opinion, submission,
};
use crate::support::server::Client;

/// What callers were told of a store.
pub struct Told {
    /// Every determination with all that there is of it, its etag included.
    pub cases: Vec<v1::Determination>,
    /// Letters in several forms: what was asked for, and what came.
    pub letters: Vec<(v1::GetNoticeRequest, v1::GetNoticeResponse)>,
    /// A request, and what was answered.
    pub denial: (v1::IssueDenialRequest, v1::IssueDenialResponse),
    /// The log: cases and versions in order.
    pub log: Vec<(String, i64)>,
}

async fn submitted(client: &mut Client, opinion: v1::SecondOpinion) -> String {
    let answer = client.submit_second_opinion(submission(opinion)).await;
    let case = answer.expect("it").into_inner().determination.expect("it");
    case.determination_id
}

/// A request that the plan received so many days ago.
fn received(days: i64) -> v1::SecondOpinion {
    let received_at = render::timestamp(Utc::now() - TimeDelta::days(days));
    v1::SecondOpinion {
        received_at: Some(received_at),
        ..second_opinion()
    }
}

/// Has a server make every kind of event, and asks it for all that it holds.
pub async fn filled(data: &Path) -> Told {
    let server = Server::start(data);
    let mut client = server.client(data).await;
    let denial = Box::pin(changes(&mut client)).await;
    let log = until_every_kind(&mut client).await;
    let ids: BTreeSet<&String> = log.iter().map(|(id, _)| id).collect();
    let mut told = Told {
        cases: Vec::new(),
        letters: Vec::new(),
        denial,
        log: Vec::new(),
    };
    for id in ids {
        let case = determination(&mut client, id).await;
        for notice in &case.notices {
            for request in renditions(&notice.notice_id) {
                let letter = client.get_notice(request.clone()).await;
                let letter = letter.expect("a letter").into_inner();
                told.letters.push((request, letter));
            }
        }
        told.cases.push(case);
    }
    told.log = log;
    assert_eq!(server.terminate(), Some(0));
    told
}

pub async fn determination(client: &mut Client, id: &str) -> v1::Determination {
    let got = client.get_determination(get(id, v1::View::Full)).await;
    *got.expect("it").into_inner().determination.expect("it")
}

fn renditions(notice_id: &str) -> [v1::GetNoticeRequest; 3] {
    [
        (v1::NoticeFormat::Text, "", false),
        (v1::NoticeFormat::Html, "en", true),
        (v1::NoticeFormat::Pdf, "", false),
    ]
    .map(|(format, language, large_print)| v1::GetNoticeRequest {
        notice_id: notice_id.to_owned(),
        format: format.into(),
        language: language.to_owned(),
        large_print,
    })
}

/// Everything that callers can do, and two requests whose time runs out.
async fn changes(client: &mut Client) -> (v1::IssueDenialRequest, v1::IssueDenialResponse) {
    submitted(client, received(30)).await;
    submitted(client, received(4)).await;
    let denied = submitted(
        client,
        v1::SecondOpinion {
            network_availability: Some(available()),
            referral_number: "RAF-1".to_owned(),
            ..second_opinion()
        },
    )
    .await;
    let request = denial(&denied);
    let answer = client.issue_denial(request.clone()).await;
    let answer = answer.expect("a denial").into_inner();
    let notice_id = answer.determination.as_ref().expect("it").notices[0]
        .notice_id
        .clone();
    let notification = v1::Notification {
        recipient: v1::Recipient::Member.into(),
        channel: v1::NotificationChannel::Mail.into(),
        notice_id,
        notified_at: None,
    };
    let notified = v1::RecordNotificationRequest {
        request_id: id(),
        determination_id: denied,
        etag: String::new(),
        notification: Some(notification),
    };
    client.record_notification(notified).await.expect("told");
    let approved = approval(&submitted(client, second_opinion()).await);
    client.issue_approval(approved).await.expect("an approval");
    let withdrawn = v1::WithdrawSecondOpinionRequest {
        request_id: id(),
        determination_id: submitted(client, second_opinion()).await,
        withdrawn_by: Some(member_asks()),
        ..v1::WithdrawSecondOpinionRequest::default()
    };
    let withdrawn = client.withdraw_second_opinion(withdrawn).await;
    withdrawn.expect("withdrawn");
    let verified = submitted(client, second_opinion()).await;
    let learned = v1::RecordVerificationRequest {
        request_id: id(),
        determination_id: verified.clone(),
        network_availability: Some(available()),
        ..v1::RecordVerificationRequest::default()
    };
    client.record_verification(learned).await.expect("learned");
    let urgent = v1::ExpediteSecondOpinionRequest {
        request_id: id(),
        determination_id: verified,
        urgency_claim: Some(v1::UrgencyClaim {
            functional_jeopardy: "Pain grows by the day.".to_owned(),
            ..v1::UrgencyClaim::default()
        }),
        ..v1::ExpediteSecondOpinionRequest::default()
    };
    client
        .expedite_second_opinion(urgent)
        .await
        .expect("urgent");
    (request, answer)
}

/// The log, once every kind of event is in it.
async fn until_every_kind(client: &mut Client) -> Vec<(String, i64)> {
    let mut kinds = BTreeSet::new();
    let mut log = Vec::new();
    let mut stream = watch(client, "0").await.expect("a stream");
    // The nine kinds.
    while kinds.len() < 9 {
        let event = next(&mut stream).await;
        kinds.insert(event.r#type);
        log.push((event.determination_id, event.version));
    }
    log
}

pub type Stream = tonic::Streaming<v1::WatchDeterminationsResponse>;

pub async fn watch(client: &mut Client, cursor: &str) -> Result<Stream, Code> {
    let request = v1::WatchDeterminationsRequest {
        cursor: cursor.to_owned(),
    };
    let stream = client.watch_determinations(request).await;
    stream
        .map(tonic::Response::into_inner)
        .map_err(|status| status.code())
}

/// The next event, within a minute.
pub async fn next(stream: &mut Stream) -> v1::DeterminationEvent {
    loop {
        let message = tokio::time::timeout(std::time::Duration::from_mins(1), stream.message());
        let message = message.await.expect("in time").expect("no error");
        if let Some(event) = message.expect("a message").event {
            return event;
        }
    }
}
