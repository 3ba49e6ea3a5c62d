//! Laws of the model that need files.

#![allow(clippy::unwrap_used, missing_docs)]

mod golden;
mod samples;
