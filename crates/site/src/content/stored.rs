//! The bytes of contents, from the packs in the store: whole files for work that needs them, written when they are first asked for.
//!
//! For threads of blocking work only. Memory: a few blocks of packs and the chunks of [`Packed`], whatever the size of the content.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use dray_content::packed::{Packed, Packs};
use dray_content::update::prepare::Contents;
use dray_content::{Manifest, ObjectName};
use dray_model::Digest;
use object_store::{GetOptions, GetRange};
use tokio::runtime::Handle;

use super::location;
use crate::site::Site;

/// Bytes that are read of a pack at a time: chunks mostly follow each other, and a request has its price.
const BLOCK_BYTES: u64 = 4 << 20;
/// Blocks that are kept.
const BLOCKS_MAX: usize = 4;

/// Packs in the store, read in blocks.
pub(super) struct StoredPacks {
    site: Site,
    runtime: Handle,
    /// The blocks that were read last, the newest last, by pack and number.
    blocks: Mutex<Vec<((Digest, u64), Bytes)>>,
}

impl StoredPacks {
    /// Must be called where the runtime of the site runs.
    pub(super) fn new(site: &Site) -> Self {
        Self { site: site.clone(), runtime: Handle::current(), blocks: Mutex::default() }
    }

    fn block(&self, pack: &Digest, number: u64) -> io::Result<Bytes> {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, block)) = blocks.iter().find(|(key, _)| *key == (*pack, number)) {
            return Ok(block.clone());
        }
        let block = self.runtime.block_on(self.read_block(pack, number)).map_err(io::Error::other)?;
        if blocks.len() == BLOCKS_MAX {
            blocks.remove(0);
        }
        blocks.push(((*pack, number), block.clone()));
        Ok(block)
    }

    async fn read_block(&self, pack: &Digest, number: u64) -> Result<Bytes, object_store::Error> {
        let start = number * BLOCK_BYTES;
        let options =
            GetOptions { range: Some(GetRange::Bounded(start..start + BLOCK_BYTES)), ..GetOptions::default() };
        self.site.content().get_opts(&location(&ObjectName::Pack(*pack)), options).await?.bytes().await
    }
}

impl Packs for StoredPacks {
    fn read(&self, pack: &Digest, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let (mut at, mut rest) = (offset, out);
        while !rest.is_empty() {
            let block = self.block(pack, at / BLOCK_BYTES)?;
            // Offsets in a block are below 4 MiB.
            let skip = (at % BLOCK_BYTES) as usize;
            let bytes = block.get(skip..).filter(|bytes| !bytes.is_empty()).ok_or(io::ErrorKind::UnexpectedEof)?;
            let length = bytes.len().min(rest.len());
            rest[..length].copy_from_slice(&bytes[..length]);
            rest = &mut rest[length..];
            at += length as u64;
        }
        Ok(())
    }
}

/// The contents of a manifest as files in a folder, where they stay. Several may share the folder.
pub(super) struct Materialised<'a> {
    packed: Packed<'a>,
    folder: PathBuf,
    /// Names files that are being written.
    writing: AtomicU64,
}

impl<'a> Materialised<'a> {
    /// The folder must be there.
    pub(super) fn new(manifest: &'a Manifest, packs: &'a StoredPacks, folder: PathBuf) -> Self {
        Self { packed: Packed::new(manifest, packs), folder, writing: AtomicU64::new(0) }
    }

    fn write(&self, content: &Digest) -> io::Result<()> {
        let stored = self.packed.content(content).ok_or(io::ErrorKind::NotFound)?;
        let number = self.writing.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.folder.join(format!("{content}.{number}"));
        let written = File::create_new(&unfinished).and_then(|mut file| stored.copy_to(&mut file));
        written.and_then(|()| fs::rename(&unfinished, self.folder.join(content.to_string())))
    }
}

impl Contents for Materialised<'_> {
    fn open(&self, content: &Digest) -> io::Result<File> {
        let path = self.folder.join(content.to_string());
        match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => return found,
        }
        self.write(content)?;
        File::open(path)
    }
}
