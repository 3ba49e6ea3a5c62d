//! The site's eras: when servers started and when the site went on from an older copy of itself.
//!
//! An era begins with a change of its own, so its sequence is above those of all policies that were signed before. That makes the
//! table a test for what others hold: a policy whose era isn't here, or that has a number of the era after its own, was signed by a site
//! that this database doesn't remember. See `dray_model::history`.

use dray_model::{EraId, Timestamp};

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::{meta, page};

/// Starts that are remembered; returns always are.
const STARTS_MAX: i64 = 1000;

/// An era.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Era {
    /// Its name.
    pub id: EraId,
    /// Its policies have numbers from this one on.
    pub sequence: i64,
    /// When it began.
    pub began_at: Timestamp,
    /// Present where the site returned.
    pub returned: Option<Return>,
}

/// What is known of a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// Everything up to this instant is in the copy.
    pub copied_at: Timestamp,
    /// How it was found out, in one sentence.
    pub cause: String,
}

/// Where in its history the site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// The era; none before a server has started.
    pub era: Option<EraId>,
    /// The era with which the site returned last.
    pub returned: Option<EraId>,
}

/// Where the site is, as `snapshot` sees it.
pub async fn place(snapshot: &mut Snapshot) -> Result<Place, StoreError> {
    const SQL: &str = "SELECT e.id, (SELECT r.id FROM site_era AS r WHERE r.copied_at IS NOT NULL \
                       ORDER BY r.sequence DESC LIMIT 1) AS returned \
                       FROM site_era AS e ORDER BY e.sequence DESC LIMIT 1";
    let row =
        sqlx::query(SQL).fetch_optional(snapshot.connection()).await.attempt("find out which era of the site it is")?;
    let Some(row) = row else { return Ok(Place::default()) };
    let record = Record::new("site_era", "id", &row);
    Ok(Place { era: Some(record.converted("id")?), returned: record.optional("returned", Record::converted)? })
}

/// All eras that are remembered, in their order.
pub async fn eras(snapshot: &mut Snapshot) -> Result<Vec<Era>, StoreError> {
    let rows = sqlx::query("SELECT id, sequence, began_at, copied_at, cause FROM site_era ORDER BY sequence")
        .fetch_all(snapshot.connection())
        .await
        .attempt("read the eras of the site")?;
    page::read_all(&rows, |row| {
        let record = Record::new("site_era", "id", row);
        let copied_at = record.optional("copied_at", Record::time)?;
        let cause = record.optional("cause", Record::text)?.unwrap_or_default();
        Ok(Era {
            id: record.converted("id")?,
            sequence: record.number("sequence")?,
            began_at: record.time("began_at")?,
            returned: copied_at.map(|copied_at| Return { copied_at, cause }),
        })
    })
}

/// Begins an era. No policy may have been numbered from its sequence on.
pub async fn begin(tx: &mut WriteTx, era: &Era) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO site_era (id, sequence, began_at, copied_at, cause) VALUES ($1, $2, $3, $4, $5)";
    sqlx::query(SQL)
        .bind(era.id.number())
        .bind(era.sequence)
        .bind(era.began_at.micros())
        .bind(era.returned.as_ref().map(|returned| returned.copied_at.micros()))
        .bind(era.returned.as_ref().map(|returned| returned.cause.as_str()))
        .execute(tx.connection())
        .await
        .attempt("begin an era of the site")?;
    const FORGET: &str = "DELETE FROM site_era WHERE copied_at IS NULL AND sequence <= \
                          (SELECT sequence FROM site_era ORDER BY sequence DESC LIMIT 1 OFFSET $1)";
    sqlx::query(FORGET).bind(STARTS_MAX).execute(tx.connection()).await.attempt("forget old eras of the site")?;
    Ok(())
}

/// Has numbering go on above `sequence`.
pub async fn raise(tx: &mut WriteTx, sequence: i64) -> Result<(), StoreError> {
    meta::set(tx, meta::CHANGE_SEQUENCE, &sequence.to_string()).await
}

/// When the newest change before `before` was noted in the audit log. Enrolments and deletions are.
pub async fn noted_before(snapshot: &mut Snapshot, before: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query("SELECT MAX(at) AS at FROM audit WHERE at < $1")
        .bind(before.micros())
        .fetch_one(snapshot.connection())
        .await
        .attempt("find the newest change before an instant")?;
    Record::new("audit", "at", &row).optional("at", Record::time)
}

/// Revokes all enrolment tokens that are still good, and returns how many.
pub async fn revoke_enrolment_tokens(tx: &mut WriteTx, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "UPDATE enrolment_token SET revoked_at = $1 WHERE revoked_at IS NULL AND expires_at > $1 \
                       AND used < allowed";
    let done = sqlx::query(SQL).bind(now.micros()).execute(tx.connection()).await.attempt("revoke enrolment tokens")?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_engine;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn era(number: u64, sequence: i64, copied_at: Option<i64>) -> Era {
        let returned = copied_at.map(|secs| Return { copied_at: at(secs), cause: "it was restored".to_owned() });
        Era { id: EraId::from_random(number), sequence, began_at: at(sequence), returned }
    }

    #[test]
    fn eras_read_back_in_order_and_the_last_return_is_remembered() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            assert_eq!(place(&mut tx).await.unwrap(), Place::default());
            let all = [era(9, 1, None), era(3, 5, Some(4)), era(7, 6, None)];
            for era in &all {
                begin(&mut tx, era).await.unwrap();
            }
            assert_eq!(eras(&mut tx).await.unwrap(), all);
            let expected = Place { era: Some(EraId::from_random(7)), returned: Some(EraId::from_random(3)) };
            assert_eq!(place(&mut tx).await.unwrap(), expected);
        });
    }

    #[test]
    fn old_starts_are_forgotten_and_returns_never() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            begin(&mut tx, &era(0, 1, Some(1))).await.unwrap();
            for number in 2..=1005 {
                begin(&mut tx, &era(number, number.cast_signed(), None)).await.unwrap();
            }
            let kept = eras(&mut tx).await.unwrap();
            assert_eq!(kept.len(), 1001);
            assert!(kept[0].returned.is_some());
            assert_eq!(kept[1].sequence, 6);
        });
    }
}
