//! Puts what devices report in place of what is kept of them: a statement for the devices, and one for all their lists where the
//! engine can.

use std::collections::BTreeSet;

use dray_model::inventory::Class;
use dray_model::{DeviceId, Timestamp};

use super::row::{Line, lines};
use super::statements::{REPLACE_DEVICES, REPLACE_LIST, REPLACE_LISTS, lists, takes_several};
use super::{FactDigests, Report};
use crate::db::WriteTx;
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::sql;

/// Replaces what is kept of these devices, each of which appears once, and returns those that were replaced. A device is left out
/// when it is no longer enrolled, or when the facts kept of it are not those of its report: then another report came in between.
pub async fn replace(
    tx: &mut WriteTx,
    reports: &[Report<'_>],
    at: Timestamp,
) -> Result<BTreeSet<DeviceId>, StoreError> {
    let taken = replace_devices(tx, reports, at).await?;
    let reports: Vec<_> = reports.iter().filter(|report| taken.contains(&report.device)).collect();
    let parameters: Vec<_> = lists().map(|class| [removed(&reports, class), added(&reports, class)]).collect();
    if parameters.iter().flatten().all(Option::is_none) {
        return Ok(taken);
    }
    if takes_several(tx.engine()) {
        let query = sqlx::query(sql::expand(tx.engine(), &REPLACE_LISTS));
        let none = || "[]".to_owned();
        let query = parameters.into_iter().flatten().fold(query, |query, rows| query.bind(rows.unwrap_or_else(none)));
        query.execute(tx.connection()).await.attempt("store lists of facts")?;
        return Ok(taken);
    }
    for (text, rows) in REPLACE_LIST.iter().flatten().zip(parameters.into_iter().flatten()) {
        if let Some(rows) = rows {
            let query = sqlx::query(sql::expand(tx.engine(), text)).bind(rows);
            query.execute(tx.connection()).await.attempt("store a list of facts")?;
        }
    }
    Ok(taken)
}

async fn replace_devices(
    tx: &mut WriteTx,
    reports: &[Report<'_>],
    at: Timestamp,
) -> Result<BTreeSet<DeviceId>, StoreError> {
    let hex = |digests: &FactDigests| sql::hex(&digests.to_bytes());
    let heads: Vec<_> = reports
        .iter()
        .map(|report| (report.device.number(), at.micros(), hex(&report.digests), report.kept.as_ref().map(hex)))
        .collect();
    let rows = reports.iter().map(|report| report.facts.device());
    let lines: Vec<_> = heads.iter().zip(rows).map(|(head, row)| Line { head, row }).collect();
    let rows = sqlx::query(sql::expand(tx.engine(), &REPLACE_DEVICES))
        .bind(sql::rows(&lines))
        .fetch_all(tx.connection())
        .await
        .attempt("store the facts of devices")?;
    rows.iter().map(|row| Record::new("device_facts", "device_id", row).converted("device_id")).collect()
}

/// The devices whose rows of a list go, for `EACH`.
fn removed(reports: &[&Report<'_>], class: Class) -> Option<String> {
    let changed = reports.iter().filter(|report| report.has_changed(class) && report.had_rows(class));
    let ids: Vec<_> = changed.map(|report| [report.device.number()]).collect();
    (!ids.is_empty()).then(|| sql::rows(&ids))
}

/// The rows of a list that come, for `EACH`.
fn added(reports: &[&Report<'_>], class: Class) -> Option<String> {
    let changed = reports.iter().filter(|report| report.has_changed(class));
    let lines: Vec<_> = changed.flat_map(|report| lines(report.device.number(), report.facts, class)).collect();
    (!lines.is_empty()).then(|| sql::rows(&lines))
}
