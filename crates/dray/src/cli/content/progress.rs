//! A bar that shows what the content library reports.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::output::{self, Output};

/// Work on bytes whose whole may be told later.
pub(super) struct Work {
    step: &'static str,
    bar: output::Progress,
    done: AtomicU64,
    total: AtomicU64,
}

impl Work {
    /// A bar for the step `step`, nothing done yet.
    pub(super) fn new(output: Output, step: &'static str) -> Self {
        Self { step, bar: output.progress(step), done: AtomicU64::new(0), total: AtomicU64::new(0) }
    }
}

impl dray_content::Progress for Work {
    fn total(&self, _files: u64, bytes: u64) {
        self.total.store(bytes, Ordering::Relaxed);
    }

    fn advance(&self, _files: u64, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.bar.bytes(self.step, done, Some(self.total.load(Ordering::Relaxed)));
    }
}
