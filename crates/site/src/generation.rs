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

    /// The highest generation that was told; 0 before the first.
    #[must_use]
    pub fn latest(&self) -> i64 {
        *self.generation.borrow()
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

    /// Begins to hold a request for at most `wait`, and never longer than [`HOLD_MAX`].
    #[must_use]
    pub fn hold(&self, wait: Duration) -> Hold {
        Hold { news: self.subscribe(), end: Instant::now() + wait.min(HOLD_MAX) }
    }
}

/// A held request: it looks, and as long as it finds nothing it looks [`again`](Self::again). News between two looks aren't missed.
#[derive(Debug)]
pub struct Hold {
    news: watch::Receiver<i64>,
    end: Instant,
}

impl Hold {
    /// Waits for news since the hold began or since this was last called. False when the time is over.
    pub async fn again(&mut self) -> bool {
        matches!(tokio::time::timeout_at(self.end, self.news.changed()).await, Ok(Ok(())))
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
    async fn a_hold_ends_when_its_time_is_over() {
        let news = News::default();
        assert!(!news.hold(Duration::from_millis(5)).again().await);
    }

    #[tokio::test]
    async fn a_committed_change_wakes_whoever_waits_and_is_not_missed() {
        let test = testing::site().await;
        let raise = async || {
            let mut change = test.site.change(&Actor::System, Permission::ManageSite).await.unwrap();
            change.raise_generation().await.unwrap();
            change.commit_unnoted().await.unwrap();
        };
        let mut hold = test.site.news().hold(HOLD_MAX);
        raise().await;
        assert!(hold.again().await);
        let (woken, ()) = tokio::join!(hold.again(), raise());
        assert!(woken);
        assert_eq!(read(&test.site).await.unwrap(), 2);
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
