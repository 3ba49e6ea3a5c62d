//! Which policy each device last asked for. Policies themselves are computed and never kept.

use std::collections::HashMap;

use dray_model::{DeviceId, Digest, Timestamp};

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::{page, sql};

/// The policy that a device has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedPolicy {
    /// Names what it says.
    pub tag: Digest,
    /// Its number.
    pub number: u64,
    /// When the device got it.
    pub fetched_at: Timestamp,
}

/// Notes which policies devices have; the last of two notes on one device counts, and the first of two notes on one policy.
/// Devices that are gone are left out.
pub async fn note_fetched(tx: &mut WriteTx, fetched: &[(DeviceId, FetchedPolicy)]) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO device_policy (device, etag, number, fetched_at) \
                       SELECT CAST(e.value ->> 'device' AS BIGINT), e.value ->> 'etag', \
                       CAST(e.value ->> 'number' AS BIGINT), CAST(e.value ->> 'fetched_at' AS BIGINT) \
                       FROM EACH($1) AS e JOIN device AS d ON d.id = CAST(e.value ->> 'device' AS BIGINT) WHERE 1 = 1 \
                       ON CONFLICT (device) DO UPDATE SET \
                       etag = excluded.etag, number = excluded.number, fetched_at = excluded.fetched_at \
                       WHERE device_policy.etag <> excluded.etag";
    let rows: Vec<_> = fetched
        .iter()
        .map(|(device, policy)| Row {
            device: device.number(),
            etag: policy.tag,
            number: page::stored(policy.number),
            fetched_at: policy.fetched_at.micros(),
        })
        .collect();
    sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(sql::rows(&rows))
        .execute(tx.connection())
        .await
        .attempt("record which policies devices have")?;
    Ok(())
}

/// The policy that the device last asked for.
pub async fn fetched(snapshot: &mut Snapshot, device: DeviceId) -> Result<Option<FetchedPolicy>, StoreError> {
    let row = sqlx::query("SELECT device, etag, number, fetched_at FROM device_policy WHERE device = $1")
        .bind(device.number())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find the policy of a device")?;
    row.map(|row| {
        let record = Record::new("device_policy", "device", &row);
        Ok(FetchedPolicy {
            tag: record.parsed("etag")?,
            number: record.size("number")?,
            fetched_at: record.time("fetched_at")?,
        })
    })
    .transpose()
}

/// Of each enrolled device among these: the collections that it is a member of and that something is advertised to, sorted. One statement.
pub async fn advertised_collections(
    snapshot: &mut Snapshot,
    devices: &[DeviceId],
) -> Result<HashMap<DeviceId, Vec<i64>>, StoreError> {
    const SQL: &str = "SELECT d.id, m.collection_id FROM EACH($1) AS e \
                       JOIN device AS d ON d.id = CAST(e.value ->> 'device' AS BIGINT) \
                       LEFT JOIN collection_member AS m ON m.device_id = d.id AND m.collection_id IN \
                       (SELECT c.id FROM advertisement AS a JOIN collection AS c ON c.name = a.collection) \
                       WHERE d.revoked_at IS NULL ORDER BY m.collection_id";
    let wanted: Vec<_> = devices.iter().map(|device| Device { device: device.number() }).collect();
    let rows = sqlx::query(sql::expand(snapshot.engine(), SQL))
        .bind(sql::rows(&wanted))
        .fetch_all(snapshot.connection())
        .await
        .attempt("find what devices are offered")?;
    let mut found: HashMap<DeviceId, Vec<i64>> = HashMap::with_capacity(devices.len());
    for row in &rows {
        let record = Record::new("device", "id", row);
        let collections = found.entry(record.converted("id")?).or_default();
        collections.extend(record.optional("collection_id", Record::number)?);
    }
    Ok(found)
}

#[derive(serde::Serialize)]
struct Device {
    device: i64,
}

#[derive(serde::Serialize)]
struct Row {
    device: i64,
    etag: Digest,
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
                tag: Digest::of(&[number as u8]),
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
            let gone = DeviceId::from_random(9);
            note_fetched(&mut tx, &[(device, policy(2)), (gone, policy(1))]).await.unwrap();
            assert_eq!(fetched(&mut tx, device).await.unwrap(), Some(policy(2)));
            assert_eq!(fetched(&mut tx, gone).await.unwrap(), None);
            let again = FetchedPolicy { fetched_at: Timestamp::from_secs(9), ..policy(2) };
            note_fetched(&mut tx, &[(device, again)]).await.unwrap();
            assert_eq!(fetched(&mut tx, device).await.unwrap(), Some(policy(2)));
        });
    }

    #[test]
    fn an_enrolled_device_is_offered_what_is_advertised_to_its_collections() {
        each_engine(async |db| {
            let [first, second, absent] = [7, 8, 9].map(DeviceId::from_random);
            let mut tx = db.write().await.unwrap();
            for (device, name) in [(first, "a"), (second, "b")] {
                device::insert(&mut tx, device, &name.parse().unwrap(), Timestamp::from_secs(1)).await.unwrap();
            }
            let document = Digest::of(b"document");
            let new = crate::document::NewDocument {
                digest: document,
                role: "advertisement",
                envelope: b"{}",
                created_at: Timestamp::from_secs(1),
            };
            crate::document::insert(&mut tx, &new).await.unwrap();
            for sql in [
                "INSERT INTO collection (id, name, revision, properties, created_at, changed_at) VALUES \
                 (1, 'quiet', 1, '{}', 0, 0), (2, 'some', 1, '{}', 0, 0), (3, 'more', 1, '{}', 0, 0)",
                "INSERT INTO collection_member (collection_id, device_id) VALUES (1, 7), (2, 7), (3, 7), (1, 8)",
                "INSERT INTO package (name, revision, properties, programs, created_at, changed_at) \
                 VALUES ('zip', 1, '{}', '[]', 0, 0)",
                "INSERT INTO advertisement (name, revision, document, package, collection, terms, published_at) \
                 SELECT c.name, 1, d.digest, 'zip', c.name, '{}', 0 FROM collection AS c, document AS d WHERE c.id > 1",
            ] {
                sqlx::query(sql).execute(tx.connection()).await.unwrap();
            }
            let found = advertised_collections(&mut tx, &[first, second, absent]).await.unwrap();
            assert_eq!(found, [(first, vec![2, 3]), (second, Vec::new())].into());
            device::revoke(&mut tx, first, Timestamp::from_secs(2)).await.unwrap();
            assert_eq!(advertised_collections(&mut tx, &[first]).await.unwrap(), HashMap::new());
        });
    }
}
