//! Administrator tokens. The table holds hashes of secrets, never secrets; revoked tokens stay, because the audit log names them.

use dray_model::api::page::{Page, PageRequest};
use dray_model::api::token::Token;
use dray_model::{Name, Timestamp};
use sqlx::any::AnyRow;

use crate::db::{Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::page;
use crate::row::Record;

const BY_NAME: &str =
    "SELECT name, role, scope, created_at, expires_at, revoked_at FROM administrator_token WHERE name = $1";
const BY_HASH: &str =
    "SELECT name, role, scope, created_at, expires_at, revoked_at FROM administrator_token WHERE hash = $1";
const PAGE: &str = "SELECT name, role, scope, created_at, expires_at, revoked_at FROM administrator_token WHERE name > $1 \
                    ORDER BY name LIMIT $2";

/// Adds a token with the hash of its secret.
///
/// # Errors
/// A conflict on `("administrator_token", "primary key")` when the name is taken, be it by a revoked token.
pub async fn insert(tx: &mut WriteTx, token: &Token, hash: &[u8]) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO administrator_token (name, hash, role, scope, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    sqlx::query(SQL)
        .bind(token.name.as_str())
        .bind(hash)
        .bind(token.role.as_str())
        .bind(token.scope.as_ref().map(Name::as_str))
        .bind(token.created_at.micros())
        .bind(token.expires_at.map(Timestamp::micros))
        .execute(tx.connection())
        .await
        .attempt("add an administrator token")?;
    Ok(())
}

/// The token called `name`.
pub async fn find(snapshot: &mut Snapshot, name: &Name) -> Result<Option<Token>, StoreError> {
    let row = sqlx::query(BY_NAME)
        .bind(name.as_str())
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find an administrator token")?;
    row.as_ref().map(read).transpose()
}

/// The token whose secret has this hash. Revoked and expired ones are found too: the caller looks.
pub async fn find_by_hash(snapshot: &mut Snapshot, hash: &[u8]) -> Result<Option<Token>, StoreError> {
    let row = sqlx::query(BY_HASH)
        .bind(hash)
        .fetch_optional(snapshot.connection())
        .await
        .attempt("find an administrator token by its secret")?;
    row.as_ref().map(read).transpose()
}

/// Tokens by name.
pub async fn list(snapshot: &mut Snapshot, request: &PageRequest) -> Result<Page<Token>, StoreError> {
    let rows = sqlx::query(PAGE)
        .bind(request.after.as_deref().unwrap_or(""))
        .bind(page::fetch_limit(request))
        .fetch_all(snapshot.connection())
        .await
        .attempt("list administrator tokens")?;
    Ok(page::cut(request, page::read_all(&rows, read)?, |token| token.name.to_string()))
}

/// The tokens in force at `now` that have a role, by name; at most 20.
pub async fn with_role(snapshot: &mut Snapshot, role: &Name, now: Timestamp) -> Result<Vec<Name>, StoreError> {
    const SQL: &str = "SELECT name FROM administrator_token WHERE role = $1 AND revoked_at IS NULL \
                       AND (expires_at IS NULL OR expires_at > $2) ORDER BY name LIMIT 20";
    names(snapshot, SQL, role, now).await
}

/// The tokens in force at `now` that are for a scope, by name; at most 20.
pub async fn with_scope(snapshot: &mut Snapshot, scope: &Name, now: Timestamp) -> Result<Vec<Name>, StoreError> {
    const SQL: &str = "SELECT name FROM administrator_token WHERE scope = $1 AND revoked_at IS NULL \
                       AND (expires_at IS NULL OR expires_at > $2) ORDER BY name LIMIT 20";
    names(snapshot, SQL, scope, now).await
}

async fn names(
    snapshot: &mut Snapshot,
    sql: &'static str,
    used: &Name,
    now: Timestamp,
) -> Result<Vec<Name>, StoreError> {
    let rows = sqlx::query(sql)
        .bind(used.as_str())
        .bind(now.micros())
        .fetch_all(snapshot.connection())
        .await
        .attempt("find the administrator tokens that use a role or a scope")?;
    page::read_all(&rows, |row| Record::new("administrator_token", "name", row).parsed("name"))
}

/// Revokes the token from `now` on; one that is revoked keeps its first instant. False if no row has this name.
pub async fn revoke(tx: &mut WriteTx, name: &Name, now: Timestamp) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE administrator_token SET revoked_at = COALESCE(revoked_at, $1) WHERE name = $2")
        .bind(now.micros())
        .bind(name.as_str())
        .execute(tx.connection())
        .await
        .attempt("revoke an administrator token")?;
    Ok(done.rows_affected() > 0)
}

