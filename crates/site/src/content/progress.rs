//! How far work of the content crate is, told to the job; and the job's end, told to the work, which runs on threads that nobody
//! can drop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::job::Progress;

/// Progress of an ingest or of preparing an update: bytes in numbers, files in words.
#[derive(Clone)]
pub(crate) struct Steps {
    job: Progress,
    doing: Arc<str>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    files: AtomicU64,
    files_total: AtomicU64,
    bytes: AtomicU64,
    bytes_total: AtomicU64,
    cancelled: AtomicBool,
}

/// Cancels the work when dropped: the job is over, or its future was dropped with a lost lease.
pub(crate) struct CancelOnDrop(Arc<Counts>);

impl Steps {
    /// `doing` in a word or some, like `reading`.
    pub(crate) fn new(job: &Progress, doing: &str) -> (Self, CancelOnDrop) {
        let counts = Arc::new(Counts::default());
        (Self { job: job.clone(), doing: doing.into(), counts: Arc::clone(&counts) }, CancelOnDrop(counts))
    }

    fn tell(&self) {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (files, files_total) = (count(&self.counts.files), count(&self.counts.files_total));
        let step = format!("{}: {files} of {}", self.doing, dray_model::count::counted(files_total, "file"));
        self.job.tell(&step, count(&self.counts.bytes), Some(count(&self.counts.bytes_total)));
    }
}

impl dray_content::Progress for Steps {
    fn total(&self, files: u64, bytes: u64) {
        self.counts.files_total.store(files, Ordering::Relaxed);
        self.counts.bytes_total.store(bytes, Ordering::Relaxed);
        self.tell();
    }

    fn advance(&self, files: u64, bytes: u64) {
        self.counts.files.fetch_add(files, Ordering::Relaxed);
        self.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.tell();
    }

    fn is_cancelled(&self) -> bool {
        self.counts.cancelled.load(Ordering::Relaxed)
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use dray_content::Progress as _;

    use super::*;

    #[test]
    fn a_dropped_job_stops_its_threads() {
        let (steps, cancel) = Steps::new(&Progress::default(), "reading");
        assert!(!steps.is_cancelled());
        drop(cancel);
        assert!(steps.is_cancelled());
    }
}
