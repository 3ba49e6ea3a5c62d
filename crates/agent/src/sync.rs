//! Everything that is said to the site, each in a task of its own: policy, documents, facts, messages, certificate.
//!
//! Nothing here decides what the agent does: what arrives is verified by signature and handed to the engine. Every request that
//! fails is tried again later by [`Backoff`], spread by random bits, so that a site that comes back is not run over.

mod backoff;
mod certificate;
mod document;
mod facts;
mod link;
mod policy;
mod status;

pub(crate) use backoff::Backoff;
pub(crate) use certificate::keep_certificate;
pub(crate) use document::fetch_document;
pub(crate) use facts::tell_facts;
pub(crate) use link::{Health, Link};
pub(crate) use policy::follow_policy;
pub(crate) use status::send_status;
