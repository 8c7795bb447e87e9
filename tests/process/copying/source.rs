//! A source with every kind of event, letters and renditions, and the answers that a copy must give too.

use std::collections::BTreeSet;
use std::path::Path;

use chrono::{TimeDelta, Utc};
use second_opinion::wire::{render, v1};
use tonic::Code;

use crate::program::Server;
use crate::support::messages::{
    approval, available, denial, get, id, member_requester, second_opinion, submission,
};
use crate::support::server::Client;

/// The answers of a store.
pub struct Expected {
    /// Every determination in full view, with its etag.
    pub cases: Vec<v1::Determination>,
    /// Letters in several forms: requests and answers.
    pub letters: Vec<(v1::GetNoticeRequest, v1::GetNoticeResponse)>,
    /// A request with its answer.
    pub denial: (v1::IssueDenialRequest, v1::IssueDenialResponse),
    /// The log: case and version of each event, in order.
    pub log: Vec<(String, i64)>,
}

async fn submit(client: &mut Client, opinion: v1::SecondOpinion) -> String {
    let answer = client.submit_second_opinion(submission(opinion)).await;
    let case = answer
        .expect("an answer")
        .into_inner()
        .determination
        .expect("a determination");
    case.determination_id
}

/// A request that the plan received some days ago.
fn received(days: i64) -> v1::SecondOpinion {
    let received_at = render::timestamp(Utc::now() - TimeDelta::days(days));
    v1::SecondOpinion {
        received_at: Some(received_at),
        ..second_opinion()
    }
}

/// Fills a store with every kind of event, and reads all of it.
pub async fn fill(data: &Path) -> Expected {
    let server = Server::start(data);
    let mut client = server.client(data).await;
    let denial = Box::pin(make_changes(&mut client)).await;
    let log = log_with_every_kind(&mut client).await;
    let ids: BTreeSet<&String> = log.iter().map(|(id, _)| id).collect();
    let mut expected = Expected {
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
                expected.letters.push((request, letter));
            }
        }
        expected.cases.push(case);
    }
    expected.log = log;
    assert_eq!(server.terminate(), Some(0));
    expected
}

pub async fn determination(client: &mut Client, id: &str) -> v1::Determination {
    let got = client.get_determination(get(id, v1::View::Full)).await;
    *got.expect("an answer")
        .into_inner()
        .determination
        .expect("a determination")
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

/// Makes every change that callers can make, and two requests that become due.
async fn make_changes(client: &mut Client) -> (v1::IssueDenialRequest, v1::IssueDenialResponse) {
    submit(client, received(30)).await;
    submit(client, received(4)).await;
    let denied = submit(
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
    let notice_id = answer
        .determination
        .as_ref()
        .expect("a determination")
        .notices[0]
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
    client
        .record_notification(notified)
        .await
        .expect("a notification");
    let approved = approval(&submit(client, second_opinion()).await);
    client.issue_approval(approved).await.expect("an approval");
    let withdrawn = v1::WithdrawSecondOpinionRequest {
        request_id: id(),
        determination_id: submit(client, second_opinion()).await,
        withdrawn_by: Some(member_requester()),
        ..v1::WithdrawSecondOpinionRequest::default()
    };
    let withdrawn = client.withdraw_second_opinion(withdrawn).await;
    withdrawn.expect("a withdrawal");
    let verified = submit(client, second_opinion()).await;
    let learned = v1::RecordVerificationRequest {
        request_id: id(),
        determination_id: verified.clone(),
        network_availability: Some(available()),
        ..v1::RecordVerificationRequest::default()
    };
    client
        .record_verification(learned)
        .await
        .expect("a verification");
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
        .expect("an expedited case");
    (request, answer)
}

/// Waits for every kind of event; returns the log.
async fn log_with_every_kind(client: &mut Client) -> Vec<(String, i64)> {
    let mut kinds = BTreeSet::new();
    let mut log = Vec::new();
    let mut stream = watch(client, "0").await.expect("a stream");
    // There are nine kinds.
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
