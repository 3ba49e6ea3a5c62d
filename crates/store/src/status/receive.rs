//! Takes what devices report, of many devices at once.
//!
//! A removed message (see `remove_before`) that is sent again would count as new; clients drop what was accepted, so this takes a
//! client that was silent for longer than messages are kept.

use std::collections::{BTreeMap, HashMap, HashSet};

use dray_model::package::ReleaseNumber;
use dray_model::state::Reason;
use dray_model::status::{StatusEvent, StatusMessage};
use dray_model::{DeviceId, Name, Timestamp};
use serde::Serialize;

use crate::db::WriteTx;
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::{page, sql};

const MESSAGES: &str = "INSERT INTO status_message (device, number, advertisement, body, received_at) \
                        SELECT CAST(e.value ->> 'device' AS BIGINT), CAST(e.value ->> 'number' AS BIGINT), \
                        e.value ->> 'advertisement', e.value ->> 'body', CAST(e.value ->> 'received_at' AS BIGINT) \
                        FROM EACH($1) AS e WHERE 1 = 1 ON CONFLICT (device, number) DO NOTHING RETURNING device";

const STATES: &str = "INSERT INTO advertisement_state (advertisement, device, number, package, program, source_version, \
                      release_revision, state, reason, standing, received_at) \
                      SELECT e.value ->> 'advertisement', CAST(e.value ->> 'device' AS BIGINT), \
                      CAST(e.value ->> 'number' AS BIGINT), e.value ->> 'package', e.value ->> 'program', \
                      CAST(e.value ->> 'source_version' AS BIGINT), CAST(e.value ->> 'release_revision' AS BIGINT), \
                      e.value ->> 'state', e.value ->> 'reason', e.value ->> 'standing', \
                      CAST(e.value ->> 'received_at' AS BIGINT) \
                      FROM EACH($1) AS e WHERE 1 = 1 \
                      ON CONFLICT (advertisement, device) DO UPDATE SET number = excluded.number, \
                      package = excluded.package, program = excluded.program, source_version = excluded.source_version, \
                      release_revision = excluded.release_revision, state = excluded.state, reason = excluded.reason, \
                      standing = excluded.standing, received_at = excluded.received_at \
                      WHERE advertisement_state.number < excluded.number";

const RUNS: &str = "INSERT INTO advertisement_run (advertisement, device, number, exit_code, started_at) \
                    SELECT e.value ->> 'advertisement', CAST(e.value ->> 'device' AS BIGINT), \
                    CAST(e.value ->> 'number' AS BIGINT), CAST(e.value ->> 'exit_code' AS BIGINT), \
                    CAST(e.value ->> 'started_at' AS BIGINT) FROM EACH($1) AS e WHERE 1 = 1 \
                    ON CONFLICT (advertisement, device) DO UPDATE SET \
                    number = excluded.number, exit_code = excluded.exit_code, started_at = excluded.started_at \
                    WHERE advertisement_run.number < excluded.number";

/// Messages of one device that came together.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    /// Who sent them.
    pub device: DeviceId,
    /// The messages.
    pub messages: Vec<StatusMessage>,
    /// When they came.
    pub received_at: Timestamp,
}

/// Keeps the messages that weren't kept before, and returns for each device how many those were; `None` for a device that isn't enrolled,
/// of which nothing is kept. At most four statements. O(messages).
pub async fn receive(tx: &mut WriteTx, received: &[&Received]) -> Result<Vec<Option<u64>>, StoreError> {
    tx.wait_for_other_status_writers().await?;
    let enrolled = enrolled(tx, received).await?;
    let taken: Vec<_> = received.iter().copied().filter(|one| enrolled.contains(&one.device)).collect();
    let mut new = keep_messages(tx, &taken).await?;
    let (states, runs) = newest(&taken);
    if !states.is_empty() {
        execute(tx, STATES, &states, "store the states of advertised programs").await?;
    }
    if !runs.is_empty() {
        execute(tx, RUNS, &runs, "store the runs of advertised programs").await?;
    }
    // What came twice in one batch is new once.
    let counts =
        received.iter().map(|one| enrolled.contains(&one.device).then(|| new.remove(&one.device).unwrap_or(0)));
    Ok(counts.collect())
}

