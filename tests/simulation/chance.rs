//! What decides who goes next? Numbers that follow from a seed, and tasks that are polled in the order they give.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Numbers that look like chance and follow from a seed: `SplitMix64`.
pub struct Chance(u64);

impl Chance {
    pub const fn of(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a small number");
        usize::try_from(self.next() % bound).expect("a small number")
    }

    pub fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == 0
    }
}

/// A place where others may go first.
pub async fn step() {
    let mut stepped = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut stepped, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Something that goes on by itself, on one of the replicas, until it comes to `T`.
struct Task<T> {
    replica: usize,
    future: Pin<Box<dyn Future<Output = T>>>,
    woken: Arc<Woken>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What goes on at the same time. Nothing moves but by [`Tasks::poll`].
pub struct Tasks<T> {
    tasks: BTreeMap<u32, Task<T>>,
    last: u32,
}

impl<T> Tasks<T> {
    pub const fn none() -> Self {
        Self {
            tasks: BTreeMap::new(),
            last: 0,
        }
    }

    pub fn spawn(&mut self, replica: usize, future: impl Future<Output = T> + 'static) -> u32 {
        self.last += 1;
        let task = Task {
            replica,
            // The order of polls is ours alone, so no task is made to give way.
            future: Box::pin(tokio::task::unconstrained(future)),
            woken: Arc::new(Woken(AtomicBool::new(true))),
        };
        self.tasks.insert(self.last, task);
        self.last
    }

    /// Breaks a task off where it stands.
    pub fn cut(&mut self, task: u32) {
        self.tasks.remove(&task);
    }

    /// Breaks off everything that goes on on a replica.
    pub fn crash(&mut self, replica: usize) -> usize {
        let before = self.tasks.len();
        self.tasks.retain(|_, task| task.replica != replica);
        before - self.tasks.len()
    }

    /// As many as could move.
    pub fn ready(&self) -> usize {
        let tasks = self.tasks.values();
        tasks
            .filter(|task| task.woken.0.load(Ordering::Relaxed))
            .count()
    }

    /// Moves one of those that could, or now and then any of them: a wake-up without a reason.
    pub fn poll(&mut self, chance: &mut Chance) -> Option<T> {
        let for_no_reason = chance.one_in(32);
        let could: Vec<u32> = self
            .tasks
            .iter()
            .filter(|(_, task)| for_no_reason || task.woken.0.load(Ordering::Relaxed))
            .map(|(id, _)| *id)
            .collect();
        if could.is_empty() {
            return None;
        }
        let id = could[chance.below(could.len())];
        let task = self.tasks.get_mut(&id).expect("one of them");
        task.woken.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&task.woken));
        match task.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(done) => {
                self.tasks.remove(&id);
                Some(done)
            }
            Poll::Pending => None,
        }
    }
}
