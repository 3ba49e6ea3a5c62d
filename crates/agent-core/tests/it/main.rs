//! The agent's decisions in a made-up world: scenarios that read as the law, and a simulation under virtual time with crashes.

#![allow(clippy::unwrap_used, reason = "tests")]

mod clock;
mod content;
mod documents;
mod golden;
mod optional;
mod policy;
mod progress;
mod restart;
mod runs;
mod simulation;
mod site;
mod verification;
mod versions;
mod why;
mod world;
