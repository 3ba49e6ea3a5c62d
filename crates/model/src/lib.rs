//! The vocabulary of Dray: ids, names, digests, objects, documents, states and the API's requests and answers.
//!
//! Nothing in here waits, reads a clock, draws a random number or touches a disk. Values from outside are parsed once into
//! types that can't hold an illegal value; everything further in trusts the types.
//! To add an object: its nouns in a file of its own, its requests and answers in `api/`, its word in `docs/glossary.md`.

#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod access;
pub mod advertisement;
pub mod api;
pub mod backoff;
pub mod cause;
pub mod collection;
pub mod count;
pub mod device;
pub mod digest;
pub mod excerpt;
pub mod facts;
pub mod history;
pub mod id;
pub mod inventory;
pub mod name;
pub mod object;
#[cfg(feature = "openapi")]
mod openapi;
pub mod package;
pub mod point;
pub mod policy;
pub mod program;
pub mod range;
pub mod readable;
pub mod requirement;
pub mod size;
pub mod state;
pub mod status;
pub mod timestamp;
pub mod unknown;

pub use backoff::Backoff;
pub use digest::Digest;
pub use id::{DeviceId, EraId, JobId, RunId};
pub use name::{Name, Text};
pub use object::ObjectKind;
pub use size::Size;
pub use timestamp::Timestamp;
