//! Callers that change cases while servers and databases are lost, and the record of their acknowledged changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use second_opinion::store::{LogEntry, Store};
use second_opinion::wire::v1;
use tokio::task::JoinHandle;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::fleet::{Fleet, random_below};
use crate::support::messages::{approval, available, denial, second_opinion, submission};
use crate::support::server::Client;

/// Longer than any step takes: a test that hangs ends.
pub const TEST_TIMEOUT: Duration = Duration::from_mins(3);

/// A request for a change.
#[derive(Clone)]
pub enum Request {
    Submit(v1::SubmitSecondOpinionRequest),
    Deny(v1::IssueDenialRequest),
    Approve(v1::IssueApprovalRequest),
}

/// A change that was acknowledged, with its answer.
pub struct Acknowledged {
    pub request: Request,
    pub answer: v1::Determination,
}

/// The number of calls that failed, by kind.
#[derive(Default)]
pub struct Failures {
    /// UNAVAILABLE with a retry delay.
    pub unavailable: AtomicUsize,
    /// Connections that broke: the status is the client's own.
    pub disconnected: AtomicUsize,
}

/// Every event of a store, in the log's order.
pub async fn whole_log(store: &dyn Store) -> Vec<LogEntry> {
    let mut log: Vec<LogEntry> = Vec::new();
    loop {
        let position = log.last().map_or(0, |entry| entry.position);
        let more = store.log_after(position, 1_000).await.expect("entries");
        if more.is_empty() {
            return log;
        }
        log.extend(more);
    }
}

/// Whether a status asks the caller to try again later.
pub fn is_unavailable_for_now(status: &Status) -> bool {
    let details = status.get_error_details();
    let has_retry_delay = details
        .retry_info()
        .is_some_and(|retry| retry.retry_delay.is_some());
    status.code() == Code::Unavailable && has_retry_delay
}

impl Request {
    pub async fn send(&self, client: &mut Client) -> Result<v1::Determination, Status> {
        let determination = match self.clone() {
            Self::Submit(request) => {
                let answer = client.submit_second_opinion(request).await?;
                answer.into_inner().determination
            }
            Self::Deny(request) => {
                let answer = client.issue_denial(request).await?;
                answer.into_inner().determination
            }
            Self::Approve(request) => {
                let answer = client.issue_approval(request).await?;
                answer.into_inner().determination
            }
        };
        Ok(*determination.expect("a determination"))
    }

    /// The version of the case after this request.
    pub fn version(&self) -> i64 {
        match self {
            Self::Submit(_) => 1,
            Self::Deny(_) | Self::Approve(_) => 2,
        }
    }
}

/// An approval that is valid for 60 days from today.
pub fn timely_approval(id: &str) -> v1::IssueApprovalRequest {
    let last_day = chrono::Utc::now().date_naive() + chrono::Days::new(60);
    v1::IssueApprovalRequest {
        valid_through: last_day.to_string(),
        ..approval(id)
    }
}

/// A submission of a case that a reviewer can deny or approve.
pub fn undecided() -> Request {
    Request::Submit(submission(v1::SecondOpinion {
        network_availability: Some(available()),
        ..second_opinion()
    }))
}

/// A caller that moves from server to server, with its own connection to each.
pub struct Caller {
    fleet: Arc<Fleet>,
    nth: usize,
    client: Client,
    failures: Arc<Failures>,
}

impl Caller {
    pub fn new(fleet: &Arc<Fleet>, nth: usize, failures: &Arc<Failures>) -> Self {
        Self {
            fleet: Arc::clone(fleet),
            nth,
            client: fleet.client(nth),
            failures: Arc::clone(failures),
        }
    }

    fn switch_server(&mut self) {
        self.nth += 1;
        self.client = self.fleet.client(self.nth);
    }

    /// Sends the same request again until a server acknowledges it.
    pub async fn send_until_acknowledged(&mut self, request: Request) -> Acknowledged {
        let start = Instant::now();
        loop {
            let status = match request.send(&mut self.client).await {
                Ok(answer) => return Acknowledged { request, answer },
                Err(status) => status,
            };
            if is_unavailable_for_now(&status) {
                self.failures.unavailable.fetch_add(1, Ordering::SeqCst);
            } else {
                assert!(
                    std::error::Error::source(&status).is_some(),
                    "neither a retry delay nor a broken connection: {status:?}"
                );
                self.failures.disconnected.fetch_add(1, Ordering::SeqCst);
            }
            assert!(start.elapsed() < TEST_TIMEOUT, "no server acknowledges");
            tokio::time::sleep(Duration::from_millis(50)).await;
            self.switch_server();
        }
    }

    /// Submits cases, decides two of three, and switches servers now and then, until `stop` is set.
    async fn run(mut self, stop: Arc<AtomicBool>) -> Vec<Acknowledged> {
        let mut acknowledged = Vec::new();
        while !stop.load(Ordering::SeqCst) {
            let submitted = self.send_until_acknowledged(undecided()).await;
            let id = submitted.answer.determination_id.clone();
            acknowledged.push(submitted);
            let decision = match random_below(3) {
                0 => Some(Request::Deny(denial(&id))),
                1 => Some(Request::Approve(timely_approval(&id))),
                _ => None,
            };
            if let Some(decision) = decision {
                acknowledged.push(self.send_until_acknowledged(decision).await);
            }
            if random_below(8) == 0 {
                self.switch_server();
            }
        }
        acknowledged
    }
}

/// Running callers.
pub struct Load {
    callers: Vec<JoinHandle<Vec<Acknowledged>>>,
    stop: Arc<AtomicBool>,
    pub failures: Arc<Failures>,
}

impl Load {
    /// Starts callers, spread over the servers.
    pub fn start(fleet: &Arc<Fleet>, callers: usize) -> Self {
        let (stop, failures) = (Arc::new(AtomicBool::new(false)), Arc::<Failures>::default());
        let callers = (0..callers).map(|nth| {
            let caller = Caller::new(fleet, nth, &failures);
            tokio::spawn(caller.run(Arc::clone(&stop)))
        });
        Self {
            callers: callers.collect(),
            stop,
            failures: Arc::clone(&failures),
        }
    }

    /// Lets each caller finish its call; returns the acknowledged changes.
    pub async fn finish(self) -> Vec<Acknowledged> {
        self.stop.store(true, Ordering::SeqCst);
        let mut acknowledged = Vec::new();
        for caller in self.callers {
            acknowledged.extend(caller.await.expect("a caller"));
        }
        acknowledged
    }
}
