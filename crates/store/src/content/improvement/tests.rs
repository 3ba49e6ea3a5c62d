//! Laws of choosing what is worth an update, on both engines.

use dray_model::api::content::UpdateLevel;

use super::*;
use crate::content::update;
use crate::package::tests::{name, package as new_package, publish, store_content};
use crate::testing::each_engine;
use crate::{package, point};

fn at(secs: i64) -> Timestamp {
    Timestamp::from_secs(secs)
}

async fn execute(tx: &mut WriteTx, sql: &'static str) {
    sqlx::query(sql).execute(tx.connection()).await.unwrap();
}

/// A package `zip` with versions 1 to `count`, an advertisement of it to two devices, and a document for that.
async fn zip(tx: &mut WriteTx, count: u32) -> Vec<Digest> {
    package::insert(tx, &new_package("zip")).await.unwrap();
    let mut contents = Vec::new();
    for version in 1..=count {
        let content = store_content(tx, &format!("v{version}")).await;
        publish(tx, &name("zip"), (version, 1), Some(content)).await;
        contents.push(content);
    }
    for sql in [
        "INSERT INTO device (id, name, enrolled_at) VALUES (7, 'a', 0), (8, 'b', 0)",
        "INSERT INTO collection (id, name, revision, properties, created_at, changed_at) VALUES (1, 'all', 1, '{}', 0, 0)",
        "INSERT INTO collection_member (collection_id, device_id) VALUES (1, 7), (1, 8)",
        "INSERT INTO advertisement (name, revision, document, package, collection, terms, published_at) \
         SELECT 'zip', 1, d.digest, 'zip', 'all', '{}', 0 FROM document AS d LIMIT 1",
    ] {
        execute(tx, sql).await;
    }
    contents
}

async fn versions(tx: &mut WriteTx, to: Digest, limit: u32) -> Vec<(u32, u64, u64)> {
    let found = versions_in_use(tx, &name("zip"), &to, limit).await.unwrap();
    found.iter().map(|found| (found.source_version, found.devices, found.points)).collect()
}

#[test]
fn versions_in_use_are_the_newest_and_those_that_somebody_told_of() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let contents = zip(&mut tx, 6).await;
        let new = Digest::of(b"not published yet");
        assert_eq!(versions(&mut tx, new, 10).await, [(6, 0, 0)]);
        execute(
            &mut tx,
            "INSERT INTO advertisement_state (advertisement, device, number, package, program, source_version, \
             release_revision, state, standing, received_at) VALUES ('zip', 7, 1, 'zip', 'p', 2, 1, 's', '{}', 0), \
             ('zip', 8, 1, 'zip', 'p', 2, 1, 's', '{}', 0)",
        )
        .await;
        point::insert(&mut tx, &point::tests::point("berlin")).await.unwrap();
        point::assign(&mut tx, &name("berlin"), &name("zip"), at(2)).await.unwrap();
        let held = contents[2].as_bytes().as_slice();
        sqlx::query("INSERT INTO point_content (point, content, state, detail, reported_at) VALUES ('berlin', $1, 'installed', '{}', 0)")
            .bind(held).execute(tx.connection()).await.unwrap();
        assert_eq!(versions(&mut tx, new, 10).await, [(6, 0, 0), (2, 2, 0), (3, 0, 1)]);
        assert_eq!(versions(&mut tx, new, 2).await, [(6, 0, 0), (2, 2, 0)]);
        assert_eq!(versions(&mut tx, contents[5], 10).await, [(5, 0, 0), (2, 2, 0), (3, 0, 1)]);
    });
}

#[test]
fn what_many_receive_is_wanted_once_and_no_more_when_it_was_tried() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let contents = zip(&mut tx, 2).await;
        assert_eq!(receivers(&mut tx, &name("zip")).await.unwrap(), 2);
        assert_eq!(want_for_many(&mut tx, 3, at(1)).await.unwrap(), 0);
        assert_eq!(want_for_many(&mut tx, 2, at(1)).await.unwrap(), 1);
        assert_eq!(want_for_many(&mut tx, 2, at(1)).await.unwrap(), 0);
        let wanted = begin(&mut tx).await.unwrap().unwrap();
        assert_eq!((wanted.content, wanted.attempts), (contents[1], 1));
        end(&mut tx, &wanted.content).await.unwrap();
        assert_eq!(begin(&mut tx).await.unwrap(), None);
        update::note_tried(&mut tx, &contents[1], &contents[0], UpdateLevel::Background).await.unwrap();
        assert_eq!(want_for_many(&mut tx, 2, at(1)).await.unwrap(), 0);
    });
}

#[test]
fn the_content_with_the_fewest_tries_is_next() {
    each_engine(async |db| {
        let mut tx = db.write().await.unwrap();
        let contents = zip(&mut tx, 2).await;
        want(&mut tx, &contents[0], at(1)).await.unwrap();
        want(&mut tx, &contents[1], at(2)).await.unwrap();
        want(&mut tx, &Digest::of(b"unknown"), at(3)).await.unwrap();
        let order = [begin(&mut tx).await, begin(&mut tx).await, begin(&mut tx).await];
        let order = order.map(|wanted| wanted.unwrap().map(|wanted| (wanted.content, wanted.attempts)));
        assert_eq!(order, [Some((contents[0], 1)), Some((contents[1], 1)), Some((contents[0], 2))]);
        assert_eq!(packages_with(&mut tx, &contents[0]).await.unwrap(), [name("zip")]);
    });
}
