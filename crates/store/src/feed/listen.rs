//! PostgreSQL announces commits by `NOTIFY`, so that other servers follow the feed at once. Rows are the truth: a lost notification costs
//! a moment and nothing else.

use sqlx::postgres::PgListener;

use crate::db::{Db, WriteTx};
use crate::error::{Attempt as _, StoreError};

/// The channel. One database holds one site.
const CHANNEL: &str = "dray_change_feed";

pub(super) async fn notify(tx: &mut WriteTx, sequence: i64) -> Result<(), StoreError> {
    sqlx::query("SELECT CAST(1 AS BIGINT) AS notified FROM pg_notify($1, $2)")
        .bind(CHANNEL)
        .bind(sequence.to_string())
        .execute(tx.connection())
        .await
        .attempt("notify other servers of a change")?;
    Ok(())
}

/// A connection on which PostgreSQL announces committed changes.
pub struct Listener {
    listener: PgListener,
}

impl Listener {
    /// Begins to listen; `None` on SQLite, which tells nobody.
    ///
    /// # Errors
    /// The database's.
    pub async fn connect(db: &Db) -> Result<Option<Self>, StoreError> {
        let Some(address) = db.postgres_address() else { return Ok(None) };
        let mut listener = PgListener::connect(address).await.attempt("connect to listen for changes")?;
        listener.listen(CHANNEL).await.attempt("listen for changes")?;
        Ok(Some(Self { listener }))
    }

    /// Waits for the next change. It may be one of this process.
    ///
    /// # Errors
    /// The connection's; connect again.
    pub async fn changed(&mut self) -> Result<(), StoreError> {
        self.listener.recv().await.attempt("listen for changes")?;
        Ok(())
    }
}
