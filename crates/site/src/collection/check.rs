//! Rules as they come from people, checked and typed. Nothing else makes a [`Rule`] of a text.

use std::collections::BTreeSet;

use dray_expression::QueryError;
use dray_model::ObjectKind;
use dray_model::collection::CollectionRule;
use dray_query::{Limits, Query};
use dray_store::collection::Rule;
use dray_store::{Snapshot, device};

use super::CollectionError;
use crate::object::Object;

/// Most rules of a collection.
pub const RULES_MAX: usize = 1000;
/// Most of them that are queries: all of them go into one statement, whose parameters and depth the databases limit.
pub const QUERIES_MAX: usize = 50;

/// Types the rules. Takes milliseconds for each query, on a thread of its own.
pub(super) async fn rules(given: Vec<CollectionRule>) -> Result<Vec<Rule>, CollectionError> {
    let queries = given.iter().filter(|rule| matches!(rule, CollectionRule::Query { .. })).count();
    for (what, found, max) in [("rules", given.len(), RULES_MAX), ("queries", queries, QUERIES_MAX)] {
        if found > max {
            return Err(CollectionError::TooMany { what, found, max });
        }
    }
    let typed = tokio::task::spawn_blocking(move || given.iter().zip(1..).map(typed).collect());
    typed.await.expect("typing a rule doesn't panic, and nobody cancels it")
}

fn typed((rule, place): (&CollectionRule, usize)) -> Result<Rule, CollectionError> {
    Ok(match rule {
        CollectionRule::AllDevices => Rule::AllDevices,
        CollectionRule::Direct { device } => Rule::Direct(*device),
        CollectionRule::Query { expression } => Rule::Query(Box::new(parse(expression.as_str(), Some(place))?)),
    })
}

/// The query of one expression.
pub(super) async fn query(text: String) -> Result<Query, CollectionError> {
    let parsed = tokio::task::spawn_blocking(move || parse(&text, None));
    parsed.await.expect("parsing doesn't panic, and nobody cancels it")
}

fn parse(text: &str, rule: Option<usize>) -> Result<Query, CollectionError> {
    dray_expression::parse(text, &Limits::default()).map_err(|error| {
        let QueryError { span, problem, hint } = error;
        let place = QueryError { span: span.clone(), problem, hint: None };
        CollectionError::Expression { rule, explanation: place.explain(text), span, hint }
    })
}

/// Refuses rules for devices that don't exist.
pub(super) async fn devices(snapshot: &mut Snapshot, rules: &[Rule]) -> Result<(), CollectionError> {
    let wanted: BTreeSet<_> = rules
        .iter()
        .filter_map(|rule| match rule {
            Rule::Direct(device) => Some(*device),
            Rule::AllDevices | Rule::Query(_) => None,
        })
        .collect();
    let found = device::existing(snapshot, &wanted).await?;
    match wanted.difference(&found).next() {
        Some(missing) => Err(Object::new(ObjectKind::Device, missing).unresolved("create a rule for").into()),
        None => Ok(()),
    }
}
