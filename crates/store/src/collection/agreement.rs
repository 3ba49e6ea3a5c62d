//! Three evaluations, one answer: what a device finds on its own facts is what either database finds in the site's tables.

use std::cell::RefCell;

use dray_expression::parse;
use dray_model::facts::Facts;
use dray_query::{Limits, Query};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;
use crate::device;
use crate::facts::tests::report;
use crate::testing::each_engine;
use dray_model::DeviceId;

/// Random devices and queries, as the language's own tests draw them.
#[expect(dead_code, reason = "the tests of the language use more of it")]
#[path = "../../../expression/tests/it/sample.rs"]
mod sample;

use sample::Tape;

const NOW: Timestamp = Timestamp::MIN;
const DEVICES: u64 = 6;

struct Case {
    facts: Vec<Facts>,
    queries: Vec<Query>,
}

/// Thirty cases of eight queries and six devices each, the same for both engines.
fn cases() -> Vec<Case> {
    let cases = RefCell::new(Vec::new());
    let mut runner = TestRunner::new(Config { cases: 30, failure_persistence: None, ..Config::default() });
    let drawn = runner.run(&prop::collection::vec(any::<u8>(), 200..900), |bytes| {
        let mut tape = Tape::new(&bytes);
        let facts = (0..DEVICES).map(|_| tape.device().1.unwrap_or_default()).collect();
        let queries = (0..8).map(|_| parse(&tape.query(), &Limits::default()).unwrap()).collect();
        cases.borrow_mut().push(Case { facts, queries });
        Ok(())
    });
    drawn.unwrap();
    cases.into_inner()
}

fn name(number: u64) -> Name {
    format!("pc-{number}").parse().unwrap()
}

async fn fill(tx: &mut WriteTx, facts: &[Facts]) {
    for (number, facts) in (0..).zip(facts) {
        let id = DeviceId::from_random(number);
        device::delete(tx, id).await.unwrap();
        device::insert(tx, id, &name(number), NOW).await.unwrap();
        if *facts != Facts::default() {
            report(tx, id, facts, NOW).await;
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
            fill(&mut tx, &case.facts).await;
            for query in &case.queries {
                let here = (0..).zip(&case.facts).filter(|(n, facts)| query.matches(facts, name(*n).as_str()));
                let here: Vec<Name> = here.map(|(number, _)| name(number)).collect();
                set_rules(&mut tx, collection, &[Rule::Query(Box::new(query.clone()))]).await.unwrap();
                evaluate(&mut tx, collection, NOW, false).await.unwrap();
                let members = members(&mut tx, collection, &PageRequest::default()).await.unwrap();
                let there: Vec<Name> = members.items.into_iter().map(|member| member.name).collect();
                assert_eq!(there, here, "{:?}: {}\n{:#?}", tx.engine(), query.text(), case.facts);
            }
        }
    });
}
