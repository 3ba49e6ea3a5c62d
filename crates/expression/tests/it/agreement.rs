//! The crate's invariant: a device and the databases give the same answer to every query.

use std::cell::{Cell, RefCell};

use dray_expression::parse;
use dray_model::facts::Facts;
use dray_query::{Limits, Query};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::database::Database;
use crate::sample::{Tape, debian};

#[test]
fn a_device_and_the_databases_give_one_answer() {
    let databases = RefCell::new(Database::all());
    let (met, asked) = (Cell::new(0), Cell::new(0));
    let tape = prop::collection::vec(any::<u8>(), 200..900);
    let mut runner = TestRunner::new(Config { cases: 150, failure_persistence: None, ..Config::default() });
    let result = runner.run(&tape, |bytes| {
        let mut tape = Tape::new(&bytes);
        let devices: Vec<_> = (0..5).map(|_| tape.device()).collect();
        let queries: Vec<_> = (0..8).map(|_| tape.query()).collect();
        for database in databases.borrow_mut().iter_mut() {
            database.fill(&devices);
            for text in &queries {
                let query = parse(text, &Limits::default()).map_err(|e| TestCaseError::fail(e.explain(text)))?;
                let here = matching(&query, &devices);
                met.set(met.get() + here.len());
                asked.set(asked.get() + devices.len());
                let there = database.ask(&query.to_sql(database.dialect, 2));
                prop_assert_eq!(&there, &here, "{:?}: {}\n{:#?}", database.dialect, text, devices);
            }
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let share = met.get() * 100 / asked.get();
    assert!((10..=90).contains(&share), "{share} % of the answers are yes: the test would prove little");
}

fn matching(query: &Query, devices: &[(String, Option<Facts>)]) -> Vec<i64> {
    let unknown = Facts::default();
    let matches = |name: &str, facts: &Option<Facts>| query.matches(facts.as_ref().unwrap_or(&unknown), name);
    (0i64..).zip(devices).filter(|(_, (name, facts))| matches(name, facts)).map(|(id, _)| id).collect()
}

#[test]
fn every_rule_of_the_language_holds_in_the_databases_too() {
    let devices = [("kiosk-07".to_owned(), Some(debian()))];
    for mut database in Database::all() {
        database.fill(&devices);
        for (text, expected) in crate::language::RULES {
            let query = parse(text, &Limits::default()).unwrap();
            let found = !database.ask(&query.to_sql(database.dialect, 2)).is_empty();
            assert_eq!(found, expected, "{:?}: {text}", database.dialect);
        }
    }
}
