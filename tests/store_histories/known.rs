//! What do callers know of a case, and what do they ask for with it?

use chrono::{DateTime, TimeDelta, Utc};
use second_opinion::wire::render::timestamp;
use second_opinion::wire::v1;
use uuid::Uuid;

use crate::commands::{Command, Step};
use crate::requests::Request;
use crate::turns::Etag;

/// What callers know of a case.
pub struct Known {
    pub id: String,
    pub etags: Vec<String>,
    pub letter: Option<String>,
}

fn said(ago: Option<i64>, now: DateTime<Utc>) -> Option<prost_types::Timestamp> {
    ago.map(|ago| timestamp(now - TimeDelta::seconds(ago)))
}

/// A submission with a request id of its own, received so many seconds before now.
pub fn submission(request: v1::SecondOpinion, ago: Option<i64>, now: DateTime<Utc>) -> Request {
    Request::Submit(Box::new(v1::SubmitSecondOpinionRequest {
        request_id: Uuid::now_v7().to_string(),
        second_opinion: Some(Box::new(v1::SecondOpinion {
            received_at: said(ago, now),
            ..request
        })),
    }))
}

impl Known {
    /// What a first answer tells.
    pub fn of(determination: &v1::Determination) -> Self {
        Self {
            id: determination.determination_id.clone(),
            etags: Vec::new(),
            letter: None,
        }
    }

    /// What an answer tells.
    pub fn learn(&mut self, determination: v1::Determination) {
        assert_eq!(self.id, determination.determination_id);
        self.etags.push(determination.etag);
        let last = determination.notices.into_iter().next_back();
        self.letter = last.map(|notice| notice.notice_id).or(self.letter.take());
    }

    /// A change of the case with a request id of its own.
    pub fn change(&self, etag: Etag, step: &Step, now: DateTime<Utc>) -> Request {
        let present = self.etags.last().expect("an etag").clone();
        let stale = self.etags.iter().rev().nth(1).cloned();
        let stale = stale.unwrap_or_else(|| "0123456789abcdef".to_owned());
        let mut request = self.request(step, now);
        request.request_id().clone_from(&Uuid::now_v7().to_string());
        let shown = match etag {
            Etag::Left => "",
            Etag::Present => &present,
            Etag::Stale => &stale,
        };
        request.about(&self.id, shown);
        request
    }

    fn request(&self, step: &Step, now: DateTime<Utc>) -> Request {
        match &step.command {
            Command::Verify(message) => Request::Verify(message.clone()),
            Command::Expedite(message) => {
                let mut message = Box::new(message.clone());
                message.received_at = said(step.ago, now);
                Request::Expedite(message)
            }
            Command::Withdraw(message) => Request::Withdraw(Box::new(message.clone())),
            Command::Approve(message) => Request::Approve(message.clone()),
            Command::Deny(message) => Request::Deny(message.clone()),
            Command::Notify(message, letter) => {
                let mut message = Box::new(message.clone());
                let told = message.notification.get_or_insert_default();
                told.notified_at = said(step.ago, now);
                if let Some(id) = self.letter.clone().filter(|_| *letter) {
                    told.notice_id = id;
                }
                Request::Notify(message)
            }
        }
    }
}
