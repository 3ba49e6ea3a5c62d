//! The content crate from outside: publish a folder, receive it, and every way in which that may go wrong.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod archive;
mod by_update;
mod container;
mod fuzz;
mod golden;
mod hostile;
mod outline;
#[cfg(unix)]
mod outside_links;
mod programs;
mod rebuild;
mod receive;
#[cfg(unix)]
mod unix;
#[cfg(target_os = "linux")]
mod unreadable;
mod update;
mod versions;
mod world;
