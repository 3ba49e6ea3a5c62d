//! Content for the state machine: fetched in turn, with news of its progress.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use dray_agent_core::{ContentFailure, ContentFailureKind, Event};
use dray_content::requirement::unsupported;
use dray_model::Digest;
use dray_model::package::Content;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::{News, Outbound};
use crate::cache::Cache;
use crate::sync::Link;

/// Shortest time between two reports of progress.
const PROGRESS_EVERY: Duration = Duration::from_secs(1);

/// Waits for its turn and fetches; says what came of it.
pub(super) async fn fetch(
    turn: Arc<Semaphore>,
    cache: Cache,
    link: Arc<Link>,
    content: Content,
    outbound: Outbound,
) -> Event {
    let digest = content.digest;
    if let Err(failure) = refuse_unsupported(&content) {
        tracing::warn!(content = %digest.short(), error = %failure.error, "not downloading content");
        return Event::ContentFailed { content: digest, failure };
    }
    let _turn = turn.acquire().await.expect("the semaphore is never closed");
    let begun = Instant::now();
    let (progress, seen) = watch::channel((0, 0));
    let site = link.site();
    let on_progress = move |done_bytes, total_bytes| {
        progress.send_replace((done_bytes, total_bytes));
    };
    let fetched = tokio::select! {
        fetched = cache.fetch(&site, digest, &on_progress) => fetched,
        never = follow(digest, seen, &outbound) => match never {},
    };
    match fetched {
        Ok(fetched) => {
            let duration_ms = millis(begun);
            tracing::info!(content = %digest.short(), duration_ms, reused_bytes = fetched.reused_bytes, "downloaded content");
            let (sources, reused_bytes) = (fetched.sources, fetched.reused_bytes);
            Event::ContentReady { content: digest, sources, reused_bytes, duration_ms }
        }
        Err(failure) => {
            tracing::warn!(content = %digest.short(), error = %failure.error, "cannot download content");
            Event::ContentFailed { content: digest, failure }
        }
    }
}

/// What can't be held here isn't fetched: the signed release says what it takes.
fn refuse_unsupported(content: &Content) -> Result<(), ContentFailure> {
    let requires = unsupported(content.requires.iter().map(String::as_str));
    if requires.is_empty() {
        return Ok(());
    }
    let error = format!("it requires {}, which this computer does not support", requires.join(", "));
    Err(ContentFailure { kind: ContentFailureKind::Unsupported { requires }, error })
}

/// Reports how far a fetch is: at once, then the newest of each second, so that a fetch that comes to a stop is known to its last byte.
async fn follow(content: Digest, mut seen: watch::Receiver<(u64, u64)>, outbound: &Outbound) -> Infallible {
    while seen.changed().await.is_ok() {
        let (done_bytes, total_bytes) = *seen.borrow_and_update();
        outbound.send(News::of(Event::ContentProgress { content, done_bytes, total_bytes })).await;
        tokio::time::sleep(PROGRESS_EVERY).await;
    }
    std::future::pending().await
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
