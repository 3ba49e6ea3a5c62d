//! The same work on many items by several threads, with the results in the order of the items.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::PrepareError;
use crate::progress::Progress;

/// What `work` makes of each item, in order. Items are begun in order too; after a failure or when `progress` asks to stop none is
/// begun any more.
pub(super) fn map<'a, T: Sync, R: Send>(
    threads: NonZeroUsize,
    items: &'a [T],
    progress: &dyn Progress,
    work: impl Fn(&'a T) -> Result<R, PrepareError> + Sync,
) -> Result<Vec<R>, PrepareError> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(number) else { return done };
            let result = if progress.is_cancelled() { Err(PrepareError::Cancelled) } else { work(item) };
            let failed = result.is_err();
            done.push((number, result));
            if failed {
                next.store(items.len(), Ordering::Relaxed);
                return done;
            }
        }
    };
    let mut results: Vec<_> = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get().min(items.len())).map(|_| scope.spawn(run)).collect();
        let mut results = run();
        for other in others {
            results.extend(other.join().expect("work does not panic"));
        }
        results
    });
    results.sort_unstable_by_key(|(number, _)| *number);
    results.into_iter().map(|(_, result)| result).collect()
}
