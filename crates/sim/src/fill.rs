//! Devices by the hundred thousand, put into a site's database without the site: enrolling them would take half an hour.
//!
//! They have a row and a name like `stock-0000001-de`, nothing else. Whatever the site derives from devices (memberships, counts)
//! is not made here: have it evaluate its collections afterwards. A quarter of them stands in each of [`PLACES`].

use anyhow::Context as _;
use dray_model::{DeviceId, Name, Timestamp};
use dray_store::Db;
use dray_store::testing::fill;

use crate::random::Random;

/// Ends of the names, in turn.
pub const PLACES: [&str; 4] = ["de", "fr", "pl", "us"];
/// Devices in one transaction.
const BATCH: usize = 20_000;
/// When they enrolled: 2026-11-01T00:00:00Z.
const ENROLLED_AT: i64 = 1_793_491_200;

/// Puts `devices` devices into `database`.
///
/// # Errors
/// When the database can't be opened, or holds such devices already.
pub async fn fill(database: &str, devices: u32) -> anyhow::Result<()> {
    let at = Timestamp::from_secs(ENROLLED_AT);
    let db = Db::open(database, at).await.context("cannot open the site's database")?;
    let all: Vec<u32> = (0..devices).collect();
    for numbers in all.chunks(BATCH) {
        let rows: Vec<_> = numbers.iter().map(|number| (id(*number), name(*number))).collect();
        let mut tx = db.write().await?;
        fill::devices(&mut tx, &rows, at).await?;
        tx.commit().await?;
    }
    db.close().await;
    Ok(())
}

/// Spread over all ids as drawn ones are: what is stored by id doesn't lie in the order of names.
fn id(number: u32) -> DeviceId {
    DeviceId::from_random(Random::of(u64::MAX, number).bits())
}

fn name(number: u32) -> Name {
    let place = PLACES[number as usize % PLACES.len()];
    format!("stock-{number:07}-{place}").parse().expect("a slug")
}
