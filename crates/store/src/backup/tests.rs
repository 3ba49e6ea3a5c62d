//! Laws of carried rows, from each engine to each.

use std::collections::BTreeSet;

use dray_model::{DeviceId, Timestamp};
use serde_json::Value;

use super::*;
use crate::db::{Db, WriteTx};
use crate::testing::{each_engine, execute};
use crate::{device, enrolment, meta};

type Dump = Vec<(&'static str, Vec<Column>, Vec<Vec<Value>>, Option<i64>)>;

async fn dump(db: &Db) -> Dump {
    let mut snapshot = db.read().await.unwrap();
    let mut all = Vec::new();
    for table in TABLES {
        let columns = columns(&mut snapshot, table).await.unwrap();
        let mut taken = Vec::new();
        let count = rows::<crate::StoreError>(&mut snapshot, table, &columns, |row| {
            taken.push(row);
            Ok(())
        });
        assert_eq!(count.await.unwrap(), taken.len() as u64);
        taken.sort_by_key(|row| serde_json::to_string(row).unwrap());
        all.push((table, columns, taken, last_id(&mut snapshot, table).await.unwrap()));
    }
    all
}

async fn load(tx: &mut WriteTx, dump: &Dump) {
    for (table, columns, rows, last) in dump {
        insert(tx, table, columns, rows).await.unwrap();
        if let Some(last) = last {
            settle_ids(tx, table, *last).await.unwrap();
        }
    }
}

async fn fill(tx: &mut WriteTx) {
    meta::set(tx, meta::SITE_ID, "acme").await.unwrap();
    for number in 1..4 {
        let name = format!("pc-{number}").parse().unwrap();
        device::insert(tx, DeviceId::from_random(number), &name, Timestamp::from_secs(1)).await.unwrap();
    }
    execute(
        tx,
        "INSERT INTO document (digest, role, envelope, created_at) VALUES (unhex('00ff'), 'policy', unhex(''), 9)",
    )
    .await;
    let purpose = dray_model::api::device::EnrolmentFor::Devices { count: 2 };
    for hash in [b"one", b"two"] {
        let token = enrolment::NewToken {
            hash,
            purpose: &purpose,
            comment: "é'\"\\\n\u{1f600}",
            created_at: Timestamp::from_secs(1),
            expires_at: Timestamp::from_secs(2),
        };
        enrolment::insert(tx, &token).await.unwrap();
    }
    execute(tx, "DELETE FROM enrolment_token WHERE id = 2").await;
    execute(
        tx,
        "INSERT INTO advertisement_state (advertisement, device, number, package, program, source_version, \
         release_revision, state, standing, received_at) SELECT 'now', id, 1, 'p', 'i', 1, 1, 'failed', '{}', 5 FROM device",
    )
    .await;
    execute(tx, "INSERT INTO status_message (device, number, body, received_at) SELECT id, 7, '{}', 5 FROM device")
        .await;
}

#[test]
fn every_table_is_carried_or_left_out_on_purpose() {
    each_engine(async |db| {
        let listed = db.engine().pick(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            "SELECT CAST(table_name AS TEXT) AS name FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'",
        );
        let mut snapshot = db.read().await.unwrap();
        let found = sqlx::query(listed).fetch_all(snapshot.connection()).await.unwrap();
        let found: BTreeSet<String> = found.iter().map(|row| sqlx::Row::get(row, "name")).collect();
        let known: BTreeSet<String> = TABLES.iter().chain(&LEFT_OUT).map(|name| (*name).to_owned()).collect();
        assert_eq!(found, known);
        assert_eq!((table("device"), table("schema_migration"), table("x; DROP")), (Some("device"), None, None));
    });
}

#[test]
fn rows_go_from_each_engine_to_each_and_counters_follow() {
    each_engine(async |from| {
        let mut tx = from.write().await.unwrap();
        assert!(is_empty(&mut tx).await.unwrap());
        fill(&mut tx).await;
        tx.commit().await.unwrap();
        assert!(!is_empty(&mut from.read().await.unwrap()).await.unwrap());
        let carried = dump(&from).await;
        let folder = tempfile::tempdir().unwrap();
        let sqlite = format!("sqlite:{}", folder.path().join("to.db").display());
        for address in [sqlite, crate::testing::postgres_address()] {
            let to = Db::open(&address, crate::testing::OPENED_AT).await.unwrap();
            let mut tx = to.write().await.unwrap();
            load(&mut tx, &carried).await;
            tx.commit().await.unwrap();
            assert_eq!(dump(&to).await, carried);
            let mut tx = to.write().await.unwrap();
            let counts =
                sqlx::query("SELECT devices FROM advertisement_count").fetch_all(tx.connection()).await.unwrap();
            assert_eq!(counts.iter().map(|row| sqlx::Row::get::<i64, _>(row, "devices")).collect::<Vec<_>>(), [3]);
            fill_again(&mut tx).await;
        }
    });
}

/// Ids that were given out before are not given out again.
async fn fill_again(tx: &mut WriteTx) {
    let purpose = dray_model::api::device::EnrolmentFor::Devices { count: 2 };
    let token = enrolment::NewToken {
        hash: b"three",
        purpose: &purpose,
        comment: "",
        created_at: Timestamp::from_secs(1),
        expires_at: Timestamp::from_secs(2),
    };
    assert_eq!(enrolment::insert(tx, &token).await.unwrap(), 3);
    execute(tx, "INSERT INTO status_message (device, number, body, received_at) SELECT id, 8, '{}', 5 FROM device")
        .await;
}
