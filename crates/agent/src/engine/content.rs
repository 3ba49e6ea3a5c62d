//! Content for the state machine: fetched in turn, with news of its progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dray_agent_core::Event;
use dray_model::package::Content;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::Outbound;
use crate::cache::Cache;
use crate::sync::Link;

/// Shortest time between two reports of progress, in milliseconds.
const PROGRESS_EVERY_MS: u64 = 1000;

/// Waits for its turn and fetches; says what came of it.
pub(super) async fn fetch(
    turn: Arc<Semaphore>,
    cache: Cache,
    link: Arc<Link>,
    content: Content,
    outbound: Outbound,
) -> Event {
    let digest = content.digest;
    let _turn = turn.acquire().await.expect("the semaphore is never closed");
    let begun = Instant::now();
    let told_ms = AtomicU64::new(0);
    let on_progress = move |done_bytes, total_bytes| {
        let elapsed_ms = millis(begun);
        if elapsed_ms >= told_ms.load(Ordering::Relaxed) {
            told_ms.store(elapsed_ms + PROGRESS_EVERY_MS, Ordering::Relaxed);
            outbound.offer(Event::ContentProgress { content: digest, done_bytes, total_bytes });
        }
    };
    match cache.fetch(&link.site(), digest, &on_progress).await {
        Ok(fetched) => {
            let duration_ms = millis(begun);
            tracing::info!(content = %digest.short(), duration_ms, reused_bytes = fetched.reused_bytes, "content is here");
            let (sources, reused_bytes) = (fetched.sources, fetched.reused_bytes);
            Event::ContentReady { content: digest, sources, reused_bytes, duration_ms }
        }
        Err(failure) => {
            tracing::warn!(content = %digest.short(), error = %failure.error, "content could not be fetched");
            Event::ContentFailed { content: digest, failure }
        }
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
