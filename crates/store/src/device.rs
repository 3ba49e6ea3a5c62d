//! Devices: client computers that enrolled, and whether they may still talk to the site.
//!
//! A device that was revoked keeps its row until it is deleted; facts and memberships go with the row.

use std::collections::BTreeSet;

use dray_model::api::device::DeviceView;
use dray_model::api::page::{Page, PageRequest};
use dray_model::device::DeviceState;
use dray_model::{DeviceId, Name, Timestamp};
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::scope::{Within, device_within};
use crate::{page, sql};

/// A device without its facts and collections; complete it with joins and a condition on `d`.
macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "SELECT d.id, d.name, d.enrolled_at, d.seen_at, d.revoked_at, d.features, f.taken_at, ",
            "CASE WHEN EXISTS (SELECT 1 FROM advertisement_state AS w WHERE w.device = d.id ",
            "AND w.reason = 'not_supported') THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END AS needs_upgrade ",
            "FROM device AS d ",
            "LEFT JOIN device_facts AS f ON f.device_id = d.id ",
            $($rest)*
        )
    };
}

/// Which devices to list; all when nothing is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceFilter {
    /// Those whose name begins like this.
    pub prefix: Option<String>,
    /// Members of this collection.
    pub collection: Option<Name>,
    /// Those for which something waits until they have a newer agent.
    pub needs_upgrade: bool,
}

/// Adds a device that has just enrolled.
///
/// # Errors
/// A conflict on `("device", "name")` when the name is taken.
pub async fn insert(tx: &mut WriteTx, id: DeviceId, name: &Name, at: Timestamp) -> Result<(), StoreError> {
    insert_all(tx, &[(id, name)], at).await
}

/// Adds devices that have just enrolled, in one statement.
///
/// # Errors
/// A conflict on `("device", "name")` when one of the names is taken.
pub async fn insert_all(tx: &mut WriteTx, devices: &[(DeviceId, &Name)], at: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO device (id, name, enrolled_at) \
                       SELECT CAST(e.value ->> 0 AS BIGINT), e.value ->> 1, $2 FROM EACH($1) AS e";
    let rows: Vec<_> = devices.iter().map(|(id, name)| (id.number(), name.as_str())).collect();
    sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(sql::rows(&rows))
        .bind(at.micros())
        .execute(tx.connection())
        .await
        .attempt("add devices")?;
    Ok(())
}

/// Which of these names devices have, revoked ones included.
pub async fn taken(snapshot: &mut Snapshot, names: &BTreeSet<Name>) -> Result<BTreeSet<Name>, StoreError> {
    const SQL: &str = "SELECT name FROM device WHERE name IN (SELECT e.value ->> 0 FROM EACH($1) AS e)";
    let wanted: Vec<_> = names.iter().map(|name| [name.as_str()]).collect();
    let rows = sqlx::query(sql::expand(snapshot.engine(), SQL))
        .bind(sql::rows(&wanted))
        .fetch_all(snapshot.connection())
        .await
        .attempt("find out which names of devices are taken")?;
    rows.iter().map(|row| Record::new("device", "name", row).parsed("name")).collect()
}

/// The device with this id, without facts and collections.
pub async fn find(snapshot: &mut Snapshot, id: DeviceId) -> Result<Option<DeviceView>, StoreError> {
    let row = sqlx::query(select!("WHERE d.id = $1"))
        .bind(id.number())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find a device")?;
    row.as_ref().map(read).transpose()
}

/// The device called `name`, without facts and collections.
pub async fn find_by_name(snapshot: &mut Snapshot, name: &Name) -> Result<Option<DeviceView>, StoreError> {
    let row = sqlx::query(select!("WHERE d.name = $1"))
        .bind(name.as_str())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find a device by its name")?;
    row.as_ref().map(read).transpose()
}

/// Whether there is a device of this id that wasn't revoked.
pub async fn is_enrolled(snapshot: &mut Snapshot, id: DeviceId) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT id FROM device WHERE id = $1 AND revoked_at IS NULL")
        .bind(id.number())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("check whether a device is enrolled")?;
    Ok(row.is_some())
}

/// Which of these devices there are, revoked ones included.
pub async fn existing(snapshot: &mut Snapshot, ids: &BTreeSet<DeviceId>) -> Result<BTreeSet<DeviceId>, StoreError> {
    #[derive(Serialize)]
    struct Wanted {
        id: i64,
    }
    const SQL: &str = "SELECT id FROM device WHERE id IN (SELECT CAST(e.value ->> 'id' AS BIGINT) FROM EACH($1) AS e)";
    let wanted: Vec<_> = ids.iter().map(|id| Wanted { id: id.number() }).collect();
    let rows = sqlx::query(sql::expand(snapshot.engine(), SQL))
        .bind(sql::rows(&wanted))
        .fetch_all(snapshot.connection())
        .await
        .attempt("check which devices exist")?;
    rows.iter().map(|row| Record::new("device", "id", row).converted("id")).collect()
}

