//! The schema's history: numbered SQL files, applied once each, in order, all in one transaction.
//!
//! A database from a newer program is refused before anything is touched. A file that was applied never changes again; a
//! change is the next number. Programs that open one database at the same time wait for each other.

use std::collections::BTreeMap;

use dray_model::{Digest, Timestamp};
use sqlx::{AssertSqlSafe, Executor as _};

use crate::db::{Db, Engine, Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;

/// One step of the schema.
struct Migration {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($number:literal, $name:literal) => {
        Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../migrations/postgres/", $name, ".sql")),
        }
    };
}

/// All steps; one line each, by number.
const ALL: &[Migration] = &[
    migration!(1, "0001_ground"), //
    migration!(2, "0002_content"),
    migration!(3, "0003_targets"),
    migration!(4, "0004_delivery"),
    migration!(5, "0005_updates"),
    migration!(6, "0006_outside_links"),
    migration!(7, "0007_content_care"),
];

const CREATE_HISTORY: &str = "CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL, \
                              digest TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// Applies what is missing.
pub(crate) async fn run(db: &Db, now: Timestamp) -> Result<(), StoreError> {
    run_list(db, ALL, now).await
}

async fn run_list(db: &Db, list: &[Migration], now: Timestamp) -> Result<(), StoreError> {
    let mut tx = db.write().await?;
    tx.connection().execute(CREATE_HISTORY).await.attempt("create the schema's history")?;
    let applied = history(&mut tx).await?;
    let known = list.iter().map(|step| step.number).max().unwrap_or(0);
    if let Some(&found) = applied.keys().max().filter(|found| **found > known) {
        return Err(StoreError::NewerSchema { found, known });
    }
    for step in list {
        match applied.get(&step.number) {
            Some(digest) if *digest == step.digest(db.engine()) => {}
            Some(_) => return Err(StoreError::ChangedMigration { number: step.number, name: step.name }),
            None => apply(&mut tx, step, now).await?,
        }
    }
    tx.commit().await
}

async fn history(snapshot: &mut Snapshot) -> Result<BTreeMap<i64, String>, StoreError> {
    let rows = sqlx::query("SELECT number, digest FROM schema_migration")
        .fetch_all(snapshot.connection())
        .await
        .attempt("read the schema's history")?;
    rows.iter()
        .map(|row| {
            let record = Record::new("schema_migration", "number", row);
            Ok((record.number("number")?, record.text("digest")?))
        })
        .collect()
}

async fn apply(tx: &mut WriteTx, step: &Migration, now: Timestamp) -> Result<(), StoreError> {
    let (engine, text) = (tx.engine(), step.text(tx.engine()));
    tracing::info!(number = step.number, name = step.name, "applying a migration");
    tx.connection().execute(sqlx::raw_sql(AssertSqlSafe(text))).await.attempt("apply a migration")?;
    sqlx::query("INSERT INTO schema_migration (number, name, digest, applied_at) VALUES ($1, $2, $3, $4)")
        .bind(step.number)
        .bind(step.name)
        .bind(step.digest(engine))
        .bind(now.micros())
        .execute(tx.connection())
        .await
        .attempt("note a migration as applied")?;
    Ok(())
}

impl Migration {
    fn text(&self, engine: Engine) -> &'static str {
        engine.pick(self.sqlite, self.postgres)
    }

    fn digest(&self, engine: Engine) -> String {
        Digest::of(self.text(engine).as_bytes()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::each_engine;

    const NEXT: Migration = Migration {
        number: 900,
        name: "next",
        sqlite: "CREATE TABLE later (a TEXT)",
        postgres: "CREATE TABLE later (a TEXT)",
    };
    const NOW: Timestamp = Timestamp::MIN;

    #[test]
    fn the_list_is_in_order() {
        assert!(ALL.windows(2).all(|pair| pair[0].number < pair[1].number));
        assert!(ALL.iter().all(|step| step.name.starts_with(&format!("{:04}_", step.number))));
    }

    #[test]
    fn a_database_from_a_newer_program_is_refused_untouched() {
        each_engine(async |db| {
            run_list(&db, &[NEXT], NOW).await.unwrap();
            let refused = run(&db, NOW).await.unwrap_err();
            assert!(matches!(refused, StoreError::NewerSchema { found: 900, .. }), "{refused}");
        });
    }

    #[test]
    fn a_migration_that_changed_is_refused() {
        each_engine(async |db| {
            run_list(&db, &[NEXT], NOW).await.unwrap();
            let changed = Migration { sqlite: "SELECT 1", postgres: "SELECT 1", ..NEXT };
            let refused = run_list(&db, &[changed], NOW).await.unwrap_err();
            assert!(matches!(refused, StoreError::ChangedMigration { number: 900, .. }), "{refused}");
        });
    }

    #[test]
    fn a_failing_migration_leaves_nothing_behind() {
        each_engine(async |db| {
            let text = "CREATE TABLE half (a TEXT); SELECT * FROM nowhere";
            let broken = Migration { sqlite: text, postgres: text, ..NEXT };
            assert!(run_list(&db, &[broken], NOW).await.is_err());
            assert_eq!(history(&mut db.read().await.unwrap()).await.unwrap().get(&900), None);
            run_list(
                &db,
                &[Migration { sqlite: "CREATE TABLE half (b TEXT)", postgres: "CREATE TABLE half (b TEXT)", ..NEXT }],
                NOW,
            )
            .await
            .unwrap();
        });
    }
}
