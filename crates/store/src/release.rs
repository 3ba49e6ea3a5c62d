//! Releases: what was published of a package, in order. Rows are added and never changed.

use dray_model::api::package::ReleaseView;
use dray_model::api::page::{Page, PageRequest};
use dray_model::package::{Content, ReleaseNumber};
use dray_model::{Digest, Name};
use sqlx::any::AnyRow;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;

/// A release with its content; complete it with a condition on `r`.
macro_rules! select {
    ($($rest:literal),+) => {
        concat!(
            "SELECT r.package, r.source_version, r.revision, r.document, r.content, r.new_bytes, r.published_at, ",
            "c.manifest, c.size_bytes, c.files, c.requires, c.not_carried FROM release AS r LEFT JOIN content AS c ON c.digest = r.content ",
            $($rest),+
        )
    };
}

/// Adds a release. Its document and its content are already there.
pub async fn insert(tx: &mut WriteTx, package: &Name, release: &ReleaseView) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO release (package, source_version, revision, document, content, new_bytes, published_at) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7)";
    sqlx::query(SQL)
        .bind(package.as_str())
        .bind(i64::from(release.number.source_version))
        .bind(i64::from(release.number.revision))
        .bind(release.digest.as_bytes().as_slice())
        .bind(release.content.as_ref().map(|content| content.digest.as_bytes().to_vec()))
        .bind(page::stored(release.new_bytes))
        .bind(release.published_at.micros())
        .execute(tx.connection())
        .await
        .attempt("add a release")?;
    Ok(())
}

/// A package's releases, the newest first.
pub async fn list(
    snapshot: &mut Snapshot,
    package: &Name,
    request: &PageRequest,
) -> Result<Page<ReleaseView>, StoreError> {
    let (source_version, revision) = list_key(request);
    let rows = sqlx::query(select!(
        "WHERE r.package = $1 AND (r.source_version < $2 OR (r.source_version = $2 AND r.revision < $3)) ",
        "ORDER BY r.source_version DESC, r.revision DESC LIMIT $4"
    ))
    .bind(package.as_str())
    .bind(source_version)
    .bind(revision)
    .bind(page::fetch_limit(request))
    .fetch_all(snapshot.connection())
    .await
    .attempt("list the releases of a package")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |release| release.number.to_string()))
}

/// Content and manifest of a package's newest source versions, the newest first.
pub async fn newest_contents(
    snapshot: &mut Snapshot,
    package: &Name,
    limit: u32,
) -> Result<Vec<(Digest, Digest)>, StoreError> {
    const SQL: &str = "SELECT r.source_version, c.digest, c.manifest FROM release AS r JOIN content AS c ON c.digest = r.content \
                       WHERE r.package = $1 AND r.revision = 1 ORDER BY r.source_version DESC LIMIT $2";
    let rows = sqlx::query(SQL)
        .bind(package.as_str())
        .bind(i64::from(limit))
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the newest contents of a package")?;
    page::read_all(&rows, |row| {
        let record = Record::new("content", "source_version", row);
        Ok((record.digest("digest")?, record.digest("manifest")?))
    })
}

/// The content of a source version of a package, or of its newest one that has some, with its number.
pub async fn content_of(
    snapshot: &mut Snapshot,
    package: &Name,
    source_version: Option<u32>,
) -> Result<Option<(u32, Digest)>, StoreError> {
    const SQL: &str = "SELECT r.source_version, r.content FROM release AS r WHERE r.package = $1 AND r.content IS NOT NULL \
                       AND r.source_version = COALESCE($2, r.source_version) ORDER BY r.source_version DESC LIMIT 1";
    let row = sqlx::query(SQL)
        .bind(package.as_str())
        .bind(source_version.map(i64::from))
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find the content of a source version")?;
    row.map(|row| {
        let record = Record::new("release", "source_version", &row);
        Ok((record.count("source_version")?, record.digest("content")?))
    })
    .transpose()
}

fn list_key(request: &PageRequest) -> (i64, i64) {
    let parse = |text: &str| {
        let (source_version, revision) = text.split_once('.')?;
        Some((source_version.parse().ok()?, revision.parse().ok()?))
    };
    request.after.as_deref().and_then(parse).unwrap_or((i64::MAX, i64::MAX))
}

pub(crate) fn read(row: &AnyRow) -> Result<ReleaseView, StoreError> {
    let record = Record::new("release", "package", row);
    let content = record.optional("content", Record::digest)?;
    let content = content.map(|digest| read_content(&record, digest)).transpose()?;
    let not_carried = if content.is_some() { record.json("not_carried")? } else { Vec::new() };
    Ok(ReleaseView {
        number: ReleaseNumber { source_version: record.count("source_version")?, revision: record.count("revision")? },
        digest: record.digest("document")?,
        content,
        not_carried,
        manifest: record.optional("manifest", Record::digest)?,
        new_bytes: record.size("new_bytes")?,
        published_at: record.time("published_at")?,
    })
}

fn read_content(record: &Record<'_>, digest: Digest) -> Result<Content, StoreError> {
    Ok(Content {
        digest,
        size_bytes: record.size("size_bytes")?,
        files: record.size("files")?,
        requires: record.json("requires")?,
    })
}
