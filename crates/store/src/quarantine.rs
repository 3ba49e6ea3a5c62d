//! Members that show a good certificate and that the database doesn't know: they wait until an administrator accepts or refuses them.

use dray_model::api::client::MemberKind;
use dray_model::api::page::{Page, PageRequest};
use dray_model::api::quarantine::QuarantinedView;
use dray_model::api::site::WaitingMembers;
use dray_model::{Name, Timestamp};
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::{page, sql};

/// A member that was heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What it is.
    pub kind: MemberKind,
    /// Who it is, by its certificate: a device's id, or a point's name.
    pub member: Name,
    /// What it calls itself.
    pub name: Option<Name>,
    /// When its certificate was issued.
    pub issued_at: Timestamp,
    /// When it was heard of.
    pub seen_at: Timestamp,
}

/// Takes down members, as long as there are fewer than `most`. Those that were refused stay so. O(members).
pub async fn hear(tx: &mut WriteTx, heard: &[Heard], most: u64) -> Result<(), StoreError> {
    #[derive(Serialize)]
    struct Row<'a> {
        member: &'a Name,
        kind: MemberKind,
        name: Option<&'a Name>,
        issued_at: i64,
        seen_at: i64,
    }
    const SQL: &str = "INSERT INTO quarantine (member, kind, name, issued_at, seen_at) \
                       SELECT e.value ->> 'member', e.value ->> 'kind', e.value ->> 'name', \
                       CAST(e.value ->> 'issued_at' AS BIGINT), CAST(e.value ->> 'seen_at' AS BIGINT) FROM EACH($1) AS e \
                       WHERE (SELECT COUNT(*) FROM quarantine) < $2 \
                       ON CONFLICT (member) DO UPDATE SET name = COALESCE(excluded.name, quarantine.name), \
                       issued_at = excluded.issued_at, seen_at = excluded.seen_at";
    // PostgreSQL touches a row once in a statement.
    let newest: std::collections::BTreeMap<_, _> = heard.iter().map(|one| (&one.member, one)).collect();
    let rows: Vec<_> = newest
        .into_iter()
        .map(|(member, heard)| Row {
            member,
            kind: heard.kind,
            name: heard.name.as_ref(),
            issued_at: heard.issued_at.micros(),
            seen_at: heard.seen_at.micros(),
        })
        .collect();
    sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(sql::rows(&rows))
        .bind(page::stored(most))
        .execute(tx.connection())
        .await
        .attempt("note members that are not known")?;
    Ok(())
}

/// Those that wait, or were refused, by their identity.
pub async fn list(snapshot: &mut Snapshot, request: &PageRequest) -> Result<Page<QuarantinedView>, StoreError> {
    const SQL: &str = "SELECT member, kind, name, issued_at, seen_at, refused_at FROM quarantine WHERE member > $1 \
                       ORDER BY member LIMIT $2";
    let rows = sqlx::query(SQL)
        .bind(request.after.as_deref().unwrap_or(""))
        .bind(page::fetch_limit(request))
        .fetch_all(snapshot.connection())
        .await
        .attempt("list the members that are not known")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |view| view.member.to_string()))
}

/// The one with this identity, or the only one that calls itself so.
pub async fn find(snapshot: &mut Snapshot, name: &Name) -> Result<Option<QuarantinedView>, StoreError> {
    const SQL: &str = "SELECT member, kind, name, issued_at, seen_at, refused_at FROM quarantine \
                       WHERE member = $1 OR name = $1 ORDER BY CASE WHEN member = $1 THEN 0 ELSE 1 END LIMIT 2";
    let rows = sqlx::query(SQL)
        .bind(name.as_str())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find a member that is not known")?;
    let mut found = page::read_all(&rows, read)?;
    let is_clear = found.len() == 1 || found.first().is_some_and(|view| view.member == *name);
    Ok(if is_clear { Some(found.remove(0)) } else { None })
}

/// Those that wait after this identity, at most `most`.
pub async fn waiting_after(
    snapshot: &mut Snapshot,
    after: &str,
    most: u32,
) -> Result<Vec<QuarantinedView>, StoreError> {
    const SQL: &str = "SELECT member, kind, name, issued_at, seen_at, refused_at FROM quarantine \
                       WHERE member > $1 AND refused_at IS NULL ORDER BY member LIMIT $2";
    let rows = sqlx::query(SQL)
        .bind(after)
        .bind(i64::from(most))
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the members that wait")?;
    page::read_all(&rows, read)
}

