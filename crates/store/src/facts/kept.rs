//! What is kept of devices that report facts, as far as it decides what is to be written.

use std::collections::BTreeMap;

use dray_model::{DeviceId, Name};

use super::FactDigests;
use crate::db::Snapshot;
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::sql;

/// A device, and the digests of its facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its name.
    pub name: Name,
    /// Whether it may report anything.
    pub is_enrolled: bool,
    /// What its agent understands, as far as it said so.
    pub features: Vec<Name>,
    /// Of the facts that it reported last; none when it never did.
    pub digests: Option<FactDigests>,
}

/// What is kept of these devices; one that doesn't exist is left out.
pub async fn kept(snapshot: &mut Snapshot, devices: &[DeviceId]) -> Result<BTreeMap<DeviceId, Kept>, StoreError> {
    const SQL: &str = "SELECT d.id, d.name, d.revoked_at, d.features, f.digests FROM device AS d \
                       LEFT JOIN device_facts AS f ON f.device_id = d.id \
                       WHERE d.id IN (SELECT CAST(e.value ->> 0 AS BIGINT) FROM EACH($1) AS e)";
    let ids: Vec<[i64; 1]> = devices.iter().map(|device| [device.number()]).collect();
    let rows = sqlx::query(sql::expand(snapshot.engine(), SQL))
        .bind(sql::rows(&ids))
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the digests of devices' facts")?;
    let read = |row| {
        let record = Record::new("device_facts", "name", row);
        let digests = record.optional("digests", Record::bytes)?.map(|bytes| {
            FactDigests::from_bytes(&bytes).ok_or_else(|| record.corrupt("digests", "it is not a row of digests"))
        });
        let is_enrolled = record.optional("revoked_at", Record::time)?.is_none();
        let features = record.optional("features", Record::json)?.unwrap_or_default();
        let kept = Kept { name: record.parsed("name")?, is_enrolled, features, digests: digests.transpose()? };
        Ok((record.converted("id")?, kept))
    };
    rows.iter().map(read).collect()
}
