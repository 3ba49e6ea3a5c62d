//! Distribution points, the packages that they are to hold, and what they report.
//!
//! The view `point_assignment` says what each point is to hold; reports of anything else are dropped, so a client is never sent to
//! a point for what the point may throw away.

mod assignment;
mod holding;

use dray_model::Name;
use dray_model::Timestamp;
use dray_model::api::page::{Page, PageRequest};
use dray_model::api::point::PointView;
use sqlx::any::AnyRow;

pub use assignment::{assign, assignments, of_content, of_package, unassign};
pub use holding::{Source, forget_unassigned, on_package, on_point, report, sources};

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;
use crate::scope::{Within, within};

/// A point with the number of its packages; complete it with a condition on `p`.
macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "SELECT p.name, p.revision, p.title, p.url, p.enabled, p.enrolled_at, p.seen_at, p.created_at, ",
            "(SELECT COUNT(*) FROM package_point AS pp WHERE pp.point = p.name) AS packages FROM point AS p ",
            $($rest)*
        )
    };
}

/// Adds a point.
///
/// # Errors
/// A conflict on `("point", "primary key")` when the name is taken.
pub async fn insert(tx: &mut WriteTx, point: &PointView) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO point (name, revision, title, url, enabled, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(SQL)
        .bind(point.name.as_str())
        .bind(page::stored(point.revision))
        .bind(point.title.as_str())
        .bind(point.url.as_str())
        .bind(i64::from(point.enabled))
        .bind(point.created_at.micros())
        .execute(tx.connection())
        .await
        .attempt("add a distribution point")?;
    Ok(())
}

/// Replaces what administrators set. The caller has compared the former revision in this transaction.
pub async fn change(tx: &mut WriteTx, point: &PointView) -> Result<(), StoreError> {
    sqlx::query("UPDATE point SET revision = $1, title = $2, url = $3, enabled = $4 WHERE name = $5")
        .bind(page::stored(point.revision))
        .bind(point.title.as_str())
        .bind(point.url.as_str())
        .bind(i64::from(point.enabled))
        .bind(point.name.as_str())
        .execute(tx.connection())
        .await
        .attempt("change a distribution point")?;
    Ok(())
}

/// The point called `name`.
pub async fn find(snapshot: &mut Snapshot, name: &Name) -> Result<Option<PointView>, StoreError> {
    let row = sqlx::query(select!("WHERE p.name = $1"))
        .bind(name.as_str())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find a distribution point")?;
    row.as_ref().map(read).transpose()
}

/// Points by name.
pub async fn list(
    snapshot: &mut Snapshot,
    within: Within<'_>,
    request: &PageRequest,
) -> Result<Page<PointView>, StoreError> {
    const LIST: &str = select!("WHERE p.name > $1 AND ", within!("$3", "point", "p.name"), " ORDER BY p.name LIMIT $2");
    let rows = sqlx::query(LIST)
        .bind(request.after.as_deref().unwrap_or(""))
        .bind(page::fetch_limit(request))
        .bind(within.name())
        .fetch_all(snapshot.connection())
        .await
        .attempt("list distribution points")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |point| point.name.to_string()))
}

/// Removes a point with its assignments and reports.
pub async fn delete(tx: &mut WriteTx, name: &Name) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM point WHERE name = $1")
        .bind(name.as_str())
        .execute(tx.connection())
        .await
        .attempt("delete a distribution point")?;
    Ok(())
}

/// Notes that the point enrolled. False if no row has this name.
pub async fn enrolled(tx: &mut WriteTx, name: &Name, at: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE point SET enrolled_at = $1 WHERE name = $2")
        .bind(at.micros())
        .bind(name.as_str())
        .execute(tx.connection())
        .await
        .attempt("record the enrolment of a distribution point")?;
    Ok(done.rows_affected() > 0)
}

/// Notes that the point was heard of. False if no row has this name.
pub async fn seen(tx: &mut WriteTx, name: &Name, at: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE point SET seen_at = $1 WHERE name = $2")
        .bind(at.micros())
        .bind(name.as_str())
        .execute(tx.connection())
        .await
        .attempt("record when a distribution point was last seen")?;
    Ok(done.rows_affected() > 0)
}

fn read(row: &AnyRow) -> Result<PointView, StoreError> {
    let record = Record::new("point", "name", row);
    Ok(PointView {
        name: record.parsed("name")?,
        revision: record.size("revision")?,
        title: record.parsed("title")?,
        url: record.text("url")?,
        enabled: record.flag("enabled")?,
        enrolled_at: record.optional("enrolled_at", Record::time)?,
        seen_at: record.optional("seen_at", Record::time)?,
        packages: record.size("packages")?,
        created_at: record.time("created_at")?,
    })
}

#[cfg(test)]
pub(crate) mod tests;
