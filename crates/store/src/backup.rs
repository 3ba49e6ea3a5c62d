//! All rows of the database as one stream of JSON, out of one snapshot and into an empty database, whichever engine either is.
//!
//! A row is an array of its table's columns by name: whole numbers, texts, bytes as hexadecimal digits, and null. Tables come in an
//! order in which each finds what it refers to. What follows from other rows or lives for an hour is left out ([`LEFT_OUT`]). A test
//! holds the list against the schema, so a new table can't be forgotten.

mod columns;
mod read;
mod write;

use serde::{Deserialize, Serialize};

pub use columns::columns;
pub use read::{content_objects, last_id, rows, schema};
pub use write::{insert, is_empty, settle_ids};

/// The tables whose rows are carried, each after those that it refers to.
pub const TABLES: [&str; 38] = [
    "site_meta",
    "site_era",
    "quarantine",
    "role",
    "scope",
    "scope_object",
    "administrator_token",
    "audit",
    "job",
    "document",
    "content",
    "content_object",
    "content_object_use",
    "content_update",
    "content_update_object",
    "content_update_tried",
    "content_improvement",
    "content_damage",
    "package",
    "release",
    "point",
    "package_point",
    "point_content",
    "enrolment_token",
    "device",
    "device_facts",
    "device_disk",
    "device_address",
    "device_software",
    "collection",
    "collection_rule",
    "collection_member",
    "advertisement",
    "advertisement_revision",
    "device_policy",
    "status_message",
    // Its triggers count the states of devices, so advertisement_count follows from it.
    "advertisement_state",
    "advertisement_run",
];

/// Tables that aren't carried: the schema's history, which comes with the schema; news that everybody who starts does without; first
/// answers to requests, which may hold secrets; counters that triggers keep.
pub const LEFT_OUT: [&str; 4] = ["schema_migration", "change_feed", "idempotency", "advertisement_count"];

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A whole number of 64 bits.
    Integer,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// The name of a table as the schema has it; `None` for what isn't carried. Names from outside never become part of a statement.
#[must_use]
pub fn table(name: &str) -> Option<&'static str> {
    TABLES.iter().copied().find(|table| *table == name)
}

#[cfg(test)]
mod tests;
