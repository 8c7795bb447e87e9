//! How long do calls take that come when they come, and not when the last one is answered?
//!
//! Callers of a service do not wait for one another. Calls begin at their time, whatever has become of those before them,
//! and are measured from that time: what they wait for a server that has fallen behind is part of what they took (no
//! coordinated omission).

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::driver::Load;

/// What calls took that came at a rate.
pub struct Latencies(Vec<Duration>);

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
                    let answer = load.call(&mut load.grpc(turn), turn).await;
                    answer.expect("an answer");
                    due.elapsed()
                }));
                at += apart;
            }
            calls
        });
        let calls = tokio::task::spawn_blocking(|| beginning.join()).await;
        let calls = calls.expect("no panic").expect("no panic");
        let mut took = Vec::new();
        for call in calls {
            took.push(call.await.expect("an answer"));
        }
        took.sort_unstable();
        Self(took)
    }

    /// What a share of the calls, in thousandths, took at the most, in milliseconds.
    pub fn quantile(&self, thousandths: usize) -> f64 {
        let at = (self.0.len() - 1) * thousandths / 1_000;
        self.0[at].as_secs_f64() * 1_000.0
    }
}
