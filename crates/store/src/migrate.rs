//! The schema's history: numbered SQL files, applied once each, in order, all in one transaction.
//!
//! A file that was applied never changes again; a change is the next number. Programs that open one database at the same time wait
//! for each other.
//!
//! Servers of neighbouring versions work on one database. So each step says from which step on a program can work with it
//! ([`Migration::compatible_from`]), and that is noted in the database: a program takes newer steps that it can work with, and
//! refuses the others before anything is touched. A step that only adds (a table, a column with a default, an index) is
//! compatible with the programs before it; one that takes away comes a release after the last program that uses it.

use std::collections::BTreeMap;

use dray_model::{Digest, Timestamp};
use sqlx::{AssertSqlSafe, Executor as _};

use crate::db::{Db, Engine, Snapshot, WriteTx};
use crate::error::{Attempt as _, StoreError};
use crate::row::Record;

/// One step of the schema.
struct Migration {
    number: i64,
    /// The step that a program must know at least to work rightly on a database that has this one.
    compatible_from: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// `migration!(8, "0008_name")`, and `migration!(8, "0008_name", compatible_from = 7)` for a step that programs which know step 7 can
/// work with.
macro_rules! migration {
    ($number:literal, $name:literal) => {
        migration!($number, $name, compatible_from = $number)
    };
    ($number:literal, $name:literal, compatible_from = $compatible_from:literal) => {
        Migration {
            number: $number,
            compatible_from: $compatible_from,
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
    migration!(8, "0008_history"),
];

const CREATE_HISTORY: &str = "CREATE TABLE IF NOT EXISTS schema_migration (number BIGINT PRIMARY KEY, name TEXT NOT NULL, \
                              digest TEXT NOT NULL, compatible_from BIGINT NOT NULL, applied_at BIGINT NOT NULL)";

/// Applies what is missing.
pub(crate) async fn run(db: &Db, now: Timestamp) -> Result<(), StoreError> {
    run_list(db, ALL, now).await
}

/// Applies what is missing of the steps up to `last`.
pub(crate) async fn run_up_to(db: &Db, last: i64, now: Timestamp) -> Result<(), StoreError> {
    let known = ALL.iter().map(|step| step.number).max().unwrap_or(0);
    if last > known {
        return Err(StoreError::NewerSchema { found: last, needed: last, known });
    }
    let count = ALL.iter().take_while(|step| step.number <= last).count();
    run_list(db, &ALL[..count], now).await
}

async fn run_list(db: &Db, list: &[Migration], now: Timestamp) -> Result<(), StoreError> {
    let mut tx = db.write().await?;
    tx.connection().execute(CREATE_HISTORY).await.attempt("create the schema's history")?;
    let applied = history(&mut tx).await?;
    let known = list.iter().map(|step| step.number).max().unwrap_or(0);
    check_newer(&applied, known)?;
    for step in list {
        match applied.get(&step.number) {
            Some(applied) if applied.digest == step.digest(db.engine()) => {}
            Some(_) => return Err(StoreError::ChangedMigration { number: step.number, name: step.name }),
            None => apply(&mut tx, step, now).await?,
        }
    }
    tx.commit().await
}

/// Whether a program that knows the steps up to `known` can work beside those that newer ones applied.
fn check_newer(applied: &BTreeMap<i64, Applied>, known: i64) -> Result<(), StoreError> {
    let newer = applied.range(known + 1..);
    match newer.max_by_key(|(_, step)| step.compatible_from) {
        Some((&found, step)) if step.compatible_from > known => {
            Err(StoreError::NewerSchema { found, needed: step.compatible_from, known })
        }
        Some((&found, _)) => {
            tracing::info!(
                found,
                known,
                "a newer version of Dray has changed the database; this version can still use it"
            );
            Ok(())
        }
        None => Ok(()),
    }
}

/// A step as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Applied {
    digest: String,
    compatible_from: i64,
}

async fn history(snapshot: &mut Snapshot) -> Result<BTreeMap<i64, Applied>, StoreError> {
    let rows = sqlx::query("SELECT number, digest, compatible_from FROM schema_migration")
        .fetch_all(snapshot.connection())
        .await
        .attempt("read the schema's history")?;
    rows.iter()
        .map(|row| {
            let record = Record::new("schema_migration", "number", row);
            let (digest, compatible_from) = (record.text("digest")?, record.number("compatible_from")?);
            Ok((record.number("number")?, Applied { digest, compatible_from }))
        })
        .collect()
}

async fn apply(tx: &mut WriteTx, step: &Migration, now: Timestamp) -> Result<(), StoreError> {
    let (engine, text) = (tx.engine(), step.text(tx.engine()));
    tracing::info!(number = step.number, name = step.name, "applying a migration");
    tx.connection().execute(sqlx::raw_sql(AssertSqlSafe(text))).await.attempt("apply a migration")?;
    const NOTE: &str = "INSERT INTO schema_migration (number, name, digest, compatible_from, applied_at) \
                        VALUES ($1, $2, $3, $4, $5)";
    sqlx::query(NOTE)
        .bind(step.number)
        .bind(step.name)
        .bind(step.digest(engine))
        .bind(step.compatible_from)
        .bind(now.micros())
        .execute(tx.connection())
        .await
        .attempt("record a migration")?;
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
        compatible_from: 900,
        name: "next",
        sqlite: "CREATE TABLE later (a TEXT)",
        postgres: "CREATE TABLE later (a TEXT)",
    };
    const NOW: Timestamp = Timestamp::MIN;

    #[test]
    fn the_list_is_in_order() {
        assert!(ALL.windows(2).all(|pair| pair[0].number < pair[1].number));
        assert!(ALL.iter().all(|step| step.name.starts_with(&format!("{:04}_", step.number))));
        assert!(ALL.iter().all(|step| step.compatible_from <= step.number));
    }

    #[test]
    fn a_database_from_a_newer_program_is_refused_untouched() {
        each_engine(async |db| {
            run_list(&db, &[NEXT], NOW).await.unwrap();
            let refused = run(&db, NOW).await.unwrap_err();
            assert!(matches!(refused, StoreError::NewerSchema { found: 900, needed: 900, .. }), "{refused}");
            let kept = history(&mut db.read().await.unwrap()).await.unwrap();
            assert_eq!(kept.len(), ALL.len() + 1, "nothing but what was there");
        });
    }

    #[test]
    fn an_older_program_works_beside_a_newer_one_until_something_is_taken_away() {
        const ADDS: Migration = Migration {
            number: 901,
            compatible_from: 900,
            name: "adds",
            ..step("ALTER TABLE later ADD COLUMN b TEXT")
        };
        const TAKES: Migration =
            Migration { number: 902, compatible_from: 901, name: "takes", ..step("ALTER TABLE later DROP COLUMN a") };
        each_engine(async |db| {
            run_list(&db, &[NEXT], NOW).await.unwrap();
            run_list(&db, &[NEXT, ADDS], NOW).await.unwrap();
            run_list(&db, &[NEXT], NOW).await.unwrap();
            let mut tx = db.write().await.unwrap();
            tx.connection().execute("INSERT INTO later (a) VALUES ('of the older one')").await.unwrap();
            tx.commit().await.unwrap();
            run_list(&db, &[NEXT, ADDS, TAKES], NOW).await.unwrap();
            run_list(&db, &[NEXT, ADDS], NOW).await.unwrap();
            let refused = run_list(&db, &[NEXT], NOW).await.unwrap_err();
            assert!(matches!(refused, StoreError::NewerSchema { found: 902, needed: 901, known: 900 }), "{refused}");
        });
    }

    const fn step(sql: &'static str) -> Migration {
        Migration { number: 0, compatible_from: 0, name: "", sqlite: sql, postgres: sql }
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
