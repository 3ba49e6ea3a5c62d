//! Whether the body of an answer still moves.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts bodies begun, ended and pieces taken on one connection.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    begun: AtomicU64,
    ended: AtomicU64,
    moved: AtomicU64,
}

/// A look at a [`Pulse`]; two equal busy looks mean that nothing moved in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    begun: u64,
    ended: u64,
    moved: u64,
}

impl Pulse {
    pub(super) fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end(&self) {
        self.ended.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn moved(&self) {
        self.moved.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn look(&self) -> Look {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Look { begun: read(&self.begun), ended: read(&self.ended), moved: read(&self.moved) }
    }
}

impl Look {
    pub(super) fn is_busy(&self) -> bool {
        self.begun > self.ended
    }
}
