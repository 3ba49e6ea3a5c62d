//! The policy generation as held requests see it: one counter that goes up with every change that clients or points may notice.
//!
//! A held request looks, waits for [`News`] and looks again; nothing is missed between a look and a wait. Changes of this process
//! are announced by [`Change`](crate::Change); those of other processes on the same database are found by [`Follower`], which
//! reads the counter each second while anybody waits.

use std::time::Duration;

use dray_store::{StoreError, meta};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::site::Site;

/// How often the counter is read for changes of other processes: the delay with which they are noticed.
const FOLLOW: Duration = Duration::from_secs(1);
/// Longest time that a request is held.
pub const HOLD_MAX: Duration = Duration::from_secs(600);

/// Where held requests wait.
#[derive(Debug)]
pub struct News {
    generation: watch::Sender<i64>,
}

impl Default for News {
    fn default() -> Self {
        Self { generation: watch::Sender::new(0) }
    }
}

impl News {
    /// Tells that the counter has risen to `generation`. A lower one than was told before tells nothing.
    pub fn announce(&self, generation: i64) {
        self.generation.send_if_modified(|latest| {
            let higher = generation > *latest;
            *latest = generation.max(*latest);
            higher
        });
    }

    /// Has all held requests look again, although the counter is the same.
    pub fn look_again(&self) {
        self.generation.send_modify(|_| {});
    }

    /// A place to wait: `changed` returns after the next news. Hold it while looking.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<i64> {
        self.generation.subscribe()
    }

    /// Looks until there is something, but no longer than `wait` (at most [`HOLD_MAX`]). `None` when there was nothing.
    ///
    /// # Errors
    /// The first one of `look`.
    pub async fn hold<T, E>(
        &self,
        wait: Duration,
        mut look: impl AsyncFnMut() -> Result<Option<T>, E>,
    ) -> Result<Option<T>, E> {
        let end = Instant::now() + wait.min(HOLD_MAX);
        let mut news = self.subscribe();
        loop {
            if let Some(found) = look().await? {
                return Ok(Some(found));
            }
            match tokio::time::timeout_at(end, news.changed()).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => return Ok(None),
            }
        }
    }
}

/// Watches the counter for changes of other processes. Stops when dropped.
#[derive(Debug)]
pub struct Follower {
    task: tokio::task::JoinHandle<()>,
}

impl Follower {
    /// Begins to watch.
    #[must_use]
    pub fn start(site: Site) -> Self {
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(FOLLOW).await;
                if site.news().generation.receiver_count() == 0 {
                    continue;
                }
                match read(&site).await {
                    Ok(generation) => site.news().announce(generation),
                    Err(error) => {
                        tracing::warn!(error = &error as &dyn std::error::Error, "cannot read the policy generation");
                    }
                }
            }
        });
        Self { task }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(site: &Site) -> Result<i64, StoreError> {
    meta::generation(&mut site.db().read().await?, meta::POLICY_GENERATION).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::{Actor, Permission};
    use crate::testing;

    #[tokio::test]
    async fn a_hold_ends_with_nothing_when_its_time_is_over() {
        let news = News::default();
        let looked: Result<Option<()>, StoreError> = news.hold(Duration::from_millis(5), async || Ok(None)).await;
        assert_eq!(looked.unwrap(), None);
    }

    #[tokio::test]
    async fn a_committed_change_wakes_whoever_waits() {
        let test = testing::site().await;
        let (looked, first_look) = (tokio::sync::Notify::new(), std::cell::Cell::new(true));
        let held = test.site.news().hold(HOLD_MAX, async || {
            let generation = read(&test.site).await?;
            assert_eq!(generation == 0, first_look.replace(false));
            looked.notify_one();
            Ok::<_, StoreError>((generation > 0).then_some(generation))
        });
        let change = async {
            looked.notified().await;
            let mut change = test.site.change(&Actor::System, Permission::ManageSite).await.unwrap();
            change.raise_generation().await.unwrap();
            change.commit_unnoted().await.unwrap();
        };
        let (found, ()) = tokio::join!(held, change);
        assert_eq!(found.unwrap(), Some(1));
    }

    #[tokio::test]
    async fn a_change_of_another_process_is_noticed() {
        let test = testing::site().await;
        let other = Site::open(&test.made.dir).await.unwrap();
        let _follower = Follower::start(test.site.clone());
        let mut news = test.site.news().subscribe();
        let mut change = other.change(&Actor::System, Permission::ManageSite).await.unwrap();
        change.raise_generation().await.unwrap();
        change.commit_unnoted().await.unwrap();
        news.changed().await.unwrap();
        assert_eq!(*news.borrow(), 1);
    }
}
