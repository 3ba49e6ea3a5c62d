//! Rules of collections, and which of them a change of a device's facts may touch.

use std::collections::{BTreeMap, BTreeSet};

use dray_model::DeviceId;
use dray_model::collection::CollectionRule;
use dray_model::inventory::Class;
use dray_query::Query;
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::{page, sql};

/// A rule, checked and typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// Include every enrolled device.
    AllDevices,
    /// One device.
    Direct(DeviceId),
    /// The devices that a query means.
    Query(Box<Query>),
}

impl Rule {
    /// As administrators wrote it.
    #[must_use]
    pub fn to_model(&self) -> CollectionRule {
        match self {
            Self::AllDevices => CollectionRule::AllDevices,
            Self::Direct(device) => CollectionRule::Direct { device: *device },
            Self::Query(query) => {
                let expression = query.text().parse().expect("a query's text was a short text when it was parsed");
                CollectionRule::Query { expression }
            }
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::AllDevices => "all_devices",
            Self::Direct(_) => "direct",
            Self::Query(_) => "query",
        }
    }
}

/// A set of classes as it is kept: one bit for each.
pub(super) fn bits(classes: &BTreeSet<Class>) -> i64 {
    classes.iter().map(|class| 1_i64 << class.place()).sum()
}

/// Gives the collection these rules in place of those it has. Its members stay as they are until it is evaluated.
pub async fn set_rules(tx: &mut WriteTx, collection: i64, rules: &[Rule]) -> Result<(), StoreError> {
    #[derive(Serialize)]
    struct Row {
        place: usize,
        kind: &'static str,
        device: Option<i64>,
        query: Option<String>,
        classes: i64,
    }
    const SQL: &str = "INSERT INTO collection_rule (collection_id, place, kind, device_id, query, classes) \
                       SELECT $1, CAST(e.value ->> 'place' AS BIGINT), e.value ->> 'kind', \
                       CAST(e.value ->> 'device' AS BIGINT), e.value ->> 'query', CAST(e.value ->> 'classes' AS BIGINT) \
                       FROM EACH($2) AS e";
    let rows: Vec<Row> = rules
        .iter()
        .enumerate()
        .map(|(place, rule)| {
            let (device, query) = match rule {
                Rule::AllDevices => (None, None),
                Rule::Direct(device) => (Some(device.number()), None),
                Rule::Query(query) => (None, Some(query)),
            };
            let classes = query.map_or(0, |query| bits(&query.touched_classes()));
            Row { place, kind: rule.kind(), device, query: query.map(sql::rows), classes }
        })
        .collect();
    sqlx::query("DELETE FROM collection_rule WHERE collection_id = $1")
        .bind(collection)
        .execute(tx.connection())
        .await
        .attempt("replace the rules of a collection")?;
    sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(collection)
        .bind(sql::rows(&rows))
        .execute(tx.connection())
        .await
        .attempt("store the rules of a collection")?;
    Ok(())
}

/// The collection's rules in their order.
pub async fn rules(snapshot: &mut Snapshot, collection: i64) -> Result<Vec<Rule>, StoreError> {
    Ok(of_all(snapshot, &[collection]).await?.remove(&collection).unwrap_or_default())
}

/// The rules of several collections, in their order.
pub(super) async fn of_all(
    snapshot: &mut Snapshot,
    collections: &[i64],
) -> Result<BTreeMap<i64, Vec<Rule>>, StoreError> {
    const SQL: &str = "SELECT collection_id, kind, device_id, query FROM collection_rule \
                       WHERE collection_id IN (SELECT CAST(e.value ->> 'id' AS BIGINT) FROM EACH($1) AS e) \
                       ORDER BY collection_id, place";
    #[derive(Serialize)]
    struct Row {
        id: i64,
    }
    let ids: Vec<Row> = collections.iter().map(|id| Row { id: *id }).collect();
    let rows = sqlx::query(sql::expand(snapshot.engine(), SQL))
        .bind(sql::rows(&ids))
        .fetch_all(snapshot.connection())
        .await
        .attempt("read the rules of collections")?;
    group(&rows)
}

/// Rules by collection.
pub(super) fn group(rows: &[AnyRow]) -> Result<BTreeMap<i64, Vec<Rule>>, StoreError> {
    let mut rules: BTreeMap<i64, Vec<Rule>> = BTreeMap::new();
    for (collection, rule) in page::read_all(rows, read)? {
        rules.entry(collection).or_default().push(rule);
    }
    Ok(rules)
}

fn read(row: &AnyRow) -> Result<(i64, Rule), StoreError> {
    let record = Record::new("collection_rule", "collection_id", row);
    let rule = match record.text("kind")?.as_str() {
        "all_devices" => Rule::AllDevices,
        "direct" => Rule::Direct(record.converted("device_id")?),
        "query" => Rule::Query(Box::new(record.json("query")?)),
        other => return Err(record.corrupt("kind", format!("{other:?} is not a kind of rule"))),
    };
    Ok((record.number("collection_id")?, rule))
}
