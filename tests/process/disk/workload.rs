//! The workload on a faulty disk, and a record of the calls with the journal's length at each.

use std::sync::{Arc, Mutex};

use second_opinion::wire::v1;
use tonic::Status;

use super::faulty_disk::FaultyDisk;
use crate::program::Server;
use crate::support::messages::{
    self, available, denial, member_requester, not_available, second_opinion, submission,
};
use crate::support::server::Client;

/// A change that a caller got an answer for.
pub struct AcknowledgedChange {
    pub request_id: String,
    pub determination_id: String,
    /// The journal's length when the answer had arrived: a cut from here on must not lose the change.
    pub journal_length: usize,
}

/// The calls of a run.
#[derive(Default)]
pub struct CallRecord {
    pub acknowledged: Vec<AcknowledgedChange>,
    /// The journal's length before each request, with or without an answer.
    pub requested_at: Vec<usize>,
}

/// A run on a disk with a journal.
pub struct DiskRun {
    pub disk: Arc<FaultyDisk>,
    pub calls: Arc<Mutex<CallRecord>>,
}

impl DiskRun {
    pub fn new() -> Self {
        Self {
            disk: Arc::new(FaultyDisk::with_journal()),
            calls: Arc::default(),
        }
    }

    pub async fn caller(&self, server: &Server) -> Caller {
        Caller {
            client: server.client(&self.disk.data()).await,
            disk: Arc::clone(&self.disk),
            calls: Arc::clone(&self.calls),
        }
    }

    /// Runs concurrent callers, each with its own cases, which are long or of every kind.
    pub async fn call_at_once(&self, server: &Server, callers: usize, cases: usize, long: bool) {
        let mut tasks = Vec::new();
        for _ in 0..callers {
            let mut caller = self.caller(server).await;
            tasks.push(tokio::spawn(async move {
                for n in 0..cases {
                    let done = if long {
                        caller.long_case().await.map(drop)
                    } else {
                        caller.case(n).await
                    };
                    done.expect("no fault");
                }
            }));
        }
        for task in tasks {
            task.await.expect("a caller");
        }
    }
}

/// A caller of a server on a disk with a journal.
#[derive(Clone)]
pub struct Caller {
    pub client: Client,
    pub disk: Arc<FaultyDisk>,
    pub calls: Arc<Mutex<CallRecord>>,
}

/// Sends a change and records its answer.
macro_rules! send {
    ($caller:ident, $call:ident, $request:ident) => {{
        let request_id = $request.request_id.clone();
        $caller.record_request();
        let answer = $caller.client.$call($request).await?.into_inner();
        let case = answer.determination.expect("a determination");
        $caller.record_answer(request_id, &case.determination_id);
        Ok(*case)
    }};
}

type Answer = Result<v1::Determination, Status>;

impl Caller {
    fn record_request(&self) {
        let length = self.disk.journal_length();
        let mut calls = self.calls.lock().expect("a lock");
        calls.requested_at.push(length);
    }

    fn record_answer(&self, request_id: String, determination_id: &str) {
        let change = AcknowledgedChange {
            request_id,
            determination_id: determination_id.to_owned(),
            journal_length: self.disk.journal_length(),
        };
        let mut calls = self.calls.lock().expect("a lock");
        calls.acknowledged.push(change);
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

    /// Submits the `n`th request, and denies, approves, verifies or withdraws it in turn.
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
                self.read_letter(&case).await?;
            }
            1 => drop(self.approve(messages::approval(&id)).await?),
            2 => {
                let verification = v1::RecordVerificationRequest {
                    request_id: messages::id(),
                    determination_id: id.clone(),
                    network_availability: Some(available()),
                    ..v1::RecordVerificationRequest::default()
                };
                self.verify(verification).await?;
                self.deny(denial(&id)).await?;
            }
            _ => {
                let request = v1::WithdrawSecondOpinionRequest {
                    request_id: messages::id(),
                    determination_id: id,
                    withdrawn_by: Some(member_requester()),
                    ..v1::WithdrawSecondOpinionRequest::default()
                };
                self.withdraw(request).await?;
            }
        }
        Ok(())
    }

    /// Reads a letter. Its first rendering is stored, which is a write too.
    async fn read_letter(&mut self, case: &v1::Determination) -> Result<(), Status> {
        let notice = v1::GetNoticeRequest {
            notice_id: case.notices[0].notice_id.clone(),
            format: v1::NoticeFormat::Html.into(),
            ..v1::GetNoticeRequest::default()
        };
        self.client.get_notice(notice).await.map(drop)
    }

    /// Submits a request so long that some thirty of them start a checkpoint of the write-ahead log.
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
