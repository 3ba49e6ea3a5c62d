//! Reads the feed in the background for as long as a server serves.

use std::time::Duration;

use dray_store::feed::Listener;
use tokio::time::Instant;

use super::FOLLOW;
use crate::site::Site;

/// Time between two tries to listen.
const RECONNECT: Duration = Duration::from_secs(5);

/// Follows the change feed. Stops when dropped.
#[derive(Debug)]
pub struct Follower {
    task: tokio::task::JoinHandle<()>,
}

impl Follower {
    /// Begins to follow.
    #[must_use]
    pub fn start(site: Site) -> Self {
        Self { task: tokio::spawn(follow(site)) }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn follow(site: Site) {
    let mut listener = Listening::default();
    loop {
        tokio::select! {
            () = tokio::time::sleep(FOLLOW) => {}
            () = listener.changed(&site) => {}
        }
        if let Err(error) = site.feed().follow(&site).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot read the change feed");
            tokio::time::sleep(FOLLOW).await;
        }
    }
}

/// The listener, and when to connect it again.
#[derive(Default)]
struct Listening {
    listener: Option<Listener>,
    not_before: Option<Instant>,
}

impl Listening {
    /// Returns when another process may have changed something, or never.
    async fn changed(&mut self, site: &Site) {
        loop {
            let Some(listener) = &mut self.listener else {
                if self.not_before.is_some_and(|instant| instant > Instant::now()) {
                    return std::future::pending().await;
                }
                self.connect(site).await;
                continue;
            };
            match listener.changed().await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "lost the connection that announces changes; reading the change feed every second until it is back"
                    );
                    self.listener = None;
                    self.not_before = Some(Instant::now() + RECONNECT);
                }
            }
        }
    }

    async fn connect(&mut self, site: &Site) {
        match Listener::connect(site.db()).await {
            Ok(Some(listener)) => self.listener = Some(listener),
            // SQLite tells nobody.
            Ok(None) => self.not_before = Some(Instant::now() + Duration::from_secs(u32::MAX.into())),
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "cannot listen for changes");
                self.not_before = Some(Instant::now() + RECONNECT);
            }
        }
    }
}
