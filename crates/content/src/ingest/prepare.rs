//! The workers: the chunks of slabs are hashed and, unless they are known, compressed.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender};

use super::KnownChunks;
use super::slab::Slab;
use crate::compress::ChunkCompressor;

/// A slab to prepare and where it goes then.
pub(super) struct Task {
    pub(super) slab: Slab,
    /// Has room for the one answer, so no worker waits.
    pub(super) reply: SyncSender<Slab>,
}

/// Prepares slabs until no sender of tasks is left.
pub(super) fn work(queue: &Mutex<Receiver<Task>>, known: &KnownChunks) {
    let mut compressor = ChunkCompressor::new().expect("zstd has memory for a context");
    loop {
        let next = queue.lock().expect("receiving does not panic").recv();
        let Ok(Task { mut slab, reply }) = next else { return };
        slab.prepare(known, &mut compressor);
        // Nobody listens when the ingest has failed elsewhere.
        let _ = reply.send(slab);
    }
}
