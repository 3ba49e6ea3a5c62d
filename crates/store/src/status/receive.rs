//! Takes a batch of a device's messages.
//!
//! A removed message (see `remove_before`) that is sent again would count as new; clients drop what was accepted, so this takes a
//! client that was silent for longer than messages are kept.

use std::collections::BTreeMap;

use dray_model::package::ReleaseNumber;
use dray_model::status::{StatusEvent, StatusMessage};
use dray_model::{DeviceId, Name, Timestamp};
use serde::Serialize;

use crate::db::WriteTx;
use crate::error::{Attempt as _, StoreError};
use crate::{page, sql};

const MESSAGES: &str = "INSERT INTO status_message (device, number, advertisement, body, received_at) \
                        SELECT CAST($1 AS BIGINT), CAST(e.value ->> 'number' AS BIGINT), e.value ->> 'advertisement', \
                        e.value ->> 'body', CAST($2 AS BIGINT) FROM EACH($3) AS e WHERE 1 = 1 \
                        ON CONFLICT (device, number) DO NOTHING";

const STATES: &str = "INSERT INTO advertisement_state (advertisement, device, number, package, program, source_version, \
                      release_revision, state, standing, received_at) \
                      SELECT e.value ->> 'advertisement', CAST($1 AS BIGINT), CAST(e.value ->> 'number' AS BIGINT), \
                      e.value ->> 'package', e.value ->> 'program', CAST(e.value ->> 'source_version' AS BIGINT), \
                      CAST(e.value ->> 'release_revision' AS BIGINT), e.value ->> 'state', e.value ->> 'standing', \
                      CAST($2 AS BIGINT) FROM EACH($3) AS e WHERE 1 = 1 \
                      ON CONFLICT (advertisement, device) DO UPDATE SET number = excluded.number, \
                      package = excluded.package, program = excluded.program, source_version = excluded.source_version, \
                      release_revision = excluded.release_revision, state = excluded.state, \
                      standing = excluded.standing, received_at = excluded.received_at \
                      WHERE advertisement_state.number < excluded.number";

const RUNS: &str = "INSERT INTO advertisement_run (advertisement, device, number, exit_code, started_at) \
                    SELECT e.value ->> 'advertisement', CAST($1 AS BIGINT), CAST(e.value ->> 'number' AS BIGINT), \
                    CAST(e.value ->> 'exit_code' AS BIGINT), CAST(e.value ->> 'started_at' AS BIGINT) \
                    FROM EACH($2) AS e WHERE 1 = 1 ON CONFLICT (advertisement, device) DO UPDATE SET \
                    number = excluded.number, exit_code = excluded.exit_code, started_at = excluded.started_at \
                    WHERE advertisement_run.number < excluded.number";

/// Keeps the messages that weren't kept before, and tells how many they were.
pub async fn receive(
    tx: &mut WriteTx,
    device: DeviceId,
    messages: &[StatusMessage],
    now: Timestamp,
) -> Result<u64, StoreError> {
    tx.wait_for_other_status_writers().await?;
    let rows: Vec<_> = messages.iter().map(MessageRow::of).collect();
    let new = sqlx::query(sql::expand(tx.engine(), MESSAGES))
        .bind(device.number())
        .bind(now.micros())
        .bind(sql::rows(&rows))
        .execute(tx.connection())
        .await
        .attempt("keep status messages")?
        .rows_affected();
    let (states, runs) = newest(messages);
    if !states.is_empty() {
        sqlx::query(sql::expand(tx.engine(), STATES))
            .bind(device.number())
            .bind(now.micros())
            .bind(sql::rows(&states.values().collect::<Vec<_>>()))
            .execute(tx.connection())
            .await
            .attempt("keep the states of advertised programs")?;
    }
    if !runs.is_empty() {
        sqlx::query(sql::expand(tx.engine(), RUNS))
            .bind(device.number())
            .bind(sql::rows(&runs.values().collect::<Vec<_>>()))
            .execute(tx.connection())
            .await
            .attempt("keep the runs of advertised programs")?;
    }
    Ok(new)
}

/// The message with the highest number for each advertisement: PostgreSQL updates a row once in a statement.
fn newest(messages: &[StatusMessage]) -> (BTreeMap<&Name, StateRow<'_>>, BTreeMap<&Name, RunRow<'_>>) {
    let mut ordered: Vec<_> = messages.iter().collect();
    ordered.sort_by_key(|message| message.number);
    let (mut states, mut runs) = (BTreeMap::new(), BTreeMap::new());
    for message in ordered {
        let number = page::stored(message.number);
        match &message.event {
            StatusEvent::State { advertisement, package, release, program, standing, .. } => {
                let ReleaseNumber { source_version, revision } = *release;
                let row = StateRow {
                    advertisement,
                    number,
                    package,
                    program,
                    source_version,
                    release_revision: revision,
                    state: standing.state.as_str(),
                    standing: sql::rows(standing),
                };
                states.insert(advertisement, row);
            }
            StatusEvent::Executed { advertisement, exit_code, started_at, .. } => {
                let row = RunRow { advertisement, number, exit_code: *exit_code, started_at: started_at.micros() };
                runs.insert(advertisement, row);
            }
            StatusEvent::Delivered { .. } | StatusEvent::Verified { .. } => {}
        }
    }
    (states, runs)
}

#[derive(Serialize)]
struct MessageRow<'a> {
    number: i64,
    advertisement: Option<&'a Name>,
    body: String,
}

impl<'a> MessageRow<'a> {
    fn of(message: &'a StatusMessage) -> Self {
        let advertisement = match &message.event {
            StatusEvent::State { advertisement, .. }
            | StatusEvent::Executed { advertisement, .. }
            | StatusEvent::Verified { advertisement, .. } => Some(advertisement),
            StatusEvent::Delivered { .. } => None,
        };
        Self { number: page::stored(message.number), advertisement, body: sql::rows(message) }
    }
}

#[derive(Serialize)]
struct StateRow<'a> {
    advertisement: &'a Name,
    number: i64,
    package: &'a Name,
    program: &'a Name,
    source_version: u32,
    release_revision: u32,
    state: &'static str,
    standing: String,
}

#[derive(Serialize)]
struct RunRow<'a> {
    advertisement: &'a Name,
    number: i64,
    exit_code: Option<i64>,
    started_at: i64,
}
