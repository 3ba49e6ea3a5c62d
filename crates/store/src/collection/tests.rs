//! Laws of kept collections and their members, on both engines.

use dray_expression::parse;
use dray_model::DeviceId;
use dray_model::collection::CollectionRule;
use dray_model::facts::{Facts, Table};
use dray_model::inventory::Class;
use dray_model::{class, property};
use dray_query::Limits;

use super::*;
use crate::facts::tests::report;
use crate::scope::Within;
use crate::testing::each_engine;
use crate::{Db, device};

const NOW: Timestamp = Timestamp::MIN;

fn id(number: u64) -> DeviceId {
    DeviceId::from_random(number)
}

fn query(text: &str) -> Rule {
    Rule::Query(Box::new(parse(text, &Limits::default()).unwrap()))
}

async fn add_device(tx: &mut WriteTx, number: u64, name: &str, facts: Option<&Facts>) {
    device::insert(tx, id(number), &name.parse().unwrap(), NOW).await.unwrap();
    if let Some(facts) = facts {
        report(tx, id(number), facts, NOW).await;
    }
}

fn linux(processors: u32) -> Facts {
    let device = [(property!("device.platform"), "linux".into()), (property!("device.processors"), processors.into())];
    Facts::default().with(Table::new(Class::DEVICE).with(device))
}

async fn add(tx: &mut WriteTx, name: &str, rules: &[Rule]) -> i64 {
    let id = insert(tx, &name.parse().unwrap(), &CollectionProperties::default(), NOW).await.unwrap();
    set_rules(tx, id, rules).await.unwrap();
    id
}

/// Evaluates the collection: how many came and went.
async fn moved(tx: &mut WriteTx, collection: i64) -> (u64, u64) {
    let evaluation = evaluate(tx, collection, NOW, false).await.unwrap();
    assert_eq!(evaluation.devices, None);
    (evaluation.added, evaluation.removed)
}

async fn change_device(tx: &mut WriteTx, device: DeviceId, add: &[i64], remove: &[i64]) {
    let all = |ids: &[i64]| ids.iter().map(|id| Membership { collection: *id, device }).collect::<Vec<_>>();
    change_members(tx, &all(add), &all(remove)).await.unwrap();
}

async fn names(tx: &mut WriteTx, collection: i64) -> Vec<String> {
    let page = members(tx, collection, &PageRequest::default()).await.unwrap();
    page.items.into_iter().map(|member| member.name.to_string()).collect()
}

