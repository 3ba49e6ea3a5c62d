//! Members of collections, seen from the collection and from the device.

use std::collections::{BTreeMap, BTreeSet};

use dray_model::api::collection::CollectionMember;
use dray_model::api::page::{Page, PageRequest};
use dray_model::inventory::Class;
use dray_model::{DeviceId, Name};
use serde::Serialize;
use sqlx::any::AnyRow;

use super::rule::{Rule, bits, group};
use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::scope::{Within, within};
use crate::{page, sql};

/// Collections with more members are read along the names of all devices, as far as that is short.
const LARGE: i64 = 10_000;
/// Names that are looked at for each member of a page. Where so few of them are members, sorting the members costs less.
const LOOKED_AT: i64 = 20;
/// Every character of a name stands before it.
const BEHIND_ALL_NAMES: &str = "~";

/// Members by name. O(page) for a large collection, unless few of the next devices by name are in it; O(members) else.
pub async fn members(
    snapshot: &mut Snapshot,
    collection: i64,
    request: &PageRequest,
) -> Result<Page<CollectionMember>, StoreError> {
    const COUNT: &str = "SELECT id, members FROM collection WHERE id = $1";
    let row = sqlx::query(COUNT)
        .bind(collection)
        .fetch_optional(snapshot.connection())
        .await
        .attempt("read how many members a collection has")?;
    let count = row.map(|row| Record::new("collection", "id", &row).number("members")).transpose()?.unwrap_or(0);
    let found = if count > LARGE { along_names(snapshot, collection, request).await? } else { None };
    let members = match found {
        Some(members) => members,
        None => sorted(snapshot, collection, request).await?,
    };
    Ok(page::cut(request, members, |member| member.name.to_string()))
}

/// Looks at the next devices by name; `None` when too few of them are members.
async fn along_names(
    snapshot: &mut Snapshot,
    collection: i64,
    request: &PageRequest,
) -> Result<Option<Vec<CollectionMember>>, StoreError> {
    const LAST: &str = "SELECT name FROM device WHERE name > $1 ORDER BY name LIMIT 1 OFFSET $2";
    // A range of names rather than a subquery with a limit, whose rows SQLite would all look at and then sort. CROSS JOIN has
    // SQLite go through the names and not through the members.
    const MEMBERS: &str = "SELECT n.id, n.name FROM device AS n CROSS JOIN collection_member AS m \
                           WHERE n.name > $1 AND n.name <= $2 AND m.collection_id = $3 AND m.device_id = n.id \
                           ORDER BY n.name LIMIT $4";
    let after = request.after.as_deref().unwrap_or("");
    let limit = page::fetch_limit(request);
    let last = sqlx::query(LAST)
        .bind(after)
        .bind(limit * LOOKED_AT)
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find the last name to look at for members")?;
    let last = last.map(|row| Record::new("device", "name", &row).text("name")).transpose()?;
    let rows = sqlx::query(MEMBERS)
        .bind(after)
        .bind(last.as_deref().unwrap_or(BEHIND_ALL_NAMES))
        .bind(collection)
        .bind(limit)
        .fetch_all(snapshot.connection())
        .await
        .attempt("list the members of a large collection")?;
    let is_short = i64::try_from(rows.len()).is_ok_and(|found| found < limit);
    if is_short && last.is_some() {
        return Ok(None);
    }
    read_members(&rows).map(Some)
}

/// Sorts the members by name.
async fn sorted(
    snapshot: &mut Snapshot,
    collection: i64,
    request: &PageRequest,
) -> Result<Vec<CollectionMember>, StoreError> {
    const SQL: &str = "SELECT d.id, d.name FROM collection_member AS m JOIN device AS d ON d.id = m.device_id \
                       WHERE m.collection_id = $1 AND d.name > $2 ORDER BY d.name LIMIT $3";
    let rows = sqlx::query(SQL)
        .bind(collection)
        .bind(request.after.as_deref().unwrap_or(""))
        .bind(page::fetch_limit(request))
        .fetch_all(snapshot.connection())
        .await
        .attempt("list the members of a collection")?;
    read_members(&rows)
}

fn read_members(rows: &[AnyRow]) -> Result<Vec<CollectionMember>, StoreError> {
    page::read_all(rows, |row| {
        let record = Record::new("device", "name", row);
        Ok(CollectionMember { device: record.converted("id")?, name: record.parsed("name")? })
    })
}

/// The next members after `after` in the order of their ids, at most `limit`.
pub async fn member_ids(
    snapshot: &mut Snapshot,
    collection: i64,
    after: Option<DeviceId>,
    limit: i64,
) -> Result<Vec<DeviceId>, StoreError> {
    const SQL: &str = "SELECT device_id FROM collection_member WHERE collection_id = $1 AND device_id > $2 \
                       ORDER BY device_id LIMIT $3";
    let rows = sqlx::query(SQL)
        .bind(collection)
        .bind(after.map_or(-1, DeviceId::number))
        .bind(limit)
        .fetch_all(snapshot.connection())
        .await
        .attempt("read the members of a collection")?;
    page::read_all(&rows, |row| Record::new("collection_member", "device_id", row).converted("device_id"))
}

/// Names of the collections that the device is a member of.
pub async fn names_of(snapshot: &mut Snapshot, within: Within<'_>, device: DeviceId) -> Result<Vec<Name>, StoreError> {
    const SQL: &str = concat!(
        "SELECT c.name FROM collection_member AS m JOIN collection AS c ON c.id = m.collection_id WHERE m.device_id = $1 AND ",
        within!("$2", "collection", "c.name"),
        " ORDER BY c.name"
    );
    let rows = sqlx::query(SQL)
        .bind(device.number())
        .bind(within.name())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the collections of a device")?;
    page::read_all(&rows, |row| Record::new("collection", "name", row).parsed("name"))
}

