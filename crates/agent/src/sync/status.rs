//! Sends the outbox to the site. A message leaves the outbox only when the site has said that it keeps it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dray_client::client_api::STATUS_BATCH_MAX;
use tokio::sync::Notify;

use super::{Backoff, Link};
use crate::engine::Memory;

/// Messages that come together are sent together.
const GATHER: Duration = Duration::from_millis(200);
/// Bytes of messages in one batch: half of what the site reads, so that the last message can't carry it over.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// Sends for ever; `wanted` is notified when the outbox has grown.
pub(crate) async fn send_status(link: Arc<Link>, memory: Arc<Memory>, wanted: Arc<Notify>) {
    let mut backoff = Backoff::default();
    loop {
        match send_batch(&link, &memory, &mut backoff).await {
            Sent::All => {
                wanted.notified().await;
                tokio::time::sleep(GATHER).await;
            }
            Sent::Some => {}
        }
    }
}

/// How far a try came.
enum Sent {
    /// The outbox is empty.
    All,
    /// There may be more, or it failed and a pause is over.
    Some,
}

async fn send_batch(link: &Link, memory: &Memory, backoff: &mut Backoff) -> Sent {
    let messages = match memory.with(|store| store.outbox(STATUS_BATCH_MAX, BATCH_BYTES_MAX)) {
        Ok(messages) if messages.is_empty() => return Sent::All,
        Ok(messages) => messages,
        Err(error) => {
            tracing::error!(error = %dray_client::error::in_full(&error), "messages can't be read");
            backoff.wait(None).await;
            return Sent::Some;
        }
    };
    let numbers: BTreeSet<u64> = messages.iter().map(|message| message.number).collect();
    match link.site().send_status(messages).await {
        Ok(_) => {
            link.heard();
            backoff.reset();
            if let Err(error) = memory.with(|store| store.delivered(&numbers)) {
                tracing::warn!(error = %dray_client::error::in_full(&error), "delivered messages stay and are sent again");
                backoff.wait(None).await;
            }
        }
        Err(error) => {
            link.failed(&error);
            backoff.wait(Some(&error)).await;
        }
    }
    Sent::Some
}
