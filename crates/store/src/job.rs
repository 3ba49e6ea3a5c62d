//! Jobs as rows: enqueued in the transaction of the change that needs them, claimed under a lease, retried, and forgotten later.
//!
//! Invariant: of the jobs with the same kind and key at most one waits and at most one runs. The holder of the lease is the
//! only one who can report on a job; a worker that lost its lease is told so and its report is dropped.

mod claim;

use dray_model::api::job::{Job, JobState};
use dray_model::api::page::{Page, PageRequest};
use dray_model::{JobId, Timestamp};
use sqlx::any::AnyRow;

pub use claim::{Claim, ClaimedJob, Outcome, claim, finish, release, renew};

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;
use crate::scope::{Within, job_within};

/// A job to be enqueued.
#[derive(Debug, Clone)]
pub struct NewJob<'a> {
    /// Its id, drawn by the caller.
    pub id: JobId,
    /// What kind of work.
    pub kind: &'a str,
    /// What it works on; a waiting job of the same kind and key makes this one unnecessary.
    pub key: Option<&'a str>,
    /// JSON for the worker.
    pub payload: &'a str,
    /// Earliest start.
    pub run_at: Timestamp,
    /// Now.
    pub created_at: Timestamp,
}

/// Adds a job, unless one of its kind and key waits already: then that one is moved forward to the earlier start and gets the
/// newer payload. Tells the id of the job that will do the work.
pub async fn enqueue(tx: &mut WriteTx, job: &NewJob<'_>) -> Result<JobId, StoreError> {
    const SQL: &str = "INSERT INTO job (id, kind, dedup_key, payload, state, run_at, attempts, created_at) \
                       VALUES ($1, $2, $3, $4, 'queued', $5, 0, $6) \
                       ON CONFLICT (kind, dedup_key) WHERE state = 'queued' AND dedup_key IS NOT NULL DO UPDATE \
                       SET payload = excluded.payload, \
                       run_at = CASE WHEN excluded.run_at < job.run_at THEN excluded.run_at ELSE job.run_at END \
                       RETURNING id";
    let row = sqlx::query(SQL)
        .bind(job.id.number())
        .bind(job.kind)
        .bind(job.key)
        .bind(job.payload)
        .bind(job.run_at.micros())
        .bind(job.created_at.micros())
        .fetch_one(tx.connection())
        .await
        .attempt("enqueue a job")?;
    Record::new("job", "id", &row).converted("id")
}

/// The payload of the job of this kind and key that waits.
pub async fn waiting(snapshot: &mut Snapshot, kind: &str, key: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("SELECT id, payload FROM job WHERE kind = $1 AND dedup_key = $2 AND state = 'queued'")
        .bind(kind)
        .bind(key)
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find a waiting job")?;
    row.map(|row| Record::new("job", "id", &row).text("payload")).transpose()
}

/// The job `id`.
pub async fn find(snapshot: &mut Snapshot, id: JobId) -> Result<Option<Job>, StoreError> {
    const SQL: &str = "SELECT id, kind, dedup_key, state, run_at, attempts, progress, error, created_at, finished_at FROM job \
                       WHERE id = $1";
    let row = sqlx::query(SQL).bind(id.number()).fetch_optional(snapshot.connection()).await.attempt("find a job")?;
    row.as_ref().map(read).transpose()
}

/// Jobs, in a given state or all, by the time they were asked for, newest first.
pub async fn list(
    snapshot: &mut Snapshot,
    within: Within<'_>,
    state: Option<JobState>,
    request: &PageRequest,
) -> Result<Page<Job>, StoreError> {
    const SQL: &str = concat!(
        "SELECT id, kind, dedup_key, state, run_at, attempts, progress, error, created_at, finished_at FROM job ",
        "WHERE (created_at < $1 OR (created_at = $1 AND id < $2)) AND ($3 = '' OR state = $3) AND ",
        job_within!("$5"),
        " ORDER BY created_at DESC, id DESC LIMIT $4"
    );
    let (created_at, id) = list_key(request);
    let rows = sqlx::query(SQL)
        .bind(created_at)
        .bind(id)
        .bind(state.map_or("", JobState::as_str))
        .bind(page::fetch_limit(request))
        .bind(within.name())
        .fetch_all(snapshot.connection())
        .await
        .attempt("list jobs")?;
    let key = |job: &Job| format!("{}.{}", job.created_at.micros(), job.id.number());
    Ok(page::cut(request, page::read_all(&rows, read)?, key))
}

fn list_key(request: &PageRequest) -> (i64, i64) {
    let parse = |text: &str| {
        let (created_at, id) = text.split_once('.')?;
        Some((created_at.parse().ok()?, id.parse().ok()?))
    };
    request.after.as_deref().and_then(parse).unwrap_or((i64::MAX, i64::MAX))
}

/// Takes back a waiting job. False when it isn't waiting (any more).
pub async fn cancel(tx: &mut WriteTx, id: JobId, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE job SET state = 'cancelled', finished_at = $1 WHERE id = $2 AND state = 'queued'")
        .bind(now.micros())
        .bind(id.number())
        .execute(tx.connection())
        .await
        .attempt("cancel a job")?;
    Ok(done.rows_affected() > 0)
}

/// Forgets jobs that came to their end before `before`. Tells how many.
pub async fn forget(tx: &mut WriteTx, before: Timestamp) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM job WHERE finished_at IS NOT NULL AND finished_at < $1")
        .bind(before.micros())
        .execute(tx.connection())
        .await
        .attempt("delete finished jobs")?;
    Ok(done.rows_affected())
}

/// When the next waiting job is due; for workers to sleep until then.
pub async fn next_due(snapshot: &mut Snapshot) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query("SELECT id, run_at FROM job WHERE state = 'queued' ORDER BY run_at, id LIMIT 1")
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find the next job")?;
    row.map(|row| Record::new("job", "id", &row).time("run_at")).transpose()
}

fn read(row: &AnyRow) -> Result<Job, StoreError> {
    let record = Record::new("job", "id", row);
    Ok(Job {
        id: record.converted("id")?,
        kind: record.text("kind")?,
        key: record.optional("dedup_key", Record::text)?,
        state: record.parsed("state")?,
        attempts: record.count("attempts")?,
        run_at: record.time("run_at")?,
        created_at: record.time("created_at")?,
        finished_at: record.optional("finished_at", Record::time)?,
        progress: record.optional("progress", Record::json)?,
        error: record.optional("error", Record::text)?,
    })
}

#[cfg(test)]
mod tests;
