//! Contents whose updates are wanted better, and what is known of who holds what, to choose the pairs.

use dray_model::{Digest, Name, Timestamp};

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;

/// A source version of a package that somebody may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VersionInUse {
    /// Which.
    pub source_version: u32,
    /// Its content.
    pub content: Digest,
    /// The manifest of that.
    pub manifest: Digest,
    /// Devices that last reported on a program of this version. They may have the version before, too.
    pub devices: u64,
    /// Points that hold it.
    pub points: u64,
}

/// A content that waits for better updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The content.
    pub content: Digest,
    /// Its manifest.
    pub manifest: Digest,
    /// Tries that were begun, this one included.
    pub attempts: u32,
}

/// The package's source versions with another content than `to` that devices or points hold by what they last told, and the newest of
/// them: the newest first, then by how many hold them. At most `limit`.
///
/// Costs one look at the states of the package's advertisements.
pub async fn versions_in_use(
    snapshot: &mut Snapshot,
    package: &Name,
    to: &Digest,
    limit: u32,
) -> Result<Vec<VersionInUse>, StoreError> {
    const SQL: &str = "SELECT v.source_version, c.digest, c.manifest, v.devices, v.points FROM ( \
                       SELECT r.source_version, r.content, COALESCE(d.devices, 0) AS devices, \
                       (SELECT COUNT(*) FROM point_content AS p WHERE p.content = r.content AND p.state = 'installed') AS points, \
                       CASE WHEN r.source_version = MAX(r.source_version) OVER () THEN 1 ELSE 0 END AS is_newest \
                       FROM release AS r LEFT JOIN ( \
                       SELECT s.source_version, COUNT(*) AS devices FROM advertisement AS a \
                       JOIN advertisement_state AS s ON s.advertisement = a.name AND s.package = a.package \
                       WHERE a.package = $1 GROUP BY s.source_version) AS d ON d.source_version = r.source_version \
                       WHERE r.package = $1 AND r.revision = 1 AND r.content <> $2) AS v \
                       JOIN content AS c ON c.digest = v.content \
                       WHERE v.is_newest = 1 OR v.devices > 0 OR v.points > 0 \
                       ORDER BY v.is_newest DESC, v.devices DESC, v.points DESC, v.source_version DESC LIMIT $3";
    let rows = sqlx::query(SQL)
        .bind(package.as_str())
        .bind(to.as_bytes().as_slice())
        .bind(i64::from(limit))
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the source versions in use")?;
    page::read_all(&rows, |row| {
        let record = Record::new("release", "source_version", row);
        Ok(VersionInUse {
            source_version: record.count("source_version")?,
            content: record.digest("digest")?,
            manifest: record.digest("manifest")?,
            devices: record.size("devices")?,
            points: record.size("points")?,
        })
    })
}

/// The packages that have the content as a source version, by name.
pub async fn packages_with(snapshot: &mut Snapshot, content: &Digest) -> Result<Vec<Name>, StoreError> {
    let rows = sqlx::query("SELECT DISTINCT r.package FROM release AS r WHERE r.content = $1 ORDER BY r.package")
        .bind(content.as_bytes().as_slice())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the packages with a content")?;
    page::read_all(&rows, |row| Record::new("release", "package", row).parsed("package"))
}

/// How many devices the package's programs are advertised to.
pub async fn receivers(snapshot: &mut Snapshot, package: &Name) -> Result<u64, StoreError> {
    const SQL: &str = "SELECT COUNT(DISTINCT m.device_id) AS receivers FROM advertisement AS a \
                       JOIN collection AS c ON c.name = a.collection \
                       JOIN collection_member AS m ON m.collection_id = c.id WHERE a.package = $1";
    let row = sqlx::query(SQL)
        .bind(package.as_str())
        .fetch_one(snapshot.connection())
        .await
        .attempt("count the receivers of a package")?;
    Record::new("collection_member", "receivers", &row).size("receivers")
}

/// Wants better updates to these contents, of whichever are known. One that is wanted already keeps its place and is tried again.
pub async fn want(tx: &mut WriteTx, content: &Digest, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO content_improvement (content, attempts, wanted_at) \
                       SELECT c.digest, 0, CAST($1 AS BIGINT) FROM content AS c WHERE c.digest = $2 \
                       ON CONFLICT (content) DO UPDATE SET attempts = 0";
    sqlx::query(SQL)
        .bind(now.micros())
        .bind(content.as_bytes().as_slice())
        .execute(tx.connection())
        .await
        .attempt("request better updates")?;
    Ok(())
}

/// Wants better updates to the newest content of each package that is advertised to at least `receivers` devices and whose content has
/// none of the background, unless none from an empty tree was worth keeping. Tells how many contents are wanted now that were not.
pub async fn want_for_many(tx: &mut WriteTx, receivers: u64, now: Timestamp) -> Result<u64, StoreError> {
    const SQL: &str = "INSERT INTO content_improvement (content, attempts, wanted_at) \
                       SELECT DISTINCT r.content, 0, CAST($1 AS BIGINT) FROM release AS r WHERE r.content IS NOT NULL \
                       AND r.revision = 1 AND r.source_version = (SELECT MAX(n.source_version) FROM release AS n \
                       WHERE n.package = r.package AND n.content IS NOT NULL) \
                       AND NOT EXISTS (SELECT 1 FROM content_update_tried AS t WHERE t.to_content = r.content AND t.level = 1) \
                       AND (SELECT COUNT(DISTINCT m.device_id) FROM advertisement AS a \
                       JOIN collection AS c ON c.name = a.collection JOIN collection_member AS m ON m.collection_id = c.id \
                       WHERE a.package = r.package) >= $2 ON CONFLICT (content) DO NOTHING";
    let done = sqlx::query(SQL)
        .bind(now.micros())
        .bind(page::stored(receivers))
        .execute(tx.connection())
        .await
        .attempt("request better updates for popular content")?;
    Ok(done.rows_affected())
}

/// Begins a try for the content that is wanted for longest among those with the fewest tries.
pub async fn begin(tx: &mut WriteTx) -> Result<Option<Wanted>, StoreError> {
    const SQL: &str = "UPDATE content_improvement SET attempts = attempts + 1 WHERE content = \
                       (SELECT i.content FROM content_improvement AS i ORDER BY i.attempts, i.wanted_at, i.content LIMIT 1) \
                       RETURNING content, attempts, \
                       (SELECT c.manifest FROM content AS c WHERE c.digest = content_improvement.content) AS manifest";
    let row =
        sqlx::query(SQL).fetch_optional(tx.connection()).await.attempt("pick content that needs better updates")?;
    row.map(|row| {
        let record = Record::new("content_improvement", "attempts", &row);
        Ok(Wanted {
            content: record.digest("content")?,
            manifest: record.digest("manifest")?,
            attempts: record.count("attempts")?,
        })
    })
    .transpose()
}

/// Wants no better updates to the content any more: they are there, or cannot be made.
pub async fn end(tx: &mut WriteTx, content: &Digest) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM content_improvement WHERE content = $1")
        .bind(content.as_bytes().as_slice())
        .execute(tx.connection())
        .await
        .attempt("finish better updates")?;
    Ok(())
}

#[cfg(test)]
mod tests;
