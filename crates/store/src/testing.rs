//! Runs a test on every engine: SQLite in a temporary folder, PostgreSQL on a server that the test process starts itself.
//!
//! The PostgreSQL server is started once for each test process, listens on a socket in a temporary folder only, and ends with
//! the process. A machine without PostgreSQL fails the tests and is told what to install: a test that didn't run says nothing.

pub mod fill;
mod postgres;

use dray_model::Timestamp;

use crate::Db;

/// When the databases of tests were opened.
pub const OPENED_AT: Timestamp = Timestamp::MIN;

/// Runs `test` on a fresh database of each engine.
///
/// # Panics
/// When the test does, or when an engine is not available; the message says which engine.
pub fn each_engine(test: impl AsyncFn(Db)) {
    let runtime = runtime();
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let address = format!("sqlite:{}", folder.path().join("test.db").display());
        run(&address, &test).await;
    });
    let address = postgres::new_database();
    runtime.block_on(run(&address, &test));
}

/// Runs `test` on a fresh SQLite database, for crates that use the store and needn't prove the engines equal again.
///
/// # Panics
/// When the test does.
pub fn on_sqlite(test: impl AsyncFn(Db)) {
    runtime().block_on(async {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        run(&format!("sqlite:{}", folder.path().join("test.db").display()), &test).await;
    });
}

/// The address of a fresh PostgreSQL database with the schema, for tests that open it themselves. May be called from async code.
///
/// # Panics
/// When PostgreSQL isn't available.
#[must_use]
pub fn postgres_address() -> String {
    // The first one starts the server with a runtime of its own.
    std::thread::spawn(postgres::new_database).join().expect("PostgreSQL is available")
}

/// Runs a statement that no function of the store would, so that a test can prove what happens then.
///
/// # Panics
/// When the database refuses it.
pub async fn execute(tx: &mut crate::WriteTx, statement: &'static str) {
    sqlx::query(statement).execute(tx.connection()).await.expect("the test's statement runs");
}

async fn run(address: &str, test: &impl AsyncFn(Db)) {
    let db = Db::open(address, OPENED_AT).await.expect("the test database opens");
    tracing::info!(engine = ?db.engine(), "running the test");
    test(db.clone()).await;
    db.close().await;
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be built")
}