/// Collections that a change of devices' facts may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    /// Their rules, direct ones of other devices left out.
    pub rules: BTreeMap<i64, Vec<Rule>>,
    /// All collections that each device is a member of now; a device that is in none is left out.
    pub member_of: BTreeMap<DeviceId, BTreeSet<i64>>,
}

#[derive(Serialize)]
struct DeviceRow {
    device: i64,
}

fn device_rows(devices: &BTreeSet<DeviceId>) -> String {
    sql::rows(&devices.iter().map(|device| DeviceRow { device: device.number() }).collect::<Vec<_>>())
}

/// The collections with a query about one of `classes`. For all classes these are all collections with any rule, so that a new
/// device is put where it belongs. Two statements, whatever the number of devices.
pub async fn touched(
    snapshot: &mut Snapshot,
    devices: &BTreeSet<DeviceId>,
    classes: &BTreeSet<Class>,
) -> Result<Touched, StoreError> {
    const RULES: &str = "SELECT r.collection_id, r.kind, r.device_id, r.query FROM collection_rule AS r \
                         WHERE r.collection_id IN (SELECT t.collection_id FROM collection_rule AS t \
                         WHERE (t.classes & $1) <> 0 OR (t.classes = 0 AND $1 = $2)) \
                         AND (r.kind <> 'direct' OR r.device_id IN \
                         (SELECT CAST(e.value ->> 'device' AS BIGINT) FROM EACH($3) AS e)) ORDER BY r.collection_id, r.place";
    const MEMBERS: &str = "SELECT m.device_id, m.collection_id FROM EACH($1) AS e \
                           JOIN collection_member AS m ON m.device_id = CAST(e.value ->> 'device' AS BIGINT)";
    let every: BTreeSet<_> = Class::all().collect();
    let devices = device_rows(devices);
    let rows = sqlx::query(sql::expand(snapshot.engine(), RULES))
        .bind(bits(classes))
        .bind(bits(&every))
        .bind(&devices)
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the rules affected by devices' facts")?;
    let members = sqlx::query(sql::expand(snapshot.engine(), MEMBERS))
        .bind(&devices)
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the memberships of devices")?;
    let mut member_of: BTreeMap<DeviceId, BTreeSet<i64>> = BTreeMap::new();
    for row in &members {
        let record = Record::new("collection_member", "collection_id", row);
        member_of.entry(record.converted("device_id")?).or_default().insert(record.number("collection_id")?);
    }
    Ok(Touched { rules: group(&rows)?, member_of })
}

/// A device's place in a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Membership {
    /// The collection.
    pub collection: i64,
    /// The device.
    #[serde(serialize_with = "number")]
    pub device: DeviceId,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn number<S: serde::Serializer>(device: &DeviceId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(device.number())
}

/// Makes devices members of collections that they aren't in, and takes others from collections that they are in. At most four
/// statements.
pub async fn change_members(tx: &mut WriteTx, added: &[Membership], removed: &[Membership]) -> Result<(), StoreError> {
    const ADD: &str = "INSERT INTO collection_member (collection_id, device_id) \
                       SELECT CAST(e.value ->> 'collection' AS BIGINT), CAST(e.value ->> 'device' AS BIGINT) \
                       FROM EACH($1) AS e WHERE 1 = 1 ON CONFLICT (collection_id, device_id) DO NOTHING";
    const REMOVE: &str = "DELETE FROM collection_member WHERE (collection_id, device_id) IN \
                          (SELECT CAST(e.value ->> 'collection' AS BIGINT), CAST(e.value ->> 'device' AS BIGINT) \
                          FROM EACH($1) AS e)";
    const COUNT: &str = "UPDATE collection SET members = members + c.moved FROM \
                         (SELECT CAST(e.value ->> 'collection' AS BIGINT) AS id, CAST($1 AS BIGINT) * COUNT(*) AS moved \
                         FROM EACH($2) AS e GROUP BY CAST(e.value ->> 'collection' AS BIGINT)) AS c \
                         WHERE collection.id = c.id";
    const ATTEMPT: &str = "change memberships of devices";
    for (text, change, memberships) in [(ADD, 1_i64, added), (REMOVE, -1, removed)] {
        if memberships.is_empty() {
            continue;
        }
        let rows = sql::rows(&memberships);
        let done = sqlx::query(sql::expand(tx.engine(), text)).bind(&rows).execute(tx.connection()).await;
        done.attempt(ATTEMPT)?;
        let counted = sqlx::query(sql::expand(tx.engine(), COUNT)).bind(change).bind(&rows);
        counted.execute(tx.connection()).await.attempt(ATTEMPT)?;
    }
    Ok(())
}

/// Takes the device from all collections. False when it was in none.
pub async fn forget_device(tx: &mut WriteTx, device: DeviceId) -> Result<bool, StoreError> {
    const COUNT: &str = "UPDATE collection SET members = members - 1 \
                         WHERE id IN (SELECT collection_id FROM collection_member WHERE device_id = $1)";
    sqlx::query(COUNT)
        .bind(device.number())
        .execute(tx.connection())
        .await
        .attempt("count the members of a device's collections")?;
    let done = sqlx::query("DELETE FROM collection_member WHERE device_id = $1")
        .bind(device.number())
        .execute(tx.connection())
        .await
        .attempt("end the memberships of a device")?;
    Ok(done.rows_affected() > 0)
}
