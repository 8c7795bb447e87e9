//! How long do calls take that come when they come, and not when the last one is answered?
//!
//! Callers of a service do not wait for one another. Calls begin at their time, whatever has become of those before them,
//! and are measured from that time: what they wait for a server that has fallen behind is part of what they took (no
//! coordinated omission).

use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::Code;

use crate::driver::Load;

/// What calls took that came at a rate.
pub struct Latencies {
    took: Vec<Duration>,
    told_to_come_back: usize,
}

impl Latencies {
    /// Calls at so many a second for as long.
    pub async fn of(load: &Arc<Load>, rate: f64, time: Duration) -> Self {
        let apart = Duration::from_secs_f64(1.0 / rate);
        let runtime = tokio::runtime::Handle::current();
        let load = Arc::clone(load);
        // A thread that sleeps, because the runtime's own clock knows milliseconds.
        let beginning = std::thread::spawn(move || {
            let mut calls = Vec::new();
            let (began, mut at) = (Instant::now(), Duration::ZERO);
            while at < time {
                std::thread::sleep(at.saturating_sub(began.elapsed()));
                let (turn, due) = (calls.len(), began + at);
                let load = Arc::clone(&load);
                calls.push(runtime.spawn(async move {
                    let answer = load.answer(&mut load.grpc(turn), turn).await;
                    match answer.expect("there is always one more") {
                        Ok(_) => Some(due.elapsed()),
                        // More calls than the service answers at once: it has fallen behind, and says so.
                        Err(status) if status.code() == Code::ResourceExhausted => None,
                        Err(status) => panic!("{status:?}"),
                    }
                }));
                at += apart;
            }
            calls
        });
        let calls = tokio::task::spawn_blocking(|| beginning.join()).await;
        let calls = calls.expect("no panic").expect("no panic");
        let begun = calls.len();
        let mut took = Vec::new();
        for call in calls {
            took.extend(call.await.expect("an answer"));
        }
        took.sort_unstable();
        Self {
            told_to_come_back: begun - took.len(),
            took,
        }
    }

    /// What a share of the calls that were answered, in thousandths, took at the most, in milliseconds.
    pub fn quantile(&self, thousandths: usize) -> f64 {
        let at = (self.took.len() - 1) * thousandths / 1_000;
        self.took[at].as_secs_f64() * 1_000.0
    }

    /// The share of calls that were refused because too many were being answered, in percent.
    #[allow(clippy::cast_precision_loss, reason = "calls are fewer than 52 bits")]
    pub fn told_to_come_back(&self) -> f64 {
        let all = self.took.len() + self.told_to_come_back;
        self.told_to_come_back as f64 * 100.0 / all as f64
    }
}
