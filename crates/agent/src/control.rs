//! Local commands to a running agent: one request and one answer, a line of JSON each, over the socket in its folder.
//!
//! The same answers are made from the agent's memory when it does not run ([`answer`] knows no difference). Who may enter the
//! agent's folder may ask; there is no other right to check.

mod answer;
mod ask;
mod listen;
mod protocol;

pub(crate) use answer::{Live, Profile, answer};
pub use ask::{AskError, Source, ask};
pub(crate) use listen::{Ask, listen};
pub use protocol::{Answer, Request};
