//! A scheduler of tasks that polls them in a random order.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use proptest::prelude::RngExt as _;
use proptest::test_runner::TestRng;

/// One poll in this many is a spurious wake-up.
const SPURIOUS_WAKE_UP_ONE_IN: u32 = 32;

/// Yields to the scheduler once, so that another task may go first.
pub async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A task on one of the replicas, with an output of type `T`.
struct Task<T> {
    replica: usize,
    future: Pin<Box<dyn Future<Output = T>>>,
    ready: Arc<Ready>,
}

/// Set by a task's waker.
struct Ready(AtomicBool);

impl Wake for Ready {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl<T> Task<T> {
    fn is_ready(&self) -> bool {
        self.ready.0.load(Ordering::Relaxed)
    }
}

/// Concurrent tasks. Nothing runs except in [`Scheduler::poll`].
pub struct Scheduler<T> {
    tasks: BTreeMap<u32, Task<T>>,
    last_id: u32,
}

impl<T> Scheduler<T> {
    pub const fn new() -> Self {
        Self {
            tasks: BTreeMap::new(),
            last_id: 0,
        }
    }

    pub fn spawn(&mut self, replica: usize, future: impl Future<Output = T> + 'static) -> u32 {
        self.last_id += 1;
        let task = Task {
            replica,
            // Without tokio's budget, which would make a task yield: this scheduler alone sets the order.
            future: Box::pin(tokio::task::unconstrained(future)),
            ready: Arc::new(Ready(AtomicBool::new(true))),
        };
        self.tasks.insert(self.last_id, task);
        self.last_id
    }

    /// Drops a task at the point that it has reached.
    pub fn cancel(&mut self, task: u32) {
        self.tasks.remove(&task);
    }

    /// Drops every task on a replica, and returns their number.
    pub fn cancel_replica(&mut self, replica: usize) -> usize {
        let before = self.tasks.len();
        self.tasks.retain(|_, task| task.replica != replica);
        before - self.tasks.len()
    }

    pub fn has_ready_tasks(&self) -> bool {
        self.tasks.values().any(Task::is_ready)
    }

    /// Polls one of the ready tasks, or, in a spurious wake-up, any task. Returns its output when it has finished.
    pub fn poll(&mut self, rng: &mut TestRng) -> Option<T> {
        let is_spurious = rng.random_ratio(1, SPURIOUS_WAKE_UP_ONE_IN);
        let candidates: Vec<u32> = self
            .tasks
            .iter()
            .filter(|(_, task)| is_spurious || task.is_ready())
            .map(|(id, _)| *id)
            .collect();
        if candidates.is_empty() {
            return None;
        }
        let id = candidates[rng.random_range(0..candidates.len())];
        let task = self.tasks.get_mut(&id).expect("a candidate");
        task.ready.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&task.ready));
        match task.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => {
                self.tasks.remove(&id);
                Some(output)
            }
            Poll::Pending => None,
        }
    }
}
