//! Linux: `/proc`, process trees, flock-free files (locks are `std`'s), timerfd and Unix sockets.
//!
//! Needs Linux 5.3 for process file descriptors; without `/proc` a program's stray children can't be found.

pub(crate) mod allocator;
pub(crate) mod boot;
pub(crate) mod files;
pub(crate) mod process;
pub(crate) mod random;
pub(crate) mod search;
pub(crate) mod shutdown;
pub(crate) mod socket;
pub(crate) mod space;
pub(crate) mod wall_timer;
