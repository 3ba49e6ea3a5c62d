//! Which policy each device last asked for. Policies themselves are computed and never kept.

use dray_model::{DeviceId, Digest, Name, Timestamp};

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
            tag: record.parsed("etag")?,
            number: record.size("number")?,
            fetched_at: record.time("fetched_at")?,
        })
    })
    .transpose()
}

/// The collections that the device is a member of, by name; `None` when it isn't enrolled.
pub async fn collections(snapshot: &mut Snapshot, device: DeviceId) -> Result<Option<Vec<Name>>, StoreError> {
    const SQL: &str = "SELECT c.name FROM device AS d LEFT JOIN collection_member AS m ON m.device_id = d.id \
                       LEFT JOIN collection AS c ON c.id = m.collection_id \
                       WHERE d.id = $1 AND d.revoked_at IS NULL ORDER BY c.name";
    let rows = sqlx::query(SQL)
        .bind(device.number())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the collections of a device")?;
    let names = page::read_all(&rows, |row| Record::new("collection", "name", row).optional("name", Record::parsed))?;
    Ok(if names.is_empty() { None } else { Some(names.into_iter().flatten().collect()) })
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
    fn collections_are_those_of_an_enrolled_device() {
        each_engine(async |db| {
            let device = DeviceId::from_random(7);
            let mut tx = db.write().await.unwrap();
            assert_eq!(collections(&mut tx, device).await.unwrap(), None);
            device::insert(&mut tx, device, &"a".parse().unwrap(), Timestamp::from_secs(1)).await.unwrap();
            assert_eq!(collections(&mut tx, device).await.unwrap(), Some(Vec::new()));
            for sql in [
                "INSERT INTO collection (id, name, revision, properties, created_at, changed_at) VALUES (1, 'b', 1, '{}', 0, 0)",
                "INSERT INTO collection (id, name, revision, properties, created_at, changed_at) VALUES (2, 'a', 1, '{}', 0, 0)",
                "INSERT INTO collection_member (collection_id, device_id) VALUES (1, 7), (2, 7)",
            ] {
                sqlx::query(sql).execute(tx.connection()).await.unwrap();
            }
            let names = ["a".parse().unwrap(), "b".parse().unwrap()];
            assert_eq!(collections(&mut tx, device).await.unwrap(), Some(names.to_vec()));
            device::revoke(&mut tx, device, Timestamp::from_secs(2)).await.unwrap();
            assert_eq!(collections(&mut tx, device).await.unwrap(), None);
        });
    }
}
