//! Scopes: which objects administrators work on who don't work on all.
//!
//! Packages, collections and points are put into scopes by name. An advertisement is in the scopes of its collection, a device in those
//! of the collections that it is in. Lists leave out what is outside of a scope in their statements ([`Within`]); a deleted object
//! leaves its scopes by a trigger, so that a name that comes back is not in any.

use dray_model::api::page::{Page, PageRequest};
use dray_model::api::scope::{ScopeObject, ScopeView};
use dray_model::{DeviceId, Name, ObjectKind};
use sqlx::any::AnyRow;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;

/// What a list is to show: everything, or what is in one scope.
#[derive(Debug, Clone, Copy, Default)]
pub struct Within<'a>(pub Option<&'a Name>);

impl Within<'_> {
    /// The scope's name, to bind where [`within!`](crate::scope::within) stands.
    pub(crate) fn name(&self) -> Option<&str> {
        self.0.map(Name::as_str)
    }
}

/// The condition that the object called `$name` is within the scope that is bound as `$parameter`.
macro_rules! within {
    ($parameter:literal, $kind:literal, $name:literal) => {
        concat!(
            "(CAST(",
            $parameter,
            " AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM scope_object AS so WHERE so.scope = ",
            $parameter,
            " AND so.kind = '",
            $kind,
            "' AND so.name = ",
            $name,
            "))"
        )
    };
}
/// The condition that the device with the number `$id` is within the scope that is bound as `$parameter`.
macro_rules! device_within {
    ($parameter:literal, $id:literal) => {
        concat!(
            "(CAST(",
            $parameter,
            " AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM scope_object AS so JOIN collection AS sc \
             ON sc.name = so.name JOIN collection_member AS sm ON sm.collection_id = sc.id WHERE so.scope = ",
            $parameter,
            " AND so.kind = 'collection' AND sm.device_id = ",
            $id,
            "))"
        )
    };
}
/// The condition that a job of kind and key is for a package within the scope that is bound as `$parameter`.
macro_rules! job_within {
    ($parameter:literal) => {
        concat!(
            "(CAST(",
            $parameter,
            " AS TEXT) IS NULL OR kind = 'publish' AND EXISTS (SELECT 1 FROM scope_object AS so \
             WHERE so.scope = ",
            $parameter,
            " AND so.kind = 'package' AND so.name = job.dedup_key))"
        )
    };
}
pub(crate) use {device_within, job_within, within};

/// Adds a scope with nothing in it.
///
/// # Errors
/// A conflict on `("scope", "primary key")` when the name is taken.
pub async fn insert(tx: &mut WriteTx, scope: &ScopeView) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO scope (name, title, created_at) VALUES ($1, $2, $3)")
        .bind(scope.name.as_str())
        .bind(scope.title.as_str())
        .bind(scope.created_at.micros())
        .execute(tx.connection())
        .await
        .attempt("add a scope")?;
    Ok(())
}

/// A scope; complete it with a condition on `s`.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.name, s.title, s.created_at, ",
            "(SELECT COUNT(*) FROM scope_object AS o WHERE o.scope = s.name) AS objects FROM scope AS s ",
            $rest
        )
    };
}

/// The scope called `name`.
pub async fn find(snapshot: &mut Snapshot, name: &Name) -> Result<Option<ScopeView>, StoreError> {
    let row = sqlx::query(select!("WHERE s.name = $1"))
        .bind(name.as_str())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find a scope")?;
    row.as_ref().map(read).transpose()
}

/// Scopes by name.
pub async fn list(snapshot: &mut Snapshot, request: &PageRequest) -> Result<Page<ScopeView>, StoreError> {
    let rows = sqlx::query(select!("WHERE s.name > $1 ORDER BY s.name LIMIT $2"))
        .bind(request.after.as_deref().unwrap_or(""))
        .bind(page::fetch_limit(request))
        .fetch_all(snapshot.connection())
        .await
        .attempt("list scopes")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |scope| scope.name.to_string()))
}

/// Removes a scope. What was in it stays.
pub async fn delete(tx: &mut WriteTx, name: &Name) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM scope WHERE name = $1")
        .bind(name.as_str())
        .execute(tx.connection())
        .await
        .attempt("delete a scope")?;
    Ok(())
}

