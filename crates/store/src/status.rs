//! Status messages, and the newest state and run of each device for each advertisement.
//!
//! A message is known by device and number, so one that comes twice is kept once; states and runs follow the highest number,
//! so the order of arrival doesn't matter.

mod receive;
mod summary;

use dray_model::api::page::{Page, PageRequest};
use dray_model::api::status::StatusView;
use dray_model::{DeviceId, Name, Timestamp};
use sqlx::any::AnyRow;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;
use crate::scope::{Within, device_within};

pub use receive::{Received, receive};
pub use summary::{devices, of_device, summaries, summary};

/// Which messages are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this device.
    pub device: Option<DeviceId>,
    /// Only about this advertisement.
    pub advertisement: Option<Name>,
}

/// Messages, the newest first.
pub async fn list(
    snapshot: &mut Snapshot,
    within: Within<'_>,
    filter: &Filter,
    request: &PageRequest,
) -> Result<Page<StatusView>, StoreError> {
    const SQL: &str = concat!(
        "SELECT m.id, m.device, d.name AS device_name, m.body, m.received_at FROM status_message AS m ",
        "JOIN device AS d ON d.id = m.device WHERE m.id < $1 AND (CAST($2 AS BIGINT) IS NULL OR m.device = $2) ",
        "AND (CAST($3 AS TEXT) IS NULL OR m.advertisement = $3) AND ",
        device_within!("$5", "m.device"),
        " ORDER BY m.id DESC LIMIT $4"
    );
    let rows = sqlx::query(SQL)
        .bind(page::number_after(request, i64::MAX))
        .bind(filter.device.map(DeviceId::number))
        .bind(filter.advertisement.as_ref().map(Name::as_str))
        .bind(page::fetch_limit(request))
        .bind(within.name())
        .fetch_all(snapshot.connection())
        .await
        .attempt("list status messages")?;
    let page = page::cut(request, page::read_all(&rows, read)?, |(id, _)| id.to_string());
    Ok(Page { items: page.items.into_iter().map(|(_, view)| view).collect(), next: page.next })
}

/// Removes the oldest messages that came before `limit`, at most `most` of them; tells how many. States and runs stay.
pub async fn remove_before(tx: &mut WriteTx, limit: Timestamp, most: u32) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM status_message WHERE id IN \
                       (SELECT id FROM status_message WHERE received_at < $1 ORDER BY received_at LIMIT $2)";
    let done = sqlx::query(SQL)
        .bind(limit.micros())
        .bind(i64::from(most))
        .execute(tx.connection())
        .await
        .attempt("remove old status messages")?;
    Ok(done.rows_affected())
}

/// Forgets where devices are with an advertisement. Messages stay.
pub async fn forget_states(tx: &mut WriteTx, advertisement: &Name) -> Result<(), StoreError> {
    tx.wait_for_other_status_writers().await?;
    for statement in [
        "DELETE FROM advertisement_state WHERE advertisement = $1",
        "DELETE FROM advertisement_run WHERE advertisement = $1",
    ] {
        sqlx::query(statement)
            .bind(advertisement.as_str())
            .execute(tx.connection())
            .await
            .attempt("delete the states of an advertised program")?;
    }
    Ok(())
}

fn read(row: &AnyRow) -> Result<(i64, StatusView), StoreError> {
    let record = Record::new("status_message", "id", row);
    let view = StatusView {
        device: record.converted("device")?,
        device_name: record.parsed("device_name")?,
        received_at: record.time("received_at")?,
        message: record.json("body")?,
    };
    Ok((record.number("id")?, view))
}

#[cfg(test)]
mod tests;
