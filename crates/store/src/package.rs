//! Packages: what administrators set, with the newest release and the job that publishes the next one beside it.
//!
//! Programs and properties are JSON texts: they are read and replaced as a whole. What a client acts on is the release, never this.

use dray_model::api::package::{PackageView, ReleaseView};
use dray_model::api::page::{Page, PageRequest};
use dray_model::{Digest, Name};
use sqlx::any::AnyRow;

use crate::content::digest_rows;
use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::scope::{Within, within};
use crate::{page, release, sql};

/// Kind of the job that publishes a release; its key is the package's name.
pub const PUBLISH_JOB: &str = "publish";
/// Dependants of a package that are listed; more help nobody.
pub const DEPENDANTS_TOLD: i64 = 20;

/// A package with its newest release and its publishing job; complete it with a condition on `p`.
macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "SELECT p.name, p.revision AS package_revision, p.properties, p.source, p.outside_links, p.names, p.programs, p.created_at, p.changed_at, ",
            "(SELECT MIN(j.id) FROM job AS j WHERE j.kind = 'publish' AND j.dedup_key = p.name AND j.finished_at IS NULL) ",
            "AS publishing, r.package, r.source_version, r.revision, r.document, r.content, r.new_bytes, r.published_at, ",
            "c.manifest, c.size_bytes, c.files, c.requires, c.not_carried ",
            "FROM package AS p LEFT JOIN release AS r ON r.document = p.newest LEFT JOIN content AS c ON c.digest = r.content ",
            $($rest)*
        )
    };
}

/// Adds a package. Its release and its job are kept elsewhere.
///
/// # Errors
/// A conflict on `("package", "primary key")` when the name is taken.
pub async fn insert(tx: &mut WriteTx, package: &PackageView) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO package \
                       (name, revision, properties, source, outside_links, names, programs, created_at, changed_at) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    sqlx::query(SQL)
        .bind(package.name.as_str())
        .bind(page::stored(package.revision))
        .bind(sql::rows(&package.properties))
        .bind(package.source.as_deref())
        .bind(package.outside_links.as_str())
        .bind(package.names.as_str())
        .bind(sql::rows(&package.programs))
        .bind(package.created_at.micros())
        .bind(package.changed_at.micros())
        .execute(tx.connection())
        .await
        .attempt("add a package")?;
    Ok(())
}

/// Replaces what administrators set. The caller has compared the former revision in this transaction.
pub async fn change(tx: &mut WriteTx, package: &PackageView) -> Result<(), StoreError> {
    const SQL: &str = "UPDATE package SET revision = $1, properties = $2, source = $3, outside_links = $4, names = $5, \
                       programs = $6, changed_at = $7 WHERE name = $8";
    sqlx::query(SQL)
        .bind(page::stored(package.revision))
        .bind(sql::rows(&package.properties))
        .bind(package.source.as_deref())
        .bind(package.outside_links.as_str())
        .bind(package.names.as_str())
        .bind(sql::rows(&package.programs))
        .bind(package.changed_at.micros())
        .bind(package.name.as_str())
        .execute(tx.connection())
        .await
        .attempt("change a package")?;
    Ok(())
}

/// Makes the release with this document the package's newest.
pub async fn set_newest(tx: &mut WriteTx, name: &Name, document: &Digest) -> Result<(), StoreError> {
    sqlx::query("UPDATE package SET newest = $1 WHERE name = $2")
        .bind(document.as_bytes().as_slice())
        .bind(name.as_str())
        .execute(tx.connection())
        .await
        .attempt("record the newest release of a package")?;
    Ok(())
}

/// The package called `name`.
pub async fn find(snapshot: &mut Snapshot, name: &Name) -> Result<Option<PackageView>, StoreError> {
    let row = sqlx::query(select!("WHERE p.name = $1"))
        .bind(name.as_str())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find a package")?;
    row.as_ref().map(read).transpose()
}

/// Packages by name.
pub async fn list(
    snapshot: &mut Snapshot,
    within: Within<'_>,
    request: &PageRequest,
) -> Result<Page<PackageView>, StoreError> {
    const LIST: &str =
        select!("WHERE p.name > $1 AND ", within!("$3", "package", "p.name"), " ORDER BY p.name LIMIT $2");
    let rows = sqlx::query(LIST)
        .bind(request.after.as_deref().unwrap_or(""))
        .bind(page::fetch_limit(request))
        .bind(within.name())
        .fetch_all(snapshot.connection())
        .await
        .attempt("list packages")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |package| package.name.to_string()))
}

/// The packages that have a program called `program`, by name; at most 20.
pub async fn with_program(snapshot: &mut Snapshot, program: &Name) -> Result<Vec<Name>, StoreError> {
    const SQL: &str = "SELECT p.name FROM package AS p, EACH(p.programs) AS e \
                       WHERE e.value ->> 'name' = $1 ORDER BY p.name LIMIT 20";
    let rows = sqlx::query(sql::expand(snapshot.engine(), SQL))
        .bind(program.as_str())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the packages that have a program")?;
    page::read_all(&rows, |row| Record::new("package", "name", row).parsed("name"))
}

/// The advertisements of a package by name; at most [`DEPENDANTS_TOLD`].
pub async fn advertisements(snapshot: &mut Snapshot, name: &Name) -> Result<Vec<Name>, StoreError> {
    const SQL: &str = "SELECT name FROM advertisement WHERE package = $1 ORDER BY name LIMIT $2";
    let rows = sqlx::query(SQL)
        .bind(name.as_str())
        .bind(DEPENDANTS_TOLD)
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the advertisements of a package")?;
    page::read_all(&rows, |row| Record::new("advertisement", "name", row).parsed("name"))
}

/// Removes a package with its releases, their documents, and its place on points. Content stays for
/// [`content::forget_unused`](crate::content::forget_unused).
pub async fn delete(tx: &mut WriteTx, name: &Name) -> Result<(), StoreError> {
    const DOCUMENTS: &str = "SELECT document FROM release WHERE package = $1";
    let rows = sqlx::query(DOCUMENTS)
        .bind(name.as_str())
        .fetch_all(tx.connection())
        .await
        .attempt("find the documents of a package")?;
    let documents = page::read_all(&rows, |row| Record::new("release", "document", row).digest("document"))?;
    sqlx::query("DELETE FROM package WHERE name = $1")
        .bind(name.as_str())
        .execute(tx.connection())
        .await
        .attempt("delete a package")?;
    let statement = "DELETE FROM document WHERE digest IN (SELECT unhex(e.value ->> 'digest') FROM EACH($1) AS e)";
    sqlx::query(sql::expand(tx.engine(), statement))
        .bind(sql::rows(&digest_rows(&documents)))
        .execute(tx.connection())
        .await
        .attempt("delete the documents of a package")?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<PackageView, StoreError> {
    let record = Record::new("package", "name", row);
    let release: Option<ReleaseView> = match record.optional("document", Record::digest)? {
        Some(_) => Some(release::read(row)?),
        None => None,
    };
    Ok(PackageView {
        name: record.parsed("name")?,
        revision: record.size("package_revision")?,
        properties: record.json("properties")?,
        source: record.optional("source", Record::text)?,
        outside_links: record.parsed("outside_links")?,
        names: record.parsed("names")?,
        programs: record.json("programs")?,
        release,
        publishing: record.optional("publishing", Record::converted)?,
        created_at: record.time("created_at")?,
        changed_at: record.time("changed_at")?,
    })
}

#[cfg(test)]
pub(crate) mod tests;