fn read(row: &AnyRow) -> Result<Token, StoreError> {
    let record = Record::new("administrator_token", "name", row);
    Ok(Token {
        name: record.parsed("name")?,
        role: record.parsed("role")?,
        scope: record.optional("scope", Record::parsed)?,
        created_at: record.time("created_at")?,
        expires_at: record.optional("expires_at", Record::time)?,
        revoked_at: record.optional("revoked_at", Record::time)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_engine;
    use dray_model::access::PredefinedRole;

    fn token(name: &str) -> Token {
        Token {
            name: name.parse().unwrap(),
            role: PredefinedRole::Publisher.name(),
            scope: Some("berlin".parse().unwrap()),
            created_at: Timestamp::from_secs(1),
            expires_at: None,
            revoked_at: None,
        }
    }

    #[test]
    fn a_token_reads_back_and_is_found_by_its_hash() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            insert(&mut tx, &token("ci"), &[1; 32]).await.unwrap();
            assert_eq!(find_by_hash(&mut tx, &[1; 32]).await.unwrap(), Some(token("ci")));
            assert_eq!(find_by_hash(&mut tx, &[2; 32]).await.unwrap(), None);
            assert_eq!(find(&mut tx, &"ci".parse().unwrap()).await.unwrap(), Some(token("ci")));
        });
    }

    #[test]
    fn a_taken_name_or_secret_is_a_conflict_that_says_which() {
        each_engine(async |db| {
            for (name, hash, columns) in [("ci", [2; 32], "primary key"), ("cd", [1; 32], "hash")] {
                let mut tx = db.write().await.unwrap();
                insert(&mut tx, &token("ci"), &[1; 32]).await.unwrap();
                let error = insert(&mut tx, &token(name), &hash).await.unwrap_err();
                assert!(error.is_conflict_on("administrator_token", columns), "{error}");
            }
        });
    }

    #[test]
    fn revoking_twice_keeps_the_first_instant() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            insert(&mut tx, &token("ci"), &[1; 32]).await.unwrap();
            let name = "ci".parse().unwrap();
            assert!(revoke(&mut tx, &name, Timestamp::from_secs(5)).await.unwrap());
            assert!(revoke(&mut tx, &name, Timestamp::from_secs(9)).await.unwrap());
            assert_eq!(find(&mut tx, &name).await.unwrap().unwrap().revoked_at, Some(Timestamp::from_secs(5)));
            assert!(!revoke(&mut tx, &"none".parse().unwrap(), Timestamp::from_secs(5)).await.unwrap());
        });
    }

    #[test]
    fn pages_follow_each_other_without_gaps() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            for (place, name) in ["d", "a", "c", "b"].into_iter().enumerate() {
                insert(&mut tx, &token(name), &[u8::try_from(place).unwrap(); 32]).await.unwrap();
            }
            let first = list(&mut tx, &PageRequest::new(Some(3), None)).await.unwrap();
            let second = list(&mut tx, &PageRequest::new(Some(3), first.next.clone())).await.unwrap();
            let names: Vec<String> = first.items.iter().chain(&second.items).map(|t| t.name.to_string()).collect();
            assert_eq!(names, ["a", "b", "c", "d"]);
            assert_eq!(second.next, None);
        });
    }
}