/// Whether this member was refused.
pub async fn is_refused(snapshot: &mut Snapshot, member: &Name) -> Result<bool, StoreError> {
    let row = sqlx::query("SELECT member FROM quarantine WHERE member = $1 AND refused_at IS NOT NULL")
        .bind(member.as_str())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find out whether a member was refused")?;
    Ok(row.is_some())
}

/// How many wait.
pub async fn count(snapshot: &mut Snapshot) -> Result<WaitingMembers, StoreError> {
    const SQL: &str = "SELECT kind, COUNT(*) AS waiting FROM quarantine WHERE refused_at IS NULL GROUP BY kind";
    let rows =
        sqlx::query(SQL).fetch_all(snapshot.connection()).await.attempt("count the members that are not known")?;
    let mut found = WaitingMembers::default();
    for row in &rows {
        let record = Record::new("quarantine", "kind", row);
        let waiting = record.size("waiting")?;
        if record.text("kind")? == "point" { found.points = waiting } else { found.devices = waiting }
    }
    Ok(found)
}

/// Takes one out.
pub async fn remove(tx: &mut WriteTx, member: &Name) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM quarantine WHERE member = $1")
        .bind(member.as_str())
        .execute(tx.connection())
        .await
        .attempt("take a member out of quarantine")?;
    Ok(())
}

/// Refuses one, for good.
pub async fn refuse(tx: &mut WriteTx, member: &Name, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query("UPDATE quarantine SET refused_at = COALESCE(refused_at, $1) WHERE member = $2")
        .bind(now.micros())
        .bind(member.as_str())
        .execute(tx.connection())
        .await
        .attempt("refuse a member")?;
    Ok(())
}

/// Forgets those whose certificates were issued before `before` and so have ended. Returns how many.
pub async fn forget(tx: &mut WriteTx, before: Timestamp) -> Result<u64, StoreError> {
    let done = sqlx::query("DELETE FROM quarantine WHERE issued_at < $1")
        .bind(before.micros())
        .execute(tx.connection())
        .await
        .attempt("forget members whose certificates have ended")?;
    Ok(done.rows_affected())
}

fn read(row: &AnyRow) -> Result<QuarantinedView, StoreError> {
    let record = Record::new("quarantine", "member", row);
    Ok(QuarantinedView {
        kind: record.word("kind")?,
        member: record.parsed("member")?,
        name: record.optional("name", Record::parsed)?,
        issued_at: record.time("issued_at")?,
        seen_at: record.time("seen_at")?,
        refused_at: record.optional("refused_at", Record::time)?,
    })
}

#[cfg(test)]
mod tests {
    use dray_model::DeviceId;

    use super::*;
    use crate::testing::each_engine;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn device(number: u64, name: &str) -> Heard {
        let member = DeviceId::from_random(number).to_string().parse().unwrap();
        Heard { kind: MemberKind::Device, member, name: name.parse().ok(), issued_at: at(5), seen_at: at(9) }
    }

    #[test]
    fn members_are_heard_once_found_by_name_and_never_more_than_allowed() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            let berlin = Heard { kind: MemberKind::Point, member: "berlin".parse().unwrap(), ..device(0, "") };
            hear(&mut tx, &[device(1, "pc"), device(1, "pc"), berlin.clone()], 3).await.unwrap();
            hear(&mut tx, &[device(2, "pc")], 3).await.unwrap();
            hear(&mut tx, &[device(3, "late")], 3).await.unwrap();
            assert_eq!(count(&mut tx).await.unwrap(), WaitingMembers { devices: 2, points: 1 });
            let pc = "pc".parse().unwrap();
            assert_eq!(find(&mut tx, &pc).await.unwrap(), None, "two call themselves so");
            remove(&mut tx, &device(2, "pc").member).await.unwrap();
            assert_eq!(find(&mut tx, &pc).await.unwrap().unwrap().member, device(1, "pc").member);
            refuse(&mut tx, &device(1, "pc").member, at(10)).await.unwrap();
            hear(&mut tx, &[device(1, "pc")], 3).await.unwrap();
            assert!(is_refused(&mut tx, &device(1, "pc").member).await.unwrap());
            let waiting = waiting_after(&mut tx, "", 10).await.unwrap();
            assert_eq!(waiting.iter().map(|view| &view.member).collect::<Vec<_>>(), [&berlin.member]);
            assert_eq!(list(&mut tx, &PageRequest::default()).await.unwrap().items.len(), 2);
            assert_eq!(forget(&mut tx, at(6)).await.unwrap(), 2);
        });
    }
}
