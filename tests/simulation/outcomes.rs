//! What came back, and was it to come?

use second_opinion::wire::v1;
use tonic::Code;

use crate::asked::{self, Called, Said};
use crate::known::Known;
use crate::model::held;
use crate::requests::Request;
use crate::servers::Swept;
use crate::watchers::{self, Next};
use crate::world::World;

impl World {
    pub fn called(&mut self, called: Called) {
        let Called { asked, result, .. } = called;
        match result {
            Ok(answer) => {
                assert!(
                    !called.otherwise,
                    "other content under a request id was taken"
                );
                let of = &mut self.asked[asked];
                of.open -= 1;
                if let Some(first) = &of.answer {
                    assert!(&answer.bytes == first, "another answer than the first");
                    self.trace.count("answered again");
                } else {
                    of.answer = Some(answer.bytes);
                    self.learn(asked, answer.determination);
                }
            }
            Err(status) => {
                self.trace
                    .say(format!("request {asked}: {:?}", status.code()));
                let said = Said::by(&status);
                match said {
                    Said::Unknown => {
                        let failures = held(&self.database).failures;
                        assert_ne!(
                            failures, called.failures_before,
                            "nothing failed: {status:?}"
                        );
                        self.trace.count("told to send again");
                    }
                    Said::Reused => {
                        assert!(called.otherwise, "the same content: {status:?}");
                        self.trace.count("sent otherwise");
                    }
                    Said::Refused => {
                        assert!(
                            !called.again,
                            "refused after it was carried out: {status:?}"
                        );
                        assert!(!called.otherwise, "{status:?}");
                        self.asked[asked].open -= 1;
                        self.trace.count(asked::counted(&status));
                    }
                }
            }
        }
    }

    fn learn(&mut self, asked: usize, determination: v1::Determination) {
        let of = &mut self.asked[asked];
        self.trace.count(match &of.request {
            Request::Submit(_) => "submitted",
            Request::Approve(_) => "approved",
            Request::Deny(_) => "denied",
            Request::Withdraw(_) => "withdrawn",
            Request::Verify(_) | Request::Expedite(_) | Request::Notify(_) => "changed",
        });
        let case = *of.case.get_or_insert(self.cases.len());
        if case == self.cases.len() {
            self.cases.push(Known::of(&determination));
        }
        let known = &mut self.cases[case];
        known.learn(determination);
        self.trace
            .determination(asked, &known.id, known.etags.len());
    }

    pub fn swept(&mut self, swept: Swept) {
        let Swept {
            replica,
            sweeper,
            result,
        } = swept;
        self.servers[replica].sweeper = Some(sweeper);
        match result {
            Ok(tally) => {
                self.trace.say(format!("swept on {replica}: {tally:?}"));
                self.trace.add("told due soon", tally.due_soon);
                self.trace.add("told overdue", tally.overdue);
                self.trace.add("told with a letter", tally.letters);
                self.trace.add("outrun", tally.outrun);
            }
            Err(_) => self.trace.count("a sweep that failed"),
        }
    }

    pub fn watched(&mut self, watcher: usize, next: Next) {
        let at = self.watchers[watcher].task.take();
        let (_, replica) = at.expect("a watcher that waits");
        match next {
            Ok((message, events)) => {
                let heartbeat = if message.event.is_none() {
                    " heartbeat"
                } else {
                    ""
                };
                self.trace
                    .say(format!("watcher {watcher}: {}{heartbeat}", message.cursor));
                self.trace.count(if message.event.is_none() {
                    "heartbeats"
                } else {
                    "watched"
                });
                self.watchers[watcher].hear(message);
                self.wait_for(watcher, replica, watchers::next(events));
            }
            Err(status) => {
                // Above all not OUT_OF_RANGE: the cursor was given out.
                assert_eq!(status.code(), Code::Unavailable, "{status:?}");
                self.trace.count("streams that broke");
            }
        }
    }
}
