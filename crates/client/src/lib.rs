//! The typed HTTP client of Dray: the clients' API, content from points, and the administrators' API (the Rust SDK).
//!
//! - [`ClientApi`]: what a device or a point says to its site (`/client/v1`), and [`enrol`](client_api::enrol) before that.
//! - [`content`]: manifests and the missing ranges of a plan from several sources, verified chunk by chunk.
//! - [`SiteApi`]: one method for each operation of `/api/v1`.
//!
//! Everything goes over TLS 1.3 with a configuration from `dray-trust`, follows no redirect, and is bounded in time and size by
//! [`HttpLimits`]. Errors have a [class](ErrorClass), so that callers decide on retries without looking at messages.
//! Dropping a future stops its request; nothing here runs on after it.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test fails by panicking"))]

pub mod address;
pub mod client_api;
pub mod content;
pub mod error;
pub mod http;
pub mod limits;
pub mod site_api;

pub use address::BaseUrl;
pub use client_api::{ClientApi, Held};
pub use error::{ClientError, ErrorClass, Refusal};
pub use http::HttpClient;
pub use limits::HttpLimits;
pub use site_api::SiteApi;
