//! Reading a store as a receiver reads a point: whole lists and ranges of packs, every byte counted.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use dray_content::ObjectName;
use dray_content::plan::FetchRange;

use super::cost::Cost;
use super::store::{FolderStore, cannot};
use crate::error::Outcome;

/// A store that is read from afar.
pub(super) struct Wire<'a> {
    store: &'a FolderStore,
    fetched: Cost,
}

impl<'a> Wire<'a> {
    /// Nothing was read yet.
    pub(super) fn new(store: &'a FolderStore) -> Self {
        Self { store, fetched: Cost::default() }
    }

    /// What was read so far.
    pub(super) const fn fetched(&self) -> Cost {
        self.fetched
    }

    /// A whole manifest.
    pub(super) fn manifest(&mut self, name: &ObjectName) -> Outcome<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.store.open_object(name)?.read_to_end(&mut bytes);
        read.map_err(|error| cannot("read", &self.store.path(name), &error))?;
        self.fetched.manifest_bytes += bytes.len() as u64;
        self.count(bytes.len());
        Ok(bytes)
    }

    /// A range of a pack.
    pub(super) fn range(&mut self, range: &FetchRange) -> Outcome<Vec<u8>> {
        let name = range.object();
        let bytes = read_range(self.store.open_object(&name)?, range);
        let bytes = bytes.map_err(|error| cannot("read", &self.store.path(&name), &error))?;
        self.fetched.pack_bytes += range.length;
        self.count(bytes.len());
        Ok(bytes)
    }

    fn count(&mut self, bytes: usize) {
        self.fetched.bytes += bytes as u64;
        self.fetched.requests += 1;
    }
}

/// Memory is taken as bytes come: a range says what it likes, the pack what is there.
fn read_range(mut pack: File, range: &FetchRange) -> io::Result<Vec<u8>> {
    pack.seek(SeekFrom::Start(range.offset))?;
    let mut bytes = Vec::new();
    pack.take(range.length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == range.length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
