//! Takes a batch of a device's messages: all of it, or nothing.

use dray_model::DeviceId;
use dray_model::api::client::StatusAccepted;
use dray_model::status::{OUTPUT_TAIL_MAX, StatusEvent, StatusMessage};
use dray_store::{device, status};

use super::StatusError;
use crate::actor::{Actor, Permission};
use crate::site::Site;

/// Most messages of one request.
pub const BATCH_MAX: usize = 500;
/// Most sources of one delivery: more than a site's points.
pub(super) const SOURCES_MAX: usize = 1000;
/// Longest text of a reason, in bytes.
pub(super) const REASON_MAX: usize = 16 * 1024;

/// Keeps the messages of the calling device that weren't kept before.
///
/// # Errors
/// What is wrong with the batch; nothing of it is kept then. [`StatusError::NotEnrolled`].
pub async fn receive(
    site: &Site,
    actor: &Actor,
    device: DeviceId,
    messages: &[StatusMessage],
) -> Result<StatusAccepted, StatusError> {
    actor.authorise(Permission::ActAsDevice)?;
    if messages.len() > BATCH_MAX {
        return Err(StatusError::TooMany(messages.len()));
    }
    messages.iter().try_for_each(check)?;
    let now = site.now();
    site.presence().seen(device, now);
    if messages.is_empty() {
        return Ok(StatusAccepted { new: 0 });
    }
    let mut tx = site.db().write_beside_others().await?;
    if !device::is_enrolled(&mut tx, device).await? {
        return Err(StatusError::NotEnrolled(device));
    }
    let new = status::receive(&mut tx, device, messages, now).await?;
    tx.commit().await?;
    let known = (messages.len() as u64).saturating_sub(new);
    metrics::counter!("dray_status_messages_total", "kind" => "new").increment(new);
    metrics::counter!("dray_status_messages_total", "kind" => "known").increment(known);
    Ok(StatusAccepted { new })
}

/// Whether the message keeps to the limits that its types don't hold.
fn check(message: &StatusMessage) -> Result<(), StatusError> {
    let number = message.number;
    if number == 0 || i64::try_from(number).is_err() {
        return Err(StatusError::Number(number));
    }
    match &message.event {
        StatusEvent::Executed { output_tail, .. } if output_tail.len() > OUTPUT_TAIL_MAX => {
            Err(StatusError::Output { number, bytes: output_tail.len() })
        }
        StatusEvent::Delivered { sources, .. } if sources.len() > SOURCES_MAX => {
            Err(StatusError::Sources { number, sources: sources.len() })
        }
        StatusEvent::State { standing, .. } => {
            let bytes = standing.reason.as_ref().map_or(0, |reason| reason.to_string().len());
            if bytes > REASON_MAX { Err(StatusError::Reason { number, bytes }) } else { Ok(()) }
        }
        _ => Ok(()),
    }
}
