//! A distribution point as a library: hold what the site assigns, verify it, serve it to clients.
//!
//! What a point holds is what lies in its [`Folder`] under its digest: an object is there only once all its bytes were verified,
//! so a point needs no database and never serves a byte that it has not verified. It knows nothing of programs or devices.
//!
//! - [`enrol`](enrol::enrol): from a token to an [`Identity`](identity::Identity) on disk.
//! - [`hold`]: compares assignments with the folder ([`hold::reconcile`], pure) and transfers, verifies and removes.
//! - [`import`](import::import): objects from a disk, verified as fetched ones are.
//! - [`serve`]: HTTPS for the site's devices and points, with ranges.
//! - [`Point`] runs both until it is told to stop; [`summary`] is what `dray point status` shows.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

pub mod config;
pub mod enrol;
pub mod error;
pub mod folder;
pub mod hold;
pub mod identity;
pub mod import;
pub mod run;
pub mod serve;
mod session;
pub mod summary;

pub use config::{Clock, PointConfig};
pub use error::PointError;
pub use folder::Folder;
pub use run::{Point, RunningPoint};
pub use summary::Summary;
