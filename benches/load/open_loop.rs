//! Open-loop load: latency of calls that arrive at a fixed rate.
//!
//! Callers of a service do not wait for one another. Each call begins at its scheduled time, whether or not earlier calls
//! have ended, and its latency is measured from that time, so that waiting for an overloaded server counts (no coordinated
//! omission).

use std::sync::Arc;
use std::time::{Duration, Instant};

use tonic::Code;

use crate::driver::Load;

/// Latencies of calls at a fixed arrival rate.
pub struct Latencies {
    /// Of the calls that were not rejected, ascending.
    sorted: Vec<Duration>,
    rejected: usize,
}

impl Latencies {
    /// Makes `rate` calls per second for a time.
    pub async fn measure(load: &Arc<Load>, rate: f64, time: Duration) -> Self {
        let interval = Duration::from_secs_f64(1.0 / rate);
        let runtime = tokio::runtime::Handle::current();
        let load = Arc::clone(load);
        // A sleeping thread, because the runtime's timer has a resolution of a millisecond.
        let scheduler = std::thread::spawn(move || {
            let mut calls = Vec::new();
            let (began, mut offset) = (Instant::now(), Duration::ZERO);
            while offset < time {
                std::thread::sleep(offset.saturating_sub(began.elapsed()));
                let (turn, due) = (calls.len(), began + offset);
                let load = Arc::clone(&load);
                calls.push(runtime.spawn(async move {
                    let result = load.try_call(&mut load.grpc(turn), turn).await;
                    match result.expect("messages never run out") {
                        Ok(_) => Some(due.elapsed()),
                        // The service is at its maximum number of calls and sheds load.
                        Err(status) if status.code() == Code::ResourceExhausted => None,
                        Err(status) => panic!("{status:?}"),
                    }
                }));
                offset += interval;
            }
            calls
        });
        let calls = tokio::task::spawn_blocking(|| scheduler.join()).await;
        let calls = calls.expect("no panic").expect("no panic");
        let call_count = calls.len();
        let mut sorted = Vec::new();
        for call in calls {
            sorted.extend(call.await.expect("no panic"));
        }
        sorted.sort_unstable();
        Self {
            rejected: call_count - sorted.len(),
            sorted,
        }
    }

    /// A quantile of the latencies, in milliseconds.
    pub fn quantile(&self, thousandths: usize) -> f64 {
        let index = (self.sorted.len() - 1) * thousandths / 1_000;
        self.sorted[index].as_secs_f64() * 1_000.0
    }

    /// The percentage of calls that the service rejected with `RESOURCE_EXHAUSTED`.
    #[allow(clippy::cast_precision_loss, reason = "calls are fewer than 52 bits")]
    pub fn rejected_percent(&self) -> f64 {
        let all = self.sorted.len() + self.rejected;
        self.rejected as f64 * 100.0 / all as f64
    }
}
