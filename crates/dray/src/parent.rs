//! Ends this process when the one that started it ends, however that happens: it holds the other end of our standard input.
//!
//! A closed pipe is noticed on every platform and needs no right; the end is the same as by SIGTERM, so services end cleanly.

use std::io::Read as _;
use std::time::Duration;

/// How long a clean end may take before there is an unclean one.
const GRACE: Duration = Duration::from_secs(10);

/// Begins to watch standard input; nothing else may read it.
pub(crate) fn end_with_parent() {
    std::thread::spawn(|| {
        let mut stdin = std::io::stdin().lock();
        let mut ignored = [0; 64];
        // Whatever comes is ignored; an error means the pipe is of no use any more, like its end.
        while stdin.read(&mut ignored).is_ok_and(|read| read > 0) {}
        ask_to_end();
        // Nothing wakes this thread: the process ends before, or it is ended here.
        std::thread::park_timeout(GRACE);
        std::process::exit(1);
    });
}

#[cfg(unix)]
fn ask_to_end() {
    // Our own process: it is there, and we may.
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM);
}

#[cfg(not(unix))]
fn ask_to_end() {
    std::process::exit(1);
}
