//! Sends the outbox to the site. A message leaves the outbox when the site has answered it: it keeps it, or refuses it for good.
//!
//! No message holds up those behind it. One that is refused is logged, counted and dropped. When a whole request is refused for
//! good, as by something between us and the site, it is sent in halves until that comes down to one message.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use dray_client::client_api::STATUS_BATCH_MAX;
use dray_client::{ClientError, ErrorClass};
use dray_model::api::client::StatusAnswer;
use tokio::sync::Notify;

use super::{Backoff, Link};
use crate::clock;
use crate::engine::Memory;
use crate::state::{Refused, StoreError, Waiting};

/// Messages that come together are sent together.
const GATHER: Duration = Duration::from_millis(200);
/// Bytes of messages in one batch: half of what the site reads, so that the last message can't carry it over.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// Sends forever; `wanted` is notified when the outbox has grown.
pub(crate) async fn send_status(link: Arc<Link>, memory: Arc<Memory>, wanted: Arc<Notify>) {
    let mut sender = Sender { link, memory, backoff: Backoff::default(), at_once: STATUS_BATCH_MAX };
    loop {
        match sender.send_batch().await {
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

struct Sender {
    link: Arc<Link>,
    memory: Arc<Memory>,
    backoff: Backoff,
    /// Messages in one request; fewer after a request that was refused as a whole.
    at_once: usize,
}

impl Sender {
    async fn send_batch(&mut self) -> Sent {
        let messages = match self.memory.with(|store| store.outbox(self.at_once, BATCH_BYTES_MAX)) {
            Ok(messages) if messages.is_empty() => return Sent::All,
            Ok(messages) => messages,
            Err(error) => {
                tracing::error!(error = %dray_model::cause::in_full(&error), "cannot read status messages");
                self.backoff.wait(None).await;
                return Sent::Some;
            }
        };
        let bodies = messages.iter().map(|message| message.body.clone()).collect();
        match self.link.site().send_status(bodies).await {
            Ok(answer) => {
                self.link.heard();
                self.backoff.reset();
                self.at_once = (self.at_once * 2).min(STATUS_BATCH_MAX);
                let refused = refused(&messages, &answer);
                self.drop_answered(&messages, &refused).await;
            }
            Err(error) if is_refused_whole(&error) => self.refused_whole(&messages, &error).await,
            Err(error) => {
                self.link.failed(&error);
                self.backoff.wait(Some(&error)).await;
            }
        }
        Sent::Some
    }

    /// Takes what is answered out of the outbox.
    async fn drop_answered(&mut self, messages: &[Waiting], refused: &[Refused]) {
        for one in refused {
            let (number, code, why) = (one.number, &one.code, &one.why);
            tracing::error!(number, code, why, "the site refused a status message; dropping it");
        }
        let numbers: BTreeSet<u64> = messages.iter().map(|message| message.number).collect();
        let dropped: Result<(), StoreError> = self.memory.with(|store| store.answered(&numbers, refused));
        if let Err(error) = dropped {
            tracing::warn!(error = %dray_model::cause::in_full(&error), "cannot delete delivered messages; they will be sent again");
            self.backoff.wait(None).await;
        }
    }

    /// Sends fewer messages next, or drops the only one.
    async fn refused_whole(&mut self, messages: &[Waiting], error: &ClientError) {
        self.link.heard();
        if let [message] = messages {
            let code = error.refusal().map_or_else(|| "refused".to_owned(), |refusal| refusal.code.clone());
            let refused = Refused { number: message.number, at: clock::now(), code, why: error.in_full() };
            self.drop_answered(messages, &[refused]).await;
            return;
        }
        tracing::warn!(error = %error.in_full(), messages = messages.len(), "the site refused a batch of messages; sending it in halves");
        self.at_once = messages.len().div_ceil(2);
    }
}

/// Whether the same request would be refused again, because of what is in it.
fn is_refused_whole(error: &ClientError) -> bool {
    let is_about_content = |status| matches!(status, 400 | 413 | 422);
    error.class() == ErrorClass::Permanent && error.refusal().is_some_and(|refusal| is_about_content(refusal.status))
}

/// The messages that the site refuses.
fn refused(messages: &[Waiting], answer: &StatusAnswer) -> Vec<Refused> {
    let of_batch = answer.refused.iter().filter_map(|refused| Some((messages.get(refused.place)?.number, refused)));
    let at = clock::now();
    of_batch
        .map(|(number, refused)| Refused { number, at, code: refused.code.clone(), why: refused.why.clone() })
        .collect()
}
