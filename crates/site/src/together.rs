//! Writes of many callers in one transaction, or what they want to read: what arrives while a transaction is under way goes together
//! into the next one.
//!
//! A lone write waits for nobody. A batch that fails is done again one by one, so that what is wrong with one write hurts no other. A
//! write that was handed over is done even when its caller has gone.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dray_store::StoreError;
use tokio::sync::oneshot;

use crate::site::Site;

/// A kind of write that is done for many at once.
pub(crate) trait Batch: Sized + Send + Sync + 'static {
    /// Most of them in one transaction.
    const MAX: usize;
    /// What the caller learns.
    type Answer: Send + 'static;

    /// Where they line up.
    fn queue(site: &Site) -> &Together<Self>;

    /// Does all of them, or none when it fails. The answers come in the order of the writes.
    fn write(site: &Site, batch: &[Self]) -> impl Future<Output = Result<Vec<Self::Answer>, StoreError>> + Send;
}

/// Where the writes of a kind line up.
pub(crate) struct Together<B: Batch> {
    line: Mutex<Line<B>>,
}

struct Line<B: Batch> {
    waiting: VecDeque<(B, Reply<B>)>,
    is_served: bool,
}

type Reply<B> = oneshot::Sender<Result<<B as Batch>::Answer, StoreError>>;

impl<B: Batch> Default for Together<B> {
    fn default() -> Self {
        Self { line: Mutex::new(Line { waiting: VecDeque::new(), is_served: false }) }
    }
}

impl<B: Batch> Together<B> {
    fn line(&self) -> MutexGuard<'_, Line<B>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next batch; none when all are served, and then the worker ends.
    fn next(&self) -> Option<Vec<(B, Reply<B>)>> {
        let mut line = self.line();
        let count = line.waiting.len().min(B::MAX);
        line.is_served = count > 0;
        (count > 0).then(|| line.waiting.drain(..count).collect())
    }
}

/// Does a write, together with those of others.
///
/// # Errors
/// The database's.
pub(crate) async fn write<B: Batch>(site: &Site, write: B) -> Result<B::Answer, StoreError> {
    let (reply, answer) = oneshot::channel();
    let begins = {
        let mut line = B::queue(site).line();
        line.waiting.push_back((write, reply));
        !std::mem::replace(&mut line.is_served, true)
    };
    if begins {
        let site = site.clone();
        tokio::spawn(async move { serve::<B>(&site).await });
    }
    answer.await.unwrap_or(Err(StoreError::Interrupted))
}

/// Has the next write begin with a worker of its own, even when this one panics.
struct Served<'a, B: Batch>(&'a Together<B>);

impl<B: Batch> Drop for Served<'_, B> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let mut line = self.0.line();
            line.is_served = false;
            line.waiting.clear();
        }
    }
}

async fn serve<B: Batch>(site: &Site) {
    let line = B::queue(site);
    let _served = Served(line);
    while let Some(batch) = line.next() {
        let (writes, replies): (Vec<B>, Vec<_>) = batch.into_iter().unzip();
        match B::write(site, &writes).await {
            Ok(answers) => {
                debug_assert_eq!(answers.len(), replies.len(), "each write has an answer");
                // A caller may have gone.
                replies.into_iter().zip(answers).for_each(|(reply, answer)| drop(reply.send(Ok(answer))));
            }
            Err(error) if writes.len() == 1 => {
                if let Some(reply) = replies.into_iter().next() {
                    let _ = reply.send(Err(error));
                }
            }
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "cannot write a batch; trying one by one");
                for (write, reply) in writes.iter().zip(replies) {
                    let alone = B::write(site, std::slice::from_ref(write)).await;
                    let _ = reply.send(alone.map(|mut answers| answers.remove(0)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::testing;

    /// A write that fails where it is odd, and all that is with it.
    struct Even(u32);

    static LINE: OnceLock<Together<Even>> = OnceLock::new();
    static LARGEST: AtomicUsize = AtomicUsize::new(0);

    impl Batch for Even {
        const MAX: usize = 8;
        type Answer = u32;

        fn queue(_: &Site) -> &Together<Self> {
            LINE.get_or_init(Together::default)
        }

        async fn write(_: &Site, batch: &[Self]) -> Result<Vec<u32>, StoreError> {
            LARGEST.fetch_max(batch.len(), Ordering::Relaxed);
            tokio::task::yield_now().await;
            match batch.iter().find(|write| write.0 % 2 == 1) {
                Some(odd) => Err(StoreError::Address(odd.0.to_string())),
                None => Ok(batch.iter().map(|write| write.0 * 10).collect()),
            }
        }
    }

    #[tokio::test]
    async fn what_arrives_together_is_written_together_and_a_failure_hurts_no_other() {
        let test = testing::site().await;
        let writes = (0..40).map(|number| write(&test.site, Even(number)));
        let answers = futures_util::future::join_all(writes).await;
        for (number, answer) in (0..40).zip(answers) {
            match answer {
                Ok(found) => assert_eq!((number % 2, found), (0, number * 10)),
                Err(error) => assert!(matches!(error, StoreError::Address(odd) if odd == number.to_string())),
            }
        }
        assert_eq!(LARGEST.load(Ordering::Relaxed), Even::MAX);
        assert_eq!(write(&test.site, Even(2)).await.unwrap(), 20, "the line is served again");
    }
}
