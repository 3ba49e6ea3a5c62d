//! Checks kept counters against what they count, one object at a time, so that nobody waits long for it.

use dray_model::Name;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;

/// Numbers of all collections.
pub async fn collections(snapshot: &mut Snapshot) -> Result<Vec<i64>, StoreError> {
    let rows = sqlx::query("SELECT id FROM collection ORDER BY id")
        .fetch_all(snapshot.connection())
        .await
        .attempt("list the collections to recount")?;
    page::read_all(&rows, |row| Record::new("collection", "id", row).number("id"))
}

/// Names of all advertisements that devices reported on, withdrawn ones included.
pub async fn advertisements(snapshot: &mut Snapshot) -> Result<Vec<Name>, StoreError> {
    let rows = sqlx::query("SELECT DISTINCT advertisement FROM advertisement_count ORDER BY advertisement")
        .fetch_all(snapshot.connection())
        .await
        .attempt("list the advertisements to recount")?;
    page::read_all(&rows, |row| Record::new("advertisement_count", "advertisement", row).parsed("advertisement"))
}

/// Counts the members of a collection. True when the kept number was wrong and is right now. O(members).
pub async fn members(tx: &mut WriteTx, collection: i64) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE collection SET members = c.found FROM \
                       (SELECT COUNT(*) AS found FROM collection_member WHERE collection_id = $1) AS c \
                       WHERE id = $1 AND members <> c.found";
    let done = sqlx::query(SQL)
        .bind(collection)
        .execute(tx.connection())
        .await
        .attempt("recount the members of a collection")?;
    Ok(done.rows_affected() > 0)
}

/// Counts the devices of an advertisement by state. True when a kept number was wrong and is right now. O(devices).
pub async fn states(tx: &mut WriteTx, advertisement: &Name) -> Result<bool, StoreError> {
    const COUNT: &str = "INSERT INTO advertisement_count (advertisement, state, devices) \
                         SELECT advertisement, state, COUNT(*) FROM advertisement_state WHERE advertisement = $1 \
                         GROUP BY advertisement, state ON CONFLICT (advertisement, state) DO UPDATE \
                         SET devices = excluded.devices WHERE advertisement_count.devices <> excluded.devices";
    const NONE: &str = "UPDATE advertisement_count SET devices = 0 WHERE advertisement = $1 AND devices <> 0 \
                        AND state NOT IN (SELECT state FROM advertisement_state WHERE advertisement = $1)";
    tx.wait_for_other_status_writers().await?;
    let mut repaired = 0;
    for text in [COUNT, NONE] {
        let done = sqlx::query(text).bind(advertisement.as_str()).execute(tx.connection()).await;
        repaired += done.attempt("recount the devices of an advertisement")?.rows_affected();
    }
    Ok(repaired > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_engine;

    #[test]
    fn a_counter_that_is_wrong_is_repaired_once() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            for sql in [
                "INSERT INTO device (id, name, enrolled_at) VALUES (7, 'a', 0), (8, 'b', 0)",
                "INSERT INTO collection (id, name, revision, properties, created_at, changed_at) \
                 VALUES (1, 'some', 1, '{}', 0, 0)",
                "INSERT INTO collection_member (collection_id, device_id) VALUES (1, 7), (1, 8)",
                "INSERT INTO advertisement_state (advertisement, device, number, package, program, source_version, \
                 release_revision, state, standing, received_at) VALUES ('now', 7, 1, 'p', 'i', 1, 1, 'running', '{}', 0)",
                "INSERT INTO advertisement_count (advertisement, state, devices) VALUES ('now', 'failed', 3)",
            ] {
                sqlx::query(sql).execute(tx.connection()).await.unwrap();
            }
            let now: Name = "now".parse().unwrap();
            assert_eq!(collections(&mut tx).await.unwrap(), [1]);
            assert_eq!(advertisements(&mut tx).await.unwrap(), std::slice::from_ref(&now));
            for wrong in [true, false] {
                assert_eq!(members(&mut tx, 1).await.unwrap(), wrong);
                assert_eq!(states(&mut tx, &now).await.unwrap(), wrong);
            }
            let counted = crate::status::summary(&mut tx, &now).await.unwrap();
            assert_eq!(counted.states.iter().map(|count| count.devices).collect::<Vec<_>>(), [1]);
        });
    }
}
