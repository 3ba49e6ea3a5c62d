//! The collection language: from the text that people write to a typed [`Query`].
//!
//! The text is an expression in the Common Expression Language (CEL), type-checked once against the inventory catalogue. Only the
//! site and its tools read texts. Everything behind that, devices above all, reads the typed query: this crate holds the parser
//! apart from them.
//!
//! # The language
//!
//! - Properties of the device stand bare or after `device.`: `platform == "linux"`, `device.memory_bytes >= 8000000000`.
//! - Lists are asked with a row variable: `disks.exists(d, d.mount == "/" && d.free_bytes > 10000000000)`; also `.all`,
//!   `.exists_one` and `size(disks)`. A condition inside may name the device and the rows around it.
//! - `==`, `!=`, `<`, `<=`, `>`, `>=`, `in [..]`, `&&`, `||`, `!`, parentheses, `true`, `false`.
//! - Texts compare byte by byte and case-sensitively; `startsWith`, `endsWith` and `contains` take a text constant.
//! - Versions compare in the order of [`dray_query::version_key`], equality included: `os_version >= "12"`,
//!   `s.version == "2.3"` (which 2.3.0 equals). `version("2.3")` says the same explicitly.
//! - Addresses: `addresses.exists(a, inCidr(a.ip, "10.1.0.0/16"))`; `a.ip == "fe80::1"` compares addresses, not spellings.
//! - Two-valued: a comparison or text test on a missing fact is false, whatever the operator; `!` turns it to true;
//!   `has(os_name)` asks for presence.
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod lower;
mod parse;
mod scan;

use dray_query::{Limits, Query};

pub use error::{Problem, QueryError};

/// Parses and type-checks a text. Takes a few milliseconds, on a thread of its own for its stack.
///
/// # Errors
///
/// The first problem, with its place in the text and, where there is one, what to write instead.
pub fn parse(text: &str, limits: &Limits) -> Result<Query, QueryError> {
    scan::scan(text, limits)?;
    let condition = parse::with_stack_for(limits.depth_max, text.len(), || {
        let tree = parse::parse(text)?;
        lower::lower(&tree, limits)
    })?;
    Query::new(text.to_owned(), condition, limits).map_err(|problem| QueryError::new(0..text.len(), problem))
}
