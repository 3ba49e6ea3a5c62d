//! Laws of the change feed, on both engines.

use dray_model::{DeviceId, Timestamp};

use super::*;
use crate::Db;
use crate::testing::each_engine;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_secs(seconds)
}

async fn tell(db: &Db, scopes: &[Scope], now: Timestamp) -> i64 {
    let mut tx = db.write_beside_others().await.unwrap();
    let sequence = publish(&mut tx, scopes, now).await.unwrap();
    tx.commit().await.unwrap();
    sequence
}

async fn read(db: &Db, after: (i64, &str)) -> Vec<(i64, String)> {
    let after = Row { sequence: after.0, scope: after.1.to_owned() };
    let rows = since(&mut db.read().await.unwrap(), &after).await.unwrap();
    rows.into_iter().map(|row| (row.sequence, row.scope)).collect()
}

#[test]
fn scopes_read_back_and_unknown_ones_concern_everyone() {
    let device = DeviceId::from_random(u64::MAX);
    let point: dray_model::Name = "berlin".parse().unwrap();
    for scope in [
        Scope::Everyone,
        Scope::History,
        Scope::Device(device),
        Scope::Offers(3),
        Scope::Members(i64::MAX),
        Scope::Point(point.clone()),
        Scope::DeviceShutOut(device),
        Scope::PointShutOut(point),
    ] {
        assert_eq!(Scope::parse(&scope.to_string()), scope);
    }
    for text in ["", "person:7", "device:", "device:x", "offers:99999999999999999999", "point:No Name"] {
        assert_eq!(Scope::parse(text), Scope::Everyone, "{text}");
    }
}

#[test]
fn changes_are_read_in_order_and_without_gaps() {
    each_engine(async |db| {
        assert_eq!(sequences(&mut db.read().await.unwrap()).await.unwrap(), Sequences::default());
        assert_eq!(tell(&db, &[Scope::Offers(1), Scope::Offers(1), Scope::Everyone], at(1)).await, 1);
        let undone = db.write().await.unwrap();
        drop(undone);
        assert_eq!(tell(&db, &[Scope::Offers(2)], at(2)).await, 2);
        let all = [(1, "everyone".to_owned()), (1, "offers:1".to_owned()), (2, "offers:2".to_owned())];
        assert_eq!(read(&db, (0, "")).await, all);
        assert_eq!(read(&db, (1, "everyone")).await, all[1..]);
        assert_eq!(read(&db, (2, "offers:2")).await, []);
    });
}

#[test]
fn what_is_offered_has_a_sequence_of_its_own() {
    each_engine(async |db| {
        tell(&db, &[Scope::Members(1)], at(1)).await;
        tell(&db, &[Scope::Device(DeviceId::from_random(1)), Scope::Point("p".parse().unwrap())], at(1)).await;
        let found = sequences(&mut db.read().await.unwrap()).await.unwrap();
        assert_eq!(found, Sequences { newest: 2, offers: 1 });
    });
}

#[test]
fn a_change_that_is_taken_back_leaves_no_gap() {
    each_engine(async |db| {
        let mut tx = db.write_beside_others().await.unwrap();
        publish(&mut tx, &[Scope::Everyone], at(1)).await.unwrap();
        drop(tx);
        assert_eq!(tell(&db, &[Scope::Everyone], at(1)).await, 1);
    });
}

#[test]
fn pruning_takes_old_rows_alone_and_goes_on_counting() {
    each_engine(async |db| {
        tell(&db, &[Scope::Offers(1)], at(1)).await;
        tell(&db, &[Scope::Offers(2)], at(100)).await;
        let mut tx = db.write().await.unwrap();
        assert_eq!(prune(&mut tx, at(50)).await.unwrap(), 1);
        assert_eq!(prune(&mut tx, at(200)).await.unwrap(), 1);
        tx.commit().await.unwrap();
        assert_eq!(tell(&db, &[Scope::Offers(3)], at(201)).await, 3);
    });
}

#[test]
fn postgres_tells_of_a_commit_at_once() {
    each_engine(async |db| {
        let Some(mut listener) = Listener::connect(&db).await.unwrap() else {
            assert_eq!(db.engine(), Engine::Sqlite);
            return;
        };
        tell(&db, &[Scope::Everyone], at(1)).await;
        listener.changed().await.unwrap();
    });
}
