//! Which packages a point is to hold, and what that means in contents.

use dray_model::point::PointAssignment;
use dray_model::{Digest, Name, Timestamp};

use crate::content::update;
use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;

/// Puts a package on a point. False when it is already there.
pub async fn assign(tx: &mut WriteTx, point: &Name, package: &Name, now: Timestamp) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO package_point (point, package, assigned_at) VALUES ($1, $2, $3) \
                       ON CONFLICT (point, package) DO NOTHING";
    let done = sqlx::query(SQL)
        .bind(point.as_str())
        .bind(package.as_str())
        .bind(now.micros())
        .execute(tx.connection())
        .await
        .attempt("assign a package to a distribution point")?;
    Ok(done.rows_affected() > 0)
}

/// Takes a package from a point. False when it doesn't exist.
pub async fn unassign(tx: &mut WriteTx, point: &Name, package: &Name) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM package_point WHERE point = $1 AND package = $2")
        .bind(point.as_str())
        .bind(package.as_str())
        .execute(tx.connection())
        .await
        .attempt("unassign a package from a distribution point")?;
    Ok(done.rows_affected() > 0)
}

/// The points that a package is on, by name.
pub async fn of_package(snapshot: &mut Snapshot, package: &Name) -> Result<Vec<Name>, StoreError> {
    let rows = sqlx::query("SELECT point FROM package_point WHERE package = $1 ORDER BY point")
        .bind(package.as_str())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the distribution points of a package")?;
    page::read_all(&rows, |row| Record::new("package_point", "point", row).parsed("point"))
}

/// The points that are to hold a content, by name.
pub async fn of_content(snapshot: &mut Snapshot, content: &Digest) -> Result<Vec<Name>, StoreError> {
    let rows = sqlx::query("SELECT DISTINCT point FROM point_assignment WHERE content = $1 ORDER BY point")
        .bind(content.as_bytes().as_slice())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the distribution points that should hold a content")?;
    page::read_all(&rows, |row| Record::new("point_assignment", "point", row).parsed("point"))
}

/// The contents that a point is to hold, by package and source version, each with its updates.
pub async fn assignments(snapshot: &mut Snapshot, point: &Name) -> Result<Vec<PointAssignment>, StoreError> {
    const SQL: &str = "SELECT a.package, a.source_version, c.digest, c.manifest, c.manifest_bytes \
                       FROM point_assignment AS a JOIN content AS c ON c.digest = a.content WHERE a.point = $1 \
                       ORDER BY a.package, a.source_version";
    let rows = sqlx::query(SQL)
        .bind(point.as_str())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find what a distribution point should hold")?;
    let updates = update::on_point(snapshot, point).await?;
    page::read_all(&rows, |row| {
        let record = Record::new("point_assignment", "package", row);
        Ok(PointAssignment {
            package: record.parsed("package")?,
            source_version: record.count("source_version")?,
            updates: updates.get(&record.digest("digest")?).cloned().unwrap_or_default(),
            content: record.digest("digest")?,
            manifest: record.digest("manifest")?,
            manifest_bytes: record.size("manifest_bytes")?,
        })
    })
}
