//! Opening the database, and the two ways to talk to it: a [`Snapshot`] to read, a [`WriteTx`] to change.
//!
//! SQLite has one writer connection and a few readers, in WAL mode with `synchronous=NORMAL`: a killed process loses nothing;
//! after a power cut the newest commits may be missing, but the file is whole. PostgreSQL has a pool.
//! Invariant: on both engines the transactions of [`Db::write`] come one after the other, so a check and the change that
//! relies on it can't be separated by another administrator's change.

mod transaction;

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dray_model::Timestamp;
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::{AnyPool, ConnectOptions as _, Connection as _, Executor as _};

pub use transaction::{Snapshot, WriteTx};

use crate::error::{Attempt as _, StoreError};
use crate::migrate;

/// Readers beside the one writer. Each is a thread of SQLite's.
const SQLITE_READERS: u32 = 4;
/// Connections to PostgreSQL for each process; its default limit of 100 then serves several site servers.
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long to wait for a free connection or a lock before the answer is "busy".
const WAIT: Duration = Duration::from_secs(30);

const SQLITE_SETTINGS: &str = "PRAGMA busy_timeout = 30000; PRAGMA foreign_keys = ON; PRAGMA cache_size = -65536;
    PRAGMA temp_store = MEMORY";
const SQLITE_WRITER: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL";
const SQLITE_READER: &str = "PRAGMA query_only = ON";
const POSTGRES_SETTINGS: &str = "SET lock_timeout = '30s'; SET TIME ZONE 'UTC'";

/// What every SQLite database begins with; one that was just made is empty until its first commit.
const SQLITE_MAGIC: &[u8] = b"SQLite format 3\0";

/// Which database is behind a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// A file, in this process.
    Sqlite,
    /// A server.
    Postgres,
}

impl Engine {
    /// Picks the text for this engine, where one text doesn't serve both.
    #[must_use]
    pub const fn pick(self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite => sqlite,
            Self::Postgres => postgres,
        }
    }
}

/// A site's database. Cheap to clone; all clones share the connections.
#[derive(Debug, Clone)]
pub struct Db {
    engine: Engine,
    postgres: Option<Address>,
    readers: AnyPool,
    writers: AnyPool,
}

/// May hold a password, so it isn't shown.
#[derive(Clone)]
struct Address(Arc<str>);

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(…)")
    }
}

impl Db {
    /// Opens `sqlite:PATH` (created when missing) or `postgres://…`, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] and [`StoreError::NotADatabase`] before anything is touched, [`StoreError::Address`],
    /// [`StoreError::Unavailable`].
    pub async fn open(address: &str, now: Timestamp) -> Result<Self, StoreError> {
        let db = Self::connect(address)?;
        migrate::run(&db, now).await?;
        Ok(db)
    }

    /// As [`Db::open`], but with the schema that step `schema` made: for rows that were written on it. [`Db::migrate`] does the rest.
    ///
    /// # Errors
    /// As [`Db::open`]; [`StoreError::NewerSchema`] also when `schema` isn't known.
    pub async fn open_with_schema(address: &str, schema: i64, now: Timestamp) -> Result<Self, StoreError> {
        let db = Self::connect(address)?;
        migrate::run_up_to(&db, schema, now).await?;
        Ok(db)
    }

    /// Brings the schema up to date.
    ///
    /// # Errors
    /// As [`Db::open`].
    pub async fn migrate(&self, now: Timestamp) -> Result<(), StoreError> {
        migrate::run(self, now).await
    }

    fn connect(address: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        if let Some(path) = address.strip_prefix("sqlite:") {
            Self::open_sqlite(path)
        } else if address.starts_with("postgres://") || address.starts_with("postgresql://") {
            Self::open_postgres(address)
        } else {
            Err(StoreError::Address(address.to_owned()))
        }
    }

    fn open_sqlite(path: &str) -> Result<Self, StoreError> {
        let path = Path::new(path.trim_start_matches("//"));
        refuse_other_files(path)?;
        let options = options(&sqlite_url(path)?)?;
        let writers = pool(1, &[SQLITE_SETTINGS, SQLITE_WRITER]).connect_lazy_with(options.clone());
        let readers = pool(SQLITE_READERS, &[SQLITE_SETTINGS, SQLITE_READER]).connect_lazy_with(options);
        Ok(Self { engine: Engine::Sqlite, postgres: None, readers, writers })
    }

