//! Who changes cases on the bad disk, and by when were they told of it?

use std::sync::{Arc, Mutex};

use second_opinion::wire::v1;
use tonic::Status;

use super::bad::BadDisk;
use crate::support::messages::{
    self, available, denial, member_asks, not_available, second_opinion, submission,
};
use crate::support::server::Client;

/// A change that a caller was told of. Lengths are those of the disk's journal.
pub struct Acknowledged {
    pub request_id: String,
    pub determination_id: String,
    /// Once the answer was here: it holds from here on.
    pub at: usize,
}

/// What callers asked for and were told.
#[derive(Default)]
pub struct Told {
    pub acknowledged: Vec<Acknowledged>,
    /// When each change was asked for, whatever came of it.
    pub begun: Vec<usize>,
}

/// A caller on a server whose disk keeps a journal.
#[derive(Clone)]
pub struct Caller {
    pub client: Client,
    pub disk: Arc<BadDisk>,
    pub told: Arc<Mutex<Told>>,
}

/// Sends a change, and keeps what came of it.
macro_rules! send {
    ($caller:ident, $call:ident, $request:ident) => {{
        let request_id = $request.request_id.clone();
        $caller.begin();
        let answer = $caller.client.$call($request).await?.into_inner();
        let case = answer.determination.expect("it");
        $caller.acknowledged(request_id, &case.determination_id);
        Ok(*case)
    }};
}

type Answer = Result<v1::Determination, Status>;

impl Caller {
    fn begin(&self) {
        let now = self.disk.now();
        self.told.lock().expect("a lock").begun.push(now);
    }

    fn acknowledged(&self, request_id: String, determination_id: &str) {
        let acknowledged = Acknowledged {
            request_id,
            determination_id: determination_id.to_owned(),
            at: self.disk.now(),
        };
        let mut told = self.told.lock().expect("a lock");
        told.acknowledged.push(acknowledged);
    }

    pub async fn submit(&mut self, request: v1::SubmitSecondOpinionRequest) -> Answer {
        send!(self, submit_second_opinion, request)
    }

    async fn deny(&mut self, request: v1::IssueDenialRequest) -> Answer {
        send!(self, issue_denial, request)
    }

    async fn approve(&mut self, request: v1::IssueApprovalRequest) -> Answer {
        send!(self, issue_approval, request)
    }

    async fn verify(&mut self, request: v1::RecordVerificationRequest) -> Answer {
        send!(self, record_verification, request)
    }

    async fn withdraw(&mut self, request: v1::WithdrawSecondOpinionRequest) -> Answer {
        send!(self, withdraw_second_opinion, request)
    }

    /// A request, and what becomes of the `n`th one: another each time.
    pub async fn case(&mut self, n: usize) -> Result<(), Status> {
        let in_network = v1::SecondOpinion {
            network_availability: Some(if n.is_multiple_of(4) {
                available()
            } else {
                not_available()
            }),
            ..second_opinion()
        };
        let case = self.submit(submission(in_network)).await?;
        let id = case.determination_id;
        match n % 4 {
            0 => {
                let case = self.deny(denial(&id)).await?;
                self.letter(&case).await?;
            }
            1 => drop(self.approve(messages::approval(&id)).await?),
            2 => {
                let learned = v1::RecordVerificationRequest {
                    request_id: messages::id(),
                    determination_id: id.clone(),
                    network_availability: Some(available()),
                    ..v1::RecordVerificationRequest::default()
                };
                self.verify(learned).await?;
                self.deny(denial(&id)).await?;
            }
            _ => {
                let request = v1::WithdrawSecondOpinionRequest {
                    request_id: messages::id(),
                    determination_id: id,
                    withdrawn_by: Some(member_asks()),
                    ..v1::WithdrawSecondOpinionRequest::default()
                };
                self.withdraw(request).await?;
            }
        }
        Ok(())
    }

    /// The letter's first rendering is kept: that is a change too.
    async fn letter(&mut self, case: &v1::Determination) -> Result<(), Status> {
        let notice = v1::GetNoticeRequest {
            notice_id: case.notices[0].notice_id.clone(),
            format: v1::NoticeFormat::Html.into(),
            ..v1::GetNoticeRequest::default()
        };
        self.client.get_notice(notice).await.map(drop)
    }

    /// A request with so much to read that some thirty of them have the write-ahead log carried over.
    pub async fn long_case(&mut self) -> Answer {
        let reason = v1::RequestReason {
            code: v1::ReasonCode::DiagnosisInDoubt.into(),
            detail: "Two scans disagree. ".repeat(199),
            ..v1::RequestReason::default()
        };
        let long = v1::SecondOpinion {
            reasons: vec![reason; 48],
            ..second_opinion()
        };
        self.submit(submission(long)).await
    }
}
