//! How many threads compute at this moment, so that a slab is given away only when somebody has nothing to do.
//!
//! Who read a slab has it near its processor, and its compressor's tables too: preparing it where it was read takes a tenth less work
//! than elsewhere. It is given away when a processor would idle otherwise, as when one long file is left.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The threads that compute.
pub(super) struct Hands {
    busy: AtomicUsize,
    wanted: usize,
}

impl Hands {
    /// For so many threads at a time.
    pub(super) fn new(wanted: NonZeroUsize) -> Self {
        Self { busy: AtomicUsize::new(0), wanted: wanted.get() }
    }

    /// Whether another thread may compute.
    pub(super) fn are_wanted(&self) -> bool {
        self.busy.load(Ordering::Relaxed) < self.wanted
    }

    /// Computes.
    pub(super) fn work<T>(&self, work: impl FnOnce() -> T) -> T {
        self.busy.fetch_add(1, Ordering::Relaxed);
        let done = work();
        self.busy.fetch_sub(1, Ordering::Relaxed);
        done
    }

    /// Waits for somebody in the midst of [`work`](Self::work).
    pub(super) fn rest<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.busy.fetch_sub(1, Ordering::Relaxed);
        let waited = wait();
        self.busy.fetch_add(1, Ordering::Relaxed);
        waited
    }
}
