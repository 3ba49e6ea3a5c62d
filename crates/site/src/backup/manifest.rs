//! What a backup says of itself.

use dray_model::{Digest, Name, Timestamp};
use dray_store::backup::Column;
use serde::{Deserialize, Serialize};

/// `manifest.json`. A reader ignores fields that it doesn't know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the backup; this is [`Manifest::FORMAT`].
    pub format: u32,
    /// The site's name.
    pub site: Name,
    /// The version of the program that made it.
    pub version: String,
    /// When it was begun. All that it holds is from this instant or a moment later.
    pub made_at: Timestamp,
    /// The step of the schema that its rows are for.
    pub schema: i64,
    /// The number of the newest change in it.
    pub number: i64,
    /// Files of the site: configuration and keys.
    pub files: Vec<FilePart>,
    /// The rows, in the order in which they are written back.
    pub tables: Vec<TablePart>,
    /// The content store.
    pub content: ContentPart,
}

/// A file of the backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilePart {
    /// Its path in the backup.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// Digest of its bytes.
    pub digest: Digest,
}

/// The rows of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePart {
    /// The table.
    pub table: String,
    /// What stands at each place of a row.
    pub columns: Vec<Column>,
    /// How many rows there are.
    pub rows: u64,
    /// The highest id that the table gave out by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_id: Option<i64>,
    /// The file: a JSON array a line, compressed with zstd.
    #[serde(flatten)]
    pub file: FilePart,
}

/// What became of the content store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum ContentPart {
    /// It is in the backup.
    Included {
        /// How many objects.
        objects: u64,
        /// Their bytes.
        bytes: u64,
        /// Objects that the site lists and that were not there or damaged.
        missing: Vec<String>,
    },
    /// It isn't: it has to be there, or copied by other means, where the site is restored.
    LeftOut {
        /// Where the site keeps it.
        location: String,
    },
}

impl Manifest {
    /// The format that this version writes, and the highest that it reads.
    pub const FORMAT: u32 = 1;
    /// Its file.
    pub(super) const FILE: &'static str = "manifest.json";
}
