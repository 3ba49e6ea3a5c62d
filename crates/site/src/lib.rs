//! What a site can do: one function for each operation, with authorisation, change, audit and jobs in one transaction.
//!
//! API handlers, console pages, the command line and jobs call these functions, so they can't disagree on rights or effects.
//! Nothing in here knows HTTP. The one clock of the server is in [`clock`], its one source of chance in [`random`].
//!
//! To add a resource:
//! 1. its word in [`ObjectKind`](dray_model::ObjectKind); `src/<resource>.rs` with its error enum (what can happen to any object is in
//!    [`ObjectError`]; implement [`Failure`] for the rest: a stable code, a class, a hint);
//! 2. one file for each operation in `src/<resource>/`. Reading: `site.read(actor, Permission::…)`, then
//!    [`Actor::authorise_on`](Actor) for the object. Changing, in two steps that other operations can take together with theirs:
//!    `check(&mut Snapshot, &Actor, command) → Plan` refuses what can't be, `apply(&mut Change, Plan)` writes, and
//!    [records](Change::record) what it did. The public function is the two in a row, between `site.change(actor, Permission::…)` and
//!    [`Change::commit`]; what is slow and needs no database (compiling, looking at folders) comes before, as `draft(command)`;
//! 3. side work as a [`job::JobKind`] and one line in [`job::registry`].
//!
//! `token` is the pattern to copy.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may stop at the first surprise"))]

mod actor;
pub mod admission;
pub mod advertisement;
pub mod audit;
pub mod backup;
mod change;
pub mod clock;
pub mod collection;
mod config;
pub mod content;
mod content_location;
pub mod device;
pub mod document;
pub mod enrolment;
mod error;
pub mod facts;
pub mod feed;
mod fresh;
pub mod history;
pub mod idempotency;
mod init;
pub mod job;
mod keys;
mod object;
pub mod package;
pub mod point;
pub mod policy;
pub mod presence;
pub mod quarantine;
pub mod random;
mod record;
pub mod release;
pub mod role;
pub mod scope;
mod site;
pub mod status;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod together;
pub mod token;
pub mod why;

pub use actor::{Actor, Permission, Rights};
pub use change::Change;
pub use config::{AdminProfile, ConfigError, Limit, Limits, OutOfBounds, SiteConfig};
pub use content_location::{
    BucketLocation, ContentCheckError, ContentLocation, Environment, InvalidContentLocation, OpenContentError, Step,
};
pub use error::{Class, Failure, SiteError};
pub use init::{InitError, InitOptions, Initialised, init};
pub use keys::{KeyError, SiteKeys};
pub use object::{Object, ObjectError};
pub use record::Record;
pub use site::{OpenError, ServerIdentity, ServerIdentityError, Site, ready};
