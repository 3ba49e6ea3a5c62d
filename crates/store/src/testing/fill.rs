//! Devices in bulk, for measurements on databases of the size of large fleets.

use dray_model::{DeviceId, Name, Timestamp};
use serde::Serialize;

use crate::db::WriteTx;
use crate::error::{Attempt as _, StoreError};
use crate::sql;

/// Adds enrolled devices with these ids and names, and nothing that follows from them: no facts, no memberships.
///
/// # Errors
/// A conflict when an id or a name is taken.
pub async fn devices(tx: &mut WriteTx, devices: &[(DeviceId, Name)], at: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO device (id, name, enrolled_at) \
                       SELECT CAST(e.value ->> 'id' AS BIGINT), e.value ->> 'name', $2 FROM EACH($1) AS e";
    #[derive(Serialize)]
    struct Row<'a> {
        id: i64,
        name: &'a str,
    }
    let rows: Vec<_> = devices.iter().map(|(id, name)| Row { id: id.number(), name: name.as_str() }).collect();
    sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(sql::rows(&rows))
        .bind(at.micros())
        .execute(tx.connection())
        .await
        .attempt("add devices in bulk")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device;
    use crate::testing::each_engine;

    #[test]
    fn devices_in_bulk_are_like_devices_that_enrolled() {
        each_engine(async |db| {
            let (id, name) = (DeviceId::from_random(7), "stock-1".parse::<Name>().unwrap());
            let at = Timestamp::from_secs(1_800_000_000);
            let mut tx = db.write().await.unwrap();
            devices(&mut tx, &[(id, name.clone()), (DeviceId::from_random(8), "stock-2".parse().unwrap())], at)
                .await
                .unwrap();
            let found = device::find_by_name(&mut tx, &name).await.unwrap().unwrap();
            assert_eq!((found.id, found.enrolled_at, found.facts_at), (id, at, None));
            assert!(device::is_enrolled(&mut tx, DeviceId::from_random(8)).await.unwrap());
        });
    }
}
