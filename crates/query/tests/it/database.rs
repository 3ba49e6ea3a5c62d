//! The tables that predicates expect, on SQLite and PostgreSQL through one driver.

use dray_query::{Dialect, FactRows, SqlPredicate, SqlValue};
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Connection, Row};

pub(crate) struct Database {
    pub(crate) dialect: Dialect,
    runtime: tokio::runtime::Runtime,
    connection: AnyConnection,
}

const TABLES: [(&str, &str); 5] = [
    ("device", "id BIGINT, name TEXT"),
    (
        "device_facts",
        "device_id BIGINT, platform TEXT, os_name TEXT, os_version TEXT, os_version_key TEXT, architecture TEXT, host_name TEXT, \
         memory_bytes BIGINT, processors BIGINT, agent_version TEXT, agent_version_key TEXT",
    ),
    ("device_disk", "device_id BIGINT, mount TEXT, size_bytes BIGINT, free_bytes BIGINT"),
    ("device_address", "device_id BIGINT, interface TEXT, ip TEXT, ip_key TEXT, prefix BIGINT"),
    ("device_software", "device_id BIGINT, name TEXT, version TEXT, version_key TEXT"),
];

type Bound<'q> = Query<'q, Any, AnyArguments>;

impl Database {
    /// SQLite, and PostgreSQL where there is one.
    pub(crate) fn all() -> Vec<Self> {
        sqlx::any::install_default_drivers();
        let postgres = std::env::var("DRAY_TEST_POSTGRES").ok().map(|url| Self::open(Dialect::Postgres, &url));
        [Self::open(Dialect::Sqlite, "sqlite::memory:")].into_iter().chain(postgres).collect()
    }

    fn open(dialect: Dialect, url: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connection = runtime.block_on(AnyConnection::connect(url)).unwrap();
        let mut database = Self { dialect, runtime, connection };
        for (name, columns) in TABLES {
            // An order that isn't that of bytes: predicates may not depend on the database's own.
            let columns = match dialect {
                Dialect::Sqlite => columns.to_owned(),
                Dialect::Postgres => columns.replace("TEXT", "TEXT COLLATE \"und-x-icu\""),
            };
            database.run(&format!("CREATE TEMPORARY TABLE {name} ({columns})"), |query| query);
        }
        database
    }

    /// Makes these the only devices; their ids are their places.
    pub(crate) fn fill(&mut self, devices: &[(String, Option<FactRows>)]) {
        self.run("BEGIN", |query| query);
        for (name, _) in TABLES {
            self.run(&format!("DELETE FROM {name}"), |query| query);
        }
        for (id, (name, rows)) in (0i64..).zip(devices) {
            self.run("INSERT INTO device VALUES ($1, $2)", |query| query.bind(id).bind(name.clone()));
            if let Some(rows) = rows {
                self.insert(id, rows);
            }
        }
        self.run("COMMIT", |query| query);
    }

    fn insert(&mut self, id: i64, rows: &FactRows) {
        let device = rows.device.clone();
        self.run("INSERT INTO device_facts VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)", |query| {
            let query = query.bind(id).bind(device.platform).bind(device.os_name).bind(device.os_version);
            let query = query.bind(device.os_version_key).bind(device.architecture).bind(device.host_name);
            let query = query.bind(device.memory_bytes).bind(device.processors);
            query.bind(device.agent_version).bind(device.agent_version_key)
        });
        for disk in rows.disks.iter().cloned() {
            self.run("INSERT INTO device_disk VALUES ($1, $2, $3, $4)", |query| {
                query.bind(id).bind(disk.mount).bind(disk.size_bytes).bind(disk.free_bytes)
            });
        }
        for address in rows.addresses.iter().cloned() {
            self.run("INSERT INTO device_address VALUES ($1, $2, $3, $4, $5)", |query| {
                query.bind(id).bind(address.interface).bind(address.ip).bind(address.ip_key).bind(address.prefix)
            });
        }
        for software in rows.software.iter().cloned() {
            self.run("INSERT INTO device_software VALUES ($1, $2, $3, $4)", |query| {
                query.bind(id).bind(software.name).bind(software.version).bind(software.version_key)
            });
        }
    }

    /// The places of the devices for which a predicate is true, its first placeholder being `$2`.
    pub(crate) fn ask(&mut self, predicate: &SqlPredicate) -> Vec<i64> {
        let text = format!(
            "SELECT d.id FROM device d LEFT JOIN device_facts f ON f.device_id = d.id WHERE d.id >= $1 AND {} ORDER BY d.id",
            predicate.text
        );
        let mut query = sqlx::query(AssertSqlSafe(text)).bind(0i64);
        for param in &predicate.params {
            query = match param {
                SqlValue::Integer(number) => query.bind(*number),
                SqlValue::Text(text) => query.bind(text.clone()),
            };
        }
        let rows = self.runtime.block_on(query.fetch_all(&mut self.connection));
        let rows = rows.unwrap_or_else(|error| panic!("{:?} refuses {}: {error}", self.dialect, predicate.text));
        rows.iter().map(|row| row.get(0)).collect()
    }

    fn run(&mut self, sql: &str, bind: impl FnOnce(Bound<'_>) -> Bound<'_>) {
        let query = bind(sqlx::query(AssertSqlSafe(sql.to_owned())));
        self.runtime.block_on(query.execute(&mut self.connection)).unwrap();
    }
}
