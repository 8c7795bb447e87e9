//! A plan's callers at a steady rate: submissions, decisions, reads and watches, and the calls that violated a promise.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use second_opinion::case::EventKind;
use second_opinion::wire::v1;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::report::CallStats;
use super::service::Service;
use crate::callers::{Request, TEST_TIMEOUT, timely_approval, undecided};
use crate::fleet::random_below;
use crate::support::messages::{available, denial, get, id};
use crate::support::server::Client;

/// Undecided cases before reviewers begin to decide.
const UNDECIDED_MIN: usize = 100;
/// Watchers of each service, which disconnect and resume.
const WATCHERS: usize = 3;

/// The case and the kind of an acknowledged change.
pub type AcknowledgedChange = (String, EventKind);

/// The callers of one service.
pub struct Traffic {
    pub service: Arc<Service>,
    stop: AtomicBool,
    known: Mutex<Known>,
    calls: Mutex<CallStats>,
    violations: Mutex<Vec<String>>,
}

/// The ids that callers know, and the changes that were acknowledged to them.
#[derive(Default)]
struct Known {
    cases: Vec<String>,
    /// Cases without a decision, and without one under way.
    undecided: Vec<String>,
    letters: Vec<String>,
    acknowledged: Vec<AcknowledgedChange>,
}

impl Traffic {
    pub fn new(service: &Arc<Service>) -> Arc<Self> {
        Arc::new(Self {
            service: Arc::clone(service),
            stop: AtomicBool::new(false),
            known: Mutex::default(),
            calls: Mutex::default(),
            violations: Mutex::default(),
        })
    }

    /// Makes calls at this rate, however long the answers take, until [`Traffic::stop`], and then waits for every call.
    pub async fn run(self: Arc<Self>, calls_per_second: u32) {
        let mut calls = JoinSet::new();
        for _ in 0..WATCHERS {
            calls.spawn(Arc::clone(&self).watch());
        }
        // A late call is still made, and its latency counts from the instant at which it was due.
        let mut pace = tokio::time::interval(Duration::from_secs(1) / calls_per_second);
        while !self.stop.load(Ordering::SeqCst) {
            let due = pace.tick().await.into_std();
            calls.spawn(Arc::clone(&self).call(due));
            while let Some(done) = calls.try_join_next() {
                done.expect("no panic");
            }
        }
        while let Some(done) = calls.join_next().await {
            done.expect("no panic");
        }
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
    }

    /// Takes the calls since it was last called.
    pub fn take_calls(&self) -> CallStats {
        std::mem::take(&mut self.calls.lock().expect("a lock"))
    }

    pub fn take_acknowledged(&self) -> Vec<AcknowledgedChange> {
        std::mem::take(&mut self.known().acknowledged)
    }

    pub fn take_violations(&self) -> Vec<String> {
        std::mem::take(&mut self.violations.lock().expect("a lock"))
    }

    fn add_violation(&self, violation: &str) {
        let line = format!("{}: {violation}", self.service.name);
        self.violations.lock().expect("a lock").push(line);
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("a lock")
    }

    async fn call(self: Arc<Self>, due: Instant) {
        let nth = random_below(self.service.servers());
        let client = self.service.client(nth);
        let answer = tokio::time::timeout(TEST_TIMEOUT, self.random_call(client)).await;
        let result = match answer {
            Ok(Ok(())) => Ok(due.elapsed()),
            Ok(Err(status)) => Err(self.handle_failure(nth, due, &status)),
            Err(_) => {
                self.add_violation(&format!("no answer within {TEST_TIMEOUT:?}"));
                Err("no answer".to_owned())
            }
        };
        self.calls.lock().expect("a lock").add(result);
    }

    /// Returns the name of a call's failure. It is a violation unless it shows an outage and there was one: the server refused
    /// the call, or the client lost its connection or could not connect.
    fn handle_failure(&self, nth: usize, start: Instant, status: &Status) -> String {
        let is_by_client = std::error::Error::source(status).is_some();
        let shows_outage =
            is_by_client || matches!(status.code(), Code::Unavailable | Code::Cancelled);
        if !(shows_outage && self.service.had_outage(nth, start, Instant::now())) {
            self.add_violation(&format!("server {}: {status:?}", nth + 1));
        }
        match status.code() {
            code if is_by_client => format!("{code:?} (client)"),
            code => format!("{code:?}"),
        }
    }

    /// Of a hundred calls 20 submit, 20 decide, 5 record a verification, 30 read a case, 10 a list and 15 a letter.
    async fn random_call(&self, client: Client) -> Result<(), Status> {
        match random_below(100) {
            0..20 => self.submit(client).await,
            20..40 => self.decide(client).await,
            40..45 => self.verify(client).await,
            45..75 => self.read(client).await,
            75..85 => self.list(client).await,
            _ => self.letter(client).await,
        }
    }

