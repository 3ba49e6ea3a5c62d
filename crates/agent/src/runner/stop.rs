//! Stops a program that ran over its time, with every process below it: first asked, then ended until none is left.

use std::time::{Duration, Instant};

use super::child::Child;
use crate::platform::{self, Stop};

/// Time between two rounds of ending, in which ended processes are collected.
const ROUND: Duration = Duration::from_millis(50);
/// After this time a process that can't be ended (one that hangs in the kernel) is left to itself.
const GIVE_UP: Duration = Duration::from_secs(60);

/// Ends the whole tree; what a process does with the grace is its own affair.
pub(super) fn stop(child: &mut Child, grace: Duration) {
    // Without /proc nothing can be found; the result says "time limit" all the same.
    let _ = platform::signal_tree(Stop::Ask);
    if child.gone_within(grace) {
        return;
    }
    let end = Instant::now() + GIVE_UP;
    // A process that starts others faster than one round finds them loses its parents first, so the rounds converge.
    while Instant::now() < end {
        let _ = platform::signal_tree(Stop::Force);
        if child.gone_within(ROUND) {
            return;
        }
    }
}
