//! The processes that stay: a site and a distribution point. (The agent brings its own commands.)
//!
//! Each serves until SIGTERM or SIGINT, then ends cleanly. Logs go to standard error; what a person needs to know at the start
//! goes to standard output.

use crate::error::{Failure, Outcome};

mod backup;
mod log;
mod point;
pub(crate) mod shutdown;
mod site;
mod status;
mod token;

pub(crate) use point::PointCommand;
pub(crate) use site::SiteCommand;

/// Runs a service on all processors.
fn block_on<T>(work: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::failed("cannot start the async runtime").because(&error))?;
    runtime.block_on(work)
}