    async fn submit(&self, mut client: Client) -> Result<(), Status> {
        let made = undecided().send(&mut client).await?;
        let id = made.determination_id;
        let mut known = self.known();
        known.cases.push(id.clone());
        known.undecided.push(id.clone());
        known.acknowledged.push((id, EventKind::Submitted));
        Ok(())
    }

    /// Takes a case, so that no other caller decides it meanwhile.
    fn take_undecided(&self) -> Option<String> {
        let undecided = &mut self.known().undecided;
        (undecided.len() > UNDECIDED_MIN)
            .then(|| undecided.swap_remove(random_below(undecided.len())))
    }

    async fn decide(&self, mut client: Client) -> Result<(), Status> {
        let Some(id) = self.take_undecided() else {
            return self.submit(client).await;
        };
        let (decision, kind) = match random_below(2) {
            0 => (Request::Deny(denial(&id)), EventKind::Denied),
            _ => (Request::Approve(timely_approval(&id)), EventKind::Approved),
        };
        let made = decision.send(&mut client).await?;
        let letters = made.notices.into_iter().map(|letter| letter.notice_id);
        let mut known = self.known();
        known.letters.extend(letters);
        known.acknowledged.push((id, kind));
        Ok(())
    }

    async fn verify(&self, mut client: Client) -> Result<(), Status> {
        let Some(case) = self.take_undecided() else {
            return self.submit(client).await;
        };
        let mut availability = available();
        availability.verification = Some(v1::Verification {
            source: format!("Sample directory, page {}", random_below(1_000)),
            checked_at: None,
        });
        let request = v1::RecordVerificationRequest {
            request_id: id(),
            determination_id: case.clone(),
            network_availability: Some(availability),
            ..v1::RecordVerificationRequest::default()
        };
        let result = client.record_verification(request).await;
        let mut known = self.known();
        known.undecided.push(case.clone());
        result?;
        known.acknowledged.push((case, EventKind::Verified));
        Ok(())
    }

    async fn read(&self, mut client: Client) -> Result<(), Status> {
        let Some(id) = random_id(&self.known().cases) else {
            return Ok(());
        };
        let view = [v1::View::Basic, v1::View::Full][random_below(2)];
        client.get_determination(get(&id, view)).await.map(drop)
    }

    async fn list(&self, mut client: Client) -> Result<(), Status> {
        let undecided = v1::ListDeterminationsRequest {
            states: vec![v1::State::PendingReview.into()],
            ..v1::ListDeterminationsRequest::default()
        };
        client.list_determinations(undecided).await.map(drop)
    }

    async fn letter(&self, mut client: Client) -> Result<(), Status> {
        let Some(notice_id) = random_id(&self.known().letters) else {
            return Ok(());
        };
        let format = [v1::NoticeFormat::Text, v1::NoticeFormat::Html][random_below(2)];
        let request = v1::GetNoticeRequest {
            notice_id,
            format: format.into(),
            ..v1::GetNoticeRequest::default()
        };
        client.get_notice(request).await.map(drop)
    }

    /// Watches for some seconds, disconnects, and resumes from its cursor on any server.
    async fn watch(self: Arc<Self>) {
        // An empty cursor starts at the end of the log.
        let (mut cursor, mut last) = (String::new(), None);
        while !self.stop.load(Ordering::SeqCst) {
            let (nth, start) = (random_below(self.service.servers()), Instant::now());
            let duration = Duration::from_millis(200 + random_below(4_000) as u64);
            let client = self.service.client(nth);
            let watched = self
                .watch_for(client, duration, &mut cursor, &mut last)
                .await;
            if let Err(status) = watched {
                let failure = self.handle_failure(nth, start, &status);
                let mut calls = self.calls.lock().expect("a lock");
                calls.add(Err(format!("watch {failure}")));
            }
            tokio::time::sleep(Duration::from_millis(100 + random_below(1_000) as u64)).await;
        }
    }

    async fn watch_for(
        &self,
        mut client: Client,
        duration: Duration,
        cursor: &mut String,
        last: &mut Option<u64>,
    ) -> Result<(), Status> {
        let end = tokio::time::Instant::now() + duration;
        let from = v1::WatchDeterminationsRequest {
            cursor: cursor.clone(),
        };
        let mut stream = client.watch_determinations(from).await?.into_inner();
        while let Ok(message) = tokio::time::timeout_at(end, stream.message()).await {
            let Some(message) = message? else { break };
            let position: u64 = message.cursor.parse().expect("a position");
            let expected = last.map(|last| last + u64::from(message.event.is_some()));
            if expected.is_some_and(|expected| expected != position) {
                self.add_violation(&format!("position {position} followed {last:?}"));
            }
            *last = Some(position);
            *cursor = message.cursor;
        }
        Ok(())
    }
}

fn random_id(ids: &[String]) -> Option<String> {
    (!ids.is_empty()).then(|| ids[random_below(ids.len())].clone())
}
