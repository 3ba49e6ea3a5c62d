//! Answers kept by idempotency key, so that a repeated request gets the first one's answer instead of a second effect.
//!
//! A key is reserved before the work and filled after it. A reservation whose server died is taken over after [`TAKE_OVER`].
//!
//! The answer is not stored in the transaction of the change, because it is written from what the change made, after its commit, by
//! code that knows of no database; a change would have to carry HTTP with it. A server killed in between leaves a change without an
//! answer, the one place where a repeat acts again. What it then does is harmless by itself: a second object of the same name is a
//! conflict, a second job of the same key is the first one, and what sets a state sets it again. The exception is ordering an
//! advertisement once more, which orders it twice.

use std::time::Duration;

use dray_model::{Digest, Timestamp};
use sqlx::any::AnyRow;

use crate::db::WriteTx;
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;

/// Age at which a reservation without an answer is taken over.
pub const TAKE_OVER: Duration = Duration::from_secs(120);

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its media type.
    pub content_type: Option<String>,
    /// Its body.
    pub body: Vec<u8>,
}

/// What became of a try to reserve a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reservation {
    /// The key is ours: do the work, then [`complete`] or [`release`].
    Ours,
    /// The same request was answered before.
    Answered(Answer),
    /// The same request is being worked on.
    InProgress,
    /// The key was used for another request.
    OtherRequest,
}

/// Reserves `key` of `actor` for the request with this digest.
pub async fn reserve(
    tx: &mut WriteTx,
    actor: &str,
    key: &str,
    request: &Digest,
    now: Timestamp,
) -> Result<Reservation, StoreError> {
    const RESERVE: &str = "INSERT INTO idempotency (actor, key, request_digest, created_at) VALUES ($1, $2, $3, $4) \
                           ON CONFLICT (actor, key) DO UPDATE SET created_at = excluded.created_at \
                           WHERE idempotency.status IS NULL AND idempotency.request_digest = excluded.request_digest \
                           AND idempotency.created_at < $5";
    const FIND: &str =
        "SELECT key, request_digest, status, content_type, body FROM idempotency WHERE actor = $1 AND key = $2";
    let reserved = sqlx::query(RESERVE)
        .bind(actor)
        .bind(key)
        .bind(request.as_bytes().as_slice())
        .bind(now.micros())
        .bind((now - TAKE_OVER).micros())
        .execute(tx.connection())
        .await
        .attempt("reserve an idempotency key")?;
    if reserved.rows_affected() > 0 {
        return Ok(Reservation::Ours);
    }
    let row = sqlx::query(FIND)
        .bind(actor)
        .bind(key)
        .fetch_optional(tx.connection())
        .await
        .attempt("find the answer to an idempotency key")?;
    row.map_or(Ok(Reservation::InProgress), |row| read(&row, request))
}

fn read(row: &AnyRow, request: &Digest) -> Result<Reservation, StoreError> {
    let record = Record::new("idempotency", "key", row);
    if record.digest("request_digest")? != *request {
        return Ok(Reservation::OtherRequest);
    }
    let Some(status) = record.optional("status", Record::count)? else { return Ok(Reservation::InProgress) };
    Ok(Reservation::Answered(Answer {
        status: u16::try_from(status).map_err(|error| record.corrupt("status", error))?,
        content_type: record.optional("content_type", Record::text)?,
        body: record.bytes("body")?,
    }))
}

/// Stores the answer under a key that was reserved.
pub async fn complete(tx: &mut WriteTx, actor: &str, key: &str, answer: &Answer) -> Result<(), StoreError> {
    sqlx::query("UPDATE idempotency SET status = $1, content_type = $2, body = $3 WHERE actor = $4 AND key = $5")
        .bind(i64::from(answer.status))
        .bind(answer.content_type.as_deref())
        .bind(answer.body.as_slice())
        .bind(actor)
        .bind(key)
        .execute(tx.connection())
        .await
        .attempt("store the answer to an idempotency key")?;
    Ok(())
}

/// Gives a reserved key back, because the request failed without effect.
pub async fn release(tx: &mut WriteTx, actor: &str, key: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM idempotency WHERE actor = $1 AND key = $2 AND status IS NULL")
        .bind(actor)
        .bind(key)
        .execute(tx.connection())
        .await
        .attempt("release an idempotency key")?;
    Ok(())
}

/// Forgets keys from before `before`. Tells how many.
pub async fn forget(tx: &mut WriteTx, before: Timestamp) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM idempotency WHERE created_at < $1")
        .bind(before.micros())
        .execute(tx.connection())
        .await
        .attempt("delete idempotency keys")?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_engine;

    #[test]
    fn a_key_gives_the_first_answer_again_and_only_for_the_same_request() {
        each_engine(async |db| {
            let (now, request, other) = (Timestamp::from_secs(1000), Digest::of(b"a"), Digest::of(b"b"));
            let answer = Answer { status: 201, content_type: None, body: b"{}".to_vec() };
            let mut tx = db.write().await.unwrap();
            assert_eq!(reserve(&mut tx, "t", "k", &request, now).await.unwrap(), Reservation::Ours);
            assert_eq!(reserve(&mut tx, "t", "k", &request, now).await.unwrap(), Reservation::InProgress);
            complete(&mut tx, "t", "k", &answer).await.unwrap();
            let late = now + TAKE_OVER * 2;
            assert_eq!(reserve(&mut tx, "t", "k", &request, late).await.unwrap(), Reservation::Answered(answer));
            assert_eq!(reserve(&mut tx, "t", "k", &other, now).await.unwrap(), Reservation::OtherRequest);
            assert_eq!(reserve(&mut tx, "u", "k", &other, now).await.unwrap(), Reservation::Ours);
            assert_eq!(forget(&mut tx, late).await.unwrap(), 2);
        });
    }

    #[test]
    fn a_reservation_is_taken_over_when_old_and_free_when_released() {
        each_engine(async |db| {
            let (now, request) = (Timestamp::from_secs(1000), Digest::of(b"a"));
            let mut tx = db.write().await.unwrap();
            reserve(&mut tx, "t", "k", &request, now).await.unwrap();
            let late = now + TAKE_OVER * 2;
            assert_eq!(reserve(&mut tx, "t", "k", &request, late).await.unwrap(), Reservation::Ours);
            release(&mut tx, "t", "k").await.unwrap();
            assert_eq!(reserve(&mut tx, "t", "k", &request, late).await.unwrap(), Reservation::Ours);
        });
    }
}
