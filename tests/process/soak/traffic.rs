//! What do a plan's callers do all day, at a steady pace, and what were they told that they should not be?

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use second_opinion::case::EventKind;
use second_opinion::wire::v1;
use tokio::task::JoinSet;
use tonic::{Code, Status};

use super::report::Calls;
use super::service::Service;
use crate::callers::{Request, TEST_TIMEOUT, timely_approval, undecided};
use crate::fleet::chance;
use crate::support::messages::{available, denial, get, id};
use crate::support::server::Client;

/// As many cases wait for a reviewer before one begins to decide.
const WAITING: usize = 100;
/// Those who follow the changes of each service, and come and go.
const WATCHERS: usize = 3;

/// A change that was acknowledged: its case, and what it was.
pub type Acknowledged = (String, EventKind);

/// The callers of one service.
pub struct Traffic {
    pub service: Arc<Service>,
    stop: AtomicBool,
    known: Mutex<Known>,
    calls: Mutex<Calls>,
    /// What no caller should be told.
    wrong: Mutex<Vec<String>>,
}

/// What callers know.
#[derive(Default)]
struct Known {
    cases: Vec<String>,
    /// Those that no one has decided, nor does just now.
    waiting: Vec<String>,
    letters: Vec<String>,
    acknowledged: Vec<Acknowledged>,
}

impl Traffic {
    pub fn new(service: &Arc<Service>) -> Arc<Self> {
        Arc::new(Self {
            service: Arc::clone(service),
            stop: AtomicBool::new(false),
            known: Mutex::default(),
            calls: Mutex::default(),
            wrong: Mutex::default(),
        })
    }

