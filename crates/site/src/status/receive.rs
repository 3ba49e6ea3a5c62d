//! Takes a batch of a device's messages, and answers each: what is wrong with one of them doesn't hold up the others.

use dray_model::api::client::{RefusedMessage, StatusAnswer, StatusBatch};
use dray_model::status::StatusMessage;
use dray_model::{DeviceId, Timestamp};
use dray_store::StoreError;
use dray_store::status::{self, Received};
use serde_json::value::RawValue;

use super::check::{check, read};
use super::{MessageError, StatusError};
use crate::actor::{Actor, Permission};
use crate::site::Site;
use crate::together::{self, Batch, Together};

/// Most messages of one request.
pub const BATCH_MAX: usize = 500;

/// Keeps the messages of the calling device that weren't kept before, and says which ones it refuses.
///
/// # Errors
/// [`StatusError::TooMany`], [`StatusError::NotEnrolled`]; nothing of the batch is kept then.
pub async fn receive(
    site: &Site,
    actor: &Actor,
    device: DeviceId,
    batch: &StatusBatch,
) -> Result<StatusAnswer, StatusError> {
    actor.authorise(Permission::ActAsDevice)?;
    if batch.messages.len() > BATCH_MAX {
        return Err(StatusError::TooMany(batch.messages.len()));
    }
    let (messages, refused) = sort(&batch.messages);
    for one in &refused {
        tracing::warn!(%device, number = one.number, code = one.code, why = one.why, "refused a status message");
    }
    let now = site.now();
    site.presence().seen(device, now);
    let accepted = messages.len() as u64;
    let new = keep(site, device, messages, now).await?;
    for (kind, count) in [("new", new), ("known", accepted.saturating_sub(new)), ("refused", refused.len() as u64)] {
        metrics::counter!("dray_status_messages_total", "kind" => kind).increment(count);
    }
    Ok(StatusAnswer { accepted, new, refused })
}

async fn keep(
    site: &Site,
    device: DeviceId,
    messages: Vec<StatusMessage>,
    received_at: Timestamp,
) -> Result<u64, StatusError> {
    if messages.is_empty() {
        return Ok(0);
    }
    let report = StatusReport(Received { device, messages, received_at });
    together::write(site, report).await?.ok_or(StatusError::NotEnrolled(device))
}

/// Messages of one device, to be written with those of others.
#[derive(Debug)]
pub(crate) struct StatusReport(Received);

impl Batch for StatusReport {
    const MAX: usize = 100;
    type Answer = Option<u64>;

    fn queue(site: &Site) -> &Together<Self> {
        site.reports()
    }

    async fn write(site: &Site, batch: &[Self]) -> Result<Vec<Option<u64>>, StoreError> {
        let received: Vec<_> = batch.iter().map(|report| &report.0).collect();
        let mut tx = site.db().write_beside_others().await?;
        let new = status::receive(&mut tx, &received).await?;
        tx.commit().await?;
        Ok(new)
    }
}

/// Those that can be kept, and what is wrong with the others.
fn sort(raw: &[Box<RawValue>]) -> (Vec<StatusMessage>, Vec<RefusedMessage>) {
    let (mut messages, mut refused) = (Vec::with_capacity(raw.len()), Vec::new());
    for (place, raw) in raw.iter().enumerate() {
        let mut number = None;
        let checked = read(raw).and_then(|message| {
            number = Some(message.number);
            check(&message).map(|()| message)
        });
        match checked {
            Ok(message) => messages.push(message),
            Err(error) => refused.push(refusal(place, number.or_else(|| number_of(raw)), &error)),
        }
    }
    (messages, refused)
}

fn refusal(place: usize, number: Option<u64>, error: &MessageError) -> RefusedMessage {
    RefusedMessage { place, number, code: error.code().to_owned(), why: error.to_string() }
}

/// The number of a message of which nothing else may be readable.
fn number_of(raw: &RawValue) -> Option<u64> {
    #[derive(serde::Deserialize)]
    struct Numbered {
        number: u64,
    }
    serde_json::from_str::<Numbered>(raw.get()).ok().map(|numbered| numbered.number)
}
