//! Enrolment tokens: how many devices, or which distribution point, may still enrol. Hashes of secrets, never secrets.
//!
//! Tokens that are over are forgotten after a while. Their numbers, by which the audit log names them, are never given out again.

use dray_model::Timestamp;
use dray_model::api::device::{EnrolmentFor, EnrolmentTokenView};
use dray_model::api::page::{Page, PageRequest};
use sqlx::any::AnyRow;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;

/// A token; complete it with a condition.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, point, allowed, used, comment, created_at, expires_at, revoked_at FROM enrolment_token ",
            $rest
        )
    };
}

/// A token to be added.
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    /// Hash of its secret.
    pub hash: &'a [u8],
    /// What for.
    pub purpose: &'a EnrolmentFor,
    /// For administrators.
    pub comment: &'a str,
    /// Now.
    pub created_at: Timestamp,
    /// From this instant it is refused.
    pub expires_at: Timestamp,
}

/// Adds a token and tells its number.
pub async fn insert(tx: &mut WriteTx, token: &NewToken<'_>) -> Result<i64, StoreError> {
    const SQL: &str = "INSERT INTO enrolment_token (hash, point, allowed, used, comment, created_at, expires_at) \
                       VALUES ($1, $2, $3, 0, $4, $5, $6) RETURNING id";
    let (point, allowed) = match token.purpose {
        EnrolmentFor::Devices { count } => (None, i64::from(*count)),
        EnrolmentFor::Point { point } => (Some(point.as_str()), 1),
    };
    let row = sqlx::query(SQL)
        .bind(token.hash)
        .bind(point)
        .bind(allowed)
        .bind(token.comment)
        .bind(token.created_at.micros())
        .bind(token.expires_at.micros())
        .fetch_one(tx.connection())
        .await
        .attempt("add an enrolment token")?;
    Record::new("enrolment_token", "id", &row).number("id")
}

/// The token with this number.
pub async fn find(snapshot: &mut Snapshot, id: i64) -> Result<Option<EnrolmentTokenView>, StoreError> {
    let row = sqlx::query(select!("WHERE id = $1"))
        .bind(id)
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find an enrolment token")?;
    row.as_ref().map(read).transpose()
}

/// The token whose secret has this hash, whatever its state.
pub async fn find_by_hash(snapshot: &mut Snapshot, hash: &[u8]) -> Result<Option<EnrolmentTokenView>, StoreError> {
    let row = sqlx::query(select!("WHERE hash = $1"))
        .bind(hash)
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find an enrolment token by its secret")?;
    row.as_ref().map(read).transpose()
}

/// Tokens, newest first.
pub async fn list(snapshot: &mut Snapshot, request: &PageRequest) -> Result<Page<EnrolmentTokenView>, StoreError> {
    let rows = sqlx::query(select!("WHERE id < $1 ORDER BY id DESC LIMIT $2"))
        .bind(page::number_after(request, i64::MAX))
        .bind(page::fetch_limit(request))
        .fetch_all(snapshot.connection())
        .await
        .attempt("list enrolment tokens")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |token| token.id.to_string()))
}

/// Counts up to `wanted` uses, and returns how many were left: none when the token is used up, expired, revoked or not there.
///
/// The transaction must be one of [`Db::write`](crate::Db::write), so that nobody else uses the token in between.
pub async fn take(tx: &mut WriteTx, id: i64, wanted: u32, now: Timestamp) -> Result<u32, StoreError> {
    const LEFT: &str = "SELECT id, allowed - used AS unused FROM enrolment_token \
                        WHERE id = $1 AND used < allowed AND expires_at > $2 AND revoked_at IS NULL";
    const TAKE: &str = "UPDATE enrolment_token SET used = used + $1 WHERE id = $2";
    const ATTEMPT: &str = "use an enrolment token";
    let row = sqlx::query(LEFT).bind(id).bind(now.micros()).fetch_optional(tx.connection()).await.attempt(ATTEMPT)?;
    let unused = row.map(|row| Record::new("enrolment_token", "id", &row).count("unused")).transpose()?;
    let taken = unused.unwrap_or(0).min(wanted);
    if taken > 0 {
        let query = sqlx::query(TAKE).bind(i64::from(taken)).bind(id);
        query.execute(tx.connection()).await.attempt(ATTEMPT)?;
    }
    Ok(taken)
}

/// Revokes the token from `now` on; one that is revoked keeps its first instant. False if no row has this number.
pub async fn revoke(tx: &mut WriteTx, id: i64, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE enrolment_token SET revoked_at = COALESCE(revoked_at, $1) WHERE id = $2")
        .bind(now.micros())
        .bind(id)
        .execute(tx.connection())
        .await
        .attempt("revoke an enrolment token")?;
    Ok(done.rows_affected() > 0)
}

