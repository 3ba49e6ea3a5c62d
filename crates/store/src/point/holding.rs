//! What points hold, as they report it: seen from a point, from a package, and from a client that looks for content.

use std::collections::BTreeMap;

use dray_model::api::page::{Page, PageRequest};
use dray_model::api::point::PointPackageView;
use dray_model::point::{PointContentState, PointReport};
use dray_model::{Digest, Name, Timestamp};
use serde::Serialize;
use sqlx::any::AnyRow;

use crate::content::digest_rows;
use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::scope::{Within, within};
use crate::{page, sql};

/// A package on a point, with what the point reported of the newest content; complete it with a condition on `pp`.
macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "SELECT pp.point, pp.package, ",
            "(SELECT MAX(r.source_version) FROM release AS r WHERE r.package = pp.package AND r.content IS NOT NULL) AS wanted, ",
            "(SELECT MAX(r.source_version) FROM release AS r JOIN point_content AS h ON h.content = r.content ",
            "WHERE r.package = pp.package AND h.point = pp.point AND h.state = 'installed') AS held, pc.detail, pc.reported_at ",
            "FROM package_point AS pp LEFT JOIN point_content AS pc ON pc.point = pp.point AND pc.content = ",
            "(SELECT r.content FROM release AS r WHERE r.package = pp.package AND r.content IS NOT NULL ",
            "ORDER BY r.source_version DESC LIMIT 1) ",
            $($rest)*
        )
    };
}

/// A point that holds a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The content.
    pub content: Digest,
    /// The point.
    pub point: Name,
    /// Where clients reach it.
    pub url: String,
}

/// The packages on a point, by package.
pub async fn on_point(
    snapshot: &mut Snapshot,
    within: Within<'_>,
    point: &Name,
    request: &PageRequest,
) -> Result<Page<PointPackageView>, StoreError> {
    let rows = sqlx::query(select!(
        "WHERE pp.point = $1 AND pp.package > $2 AND ",
        within!("$4", "package", "pp.package"),
        " ORDER BY pp.package LIMIT $3"
    ))
    .bind(point.as_str())
    .bind(request.after.as_deref().unwrap_or(""))
    .bind(page::fetch_limit(request))
    .bind(within.name())
    .fetch_all(snapshot.connection())
    .await
    .attempt("list the packages on a distribution point")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |view| view.package.to_string()))
}

/// The points that a package is on, by point.
pub async fn on_package(
    snapshot: &mut Snapshot,
    within: Within<'_>,
    package: &Name,
    request: &PageRequest,
) -> Result<Page<PointPackageView>, StoreError> {
    let rows = sqlx::query(select!(
        "WHERE pp.package = $1 AND pp.point > $2 AND ",
        within!("$4", "point", "pp.point"),
        " ORDER BY pp.point LIMIT $3"
    ))
    .bind(package.as_str())
    .bind(request.after.as_deref().unwrap_or(""))
    .bind(page::fetch_limit(request))
    .bind(within.name())
    .fetch_all(snapshot.connection())
    .await
    .attempt("list the distribution points of a package")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |view| view.point.to_string()))
}

/// Keeps what a point reports, as far as it is to hold it. Of several reports of one content the last one counts.
pub async fn report(tx: &mut WriteTx, point: &Name, reports: &[PointReport], now: Timestamp) -> Result<(), StoreError> {
    #[derive(Serialize)]
    struct Row<'a> {
        content: String,
        state: &'a str,
        detail: String,
    }
    const SQL: &str = "INSERT INTO point_content (point, content, state, detail, reported_at) \
                       SELECT p.name, unhex(e.value ->> 'content'), e.value ->> 'state', e.value ->> 'detail', \
                       CAST($1 AS BIGINT) FROM point AS p, EACH($2) AS e WHERE p.name = $3 AND EXISTS \
                       (SELECT 1 FROM point_assignment AS a WHERE a.point = p.name AND a.content = unhex(e.value ->> 'content')) \
                       ON CONFLICT (point, content) DO UPDATE \
                       SET state = excluded.state, detail = excluded.detail, reported_at = excluded.reported_at";
    let newest: BTreeMap<Digest, &PointContentState> =
        reports.iter().map(|report| (report.content, &report.state)).collect();
    let rows: Vec<Row<'_>> = newest
        .into_iter()
        .map(|(content, state)| Row { content: content.to_string(), state: word(state), detail: sql::rows(state) })
        .collect();
    sqlx::query(sql::expand(tx.engine(), SQL))
        .bind(now.micros())
        .bind(sql::rows(&rows))
        .bind(point.as_str())
        .execute(tx.connection())
        .await
        .attempt("store the reports of a distribution point")?;
    Ok(())
}

/// Forgets reports of what a point, or with `None` any point, is no longer to hold. Tells how many.
pub async fn forget_unassigned(tx: &mut WriteTx, point: Option<&Name>) -> Result<u64, StoreError> {
    const SQL: &str = "DELETE FROM point_content WHERE ($1 = '' OR point = $1) AND NOT EXISTS \
                       (SELECT 1 FROM point_assignment AS a \
                       WHERE a.point = point_content.point AND a.content = point_content.content)";
    let done = sqlx::query(SQL)
        .bind(point.map_or("", Name::as_str))
        .execute(tx.connection())
        .await
        .attempt("delete what distribution points no longer need to hold")?;
    Ok(done.rows_affected())
}

/// The enabled points that hold these contents, by content and point.
pub async fn sources(snapshot: &mut Snapshot, contents: &[Digest]) -> Result<Vec<Source>, StoreError> {
    const SQL: &str = "SELECT pc.content, p.name, p.url FROM point_content AS pc JOIN point AS p ON p.name = pc.point \
                       WHERE pc.state = 'installed' AND p.enabled = 1 \
                       AND pc.content IN (SELECT unhex(e.value ->> 'digest') FROM EACH($1) AS e) \
                       ORDER BY pc.content, p.name";
    let rows = sqlx::query(sql::expand(snapshot.engine(), SQL))
        .bind(sql::rows(&digest_rows(contents)))
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the distribution points that hold a content")?;
    page::read_all(&rows, |row| {
        let record = Record::new("point", "name", row);
        Ok(Source { content: record.digest("content")?, point: record.parsed("name")?, url: record.text("url")? })
    })
}

/// The word that is stored beside a report, to be compared in statements.
fn word(state: &PointContentState) -> &str {
    match state {
        PointContentState::Pending => "pending",
        PointContentState::Transferring { .. } => "transferring",
        PointContentState::Installed { .. } => "installed",
        PointContentState::Failed { .. } => "failed",
        PointContentState::Other(unknown) => unknown.code(),
    }
}

fn read(row: &AnyRow) -> Result<PointPackageView, StoreError> {
    let record = Record::new("package_point", "package", row);
    Ok(PointPackageView {
        point: record.parsed("point")?,
        package: record.parsed("package")?,
        wanted: record.optional("wanted", Record::count)?,
        held: record.optional("held", Record::count)?,
        state: record.optional("detail", Record::json)?.unwrap_or(PointContentState::Pending),
        reported_at: record.optional("reported_at", Record::time)?,
    })
}