    fn open_postgres(address: &str) -> Result<Self, StoreError> {
        let pool = pool(POSTGRES_CONNECTIONS, &[POSTGRES_SETTINGS]).connect_lazy_with(options(address)?);
        Ok(Self {
            engine: Engine::Postgres,
            postgres: Some(Address(address.into())),
            readers: pool.clone(),
            writers: pool,
        })
    }

    /// Which database this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// Where PostgreSQL is, for a connection beside the pool; `None` on SQLite.
    pub(crate) fn postgres_address(&self) -> Option<&str> {
        self.postgres.as_ref().map(|address| &*address.0)
    }

    /// Begins a reading transaction: everything read through it comes from one instant.
    pub async fn read(&self) -> Result<Snapshot, StoreError> {
        let begin = self.engine.pick("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        let tx = self.readers.begin_with(begin).await.attempt("begin a reading transaction")?;
        Ok(Snapshot::new(self.engine, tx))
    }

    /// Begins a changing transaction, alone: the transactions of this function come one after the other.
    ///
    /// Keep it short, and hold no other one meanwhile: the second would wait for the first forever on SQLite.
    pub async fn write(&self) -> Result<WriteTx, StoreError> {
        let mut tx = self.write_beside_others().await?;
        tx.wait_for_other_writers().await?;
        Ok(tx)
    }

    /// Begins a changing transaction that may run beside others on PostgreSQL: for what devices report, and for jobs.
    ///
    /// What it read may have changed when it writes: each statement must be right by itself.
    pub async fn write_beside_others(&self) -> Result<WriteTx, StoreError> {
        let begin = self.engine.pick("BEGIN IMMEDIATE", "BEGIN");
        let tx = self.writers.begin_with(begin).await.attempt("begin a changing transaction")?;
        Ok(WriteTx::new(self.engine, tx))
    }

    /// Waits until all connections are back, and closes them.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writers.close().await;
    }
}

fn pool(connections: u32, settings: &'static [&'static str]) -> AnyPoolOptions {
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(WAIT)
        .test_before_acquire(false)
        .max_lifetime(None)
        .idle_timeout(None)
        // SQLite takes a transaction back by itself when its disk is full. The driver then believes that it is still open and
        // would refuse every later one on this connection.
        .before_acquire(|connection, _| {
            let is_free = !connection.is_in_transaction();
            Box::pin(async move { Ok(is_free) })
        })
        .after_connect(move |connection, _| {
            Box::pin(async move {
                for text in settings {
                    connection.execute(sqlx::raw_sql(*text)).await?;
                }
                Ok(())
            })
        })
}

fn options(url: &str) -> Result<AnyConnectOptions, StoreError> {
    let options: AnyConnectOptions = url.parse().map_err(|_| StoreError::Address(url.to_owned()))?;
    Ok(options.disable_statement_logging())
}

/// Refuses a file that begins otherwise than an SQLite database: the pool would try it again and again until its time is over.
/// What can't be read is left to SQLite, which says why.
fn refuse_other_files(path: &Path) -> Result<(), StoreError> {
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(SQLITE_MAGIC.len() as u64).read_to_end(&mut start));
    match read {
        Ok(_) if !start.is_empty() && start != SQLITE_MAGIC => Err(StoreError::NotADatabase(path.to_owned())),
        _ => Ok(()),
    }
}