/// Devices by name.
pub async fn list(
    snapshot: &mut Snapshot,
    within: Within<'_>,
    filter: &DeviceFilter,
    request: &PageRequest,
) -> Result<Page<DeviceView>, StoreError> {
    const ALL: &str = select!(
        "WHERE d.name > $1 AND d.name >= $2 AND d.name < $3 AND ($4 = 0 OR d.id IN \
         (SELECT u.device FROM advertisement_state AS u WHERE u.reason = 'not_supported')) AND ",
        device_within!("$5", "d.id"),
        " ORDER BY d.name LIMIT $6"
    );
    const MEMBERS: &str = select!(
        "JOIN collection_member AS m ON m.device_id = d.id JOIN collection AS c ON c.id = m.collection_id \
         WHERE d.name > $1 AND d.name >= $2 AND d.name < $3 AND ($4 = 0 OR d.id IN \
         (SELECT u.device FROM advertisement_state AS u WHERE u.reason = 'not_supported')) \
         AND ",
        device_within!("$5", "d.id"),
        " AND c.name = $6 ORDER BY d.name LIMIT $7"
    );
    let prefix = filter.prefix.as_deref().unwrap_or("");
    let query = sqlx::query(if filter.collection.is_some() { MEMBERS } else { ALL })
        .bind(request.after.as_deref().unwrap_or(""))
        .bind(prefix)
        // Every character of a name stands before `~`.
        .bind(format!("{prefix}~"))
        .bind(i64::from(filter.needs_upgrade))
        .bind(within.name());
    let query = match &filter.collection {
        Some(collection) => query.bind(collection.as_str()),
        None => query,
    };
    let rows = query.bind(page::fetch_limit(request)).fetch_all(snapshot.connection()).await.attempt("list devices")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |device| device.name.to_string()))
}

/// Shuts the device out from `now` on; one that is revoked stays so. False if no row has this id.
pub async fn revoke(tx: &mut WriteTx, id: DeviceId, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE device SET revoked_at = COALESCE(revoked_at, $1) WHERE id = $2")
        .bind(now.micros())
        .bind(id.number())
        .execute(tx.connection())
        .await
        .attempt("revoke a device")?;
    Ok(done.rows_affected() > 0)
}

/// Removes the device with its facts and memberships, and the rules that name it.
pub async fn delete(tx: &mut WriteTx, id: DeviceId) -> Result<(), StoreError> {
    tx.wait_for_other_status_writers().await?;
    crate::collection::forget_device(tx, id).await?;
    sqlx::query("DELETE FROM device WHERE id = $1")
        .bind(id.number())
        .execute(tx.connection())
        .await
        .attempt("delete a device")?;
    Ok(())
}

/// Notes when devices were last heard of, all in one statement. Earlier instants than those noted change nothing.
pub async fn seen(tx: &mut WriteTx, seen: &[(DeviceId, Timestamp)]) -> Result<(), StoreError> {
    #[derive(Serialize)]
    struct Seen {
        id: i64,
        at: i64,
    }
    const SQL: &str = "UPDATE device SET seen_at = CAST(e.value ->> 'at' AS BIGINT) FROM EACH($1) AS e \
                       WHERE device.id = CAST(e.value ->> 'id' AS BIGINT) \
                       AND COALESCE(device.seen_at, CAST(e.value ->> 'at' AS BIGINT) - 1) < CAST(e.value ->> 'at' AS BIGINT)";
    let rows: Vec<Seen> = seen.iter().map(|(id, at)| Seen { id: id.number(), at: at.micros() }).collect();
    sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(sql::rows(&rows))
        .execute(tx.connection())
        .await
        .attempt("record when devices were last seen")?;
    Ok(())
}

/// What the device's agent understands, by its own account.
pub async fn features(snapshot: &mut Snapshot, id: DeviceId) -> Result<Vec<Name>, StoreError> {
    let row = sqlx::query("SELECT name, features FROM device WHERE id = $1")
        .bind(id.number())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("read the features of an agent")?;
    let Some(row) = row else { return Ok(Vec::new()) };
    Ok(Record::new("device", "name", &row).optional("features", Record::json)?.unwrap_or_default())
}

