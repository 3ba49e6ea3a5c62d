//! A worker's side of jobs: claim some that are due, renew the lease while working, report the outcome.

use std::time::Duration;

use dray_model::api::job::JobProgress;
use dray_model::{JobId, Timestamp};
use sqlx::any::AnyRow;

use crate::db::WriteTx;
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;
use crate::sql;

/// What a worker asks for.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// Names the worker; unique among all workers of the site.
    pub owner: &'a str,
    /// Kinds of work that it can do.
    pub kinds: &'a [&'a str],
    /// Most jobs to claim.
    pub limit: u32,
    /// For how long the jobs are its own; renew before it is over.
    pub lease: Duration,
    /// Now.
    pub now: Timestamp,
}

/// A job to be worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedJob {
    /// Its id.
    pub id: JobId,
    /// What kind of work.
    pub kind: String,
    /// What it works on.
    pub key: Option<String>,
    /// JSON for the worker.
    pub payload: String,
    /// Attempts begun, this one included.
    pub attempts: u32,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy)]
pub enum Outcome<'a> {
    /// The work is done.
    Done,
    /// Try again at this instant.
    Retry {
        /// When.
        at: Timestamp,
        /// Why it failed this time.
        error: &'a str,
    },
    /// Give up.
    Failed {
        /// Why.
        error: &'a str,
    },
}

/// A job is due when its time has come, or when its worker's lease is over; never while another of its kind and key runs.
/// On PostgreSQL rows that another worker is just taking are passed over.
macro_rules! claim_sql {
    ($lock:literal) => {
        concat!(
            "UPDATE job SET state = 'running', attempts = attempts + 1, lease_owner = $1, lease_until = $2 WHERE id IN (",
            "SELECT j.id FROM job AS j WHERE ((j.state = 'queued' AND j.run_at <= $3) ",
            "OR (j.state = 'running' AND j.lease_until <= $3)) ",
            "AND j.kind IN (SELECT e.value ->> 'kind' FROM EACH($4) AS e) ",
            "AND NOT EXISTS (SELECT 1 FROM job AS other WHERE other.kind = j.kind AND other.dedup_key = j.dedup_key ",
            "AND other.id <> j.id AND other.state = 'running') ORDER BY j.run_at, j.id LIMIT $5",
            $lock,
            ") RETURNING id, kind, dedup_key, payload, attempts"
        )
    };
}

const CLAIM_SQLITE: &str = claim_sql!("");
const CLAIM_POSTGRES: &str = claim_sql!(" FOR UPDATE OF j SKIP LOCKED");

/// Claims jobs that are due, those waiting longest first. Use a transaction of its own and commit before working.
pub async fn claim(tx: &mut WriteTx, claim: &Claim<'_>) -> Result<Vec<ClaimedJob>, StoreError> {
    #[derive(serde::Serialize)]
    struct Kind<'a> {
        kind: &'a str,
    }
    let kinds: Vec<Kind<'_>> = claim.kinds.iter().map(|kind| Kind { kind }).collect();
    let rows = sqlx::query(sql::expand(tx.engine(), tx.engine().pick(CLAIM_SQLITE, CLAIM_POSTGRES)))
        .bind(claim.owner)
        .bind((claim.now + claim.lease).micros())
        .bind(claim.now.micros())
        .bind(sql::rows(&kinds))
        .bind(i64::from(claim.limit))
        .fetch_all(tx.connection())
        .await
        .attempt("claim jobs")?;
    page::read_all(&rows, read)
}

/// Keeps the lease until `until` and notes the progress. False when the lease is lost: stop working.
pub async fn renew(
    tx: &mut WriteTx,
    id: JobId,
    owner: &str,
    until: Timestamp,
    progress: Option<&JobProgress>,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE job SET lease_until = $1, progress = COALESCE($2, progress) \
                       WHERE id = $3 AND lease_owner = $4 AND state = 'running'";
    let done = sqlx::query(SQL)
        .bind(until.micros())
        .bind(progress.map(sql::rows))
        .bind(id.number())
        .bind(owner)
        .execute(tx.connection())
        .await
        .attempt("renew the lease of a job")?;
    Ok(done.rows_affected() > 0)
}

/// Reports how the attempt ended. False when the lease is lost: somebody else works on the job, and the report is dropped.
///
/// A job to be retried is cancelled instead when another of its kind and key waits: that one does the work.
pub async fn finish(
    tx: &mut WriteTx,
    id: JobId,
    owner: &str,
    outcome: Outcome<'_>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const SQL: &str = "UPDATE job SET state = $1, error = $2, run_at = COALESCE($3, run_at), finished_at = $4, \
                       lease_owner = NULL, lease_until = NULL WHERE id = $5 AND lease_owner = $6 AND state = 'running'";
    let (state, error, run_at) = match outcome {
        Outcome::Done => ("done", None, None),
        Outcome::Failed { error } => ("failed", Some(error), None),
        Outcome::Retry { error, .. } if twin_waits(tx, id).await? => ("cancelled", Some(error), None),
        Outcome::Retry { at, error } => ("queued", Some(error), Some(at.micros())),
    };
    let finished_at = (state != "queued").then_some(now.micros());
    let done = sqlx::query(SQL)
        .bind(state)
        .bind(error)
        .bind(run_at)
        .bind(finished_at)
        .bind(id.number())
        .bind(owner)
        .execute(tx.connection())
        .await
        .attempt("report the outcome of a job")?;
    Ok(done.rows_affected() > 0)
}

/// Ends the leases of a worker that is known to be gone: its jobs are due at once. Tells how many.
pub async fn release(tx: &mut WriteTx, owner: &str, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE job SET lease_until = $1 WHERE lease_owner = $2 AND state = 'running'";
    let done = sqlx::query(SQL)
        .bind(now.micros())
        .bind(owner)
        .execute(tx.connection())
        .await
        .attempt("end the leases of a worker that is gone")?;
    Ok(done.rows_affected())
}

async fn twin_waits(tx: &mut WriteTx, id: JobId) -> Result<bool, StoreError> {
    const SQL: &str = "SELECT twin.id FROM job AS twin JOIN job AS own ON twin.kind = own.kind AND twin.dedup_key = own.dedup_key \
                       WHERE own.id = $1 AND twin.state = 'queued' LIMIT 1";
    let row = sqlx::query(SQL)
        .bind(id.number())
        .fetch_optional(tx.connection())
        .await
        .attempt("find another job with the same key")?;
    Ok(row.is_some())
}

fn read(row: &AnyRow) -> Result<ClaimedJob, StoreError> {
    let record = Record::new("job", "id", row);
    Ok(ClaimedJob {
        id: record.converted("id")?,
        kind: record.text("kind")?,
        key: record.optional("dedup_key", Record::text)?,
        payload: record.text("payload")?,
        attempts: record.count("attempts")?,
    })
}
