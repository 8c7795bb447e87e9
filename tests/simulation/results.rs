//! Checks of a finished task's result against what its caller already knows.

use second_opinion::wire::v1;
use tonic::Code;

use crate::client::{CallResult, Outcome, rejection_name};
use crate::known::KnownCase;
use crate::model::lock;
use crate::requests::Request;
use crate::server::SweepResult;
use crate::simulation::Simulation;
use crate::watcher::{self, NextMessage};

impl Simulation {
    pub fn handle_call(&mut self, call: CallResult) {
        let request = call.request;
        let status = match call.result {
            Ok(answer) => {
                assert!(
                    !call.is_altered,
                    "a request id was accepted with other content"
                );
                let client_request = &mut self.requests[request];
                client_request.unresolved -= 1;
                if let Some(first) = &client_request.answer {
                    assert!(&answer.bytes == first, "another answer than the first");
                    self.trace.count("replayed answers");
                } else {
                    client_request.answer = Some(answer.bytes);
                    self.learn(request, answer.determination);
                }
                return;
            }
            Err(status) => status,
        };
        self.trace
            .record(format!("request {request}: {:?}", status.code()));
        match Outcome::of(&status) {
            Outcome::Unknown => {
                let failures = lock(&self.database).failures;
                assert_ne!(failures, call.failures_before, "no failure: {status:?}");
                self.trace.count("unknown outcomes");
            }
            Outcome::RequestIdReused => {
                assert!(call.is_altered, "the same content: {status:?}");
                self.trace.count("reused request ids");
            }
            Outcome::Rejected => {
                assert!(!call.was_committed, "rejected after its commit: {status:?}");
                assert!(!call.is_altered, "{status:?}");
                self.requests[request].unresolved -= 1;
                self.trace.count(rejection_name(&status));
            }
        }
    }

    /// Takes a first answer.
    fn learn(&mut self, request: usize, determination: v1::Determination) {
        let client_request = &mut self.requests[request];
        self.trace.count(match &client_request.request {
            Request::Submit(_) => "submitted",
            Request::Approve(_) => "approved",
            Request::Deny(_) => "denied",
            Request::Withdraw(_) => "withdrawn",
            Request::Verify(_) | Request::Expedite(_) | Request::Notify(_) => "changed",
        });
        let case = *client_request.case.get_or_insert(self.cases.len());
        if case == self.cases.len() {
            self.cases.push(KnownCase::new(&determination));
        }
        let known = &mut self.cases[case];
        known.update(determination);
        self.trace
            .record_answer(request, &known.id, known.etags.len());
    }

    pub fn handle_sweep(&mut self, sweep: SweepResult) {
        let SweepResult {
            replica,
            sweeper,
            result,
        } = sweep;
        self.servers[replica].sweeper = Some(sweeper);
        match result {
            Ok(tally) => {
                self.trace
                    .record(format!("sweep on replica {replica}: {tally:?}"));
                self.trace.add("due-soon events", tally.due_soon);
                self.trace.add("overdue events", tally.overdue);
                self.trace.add("lapse letters", tally.letters);
                self.trace.add("sweeper conflicts", tally.conflicts);
            }
            Err(_) => self.trace.count("failed sweeps"),
        }
    }

    pub fn handle_message(&mut self, watcher: usize, next: NextMessage) {
        let task = self.watchers[watcher].task.take();
        let (_, replica) = task.expect("a connected watcher");
        match next {
            Ok((message, stream)) => {
                let (kind, suffix) = match message.event {
                    None => ("heartbeats", " heartbeat"),
                    Some(_) => ("watched events", ""),
                };
                self.trace
                    .record(format!("watcher {watcher}: {}{suffix}", message.cursor));
                self.trace.count(kind);
                self.watchers[watcher].receive(message);
                self.spawn_watch(watcher, replica, watcher::next_message(stream));
            }
            Err(status) => {
                // Above all not OUT_OF_RANGE: the server issued the cursor.
                assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                self.trace.count("broken streams");
            }
        }
    }
}