/// Forgets tokens that expired before `before`. Tells how many.
pub async fn forget(tx: &mut WriteTx, before: Timestamp) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM enrolment_token WHERE expires_at < $1")
        .bind(before.micros())
        .execute(tx.connection())
        .await
        .attempt("delete expired enrolment tokens")?;
    Ok(done.rows_affected())
}

fn read(row: &AnyRow) -> Result<EnrolmentTokenView, StoreError> {
    let record = Record::new("enrolment_token", "id", row);
    let purpose = match record.optional("point", Record::parsed)? {
        Some(point) => EnrolmentFor::Point { point },
        None => EnrolmentFor::Devices { count: record.count("allowed")? },
    };
    Ok(EnrolmentTokenView {
        id: record.number("id")?,
        purpose,
        comment: record.parsed("comment")?,
        used: record.count("used")?,
        created_at: record.time("created_at")?,
        expires_at: record.time("expires_at")?,
        revoked_at: record.optional("revoked_at", Record::time)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_engine;

    const END: Timestamp = Timestamp::MAX;

    async fn add(tx: &mut WriteTx, secret: u8, purpose: EnrolmentFor) -> i64 {
        let hash = [secret; 32];
        let created_at = Timestamp::from_secs(1);
        let expires_at = Timestamp::from_secs(100);
        insert(tx, &NewToken { hash: &hash, purpose: &purpose, comment: "lab", created_at, expires_at }).await.unwrap()
    }

    #[test]
    fn tokens_read_back_newest_first_and_by_their_hash() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            let first = add(&mut tx, 1, EnrolmentFor::Devices { count: 3 }).await;
            let point = EnrolmentFor::Point { point: "berlin".parse().unwrap() };
            let second = add(&mut tx, 2, point.clone()).await;
            let listed = list(&mut tx, &PageRequest::new(Some(1), None)).await.unwrap();
            assert_eq!((listed.items[0].id, &listed.items[0].purpose), (second, &point));
            let rest = list(&mut tx, &PageRequest::new(Some(1), listed.next)).await.unwrap();
            assert_eq!((rest.items[0].id, rest.next), (first, None));
            assert_eq!(find_by_hash(&mut tx, &[2; 32]).await.unwrap().unwrap().id, second);
            assert_eq!(find_by_hash(&mut tx, &[3; 32]).await.unwrap(), None);
            assert_eq!(find(&mut tx, first).await.unwrap().unwrap().comment.as_str(), "lab");
        });
    }

    #[test]
    fn expired_tokens_are_forgotten_and_their_numbers_never_come_again() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            for secret in 1..=3 {
                add(&mut tx, secret, EnrolmentFor::Devices { count: 1 }).await;
            }
            assert_eq!(forget(&mut tx, Timestamp::from_secs(100)).await.unwrap(), 0, "they expire at 100");
            assert_eq!(forget(&mut tx, END).await.unwrap(), 3);
            assert_eq!(find_by_hash(&mut tx, &[1; 32]).await.unwrap(), None);
            assert_eq!(add(&mut tx, 4, EnrolmentFor::Devices { count: 1 }).await, 4);
        });
    }

    #[test]
    fn a_token_is_used_as_often_as_allowed_in_its_time_and_not_once_revoked() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            let now = Timestamp::from_secs(99);
            let twice = add(&mut tx, 1, EnrolmentFor::Devices { count: 2 }).await;
            assert_eq!(take(&mut tx, twice, 1, Timestamp::from_secs(100)).await.unwrap(), 0, "expired");
            assert_eq!(take(&mut tx, twice, 1, now).await.unwrap(), 1);
            assert_eq!(take(&mut tx, twice, 3, now).await.unwrap(), 1, "one was left");
            assert_eq!(take(&mut tx, twice, 1, now).await.unwrap(), 0, "used up");
            assert_eq!(find(&mut tx, twice).await.unwrap().unwrap().used, 2);
            let other = add(&mut tx, 2, EnrolmentFor::Devices { count: 2 }).await;
            assert!(revoke(&mut tx, other, now).await.unwrap());
            assert!(revoke(&mut tx, other, END).await.unwrap());
            assert_eq!(find(&mut tx, other).await.unwrap().unwrap().revoked_at, Some(now));
            assert_eq!(take(&mut tx, other, 1, now).await.unwrap(), 0, "revoked");
            assert!(!revoke(&mut tx, 77, now).await.unwrap());
        });
    }
}
