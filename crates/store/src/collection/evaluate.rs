//! Full evaluation of a collection, and the preview of one query: set-based, whatever the number of devices.

use std::fmt::Write as _;

use dray_model::api::collection::{CollectionMember, CollectionPreview};
use dray_model::{DeviceId, Timestamp};
use dray_query::{Dialect, Query, SqlPredicate, SqlValue};
use futures_util::TryStreamExt as _;
use sqlx::any::{Any, AnyArguments};
use sqlx::query::Query as Statement;
use sqlx::{AssertSqlSafe, Row as _};

use super::{Rule, rules};
use crate::db::{Engine, Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;

/// Most devices that an evaluation names.
const NAMED_MAX: usize = 1000;

/// What an evaluation changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evaluation {
    /// Devices that became members.
    pub added: u64,
    /// Devices that are members no longer.
    pub removed: u64,
    /// Both kinds, if they were to be named and are not more than a thousand.
    pub devices: Option<Vec<DeviceId>>,
}

impl Evaluation {
    /// Whether any membership changed.
    #[must_use]
    pub fn changed(&self) -> bool {
        self.added + self.removed > 0
    }
}

const DEVICES: &str = "device AS d LEFT JOIN device_facts AS f ON f.device_id = d.id";

/// Makes the enrolled devices that the collection's rules mean its members, and no others. With `names_devices` those that changed are
/// named.
pub async fn evaluate(
    tx: &mut WriteTx,
    collection: i64,
    now: Timestamp,
    names_devices: bool,
) -> Result<Evaluation, StoreError> {
    let meant = predicate(&rules(tx, collection).await?, tx.engine());
    let condition = &meant.text;
    let remove = format!(
        "DELETE FROM collection_member WHERE collection_id = $1 AND device_id IN (SELECT d.id FROM {DEVICES} \
         JOIN collection_member AS m ON m.device_id = d.id AND m.collection_id = $1 \
         WHERE (d.revoked_at IS NULL AND ({condition})) IS NOT TRUE)"
    );
    let add = format!(
        "INSERT INTO collection_member (collection_id, device_id) SELECT $1, d.id FROM {DEVICES} \
         WHERE d.revoked_at IS NULL AND ({condition}) ON CONFLICT (collection_id, device_id) DO NOTHING"
    );
    let mut named = names_devices.then(Vec::new);
    let removed = run(tx, remove, collection, &meant, &mut named).await?;
    let added = run(tx, add, collection, &meant, &mut named).await?;
    sqlx::query("UPDATE collection SET evaluated_at = $1, members = members + $2 WHERE id = $3")
        .bind(now.micros())
        .bind(page::stored(added) - page::stored(removed))
        .bind(collection)
        .execute(tx.connection())
        .await
        .attempt("record that a collection was evaluated")?;
    Ok(Evaluation { added, removed, devices: named })
}

/// Runs a change of memberships and returns how many it changed, each in `named` as long as they are few.
async fn run(
    tx: &mut WriteTx,
    mut text: String,
    collection: i64,
    meant: &SqlPredicate,
    named: &mut Option<Vec<DeviceId>>,
) -> Result<u64, StoreError> {
    const ATTEMPT: &str = "evaluate a collection";
    if named.is_some() {
        text.push_str(" RETURNING device_id");
    }
    // The text is ours and the query compiler's; whatever people wrote is in the parameters.
    let statement = bind(sqlx::query(AssertSqlSafe(text)).bind(collection), &meant.params);
    if named.is_none() {
        return Ok(statement.execute(tx.connection()).await.attempt(ATTEMPT)?.rows_affected());
    }
    let mut count = 0;
    let mut rows = statement.fetch(tx.connection());
    while let Some(row) = rows.try_next().await.attempt(ATTEMPT)? {
        count += 1;
        if let Some(devices) = named {
            devices.push(Record::new("collection_member", "device_id", &row).converted("device_id")?);
            if devices.len() > NAMED_MAX {
                *named = None;
            }
        }
    }
    Ok(count)
}

/// True for devices that one of the rules means. `$1` is the collection.
fn predicate(rules: &[Rule], engine: Engine) -> SqlPredicate {
    let mut all = SqlPredicate { text: "1 = 0".to_owned(), params: Vec::new() };
    if rules.contains(&Rule::AllDevices) {
        all.text.push_str(" OR 1 = 1");
    }
    if rules.iter().any(|rule| matches!(rule, Rule::Direct(_))) {
        all.text.push_str(
            " OR d.id IN (SELECT r.device_id FROM collection_rule AS r WHERE r.collection_id = $1 AND r.kind = 'direct')",
        );
    }
    for rule in rules {
        if let Rule::Query(query) = rule {
            let part = query.to_sql(dialect(engine), 2 + all.params.len());
            let _ = write!(all.text, " OR ({})", part.text);
            all.params.extend(part.params);
        }
    }
    all
}

/// How many enrolled devices the query means, and the first `sample` of them by name.
pub async fn matching(snapshot: &mut Snapshot, query: &Query, sample: i64) -> Result<CollectionPreview, StoreError> {
    let meant = query.to_sql(dialect(snapshot.engine()), 1);
    let condition = &meant.text;
    let devices = format!("FROM {DEVICES} WHERE ({condition}) AND d.revoked_at IS NULL");
    let count = bind(sqlx::query(AssertSqlSafe(format!("SELECT COUNT(*) {devices}"))), &meant.params)
        .fetch_one(snapshot.connection())
        .await
        .attempt("count the devices that match a query")?;
    let limit = meant.params.len() + 1;
    let first = format!("SELECT d.id, d.name {devices} ORDER BY d.name LIMIT ${limit}");
    let rows = bind(sqlx::query(AssertSqlSafe(first)), &meant.params)
        .bind(sample)
        .fetch_all(snapshot.connection())
        .await
        .attempt("find devices that match a query")?;
    let sample = page::read_all(&rows, |row| {
        let record = Record::new("device", "name", row);
        Ok(CollectionMember { device: record.converted("id")?, name: record.parsed("name")? })
    })?;
    let members: i64 = count.try_get(0).attempt("count the devices that match a query")?;
    Ok(CollectionPreview { members: members.unsigned_abs(), sample })
}

type Bound<'q> = Statement<'q, Any, AnyArguments>;

fn bind<'q>(statement: Bound<'q>, params: &[SqlValue]) -> Bound<'q> {
    params.iter().fold(statement, |statement, param| match param {
        SqlValue::Integer(number) => statement.bind(*number),
        SqlValue::Text(text) => statement.bind(text.clone()),
    })
}

fn dialect(engine: Engine) -> Dialect {
    match engine {
        Engine::Sqlite => Dialect::Sqlite,
        Engine::Postgres => Dialect::Postgres,
    }
}