async fn enrolled(tx: &mut WriteTx, received: &[&Received]) -> Result<HashSet<DeviceId>, StoreError> {
    const SQL: &str = "SELECT d.id FROM EACH($1) AS e JOIN device AS d ON d.id = CAST(e.value ->> 'device' AS BIGINT) \
                       WHERE d.revoked_at IS NULL";
    let devices: Vec<_> = received.iter().map(|one| DeviceRow { device: one.device.number() }).collect();
    let rows = sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(sql::rows(&devices))
        .fetch_all(tx.connection())
        .await
        .attempt("check which devices are enrolled")?;
    rows.iter().map(|row| Record::new("device", "id", row).converted("id")).collect()
}

async fn keep_messages(tx: &mut WriteTx, received: &[&Received]) -> Result<HashMap<DeviceId, u64>, StoreError> {
    let rows: Vec<_> =
        received.iter().flat_map(|one| one.messages.iter().map(|message| MessageRow::of(one, message))).collect();
    let mut new = HashMap::new();
    if rows.is_empty() {
        return Ok(new);
    }
    let kept = sqlx::query(sql::expand(tx.engine(), MESSAGES))
        .bind(sql::rows(&rows))
        .fetch_all(tx.connection())
        .await
        .attempt("store status messages")?;
    for row in &kept {
        *new.entry(Record::new("status_message", "device", row).converted("device")?).or_default() += 1;
    }
    Ok(new)
}

async fn execute(
    tx: &mut WriteTx,
    text: &'static str,
    rows: &impl Serialize,
    attempt: &'static str,
) -> Result<(), StoreError> {
    sqlx::query(sql::expand(tx.engine(), text))
        .bind(sql::rows(rows))
        .execute(tx.connection())
        .await
        .attempt(attempt)?;
    Ok(())
}

/// The message with the highest number of each device for each advertisement: PostgreSQL updates a row once in a statement.
fn newest<'a>(received: &[&'a Received]) -> (Vec<StateRow<'a>>, Vec<RunRow<'a>>) {
    let mut ordered: Vec<_> =
        received.iter().flat_map(|one| one.messages.iter().map(move |message| (*one, message))).collect();
    ordered.sort_by_key(|(_, message)| message.number);
    let (mut states, mut runs) = (BTreeMap::new(), BTreeMap::new());
    for (Received { device, received_at, .. }, message) in ordered {
        let number = page::stored(message.number);
        match &message.event {
            StatusEvent::State { advertisement, package, release, program, standing, .. } => {
                let ReleaseNumber { source_version, revision, .. } = *release;
                let row = StateRow {
                    advertisement,
                    device: device.number(),
                    number,
                    package,
                    program,
                    source_version,
                    release_revision: revision,
                    state: standing.state.as_str(),
                    reason: standing.reason.as_ref().map(Reason::code),
                    standing: sql::rows(standing),
                    received_at: received_at.micros(),
                };
                states.insert((advertisement, *device), row);
            }
            StatusEvent::Executed { advertisement, exit_code, started_at, .. } => {
                let started_at = started_at.micros();
                let row = RunRow { advertisement, device: device.number(), number, exit_code: *exit_code, started_at };
                runs.insert((advertisement, *device), row);
            }
            StatusEvent::Delivered { .. } | StatusEvent::Verified { .. } | StatusEvent::Other(_) => {}
        }
    }
    (states.into_values().collect(), runs.into_values().collect())
}

#[derive(Serialize)]
struct DeviceRow {
    device: i64,
}

#[derive(Serialize)]
struct MessageRow {
    device: i64,
    number: i64,
    advertisement: Option<Name>,
    body: String,
    received_at: i64,
}

impl MessageRow {
    fn of(received: &Received, message: &StatusMessage) -> Self {
        Self {
            device: received.device.number(),
            received_at: received.received_at.micros(),
            number: page::stored(message.number),
            advertisement: message.event.advertisement(),
            body: sql::rows(message),
        }
    }
}

#[derive(Serialize)]
struct StateRow<'a> {
    advertisement: &'a Name,
    device: i64,
    number: i64,
    package: &'a Name,
    program: &'a Name,
    source_version: u32,
    release_revision: u32,
    state: &'a str,
    reason: Option<&'a str>,
    standing: String,
    received_at: i64,
}

#[derive(Serialize)]
struct RunRow<'a> {
    advertisement: &'a Name,
    device: i64,
    number: i64,
    exit_code: Option<i64>,
    started_at: i64,
}