#[test]
fn a_collection_reads_back_with_its_rules_in_order() {
    each_engine(async |db: Db| {
        let mut tx = db.write().await.unwrap();
        add_device(&mut tx, 1, "pc", None).await;
        let rules = [query("processors > 2"), Rule::Direct(id(1)), Rule::AllDevices];
        let number = add(&mut tx, "big", &rules).await;
        add(&mut tx, "all", &[Rule::AllDevices]).await;
        evaluate(&mut tx, number, NOW, false).await.unwrap();
        let found = find(&mut tx, &"big".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!((found.id, found.view.members, found.view.evaluated_at), (number, 1, Some(NOW)));
        let expression = CollectionRule::Query { expression: "processors > 2".parse().unwrap() };
        assert_eq!(
            found.view.rules,
            [expression, CollectionRule::Direct { device: id(1) }, CollectionRule::AllDevices]
        );
        let listed = list(&mut tx, Within::default(), &PageRequest::default()).await.unwrap();
        assert_eq!(listed.items.iter().map(|view| view.rules.len()).collect::<Vec<_>>(), [1, 3]);
        delete(&mut tx, number).await.unwrap();
        assert_eq!(find(&mut tx, &"big".parse().unwrap()).await.unwrap(), None);
    });
}

#[test]
fn members_are_the_enrolled_devices_that_any_rule_means() {
    each_engine(async |db: Db| {
        let mut tx = db.write().await.unwrap();
        add_device(&mut tx, 1, "four", Some(&linux(4))).await;
        add_device(&mut tx, 2, "two", Some(&linux(2))).await;
        add_device(&mut tx, 3, "silent", None).await;
        add_device(&mut tx, 4, "gone", Some(&linux(8))).await;
        device::revoke(&mut tx, id(4), NOW).await.unwrap();
        let rules = [query("processors > 2"), query(r#"name == "x" || processors == 1"#), Rule::Direct(id(3))];
        let number = add(&mut tx, "some", &rules).await;
        assert_eq!(moved(&mut tx, number).await, (2, 0));
        assert_eq!(names(&mut tx, number).await, ["four", "silent"]);
        set_rules(&mut tx, number, &[query("!(processors > 2)")]).await.unwrap();
        assert_eq!(moved(&mut tx, number).await, (1, 1));
        assert_eq!(names(&mut tx, number).await, ["silent", "two"]);
        assert_eq!(moved(&mut tx, number).await, (0, 0));
        set_rules(&mut tx, number, &[]).await.unwrap();
        assert_eq!(moved(&mut tx, number).await, (0, 2));
    });
}

#[test]
fn a_preview_counts_all_and_names_the_first() {
    each_engine(async |db: Db| {
        let mut tx = db.write().await.unwrap();
        for (number, name) in (1..).zip(["c", "a", "b"]) {
            add_device(&mut tx, number, name, Some(&linux(4))).await;
        }
        let query = parse("processors in [4, 5]", &Limits::default()).unwrap();
        let preview = matching(&mut tx, &query, 2).await.unwrap();
        let sample: Vec<_> = preview.sample.iter().map(|member| member.name.as_str()).collect();
        assert_eq!((preview.members, sample), (3, vec!["a", "b"]));
    });
}

#[test]
fn a_change_of_facts_touches_only_collections_that_ask_for_them() {
    each_engine(async |db: Db| {
        let mut tx = db.write().await.unwrap();
        add_device(&mut tx, 1, "pc", None).await;
        add_device(&mut tx, 2, "other", None).await;
        let all = add(&mut tx, "all", &[Rule::AllDevices, Rule::Direct(id(2))]).await;
        let big = add(&mut tx, "big", &[query("processors > 2")]).await;
        let vim = add(&mut tx, "vim", &[Rule::Direct(id(1)), query(r#"software.exists(s, s.name == "vim")"#)]).await;
        let touched_by = async |tx: &mut WriteTx, classes: &[Class]| {
            let found = touched(tx, &[id(1)].into(), &classes.iter().copied().collect()).await.unwrap();
            found.rules.into_iter().map(|(id, rules)| (id, rules.len())).collect::<Vec<_>>()
        };
        assert_eq!(touched_by(&mut tx, &[Class::DEVICE]).await, [(big, 1)]);
        assert_eq!(touched_by(&mut tx, &[class!("software"), class!("disks")]).await, [(vim, 2)]);
        let every: Vec<_> = Class::all().collect();
        assert_eq!(touched_by(&mut tx, &every).await, [(all, 1), (big, 1), (vim, 2)]);
        change_device(&mut tx, id(1), &[all, big], &[]).await;
        change_device(&mut tx, id(1), &[vim], &[big]).await;
        let found = touched(&mut tx, &[id(1), id(2)].into(), &[].into()).await.unwrap();
        assert_eq!(found.member_of, [(id(1), [all, vim].into())].into());
        let collections = names_of(&mut tx, Within::default(), id(1)).await.unwrap();
        assert_eq!(collections.iter().map(Name::as_str).collect::<Vec<_>>(), ["all", "vim"]);
        assert!(forget_device(&mut tx, id(1)).await.unwrap());
        assert!(!forget_device(&mut tx, id(1)).await.unwrap());
    });
}

#[test]
fn ten_thousand_devices_are_evaluated_at_once() {
    each_engine(async |db: Db| {
        let mut tx = db.write().await.unwrap();
        let devices = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) ";
        for rest in [
            "INSERT INTO device (id, name, enrolled_at) SELECT i, 'pc-' || CAST(i AS TEXT), 0 FROM n WHERE 1 = 1",
            "INSERT INTO device_facts (device_id, processors, taken_at, digests) SELECT i, i % 8, 0, unhex('') FROM n WHERE 1 = 1",
        ] {
            let text = match rest.split_once(") SELECT") {
                Some((head, tail)) => format!("{head}) {devices}SELECT{tail}"),
                None => unreachable!("both texts have a column list"),
            };
            sqlx::query(sqlx::AssertSqlSafe(text)).execute(tx.connection()).await.unwrap();
        }
        let number = add(&mut tx, "big", &[query("processors >= 4")]).await;
        assert_eq!(moved(&mut tx, number).await, (5000, 0));
        set_rules(&mut tx, number, &[query("processors == 4")]).await.unwrap();
        assert_eq!(moved(&mut tx, number).await, (0, 3750));
    });
}

#[test]
fn an_evaluation_names_whom_it_moved_as_long_as_they_are_few() {
    each_engine(async |db: Db| {
        let mut tx = db.write().await.unwrap();
        for number in 1..=3 {
            add_device(&mut tx, number, &format!("pc-{number}"), None).await;
        }
        let some = add(&mut tx, "some", &[Rule::Direct(id(1)), Rule::Direct(id(2))]).await;
        let first = evaluate(&mut tx, some, NOW, true).await.unwrap().devices.unwrap();
        assert_eq!(first.into_iter().collect::<std::collections::BTreeSet<_>>(), [id(1), id(2)].into());
        set_rules(&mut tx, some, &[Rule::Direct(id(2)), Rule::Direct(id(3))]).await.unwrap();
        let second = evaluate(&mut tx, some, NOW, true).await.unwrap();
        assert_eq!(second.devices, Some(vec![id(1), id(3)]));
        for number in 4..=1100 {
            add_device(&mut tx, number, &format!("pc-{number}"), None).await;
        }
        set_rules(&mut tx, some, &[Rule::AllDevices]).await.unwrap();
        let many = evaluate(&mut tx, some, NOW, true).await.unwrap();
        assert_eq!((many.added, many.devices), (1098, None));
    });
}

#[test]
fn the_number_of_members_is_kept() {
    each_engine(async |db: Db| {
        let mut tx = db.write().await.unwrap();
        for number in 1..=3 {
            add_device(&mut tx, number, &format!("pc-{number}"), None).await;
        }
        let (all, none) = (add(&mut tx, "all", &[Rule::AllDevices]).await, add(&mut tx, "none", &[]).await);
        let counts = async |tx: &mut WriteTx| {
            let listed = list(tx, Within::default(), &PageRequest::default()).await.unwrap();
            listed.items.iter().map(|view| view.members).collect::<Vec<_>>()
        };
        evaluate(&mut tx, all, NOW, false).await.unwrap();
        assert_eq!(counts(&mut tx).await, [3, 0]);
        change_device(&mut tx, id(1), &[none], &[all]).await;
        assert_eq!(counts(&mut tx).await, [2, 1]);
        forget_device(&mut tx, id(1)).await.unwrap();
        forget_device(&mut tx, id(2)).await.unwrap();
        assert_eq!(counts(&mut tx).await, [1, 0]);
        let recounted = members(&mut tx, all, &PageRequest::default()).await.unwrap();
        assert_eq!(recounted.items.len(), 1);
    });
}

#[test]
fn pages_of_a_large_collection_hold_all_members_in_order_wherever_they_stand() {
    each_engine(async |db: Db| {
        let mut tx = db.write().await.unwrap();
        let (first, all) = (add(&mut tx, "last", &[]).await, add(&mut tx, "all", &[]).await);
        for sql in [
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24000) \
             INSERT INTO device (id, name, enrolled_at) SELECT i, 'pc-' || (100000 + i), 0 FROM n",
            "INSERT INTO collection_member (collection_id, device_id) SELECT 2, id FROM device",
            "INSERT INTO collection_member (collection_id, device_id) SELECT 1, id FROM device WHERE id > 12500",
            "UPDATE collection SET members = 24000 WHERE id = 2",
            "UPDATE collection SET members = 11500 WHERE id = 1",
        ] {
            sqlx::query(sql).execute(tx.connection()).await.unwrap();
        }
        for (collection, from) in [(first, 12_501), (all, 1)] {
            let (mut after, mut seen) = (None, Vec::new());
            loop {
                let page = members(&mut tx, collection, &PageRequest::new(Some(500), after)).await.unwrap();
                seen.extend(page.items.into_iter().map(|member| member.name.to_string()));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let expected: Vec<_> = (from..=24_000).map(|number| format!("pc-{}", 100_000 + number)).collect();
            assert_eq!(seen, expected);
        }
    });
}