/// Puts an object into a scope. False when it is in it.
pub async fn add(tx: &mut WriteTx, scope: &Name, object: &ScopeObject) -> Result<bool, StoreError> {
    const SQL: &str = "INSERT INTO scope_object (scope, kind, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let done = sqlx::query(SQL)
        .bind(scope.as_str())
        .bind(object.kind.as_str())
        .bind(object.name.as_str())
        .execute(tx.connection())
        .await
        .attempt("put an object into a scope")?;
    Ok(done.rows_affected() > 0)
}

/// Takes an object out of a scope. False when it isn't in it.
pub async fn remove(tx: &mut WriteTx, scope: &Name, object: &ScopeObject) -> Result<bool, StoreError> {
    let done = sqlx::query("DELETE FROM scope_object WHERE scope = $1 AND kind = $2 AND name = $3")
        .bind(scope.as_str())
        .bind(object.kind.as_str())
        .bind(object.name.as_str())
        .execute(tx.connection())
        .await
        .attempt("take an object out of a scope")?;
    Ok(done.rows_affected() > 0)
}

/// What is in a scope, by kind and name.
pub async fn objects(
    snapshot: &mut Snapshot,
    scope: &Name,
    request: &PageRequest,
) -> Result<Page<ScopeObject>, StoreError> {
    const SQL: &str = "SELECT kind, name FROM scope_object WHERE scope = $1 AND (kind > $2 OR (kind = $2 AND name > $3)) \
                       ORDER BY kind, name LIMIT $4";
    let (kind, name) = request.after.as_deref().and_then(|after| after.split_once('/')).unwrap_or_default();
    let rows = sqlx::query(SQL)
        .bind(scope.as_str())
        .bind(kind)
        .bind(name)
        .bind(page::fetch_limit(request))
        .fetch_all(snapshot.connection())
        .await
        .attempt("list what is in a scope")?;
    let objects = page::read_all(&rows, |row| {
        let record = Record::new("scope_object", "name", row);
        Ok(ScopeObject { kind: record.parsed("kind")?, name: record.parsed("name")? })
    })?;
    Ok(page::cut(request, objects, |object| format!("{}/{}", object.kind.as_str(), object.name)))
}

/// Whether the object called `name` (devices and jobs: their id) is in the scope. Kinds that are in no scope never are.
pub async fn holds(snapshot: &mut Snapshot, scope: &Name, kind: ObjectKind, name: &str) -> Result<bool, StoreError> {
    const NAMED: &str = "SELECT 1 FROM scope_object WHERE scope = $1 AND kind = $2 AND name = $3";
    const ADVERTISEMENT: &str =
        concat!("SELECT 1 FROM advertisement AS a WHERE a.name = $2 AND ", within!("$1", "collection", "a.collection"));
    const DEVICE: &str = concat!("SELECT 1 FROM device AS d WHERE d.id = $2 AND ", device_within!("$1", "d.id"));
    const JOB: &str = concat!("SELECT 1 FROM job WHERE id = $2 AND ", job_within!("$1"));
    let query = match kind {
        ObjectKind::Package | ObjectKind::Collection | ObjectKind::Point => {
            sqlx::query(NAMED).bind(scope.as_str()).bind(kind.as_str()).bind(name)
        }
        ObjectKind::Advertisement => sqlx::query(ADVERTISEMENT).bind(scope.as_str()).bind(name),
        ObjectKind::Device => {
            let Ok(id) = name.parse::<DeviceId>() else { return Ok(false) };
            sqlx::query(DEVICE).bind(scope.as_str()).bind(id.number())
        }
        ObjectKind::Job => {
            let Ok(id) = name.parse::<dray_model::JobId>() else { return Ok(false) };
            sqlx::query(JOB).bind(scope.as_str()).bind(id.number())
        }
        // Other kinds are for those who work on everything.
        _ => return Ok(false),
    };
    let row = query.fetch_optional(snapshot.connection()).await.attempt("see whether an object is in a scope")?;
    Ok(row.is_some())
}

fn read(row: &AnyRow) -> Result<ScopeView, StoreError> {
    let record = Record::new("scope", "name", row);
    Ok(ScopeView {
        name: record.parsed("name")?,
        title: record.parsed("title")?,
        objects: record.size("objects")?,
        created_at: record.time("created_at")?,
    })
}

#[cfg(test)]
mod tests;
