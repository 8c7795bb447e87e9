//! A case as its callers know it, and the requests that they send about it.

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::wire::render::timestamp;
use second_opinion::wire::v1;
use uuid::Uuid;

use crate::commands::{Command, Step};
use crate::requests::Request;
use crate::turns::EtagChoice;

/// The id, etags and last letter of a case, from the responses.
pub struct KnownCase {
    pub id: String,
    pub etags: Vec<String>,
    pub letter: Option<String>,
}

fn time_before(age_seconds: Option<i64>, now: DateTime<Utc>) -> Option<prost_types::Timestamp> {
    age_seconds.map(|age_seconds| timestamp(now - TimeDelta::seconds(age_seconds)))
}

/// A submission with a new request id, received a number of seconds before now.
pub fn submission(
    request: v1::SecondOpinion,
    age_seconds: Option<i64>,
    now: DateTime<Utc>,
) -> Request {
    Request::Submit(Box::new(v1::SubmitSecondOpinionRequest {
        request_id: Uuid::now_v7().to_string(),
        second_opinion: Some(Box::new(v1::SecondOpinion {
            received_at: time_before(age_seconds, now),
            ..request
        })),
    }))
}

impl KnownCase {
    /// A case from the response to its submission, without an etag yet.
    pub fn new(determination: &v1::Determination) -> Self {
        Self {
            id: determination.determination_id.clone(),
            etags: Vec::new(),
            letter: None,
        }
    }

    /// Adds the etag and the last letter of a response.
    pub fn update(&mut self, determination: v1::Determination) {
        assert_eq!(self.id, determination.determination_id);
        self.etags.push(determination.etag);
        let last = determination.notices.into_iter().next_back();
        self.letter = last.map(|notice| notice.notice_id).or(self.letter.take());
    }

    /// A request to change the case, with a new request id.
    pub fn change(&self, etag: EtagChoice, step: &Step, now: DateTime<Utc>) -> Request {
        let current = self.etags.last().expect("an etag").clone();
        let stale = self.etags.iter().rev().nth(1).cloned();
        let stale = stale.unwrap_or_else(|| "0123456789abcdef".to_owned());
        let mut request = self.request(step, now);
        request.request_id().clone_from(&Uuid::now_v7().to_string());
        let etag = match etag {
            EtagChoice::Omitted => "",
            EtagChoice::Current => &current,
            EtagChoice::Stale => &stale,
        };
        request.set_target(&self.id, etag);
        request
    }

    fn request(&self, step: &Step, now: DateTime<Utc>) -> Request {
        match &step.command {
            Command::Verify(message) => Request::Verify(message.clone()),
            Command::Expedite(message) => {
                let mut message = Box::new(message.clone());
                message.received_at = time_before(step.ago, now);
                Request::Expedite(message)
            }
            Command::Withdraw(message) => Request::Withdraw(Box::new(message.clone())),
            Command::Approve(message) => Request::Approve(message.clone()),
            Command::Deny(message) => Request::Deny(message.clone()),
            Command::Notify(message, letter) => {
                let mut message = Box::new(message.clone());
                let notification = message.notification.get_or_insert_default();
                notification.notified_at = time_before(step.ago, now);
                if let Some(id) = self.letter.clone().filter(|_| *letter) {
                    notification.notice_id = id;
                }
                Request::Notify(message)
            }
        }
    }
}
