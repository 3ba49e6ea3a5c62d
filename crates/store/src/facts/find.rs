//! A device's facts as they are kept.

use dray_model::DeviceId;
use dray_model::facts::Facts;
use dray_model::inventory::Class;

use super::row;
use super::statements::READ;
use crate::db::Snapshot;
use crate::error::{Attempt as _, StoreError};

/// The device's facts; `None` when it never reported any.
pub async fn find(snapshot: &mut Snapshot, device: DeviceId) -> Result<Option<Facts>, StoreError> {
    let mut facts = Facts::default();
    for (class, text) in Class::all().zip(READ.iter()) {
        let rows = sqlx::query(text.as_str())
            .bind(device.number())
            .fetch_all(snapshot.connection())
            .await
            .attempt("read the facts of a device")?;
        if class == Class::DEVICE && rows.is_empty() {
            return Ok(None);
        }
        facts.set(row::read(class, &rows)?);
    }
    Ok(Some(facts))
}
