//! How do many callers who ask for one thing each share a statement?
//!
//! While a batch is with the database the next gathers: a lone caller waits for no one, and hundreds cost little more
//! than one. Each question is asked of the database after it was put, so no answer is older than its question.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, mpsc, oneshot};

use super::error::closed;
use crate::StoreError;
use crate::group::broken_off;

/// As many questions as go into one batch.
const BATCH_MAX: usize = 256;
/// As many questions as wait; further callers wait before they put theirs.
const WAITING_MAX: usize = 4 * BATCH_MAX;
/// As many batches as are with the database at once: one is answered while the other is read.
const UNDER_WAY_MAX: usize = 2;

type Answer<A> = Result<A, StoreError>;
type Asked<Q, A> = (Q, oneshot::Sender<Answer<A>>);

/// Where questions are put.
pub(super) struct Gathering<Q, A> {
    /// `None`: closed.
    asked: Mutex<Option<mpsc::Sender<Asked<Q, A>>>>,
}

impl<Q: Send + 'static, A: Send + 'static> Gathering<Q, A> {
    /// Begins to answer batches, each question in its place.
    pub(super) fn start<F, B>(answer: F) -> Self
    where
        F: Fn(Vec<Q>) -> B + Send + Sync + 'static,
        B: Future<Output = Result<Vec<Answer<A>>, StoreError>> + Send + 'static,
    {
        let (sender, questions) = mpsc::channel(WAITING_MAX);
        tokio::spawn(gather(questions, Arc::new(answer)));
        Self {
            asked: Mutex::new(Some(sender)),
        }
    }

    pub(super) async fn ask(&self, question: Q) -> Answer<A> {
        let sender = self.held().clone().ok_or_else(closed)?;
        let (answer, answered) = oneshot::channel();
        sender
            .send((question, answer))
            .await
            .map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }

    /// Takes no more questions. Those that were put are answered.
    pub(super) fn close(&self) {
        drop(self.held().take());
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<mpsc::Sender<Asked<Q, A>>>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn gather<Q, A, F, B>(mut questions: mpsc::Receiver<Asked<Q, A>>, answer: Arc<F>)
where
    Q: Send + 'static,
    A: Send + 'static,
    F: Fn(Vec<Q>) -> B + Send + Sync + 'static,
    B: Future<Output = Result<Vec<Answer<A>>, StoreError>> + Send + 'static,
{
    let under_way = Arc::new(Semaphore::new(UNDER_WAY_MAX));
    loop {
        let Ok(turn) = Arc::clone(&under_way).acquire_owned().await else {
            return;
        };
        let mut batch = Vec::new();
        if questions.recv_many(&mut batch, BATCH_MAX).await == 0 {
            return;
        }
        // Whoever gave up meanwhile is not asked for.
        batch.retain(|(_, answer)| !answer.is_closed());
        if batch.is_empty() {
            continue;
        }
        let answer = Arc::clone(&answer);
        tokio::spawn(async move {
            let _turn = turn;
            let (questions, asking): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            match answer(questions).await {
                Ok(answers) => {
                    // INVARIANT: as many answers as questions, in their order; else the answer is dropped.
                    for (asking, answer) in asking.into_iter().zip(answers) {
                        let _ = asking.send(answer);
                    }
                }
                Err(error) => {
                    for asking in asking {
                        let _ = asking.send(Err(broken_off(&error)));
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn many_questions_share_a_few_batches_and_each_gets_its_own_answer() {
        let batches = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&batches);
        let gathering = Gathering::start(move |questions: Vec<u64>| {
            counted.fetch_add(1, Ordering::SeqCst);
            async move {
                tokio::task::yield_now().await;
                Ok(questions.into_iter().map(|n| Ok(n * 2)).collect())
            }
        });
        let answers = join_all((0..600).map(|n| gathering.ask(n))).await;
        for (n, answer) in (0..).zip(answers) {
            assert_eq!(answer.expect("an answer"), n * 2);
        }
        assert!(batches.load(Ordering::SeqCst) < 60, "{batches:?}");
        gathering.close();
        assert!(gathering.ask(1).await.is_err());
    }

    #[tokio::test]
    async fn a_batch_that_fails_tells_everyone_of_it() {
        let gathering: Gathering<u8, u8> =
            Gathering::start(|_| async { Err(StoreError::Unavailable("away".to_owned())) });
        for answer in join_all((0..5).map(|n| gathering.ask(n))).await {
            assert!(matches!(answer, Err(StoreError::Unavailable(why)) if why == "away"));
        }
    }
}
