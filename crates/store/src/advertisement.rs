//! Advertisements: the revision in force of each, and the history of all revisions.
//!
//! A revision's document is signed before it comes here. Withdrawing an advertisement removes its row and keeps its revisions,
//! so that a name that is used again goes on counting where clients stopped.

use std::collections::BTreeSet;

use dray_model::advertisement::AdvertisementTerms;
use dray_model::api::page::{Page, PageRequest};
use dray_model::{Digest, Name, Timestamp};
use sqlx::any::AnyRow;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;
use crate::scope::{Within, within};
use crate::{page, sql};

/// An advertisement's revision in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAdvertisement {
    /// Its name.
    pub name: Name,
    /// The revision.
    pub revision: u32,
    /// Digest of the revision's signed envelope.
    pub document: Digest,
    /// Its terms.
    pub terms: AdvertisementTerms,
    /// When the revision was published.
    pub published_at: Timestamp,
}

/// What the policies are made of: an advertisement in force with the release that it offers now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The advertisement.
    pub name: Name,
    /// Who gets it: the collection's number.
    pub collection: i64,
    /// Digest of the advertisement's document.
    pub advertisement: Digest,
    /// Digest of the newest release's document.
    pub release: Digest,
}

macro_rules! select {
    ($($rest:tt)*) => {
        concat!("SELECT name, revision, document, terms, published_at FROM advertisement ", $($rest)*)
    };
}

/// The highest revision that an advertisement of this name ever had; 0 when there was none.
pub async fn last_revision(snapshot: &mut Snapshot, name: &Name) -> Result<u32, StoreError> {
    const SQL: &str =
        "SELECT COALESCE(MAX(revision), 0) AS revision FROM advertisement_revision WHERE advertisement = $1";
    let row = sqlx::query(SQL)
        .bind(name.as_str())
        .fetch_one(snapshot.connection())
        .await
        .attempt("find the last revision of an advertisement")?;
    Record::new("advertisement_revision", "revision", &row).count("revision")
}

/// Puts a revision in force: the first one of its name, or the next one.
///
/// # Errors
/// A conflict on `("advertisement_revision", "primary key")` when the revision was published before.
pub async fn put(tx: &mut WriteTx, advertisement: &StoredAdvertisement) -> Result<(), StoreError> {
    const HISTORY: &str = "INSERT INTO advertisement_revision (advertisement, revision, document, published_at) \
                           VALUES ($1, $2, $3, $4)";
    const CURRENT: &str = "INSERT INTO advertisement (name, revision, document, package, collection, terms, published_at) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO UPDATE SET \
                           revision = excluded.revision, document = excluded.document, package = excluded.package, \
                           collection = excluded.collection, terms = excluded.terms, published_at = excluded.published_at";
    sqlx::query(HISTORY)
        .bind(advertisement.name.as_str())
        .bind(i64::from(advertisement.revision))
        .bind(advertisement.document.as_bytes().as_slice())
        .bind(advertisement.published_at.micros())
        .execute(tx.connection())
        .await
        .attempt("store a revision of an advertisement")?;
    sqlx::query(CURRENT)
        .bind(advertisement.name.as_str())
        .bind(i64::from(advertisement.revision))
        .bind(advertisement.document.as_bytes().as_slice())
        .bind(advertisement.terms.package.as_str())
        .bind(advertisement.terms.collection.as_str())
        .bind(sql::rows(&advertisement.terms))
        .bind(advertisement.published_at.micros())
        .execute(tx.connection())
        .await
        .attempt("put an advertisement in force")?;
    Ok(())
}

/// Takes an advertisement out of force. False if no row has this name.
pub async fn withdraw(tx: &mut WriteTx, name: &Name) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM advertisement WHERE name = $1")
        .bind(name.as_str())
        .execute(tx.connection())
        .await
        .attempt("withdraw an advertisement")?;
    Ok(done.rows_affected() > 0)
}

/// The advertisement called `name`.
pub async fn find(snapshot: &mut Snapshot, name: &Name) -> Result<Option<StoredAdvertisement>, StoreError> {
    let row = sqlx::query(select!("WHERE name = $1"))
        .bind(name.as_str())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find an advertisement")?;
    row.as_ref().map(read).transpose()
}

