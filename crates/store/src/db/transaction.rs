//! The two kinds of transaction. Dropping one takes back what it did.

use std::ops::{Deref, DerefMut};

use sqlx::any::Any;
use sqlx::{AnyConnection, Transaction};

use super::Engine;
use crate::error::{Attempt as _, StoreError};

/// Number of the PostgreSQL advisory lock that puts writers in a row: the bytes of "dray".
const WRITER_LOCK: i64 = 0x6472_6179;
/// That of the lock which puts those in a row who change devices' states and so their counters.
const STATUS_LOCK: i64 = WRITER_LOCK + 1;

/// A transaction that may read. What it reads comes from one instant.
pub struct Snapshot {
    engine: Engine,
    tx: Transaction<'static, Any>,
}

impl Snapshot {
    pub(super) fn new(engine: Engine, tx: Transaction<'static, Any>) -> Self {
        Self { engine, tx }
    }

    /// Which database is behind it.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The connection to run statements on.
    pub(crate) fn connection(&mut self) -> &mut AnyConnection {
        &mut self.tx
    }
}

/// A transaction that may change things, and read its own changes.
pub struct WriteTx {
    snapshot: Snapshot,
}

impl WriteTx {
    pub(super) fn new(engine: Engine, tx: Transaction<'static, Any>) -> Self {
        Self { snapshot: Snapshot::new(engine, tx) }
    }

    /// From here on to its end this transaction is the only one that waited; nothing to do on SQLite.
    pub(crate) async fn wait_for_other_writers(&mut self) -> Result<(), StoreError> {
        self.wait_for(WRITER_LOCK).await
    }

    /// From here on to its end this transaction is the only one that changes devices' states; nothing to do on SQLite. The counters
    /// that follow from states are few rows, which many transactions would lock in different orders.
    pub(crate) async fn wait_for_other_status_writers(&mut self) -> Result<(), StoreError> {
        self.wait_for(STATUS_LOCK).await
    }

    async fn wait_for(&mut self, lock: i64) -> Result<(), StoreError> {
        if self.engine() == Engine::Postgres {
            sqlx::query("SELECT CAST(1 AS BIGINT) AS locked FROM pg_advisory_xact_lock($1)")
                .bind(lock)
                .execute(self.connection())
                .await
                .attempt("wait for other changes")?;
        }
        Ok(())
    }

    /// Makes the changes lasting and visible, all at once.
    ///
    /// # Errors
    /// Nothing was changed, unless the connection broke while committing: then it is unknown.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.snapshot.tx.commit().await.attempt("commit a transaction")
    }
}

impl Deref for WriteTx {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

impl DerefMut for WriteTx {
    fn deref_mut(&mut self) -> &mut Snapshot {
        &mut self.snapshot
    }
}
