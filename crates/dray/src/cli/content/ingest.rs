//! `dray content ingest`: a folder or a file becomes a manifest and packs of a store.

use std::path::PathBuf;

use clap::Args;
use dray_content::ingest::Ingested;
use dray_model::Digest;
use dray_model::package::NotCarried;
use serde::Serialize;

use super::progress::Work;
use super::source::{Reading, Source, known_chunks};
use super::store::StoreOption;
use crate::clock;
use crate::error::Outcome;
use crate::output::{Fields, Output, Shown, bytes, count};

/// Arguments of `content ingest`.
#[derive(Debug, Args)]
pub(crate) struct Ingest {
    /// Folder or file to read
    source: PathBuf,
    #[command(flatten)]
    store: StoreOption,
    #[command(flatten)]
    reading: Reading,
    /// Read every file, even those whose size, times and inode have not changed since they were last ingested into this store
    #[arg(long)]
    checksum: bool,
}

/// A content that is in a store.
#[derive(Debug, Serialize)]
struct Stored {
    content: Digest,
    manifest: Digest,
    files: u64,
    size_bytes: u64,
    unread_files: u64,
    unread_bytes: u64,
    manifest_bytes: u64,
    new_chunk_bytes: u64,
    new_pack_bytes: u64,
    requires: Vec<String>,
    not_carried: Vec<NotCarried>,
}

impl Ingest {
    pub(super) fn run(self, output: Output) -> Outcome {
        let store = self.store.make()?;
        let source = Source::open(&self.source, None)?;
        let begun_at = clock::now();
        let index = source.index(&store)?;
        let mut known = known_chunks(&store)?;
        if let Some(index) = index.as_ref().filter(|_| !self.checksum) {
            known.trust(index.load(store.limits()));
        }
        let ingested = source.ingest(&store, self.reading, &known, &Work::new(output, "reading"))?;
        if let Some(index) = index {
            index.save(&ingested.index(begun_at), &store.incoming()?)?;
        }
        output.show(&Stored::from(&ingested))
    }
}

impl From<&Ingested> for Stored {
    fn from(ingested: &Ingested) -> Self {
        let totals = ingested.totals;
        Self {
            content: ingested.content,
            manifest: ingested.manifest_digest,
            files: totals.files,
            size_bytes: totals.bytes,
            unread_files: totals.unread_files,
            unread_bytes: totals.unread_bytes,
            manifest_bytes: ingested.manifest_bytes.len() as u64,
            new_chunk_bytes: totals.new_bytes,
            new_pack_bytes: totals.stored_bytes,
            requires: ingested.manifest.tree().requires(),
            not_carried: ingested.not_carried.clone(),
        }
    }
}

impl Shown for Stored {
    fn fields(&self) -> Fields {
        let not_carried: Vec<_> = self.not_carried.iter().map(ToString::to_string).collect();
        vec![
            ("content", self.content.to_string()),
            ("manifest", format!("{}, {}", self.manifest, bytes(self.manifest_bytes))),
            ("files", format!("{}, {}", count(self.files, "file"), bytes(self.size_bytes))),
            ("unchanged", format!("{}, {}, not read", count(self.unread_files, "file"), bytes(self.unread_bytes))),
            ("new", format!("{}, stored in {}", bytes(self.new_chunk_bytes), bytes(self.new_pack_bytes))),
            ("requires", or_nothing(self.requires.join(", "))),
            ("not preserved", or_nothing(not_carried.join("\n"))),
        ]
    }
}

fn or_nothing(text: String) -> String {
    if text.is_empty() { "nothing".to_owned() } else { text }
}
