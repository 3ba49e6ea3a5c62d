//! Simulated clients: thousands of them in one process, speaking the real protocol over real TLS to a real site.
//!
//! A [`Device`] enrols with a key of its own, sends facts, holds its policy request and sends status messages through the same
//! client library as the agent; it downloads and runs nothing. A [`Fleet`] is many of them. What a device says of itself
//! follows from the seed and its number, so two runs send the same. `dray-sim` is the program around them: it takes
//! [commands](load) as lines of JSON and answers with what it saw; what they cost the site is measured by the process that gives them.
//!
//! To add something that devices do: a method of [`Device`], and a command in `load/` that has many devices do it.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

pub mod administrator;
pub mod device;
pub mod facts;
pub mod fill;
pub mod fleet;
pub mod latency;
pub mod life;
pub mod load;
mod random;

pub use device::{Device, SimError};
pub use fleet::Fleet;