/// Advertisements by name.
pub async fn list(
    snapshot: &mut Snapshot,
    within: Within<'_>,
    request: &PageRequest,
) -> Result<Page<StoredAdvertisement>, StoreError> {
    const LIST: &str = select!(
        "WHERE name > $1 AND ",
        within!("$3", "collection", "advertisement.collection"),
        " ORDER BY name LIMIT $2"
    );
    let rows = sqlx::query(LIST)
        .bind(request.after.as_deref().unwrap_or(""))
        .bind(page::fetch_limit(request))
        .bind(within.name())
        .fetch_all(snapshot.connection())
        .await
        .attempt("list advertisements")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |advertisement| advertisement.name.to_string()))
}

/// The advertisements of a package's programs, by name.
pub async fn of_package(snapshot: &mut Snapshot, package: &Name) -> Result<Vec<StoredAdvertisement>, StoreError> {
    let rows = sqlx::query(select!("WHERE package = $1 ORDER BY name"))
        .bind(package.as_str())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the advertisements of a package")?;
    page::read_all(&rows, read)
}

/// Names of the advertisements to a collection.
pub async fn of_collection(snapshot: &mut Snapshot, collection: &Name) -> Result<Vec<Name>, StoreError> {
    let rows = sqlx::query("SELECT name FROM advertisement WHERE collection = $1 ORDER BY name")
        .bind(collection.as_str())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the advertisements to a collection")?;
    page::read_all(&rows, |row| Record::new("advertisement", "name", row).parsed("name"))
}

/// Whether anything is advertised to the collection with this number.
pub async fn reaches(snapshot: &mut Snapshot, collection: i64) -> Result<bool, StoreError> {
    Ok(!reached(snapshot, &[collection].into()).await?.is_empty())
}

/// Those of the collections that anything is advertised to.
pub async fn reached(snapshot: &mut Snapshot, collections: &BTreeSet<i64>) -> Result<BTreeSet<i64>, StoreError> {
    const SQL: &str = "SELECT c.id FROM EACH($1) AS e JOIN collection AS c ON c.id = CAST(e.value ->> 0 AS BIGINT) \
                       WHERE EXISTS (SELECT 1 FROM advertisement AS a WHERE a.collection = c.name)";
    let ids: Vec<_> = collections.iter().map(|id| [*id]).collect();
    let rows = sqlx::query(sql::expand(snapshot.engine(), SQL))
        .bind(sql::rows(&ids))
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the collections that anything is advertised to")?;
    rows.iter().map(|row| Record::new("collection", "id", row).number("id")).collect()
}

/// Numbers of the collections that the programs of a package are advertised to.
pub async fn collections_of_package(snapshot: &mut Snapshot, package: &Name) -> Result<Vec<i64>, StoreError> {
    const SQL: &str = "SELECT DISTINCT c.id FROM advertisement AS a JOIN collection AS c ON c.name = a.collection \
                       WHERE a.package = $1 ORDER BY c.id";
    let rows = sqlx::query(SQL)
        .bind(package.as_str())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the collections that a package is advertised to")?;
    page::read_all(&rows, |row| Record::new("collection", "id", row).number("id"))
}

/// Every advertisement whose package has a release, by name.
pub async fn offers(snapshot: &mut Snapshot) -> Result<Vec<Offer>, StoreError> {
    const SQL: &str = "SELECT a.name, c.id AS collection, a.document, p.newest FROM advertisement AS a \
                       JOIN collection AS c ON c.name = a.collection \
                       JOIN package AS p ON p.name = a.package WHERE p.newest IS NOT NULL ORDER BY a.name";
    let rows = sqlx::query(SQL).fetch_all(snapshot.connection()).await.attempt("read what is advertised")?;
    page::read_all(&rows, |row| {
        let record = Record::new("advertisement", "name", row);
        Ok(Offer {
            name: record.parsed("name")?,
            collection: record.number("collection")?,
            advertisement: record.digest("document")?,
            release: record.digest("newest")?,
        })
    })
}

fn read(row: &AnyRow) -> Result<StoredAdvertisement, StoreError> {
    let record = Record::new("advertisement", "name", row);
    Ok(StoredAdvertisement {
        name: record.parsed("name")?,
        revision: record.count("revision")?,
        document: record.digest("document")?,
        terms: record.json("terms")?,
        published_at: record.time("published_at")?,
    })
}

#[cfg(test)]
pub(crate) mod tests;
