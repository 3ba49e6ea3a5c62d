//! The workers: chunks are hashed and, unless they are known, compressed.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use dray_model::Digest;

use super::KnownChunks;
use crate::compress::ChunkCompressor;

/// A chunk to prepare and where its result goes.
pub(super) struct Task {
    plain: Vec<u8>,
    reply: SyncSender<Prepared>,
}

/// A chunk that is ready to be stored.
pub(super) struct Prepared {
    pub(super) digest: Digest,
    pub(super) length: u32,
    /// What goes into the pack; `None` for a chunk that is known.
    pub(super) stored: Option<Vec<u8>>,
}

impl Task {
    /// A task and where its result will be.
    pub(super) fn new(plain: Vec<u8>) -> (Self, Receiver<Prepared>) {
        let (reply, result) = sync_channel(1);
        (Self { plain, reply }, result)
    }
}

/// Prepares chunks until no sender of tasks is left.
pub(super) fn work(queue: &Mutex<Receiver<Task>>, known: &KnownChunks) {
    let mut compressor = ChunkCompressor::new().expect("zstd has memory for a context");
    loop {
        let next = queue.lock().expect("receiving doesn't panic").recv();
        let Ok(Task { plain, reply }) = next else { return };
        let prepared = prepare(plain, known, &mut compressor);
        // Nobody listens when the ingest has failed elsewhere.
        let _ = reply.send(prepared);
    }
}

fn prepare(plain: Vec<u8>, known: &KnownChunks, compressor: &mut ChunkCompressor) -> Prepared {
    let digest = Digest::of(&plain);
    let length = plain.len() as u32;
    if known.has(&digest) {
        return Prepared { digest, length, stored: None };
    }
    let compressed = compressor.compress(&plain).expect("zstd compresses into a buffer of its own bound");
    Prepared { digest, length, stored: Some(compressed.unwrap_or(plain)) }
}