    /// So many calls a second, however long the answers take, until it is told to stop. Then every call is waited for.
    pub async fn go(self: Arc<Self>, a_second: u32) {
        let mut calls = JoinSet::new();
        for _ in 0..WATCHERS {
            calls.spawn(Arc::clone(&self).watch());
        }
        // Calls that are late are made all the same, and late is measured from when they were due.
        let mut pace = tokio::time::interval(Duration::from_secs(1) / a_second);
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

    /// What callers saw since they were last asked.
    pub fn take_calls(&self) -> Calls {
        std::mem::take(&mut self.calls.lock().expect("a lock"))
    }

    pub fn take_acknowledged(&self) -> Vec<Acknowledged> {
        std::mem::take(&mut self.known().acknowledged)
    }

    pub fn take_wrong(&self) -> Vec<String> {
        std::mem::take(&mut self.wrong.lock().expect("a lock"))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("a lock")
    }

    async fn call(self: Arc<Self>, due: Instant) {
        let nth = chance(self.service.size());
        let client = self.service.client(nth);
        let answer = tokio::time::timeout(TEST_TIMEOUT, self.something(client)).await;
        let told = match answer {
            Ok(Ok(())) => Ok(due.elapsed()),
            Ok(Err(status)) => Err(self.failed(nth, due, &status)),
            Err(_) => {
                let line = format!("{}: no answer within {TEST_TIMEOUT:?}", self.service.name);
                self.wrong.lock().expect("a lock").push(line);
                Err("no answer".to_owned())
            }
        };
        self.calls.lock().expect("a lock").add(told);
    }

    /// What a call was told in one word. It is wrong unless its server was away, and this is how one hears of that: from a
    /// server that refuses, or from the client itself, whose connection ended or found no one.
    fn failed(&self, nth: usize, began: Instant, status: &Status) -> String {
        let by_client = std::error::Error::source(status).is_some();
        let of_loss = by_client || matches!(status.code(), Code::Unavailable | Code::Cancelled);
        if !(of_loss && self.service.was_away(nth, began, Instant::now())) {
            let line = format!("{}, server {}: {status:?}", self.service.name, nth + 1);
            self.wrong.lock().expect("a lock").push(line);
        }
        match status.code() {
            code if by_client => format!("{code:?} (client)"),
            code => format!("{code:?}"),
        }
    }

    /// Of a hundred calls 20 submit, 20 decide, 5 tell of what was found out, 30 read a case, 10 a list and 15 a letter.
    async fn something(&self, client: Client) -> Result<(), Status> {
        match chance(100) {
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
        known.waiting.push(id.clone());
        known.acknowledged.push((id, EventKind::Submitted));
        Ok(())
    }

    /// A case that no one else decides meanwhile.
    fn take_waiting(&self) -> Option<String> {
        let waiting = &mut self.known().waiting;
        (waiting.len() > WAITING).then(|| waiting.swap_remove(chance(waiting.len())))
    }

    async fn decide(&self, mut client: Client) -> Result<(), Status> {
        let Some(id) = self.take_waiting() else {
            return self.submit(client).await;
        };
        let (decision, kind) = match chance(2) {
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
        let Some(case) = self.take_waiting() else {
            return self.submit(client).await;
        };
        let mut found = available();
        found.verification = Some(v1::Verification {
            source: format!("Sample directory, page {}", chance(1_000)),
            checked_at: None,
        });
        let request = v1::RecordVerificationRequest {
            request_id: id(),
            determination_id: case.clone(),
            network_availability: Some(found),
            ..v1::RecordVerificationRequest::default()
        };
        let told = client.record_verification(request).await;
        let mut known = self.known();
        known.waiting.push(case.clone());
        told?;
        known.acknowledged.push((case, EventKind::Verified));
        Ok(())
    }

    async fn read(&self, mut client: Client) -> Result<(), Status> {
        let Some(id) = one_of(&self.known().cases) else {
            return Ok(());
        };
        let view = [v1::View::Basic, v1::View::Full][chance(2)];
        client.get_determination(get(&id, view)).await.map(drop)
    }

    async fn list(&self, mut client: Client) -> Result<(), Status> {
        let waiting = v1::ListDeterminationsRequest {
            states: vec![v1::State::PendingReview.into()],
            ..v1::ListDeterminationsRequest::default()
        };
        client.list_determinations(waiting).await.map(drop)
    }

    async fn letter(&self, mut client: Client) -> Result<(), Status> {
        let Some(notice_id) = one_of(&self.known().letters) else {
            return Ok(());
        };
        let format = [v1::NoticeFormat::Text, v1::NoticeFormat::Html][chance(2)];
        let asked = v1::GetNoticeRequest {
            notice_id,
            format: format.into(),
            ..v1::GetNoticeRequest::default()
        };
        client.get_notice(asked).await.map(drop)
    }

    /// Follows for some seconds, goes, and comes again with its cursor, to whichever server.
    async fn watch(self: Arc<Self>) {
        // Empty: from now on.
        let (mut cursor, mut last) = (String::new(), None);
        while !self.stop.load(Ordering::SeqCst) {
            let (nth, began) = (chance(self.service.size()), Instant::now());
            let stay = Duration::from_millis(200 + chance(4_000) as u64);
            let client = self.service.client(nth);
            let followed = self.follow(client, stay, &mut cursor, &mut last).await;
            if let Err(status) = followed {
                let told = self.failed(nth, began, &status);
                let mut calls = self.calls.lock().expect("a lock");
                calls.add(Err(format!("watch {told}")));
            }
            tokio::time::sleep(Duration::from_millis(100 + chance(1_000) as u64)).await;
        }
    }

    async fn follow(
        &self,
        mut client: Client,
        stay: Duration,
        cursor: &mut String,
        last: &mut Option<u64>,
    ) -> Result<(), Status> {
        let leave = tokio::time::Instant::now() + stay;
        let from = v1::WatchDeterminationsRequest {
            cursor: cursor.clone(),
        };
        let mut stream = client.watch_determinations(from).await?.into_inner();
        while let Ok(message) = tokio::time::timeout_at(leave, stream.message()).await {
            let Some(message) = message? else { break };
            let position: u64 = message.cursor.parse().expect("a position");
            let expected = last.map(|last| last + u64::from(message.event.is_some()));
            if expected.is_some_and(|expected| expected != position) {
                let line = format!("{}: {position} came after {last:?}", self.service.name);
                self.wrong.lock().expect("a lock").push(line);
            }
            *last = Some(position);
            *cursor = message.cursor;
        }
        Ok(())
    }
}

fn one_of(ids: &[String]) -> Option<String> {
    (!ids.is_empty()).then(|| ids[chance(ids.len())].clone())
}
