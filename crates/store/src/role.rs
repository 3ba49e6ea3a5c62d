//! Roles: what they grant. Whether a role may be changed or deleted is the caller's business.

use std::collections::BTreeSet;

use dray_model::Name;
use dray_model::access::Grant;
use dray_model::api::page::{Page, PageRequest};
use dray_model::api::role::RoleView;
use sqlx::any::AnyRow;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;

/// A role; complete it with a condition.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT name, revision, title, grants, predefined, created_at, changed_at FROM role ", $rest)
    };
}

/// Adds a role.
///
/// # Errors
/// A conflict on `("role", "primary key")` when the name is taken.
pub async fn insert(tx: &mut WriteTx, role: &RoleView) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO role (name, revision, title, grants, predefined, created_at, changed_at) \
                       VALUES ($1, $2, $3, $4, $5, $6, $7)";
    sqlx::query(SQL)
        .bind(role.name.as_str())
        .bind(page::stored(role.revision))
        .bind(role.title.as_str())
        .bind(written(&role.grants))
        .bind(i64::from(role.predefined))
        .bind(role.created_at.micros())
        .bind(role.changed_at.micros())
        .execute(tx.connection())
        .await
        .attempt("add a role")?;
    Ok(())
}

/// Replaces what administrators set. The caller has compared the former revision in this transaction.
pub async fn change(tx: &mut WriteTx, role: &RoleView) -> Result<(), StoreError> {
    sqlx::query("UPDATE role SET revision = $1, title = $2, grants = $3, changed_at = $4 WHERE name = $5")
        .bind(page::stored(role.revision))
        .bind(role.title.as_str())
        .bind(written(&role.grants))
        .bind(role.changed_at.micros())
        .bind(role.name.as_str())
        .execute(tx.connection())
        .await
        .attempt("change a role")?;
    Ok(())
}

fn written(grants: &BTreeSet<Grant>) -> String {
    serde_json::to_string(grants).expect("grants are plain texts")
}

/// The role called `name`.
pub async fn find(snapshot: &mut Snapshot, name: &Name) -> Result<Option<RoleView>, StoreError> {
    let row = sqlx::query(select!("WHERE name = $1"))
        .bind(name.as_str())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find a role")?;
    row.as_ref().map(read).transpose()
}

/// Roles by name.
pub async fn list(snapshot: &mut Snapshot, request: &PageRequest) -> Result<Page<RoleView>, StoreError> {
    let rows = sqlx::query(select!("WHERE name > $1 ORDER BY name LIMIT $2"))
        .bind(request.after.as_deref().unwrap_or(""))
        .bind(page::fetch_limit(request))
        .fetch_all(snapshot.connection())
        .await
        .attempt("list roles")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |role| role.name.to_string()))
}

/// Removes a role.
pub async fn delete(tx: &mut WriteTx, name: &Name) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM role WHERE name = $1")
        .bind(name.as_str())
        .execute(tx.connection())
        .await
        .attempt("delete a role")?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<RoleView, StoreError> {
    let record = Record::new("role", "name", row);
    Ok(RoleView {
        name: record.parsed("name")?,
        revision: record.size("revision")?,
        title: record.parsed("title")?,
        grants: record.json("grants")?,
        predefined: record.flag("predefined")?,
        created_at: record.time("created_at")?,
        changed_at: record.time("changed_at")?,
    })
}

#[cfg(test)]
mod tests {
    use dray_model::Timestamp;
    use dray_model::access::PredefinedRole;

    use super::*;
    use crate::testing::each_engine;

    fn role(name: &str) -> RoleView {
        let at = Timestamp::from_secs(1);
        RoleView {
            name: name.parse().unwrap(),
            revision: 1,
            title: "Helps".parse().unwrap(),
            grants: PredefinedRole::Reader.grants(),
            predefined: false,
            created_at: at,
            changed_at: at,
        }
    }

    #[test]
    fn a_role_reads_back_changes_and_goes() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            insert(&mut tx, &role("helpdesk")).await.unwrap();
            let mut changed = find(&mut tx, &role("helpdesk").name).await.unwrap().unwrap();
            assert_eq!(changed, role("helpdesk"));
            changed.grants = PredefinedRole::Operator.grants();
            changed.revision = 2;
            change(&mut tx, &changed).await.unwrap();
            insert(&mut tx, &role("auditor")).await.unwrap();
            let all = list(&mut tx, &PageRequest::default()).await.unwrap().items;
            assert_eq!(all, [role("auditor"), changed]);
            delete(&mut tx, &role("auditor").name).await.unwrap();
            assert_eq!(find(&mut tx, &role("auditor").name).await.unwrap(), None);
        });
    }
}
