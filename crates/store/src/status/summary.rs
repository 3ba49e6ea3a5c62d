//! Where devices are: counted by state, listed for an advertisement, listed for a device.

use std::collections::BTreeMap;

use dray_model::api::advertisement::{AdvertisementSummary, DeviceStatusView, StateCount};
use dray_model::api::page::{Page, PageRequest};
use dray_model::package::ReleaseNumber;
use dray_model::state::ClientState;
use dray_model::{DeviceId, Name};
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::db::Snapshot;
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::{page, sql};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.device, d.name AS device_name, s.advertisement, s.package, s.program, s.source_version, ",
            "s.release_revision, s.standing, s.received_at, r.exit_code, r.started_at ",
            "FROM advertisement_state AS s JOIN device AS d ON d.id = s.device LEFT JOIN advertisement_run AS r ",
            "ON r.advertisement = s.advertisement AND r.device = s.device ",
            $rest
        )
    };
}

/// How many members the advertisements' collections have, and how many devices are in each state, by advertisement. Two statements,
/// O(advertisements): both counts are kept.
pub async fn summaries(
    snapshot: &mut Snapshot,
    advertisements: &[&Name],
) -> Result<BTreeMap<Name, AdvertisementSummary>, StoreError> {
    const TARGETED: &str = "SELECT a.name, c.members FROM EACH($1) AS e JOIN advertisement AS a ON a.name = e.value ->> 'name' \
                            JOIN collection AS c ON c.name = a.collection";
    const STATES: &str = "SELECT s.advertisement, s.state, s.devices FROM EACH($1) AS e \
                          JOIN advertisement_count AS s ON s.advertisement = e.value ->> 'name' WHERE s.devices <> 0";
    let names = sql::rows(&advertisements.iter().map(|name| Named { name }).collect::<Vec<_>>());
    let mut summaries = BTreeMap::new();
    let rows = sqlx::query(sql::expand(snapshot.engine(), TARGETED))
        .bind(&names)
        .fetch_all(snapshot.connection())
        .await
        .attempt("count the members of collections")?;
    for row in &rows {
        let record = Record::new("advertisement", "name", row);
        let summary = AdvertisementSummary { targeted: record.size("members")?, states: Vec::new() };
        summaries.insert(record.parsed("name")?, summary);
    }
    let rows = sqlx::query(sql::expand(snapshot.engine(), STATES))
        .bind(&names)
        .fetch_all(snapshot.connection())
        .await
        .attempt("read how many devices are in each state")?;
    for row in &rows {
        let record = Record::new("advertisement_count", "advertisement", row);
        let summary: &mut AdvertisementSummary = summaries.entry(record.parsed("advertisement")?).or_default();
        summary.states.push(StateCount { state: record.word("state")?, devices: record.size("devices")? });
    }
    summaries.values_mut().for_each(|summary| summary.states.sort_by_key(|count| count.state));
    Ok(summaries)
}

/// As [`summaries`], of one advertisement.
pub async fn summary(snapshot: &mut Snapshot, advertisement: &Name) -> Result<AdvertisementSummary, StoreError> {
    Ok(summaries(snapshot, &[advertisement]).await?.remove(advertisement).unwrap_or_default())
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a Name,
}

/// Where devices are with an advertisement, by device id.
pub async fn devices(
    snapshot: &mut Snapshot,
    advertisement: &Name,
    state: Option<ClientState>,
    request: &PageRequest,
) -> Result<Page<DeviceStatusView>, StoreError> {
    const SQL: &str = select!(
        "WHERE s.advertisement = $1 AND s.device > $2 AND (CAST($3 AS TEXT) IS NULL OR s.state = $3) \
         ORDER BY s.device LIMIT $4"
    );
    let rows = sqlx::query(SQL)
        .bind(advertisement.as_str())
        .bind(page::number_after(request, -1))
        .bind(state.as_ref().map(ClientState::as_str))
        .bind(page::fetch_limit(request))
        .fetch_all(snapshot.connection())
        .await
        .attempt("list the devices of an advertisement")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |view| view.device.number().to_string()))
}

/// Where a device is with everything that it reported on, by advertisement.
pub async fn of_device(snapshot: &mut Snapshot, device: DeviceId) -> Result<Vec<DeviceStatusView>, StoreError> {
    let rows = sqlx::query(select!("WHERE s.device = $1 ORDER BY s.advertisement"))
        .bind(device.number())
        .fetch_all(snapshot.connection())
        .await
        .attempt("read the states of a device")?;
    page::read_all(&rows, read)
}

fn read(row: &AnyRow) -> Result<DeviceStatusView, StoreError> {
    let record = Record::new("advertisement_state", "advertisement", row);
    Ok(DeviceStatusView {
        device: record.converted("device")?,
        device_name: record.parsed("device_name")?,
        advertisement: record.parsed("advertisement")?,
        package: record.parsed("package")?,
        program: record.parsed("program")?,
        release: ReleaseNumber {
            source_version: record.count("source_version")?,
            revision: record.count("release_revision")?,
        },
        standing: record.json("standing")?,
        exit_code: record.optional("exit_code", Record::number)?,
        started_at: record.optional("started_at", Record::time)?,
        received_at: record.time("received_at")?,
    })
}
