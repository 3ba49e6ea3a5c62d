//! The tables that predicates expect, on SQLite and PostgreSQL through one driver.

use dray_model::facts::{Facts, Row as FactRow, Table, Value};
use dray_model::inventory::Class;
use dray_query::{Dialect, SqlPredicate, SqlValue, key};
use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Connection, Row};

pub(crate) struct Database {
    pub(crate) dialect: Dialect,
    runtime: tokio::runtime::Runtime,
    connection: AnyConnection,
}

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
        database.run("CREATE TEMPORARY TABLE device (id BIGINT, name TEXT)", |query| query);
        for class in Class::all() {
            let (name, columns) = (class.info().table, columns(class));
            // An order that isn't that of bytes: predicates may not depend on the database's own.
            let columns = match dialect {
                Dialect::Sqlite => columns,
                Dialect::Postgres => columns.replace("TEXT", "TEXT COLLATE \"und-x-icu\""),
            };
            database.run(&format!("CREATE TEMPORARY TABLE {name} ({columns})"), |query| query);
        }
        database
    }

    /// Makes these the only devices; their ids are their places.
    pub(crate) fn fill(&mut self, devices: &[(String, Option<Facts>)]) {
        self.run("BEGIN", |query| query);
        for name in Class::all().map(|class| class.info().table).chain(["device"]) {
            self.run(&format!("DELETE FROM {name}"), |query| query);
        }
        for (id, (name, facts)) in (0i64..).zip(devices) {
            self.run("INSERT INTO device VALUES ($1, $2)", |query| query.bind(id).bind(name.clone()));
            for row in facts.iter().flat_map(Facts::tables).flat_map(Table::rows) {
                self.insert(id, row);
            }
        }
        self.run("COMMIT", |query| query);
    }

    fn insert(&mut self, id: i64, row: FactRow<'_>) {
        let mut columns = String::from("device_id");
        let mut values: Vec<Value> = Vec::new();
        for (property, value) in row.known() {
            let name = property.info().name;
            columns.push_str(&format!(", {name}"));
            values.push(value.clone());
            if let Some(key) = value.as_text().and_then(|text| key(property.kind(), text)) {
                columns.push_str(&format!(", {name}_key"));
                values.push(key.into());
            }
        }
        let places: String = (0..values.len()).map(|place| format!(", ${}", place + 2)).collect();
        let table = row.class().info().table;
        self.run(&format!("INSERT INTO {table} ({columns}) VALUES ($1{places})"), |query| {
            values.into_iter().fold(query.bind(id), |query, value| match value {
                Value::Integer(number) => query.bind(number),
                Value::Text(text) => query.bind(text),
            })
        });
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

fn columns(class: Class) -> String {
    let mut columns = String::from("device_id BIGINT");
    for property in class.facts() {
        let name = property.info().name;
        let kind = if property.kind().is_text() { "TEXT" } else { "BIGINT" };
        columns.push_str(&format!(", {name} {kind}"));
        if property.kind().has_key() {
            columns.push_str(&format!(", {name}_key TEXT"));
        }
    }
    columns
}
