//! Reading a store as a receiver reads a point: whole lists and ranges of packs, every byte counted.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use dray_content::plan::FetchRange;
use dray_content::store::FolderStore;
use serde::Serialize;

use super::store::cannot;
use crate::error::Outcome;

/// Bytes that crossed the wire, or would.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Fetched {
    /// The sum of the others.
    pub(super) bytes: u64,
    /// Of manifests.
    pub(super) manifest_bytes: u64,
    /// Of updates.
    pub(super) update_bytes: u64,
    /// Of ranges of packs.
    pub(super) pack_bytes: u64,
    /// Requests for objects and ranges.
    pub(super) requests: u64,
}

/// A store that is read from afar.
pub(super) struct Wire<'a> {
    store: &'a FolderStore,
    fetched: Fetched,
}

impl Fetched {
    /// A manifest of so many bytes.
    pub(super) fn manifest(bytes: u64) -> Self {
        Self { bytes, manifest_bytes: bytes, requests: 1, ..Self::default() }
    }

    /// An update of so many bytes.
    pub(super) fn update(bytes: u64) -> Self {
        Self { bytes, update_bytes: bytes, requests: 1, ..Self::default() }
    }

    /// The range of a pack.
    pub(super) fn range(range: &FetchRange) -> Self {
        Self { bytes: range.length, pack_bytes: range.length, requests: 1, ..Self::default() }
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            manifest_bytes: self.manifest_bytes + other.manifest_bytes,
            update_bytes: self.update_bytes + other.update_bytes,
            pack_bytes: self.pack_bytes + other.pack_bytes,
            requests: self.requests + other.requests,
        }
    }
}

impl<'a> Wire<'a> {
    /// Nothing was read yet.
    pub(super) fn new(store: &'a FolderStore) -> Self {
        Self { store, fetched: Fetched::default() }
    }

    /// What was read so far.
    pub(super) const fn fetched(&self) -> Fetched {
        self.fetched
    }

    /// Counts what was read in another way.
    pub(super) fn count(&mut self, fetched: Fetched) {
        self.fetched = self.fetched.and(fetched);
    }

    /// Reads a range of a pack.
    pub(super) fn range(&mut self, range: &FetchRange) -> Outcome<Vec<u8>> {
        let name = range.object();
        let bytes = read_range(self.store.objects().open(&name)?, range);
        let bytes = bytes.map_err(|error| cannot("read", &self.store.objects().path(&name), &error))?;
        self.count(Fetched::range(range));
        Ok(bytes)
    }
}

/// Memory is taken as bytes come: a range says what it likes, the pack what is there.
fn read_range(mut pack: File, range: &FetchRange) -> io::Result<Vec<u8>> {
    pack.seek(SeekFrom::Start(range.offset))?;
    let mut bytes = Vec::new();
    pack.take(range.length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == range.length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