/// `sqlite:` and the absolute path, with the characters escaped that mean something in a URL.
fn sqlite_url(path: &Path) -> Result<String, StoreError> {
    let absolute: PathBuf = std::path::absolute(path).map_err(|_| StoreError::Address(path.display().to_string()))?;
    let text = absolute.to_str().ok_or_else(|| StoreError::Address(path.display().to_string()))?;
    let mut url = String::from("sqlite:");
    for character in text.chars() {
        match character {
            '%' => url.push_str("%25"),
            '?' => url.push_str("%3f"),
            '#' => url.push_str("%23"),
            ' ' => url.push_str("%20"),
            '\\' => url.push('/'),
            other => url.push(other),
        }
    }
    url.push_str("?mode=rwc");
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta;
    use crate::testing::each_engine;

    #[test]
    fn what_is_not_committed_is_gone() {
        each_engine(async |db| {
            let mut tx = db.write().await.unwrap();
            meta::set(&mut tx, "a", "1").await.unwrap();
            drop(tx);
            let mut tx = db.write().await.unwrap();
            meta::set(&mut tx, "b", "2").await.unwrap();
            tx.commit().await.unwrap();
            let mut snapshot = db.read().await.unwrap();
            assert_eq!(meta::get(&mut snapshot, "a").await.unwrap(), None);
            assert_eq!(meta::get(&mut snapshot, "b").await.unwrap().as_deref(), Some("2"));
        });
    }

    #[test]
    fn a_snapshot_does_not_see_what_is_committed_later() {
        each_engine(async |db| {
            let mut snapshot = db.read().await.unwrap();
            assert_eq!(meta::get(&mut snapshot, "a").await.unwrap(), None);
            let mut tx = db.write().await.unwrap();
            meta::set(&mut tx, "a", "1").await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(meta::get(&mut snapshot, "a").await.unwrap(), None);
        });
    }

    #[test]
    fn writers_come_one_after_the_other() {
        each_engine(async |db| {
            let add_one = async || {
                let mut tx = db.write().await.unwrap();
                meta::next_number(&mut tx, "n").await.unwrap();
                let seen = meta::get(&mut tx, "n").await.unwrap().unwrap();
                tx.commit().await.unwrap();
                seen
            };
            let (a, b, c) = tokio::join!(add_one(), add_one(), add_one());
            let mut all = [a, b, c];
            all.sort();
            assert_eq!(all, ["1", "2", "3"]);
        });
    }

    async fn open(folder: &Path) -> Db {
        Db::open(&format!("sqlite:{}/dray.db", folder.display()), Timestamp::from_secs(0)).await.unwrap()
    }

    #[tokio::test]
    async fn what_the_database_took_back_by_itself_spoils_no_later_change() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path()).await;
        let mut tx = db.write().await.unwrap();
        meta::set(&mut tx, "a", "1").await.unwrap();
        // What SQLite does by itself on a full disk.
        tx.connection().execute("ROLLBACK").await.unwrap();
        assert!(tx.commit().await.is_err());
        let mut tx = db.write().await.unwrap();
        meta::set(&mut tx, "b", "2").await.unwrap();
        tx.commit().await.unwrap();
        let mut snapshot = db.read().await.unwrap();
        assert_eq!(meta::get(&mut snapshot, "a").await.unwrap(), None);
        assert_eq!(meta::get(&mut snapshot, "b").await.unwrap().as_deref(), Some("2"));
    }

    #[tokio::test]
    async fn a_full_disk_is_called_so_and_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(folder.path()).await;
        let mut tx = db.write().await.unwrap();
        tx.connection().execute("PRAGMA max_page_count = 1").await.unwrap();
        let failed = meta::set(&mut tx, "a", &"x".repeat(1 << 20)).await;
        assert!(matches!(failed, Err(StoreError::Full { .. })), "{failed:?}");
        drop(tx);
        let mut tx = db.write().await.unwrap();
        assert_eq!(meta::get(&mut tx, "a").await.unwrap(), None);
        tx.connection().execute("PRAGMA max_page_count = 1000000").await.unwrap();
        meta::set(&mut tx, "a", &"x".repeat(1 << 20)).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_path_with_odd_characters_opens() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b%20?#é.db");
        let db = Db::open(&format!("sqlite:{}", path.display()), Timestamp::from_secs(0)).await.unwrap();
        db.close().await;
        assert!(path.exists());
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_refused_at_once_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("dray.db");
        for text in ["SQLite", "something else that somebody keeps here"] {
            std::fs::write(&path, text).unwrap();
            let opened = Db::open(&format!("sqlite:{}", path.display()), Timestamp::from_secs(0)).await;
            assert!(matches!(opened, Err(StoreError::NotADatabase(found)) if found == path));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[tokio::test]
    async fn another_kind_of_address_is_refused() {
        let opened = Db::open("mysql://localhost/x", Timestamp::from_secs(0)).await;
        assert!(matches!(opened, Err(StoreError::Address(_))));
    }
}