/// Notes what the device's agent understands.
pub async fn set_features(tx: &mut WriteTx, id: DeviceId, features: &[Name]) -> Result<(), StoreError> {
    sqlx::query("UPDATE device SET features = $1 WHERE id = $2")
        .bind(sql::rows(&features))
        .bind(id.number())
        .execute(tx.connection())
        .await
        .attempt("record the features of an agent")?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<DeviceView, StoreError> {
    let record = Record::new("device", "name", row);
    let revoked = record.optional("revoked_at", Record::time)?.is_some();
    Ok(DeviceView {
        id: record.converted("id")?,
        name: record.parsed("name")?,
        state: if revoked { DeviceState::Revoked } else { DeviceState::Enrolled },
        enrolled_at: record.time("enrolled_at")?,
        seen_at: record.optional("seen_at", Record::time)?,
        connected: false,
        facts_at: record.optional("taken_at", Record::time)?,
        features: record.optional("features", Record::json)?.unwrap_or_default(),
        needs_upgrade: record.flag("needs_upgrade")?,
        facts: None,
        collections: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_engine;

    fn id(number: u64) -> DeviceId {
        DeviceId::from_random(number)
    }

    async fn add(tx: &mut WriteTx, number: u64, name: &str) {
        insert(tx, id(number), &name.parse().unwrap(), Timestamp::from_secs(1)).await.unwrap();
    }

    #[test]
    fn devices_are_listed_by_name_and_by_the_beginning_of_it() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            for (number, name) in (1..).zip(["pc-2", "pcx", "pc", "kiosk", "pc-10"]) {
                add(&mut tx, number, name).await;
            }
            let names = async |tx: &mut WriteTx, prefix: Option<&str>| {
                let filter = DeviceFilter { prefix: prefix.map(str::to_owned), ..DeviceFilter::default() };
                let mut request = PageRequest::new(Some(2), None);
                let mut names = Vec::new();
                loop {
                    let page = list(tx, Within::default(), &filter, &request).await.unwrap();
                    names.extend(page.items.into_iter().map(|device| device.name.to_string()));
                    let Some(next) = page.next else { return names };
                    request.after = Some(next);
                }
            };
            assert_eq!(names(&mut tx, None).await, ["kiosk", "pc", "pc-10", "pc-2", "pcx"]);
            assert_eq!(names(&mut tx, Some("pc-")).await, ["pc-10", "pc-2"]);
            assert!(names(&mut tx, Some("'%")).await.is_empty());
        });
    }

    #[test]
    fn a_taken_name_is_a_conflict() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            add(&mut tx, 1, "pc").await;
            let names = ["kiosk", "pc"].map(|name| name.parse::<Name>().unwrap());
            let found = taken(&mut tx, &names.iter().cloned().collect()).await.unwrap();
            assert_eq!(found, BTreeSet::from(["pc".parse().unwrap()]));
            let both = [(id(2), &names[0]), (id(3), &names[1])];
            let error = insert_all(&mut tx, &both, Timestamp::from_secs(1)).await.unwrap_err();
            assert!(error.is_conflict_on("device", "name"), "{error}");
        });
    }

    #[test]
    fn a_revoked_device_is_there_until_it_is_deleted() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            add(&mut tx, 1, "pc").await;
            assert!(revoke(&mut tx, id(1), Timestamp::from_secs(5)).await.unwrap());
            assert_eq!(find(&mut tx, id(1)).await.unwrap().unwrap().state, DeviceState::Revoked);
            delete(&mut tx, id(1)).await.unwrap();
            assert_eq!(find_by_name(&mut tx, &"pc".parse().unwrap()).await.unwrap(), None);
            assert!(!revoke(&mut tx, id(1), Timestamp::from_secs(5)).await.unwrap());
        });
    }

    #[test]
    fn what_an_agent_understands_is_kept_as_it_told_it_last() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            add(&mut tx, 1, "pc").await;
            assert_eq!(features(&mut tx, id(1)).await.unwrap(), []);
            for told in [vec!["windows".parse().unwrap(), "persons".parse().unwrap()], vec![]] {
                set_features(&mut tx, id(1), &told).await.unwrap();
                assert_eq!(features(&mut tx, id(1)).await.unwrap(), told);
                assert_eq!(find(&mut tx, id(1)).await.unwrap().unwrap().features, told);
            }
        });
    }

    #[test]
    fn being_seen_never_goes_back_in_time() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            add(&mut tx, 1, "a").await;
            add(&mut tx, 2, "b").await;
            let at = Timestamp::from_secs;
            seen(&mut tx, &[(id(1), at(10)), (id(2), at(20)), (id(3), at(30))]).await.unwrap();
            seen(&mut tx, &[(id(1), at(9)), (id(2), at(21))]).await.unwrap();
            assert_eq!(find(&mut tx, id(1)).await.unwrap().unwrap().seen_at, Some(at(10)));
            assert_eq!(find(&mut tx, id(2)).await.unwrap().unwrap().seen_at, Some(at(21)));
        });
    }
}
