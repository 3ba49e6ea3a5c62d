//! Collections, their rules and their members.
//!
//! Rules are kept typed: a query as `dray_query` checked it, never a text to be parsed again. Only enrolled devices are members.

mod evaluate;
mod member;
mod rule;

use std::collections::BTreeMap;

use dray_model::api::collection::CollectionView;
use dray_model::api::page::{Page, PageRequest};
use dray_model::collection::CollectionProperties;
use dray_model::{Name, Timestamp};
use sqlx::any::AnyRow;

pub use evaluate::{Evaluation, evaluate, matching};
pub use member::{Membership, Touched, change_members, forget_device, member_ids, members, names_of, touched};
pub use rule::{Rule, rules, set_rules};

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::scope::{Within, within};
use crate::{page, sql};

/// A collection; complete it with a condition on `c`.
macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "SELECT c.id, c.name, c.revision, c.properties, c.evaluated_at, c.created_at, c.changed_at, ",
            "c.members FROM collection AS c ",
            $($rest)*
        )
    };
}

/// A collection with its number, by which rules and members are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCollection {
    /// Its number.
    pub id: i64,
    /// The collection.
    pub view: CollectionView,
}

/// Adds a collection without rules and members, and tells its number.
///
/// # Errors
/// A conflict on `("collection", "name")` when the name is taken.
pub async fn insert(
    tx: &mut WriteTx,
    name: &Name,
    properties: &CollectionProperties,
    now: Timestamp,
) -> Result<i64, StoreError> {
    const SQL: &str = "INSERT INTO collection (name, revision, properties, created_at, changed_at) \
                       VALUES ($1, 1, $2, $3, $4) RETURNING id";
    let row = sqlx::query(SQL)
        .bind(name.as_str())
        .bind(sql::rows(properties))
        .bind(now.micros())
        .bind(now.micros())
        .fetch_one(tx.connection())
        .await
        .attempt("add a collection")?;
    Record::new("collection", "id", &row).number("id")
}

/// Replaces what the collection says of itself. The caller has compared the former revision in this transaction.
pub async fn change(
    tx: &mut WriteTx,
    id: i64,
    revision: u64,
    properties: &CollectionProperties,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE collection SET revision = $1, properties = $2, changed_at = $3 WHERE id = $4")
        .bind(page::stored(revision))
        .bind(sql::rows(properties))
        .bind(now.micros())
        .bind(id)
        .execute(tx.connection())
        .await
        .attempt("change a collection")?;
    Ok(())
}

/// The collection called `name`.
pub async fn find(snapshot: &mut Snapshot, name: &Name) -> Result<Option<StoredCollection>, StoreError> {
    let row = sqlx::query(select!("WHERE c.name = $1"))
        .bind(name.as_str())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find a collection")?;
    let Some(mut found) = row.as_ref().map(read).transpose()? else { return Ok(None) };
    found.view.rules = rules(snapshot, found.id).await?.iter().map(Rule::to_model).collect();
    Ok(Some(found))
}

/// The number of the collection called `name`.
pub async fn number(snapshot: &mut Snapshot, name: &Name) -> Result<Option<i64>, StoreError> {
    let row = sqlx::query("SELECT id, name FROM collection WHERE name = $1")
        .bind(name.as_str())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find the number of a collection")?;
    row.map(|row| Record::new("collection", "name", &row).number("id")).transpose()
}

/// Collections by name.
pub async fn list(
    snapshot: &mut Snapshot,
    within: Within<'_>,
    request: &PageRequest,
) -> Result<Page<CollectionView>, StoreError> {
    const LIST: &str =
        select!("WHERE c.name > $1 AND ", within!("$3", "collection", "c.name"), " ORDER BY c.name LIMIT $2");
    let rows = sqlx::query(LIST)
        .bind(request.after.as_deref().unwrap_or(""))
        .bind(page::fetch_limit(request))
        .bind(within.name())
        .fetch_all(snapshot.connection())
        .await
        .attempt("list collections")?;
    let page = page::cut(request, page::read_all(&rows, read)?, |found| found.view.name.to_string());
    let ids: Vec<i64> = page.items.iter().map(|found| found.id).collect();
    let mut rules: BTreeMap<i64, Vec<Rule>> = rule::of_all(snapshot, &ids).await?;
    Ok(page.map(|mut found| {
        let rules = rules.remove(&found.id).unwrap_or_default();
        found.view.rules = rules.iter().map(Rule::to_model).collect();
        found.view
    }))
}

/// Removes a collection with its rules and memberships.
pub async fn delete(tx: &mut WriteTx, id: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM collection WHERE id = $1")
        .bind(id)
        .execute(tx.connection())
        .await
        .attempt("delete a collection")?;
    Ok(())
}

/// All but the rules.
fn read(row: &AnyRow) -> Result<StoredCollection, StoreError> {
    let record = Record::new("collection", "name", row);
    let view = CollectionView {
        name: record.parsed("name")?,
        revision: record.size("revision")?,
        properties: record.json("properties")?,
        rules: Vec::new(),
        members: record.size("members")?,
        evaluated_at: record.optional("evaluated_at", Record::time)?,
        created_at: record.time("created_at")?,
        changed_at: record.time("changed_at")?,
    };
    Ok(StoredCollection { id: record.number("id")?, view })
}

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;
