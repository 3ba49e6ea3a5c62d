//! Three evaluations, one answer: what a device finds on its own facts is what either database finds in the site's tables.

use std::cell::RefCell;

use dray_query::{FactRows, Limits, Query};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::facts::FactDigests;
use crate::testing::each_engine;
use crate::{device, facts};
use dray_model::DeviceId;

/// Random devices and queries, as the language's own tests draw them.
#[expect(dead_code, reason = "the tests of the language use more of it")]
#[path = "../../../query/tests/it/sample.rs"]
mod sample;

use sample::Tape;

const NOW: Timestamp = Timestamp::MIN;
const DEVICES: u64 = 6;

struct Case {
    rows: Vec<FactRows>,
    queries: Vec<Query>,
}

/// Thirty cases of eight queries and six devices each, the same for both engines.
fn cases() -> Vec<Case> {
    let cases = RefCell::new(Vec::new());
    let mut runner = TestRunner::new(Config { cases: 30, failure_persistence: None, ..Config::default() });
    let drawn = runner.run(&prop::collection::vec(any::<u8>(), 200..900), |bytes| {
        let mut tape = Tape::new(&bytes);
        let rows = (0..DEVICES).map(|_| tape.device().1.as_ref().map(FactRows::from).unwrap_or_default()).collect();
        let queries = (0..8).map(|_| Query::parse(&tape.query(), &Limits::default()).unwrap()).collect();
        cases.borrow_mut().push(Case { rows, queries });
        Ok(())
    });
    drawn.unwrap();
    cases.into_inner()
}

fn name(number: u64) -> Name {
    format!("pc-{number}").parse().unwrap()
}

async fn fill(tx: &mut WriteTx, rows: &[FactRows]) {
    for (number, rows) in (0..).zip(rows) {
        let id = DeviceId::from_random(number);
        device::delete(tx, id).await.unwrap();
        device::insert(tx, id, &name(number), NOW).await.unwrap();
        if *rows != FactRows::default() {
            let digests = FactDigests::of(rows);
            facts::replace(tx, id, rows, &digests, &digests.changed(None), NOW).await.unwrap();
        }
    }
}

#[test]
fn a_device_and_both_databases_agree_on_the_members() {
    let cases = cases();
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let called: Name = "some".parse().unwrap();
        let collection = insert(&mut tx, &called, &CollectionProperties::default(), NOW).await.unwrap();
        for case in &cases {
            fill(&mut tx, &case.rows).await;
            for query in &case.queries {
                let here = (0..).zip(&case.rows).filter(|(n, rows)| query.matches_rows(rows, name(*n).as_str()));
                let here: Vec<Name> = here.map(|(number, _)| name(number)).collect();
                set_rules(&mut tx, collection, &[Rule::Query(Box::new(query.clone()))]).await.unwrap();
                evaluate(&mut tx, collection, NOW, false).await.unwrap();
                let members = members(&mut tx, collection, &PageRequest::default()).await.unwrap();
                let there: Vec<Name> = members.items.into_iter().map(|member| member.name).collect();
                assert_eq!(there, here, "{:?}: {}\n{:#?}", tx.engine(), query.text(), case.rows);
            }
        }
    });
}
