//! Which policy each device last asked for. Policies themselves are computed and never kept.

use dray_model::{DeviceId, Timestamp};

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::{page, sql};

/// The policy that a device has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedPolicy {
    /// Its ETag.
    pub etag: String,
    /// Its number.
    pub number: u64,
    /// When the device got it.
    pub fetched_at: Timestamp,
}

/// Notes what devices have fetched; the last of two notes on one device counts.
pub async fn note_fetched(tx: &mut WriteTx, fetched: &[(DeviceId, FetchedPolicy)]) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO device_policy (device, etag, number, fetched_at) \
                       SELECT CAST(e.value ->> 'device' AS BIGINT), e.value ->> 'etag', \
                       CAST(e.value ->> 'number' AS BIGINT), CAST(e.value ->> 'fetched_at' AS BIGINT) \
                       FROM EACH($1) AS e WHERE 1 = 1 ON CONFLICT (device) DO UPDATE SET \
                       etag = excluded.etag, number = excluded.number, fetched_at = excluded.fetched_at";
    let rows: Vec<_> = fetched
        .iter()
        .map(|(device, policy)| Row {
            device: device.number(),
            etag: &policy.etag,
            number: page::stored(policy.number),
            fetched_at: policy.fetched_at.micros(),
        })
        .collect();
    sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(sql::rows(&rows))
        .execute(tx.connection())
        .await
        .attempt("note which policies devices have")?;
    Ok(())
}

/// The policy that the device last asked for.
pub async fn fetched(snapshot: &mut Snapshot, device: DeviceId) -> Result<Option<FetchedPolicy>, StoreError> {
    let row = sqlx::query("SELECT device, etag, number, fetched_at FROM device_policy WHERE device = $1")
        .bind(device.number())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find the policy that a device has")?;
    row.map(|row| {
        let record = Record::new("device_policy", "device", &row);
        Ok(FetchedPolicy {
            etag: record.text("etag")?,
            number: record.size("number")?,
            fetched_at: record.time("fetched_at")?,
        })
    })
    .transpose()
}

#[derive(serde::Serialize)]
struct Row<'a> {
    device: i64,
    etag: &'a str,
    number: i64,
    fetched_at: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device;
    use crate::testing::each_engine;

    #[test]
    fn the_last_policy_fetched_counts() {
        each_engine(async |db| {
            let device = DeviceId::from_random(7);
            let policy = |number| FetchedPolicy {
                etag: format!("e{number}"),
                number,
                fetched_at: Timestamp::from_secs(i64::try_from(number).unwrap()),
            };
            let mut tx = db.write().await.unwrap();
            for (id, name) in [(7, "a"), (8, "b")] {
                let at = Timestamp::from_secs(1);
                device::insert(&mut tx, DeviceId::from_random(id), &name.parse().unwrap(), at).await.unwrap();
            }
            assert_eq!(fetched(&mut tx, device).await.unwrap(), None);
            note_fetched(&mut tx, &[(device, policy(1))]).await.unwrap();
            note_fetched(&mut tx, &[(device, policy(2)), (DeviceId::from_random(8), policy(1))]).await.unwrap();
            assert_eq!(fetched(&mut tx, device).await.unwrap(), Some(policy(2)));
        });
    }
}
