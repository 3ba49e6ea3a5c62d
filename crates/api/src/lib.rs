//! HTTP for administrators (`/api/v1`, bearer tokens) and for clients and points (`/client/v1`, certificates of the site's authority).
//!
//! Handlers translate: request to command, outcome to answer. Rights, effects and audit are in `dray_site`. Every failure leaves as
//! problem+json with a stable code. Both routers authenticate in one layer before any handler; handlers get who asks from
//! [`Caller`], [`DeviceIdentity`], [`PointIdentity`] or [`MemberIdentity`], and can't call an operation without it.
//!
//! To add a resource:
//! 1. request and answer types in `dray_model::api::<resource>`;
//! 2. `src/<resource>.rs` with handlers of at most 40 lines (`#[utoipa::path]`, extractors of [`extract`], `Result<_, ApiError>`) and a
//!    `pub(crate) fn routes() -> OpenApiRouter<Api>`;
//! 3. its `mod` line below, and one line under the API that it belongs to; uploads and downloads go to the streaming part;
//! 4. `DRAY_BLESS=1 cargo test -p dray-api` writes `docs/openapi.json` again: read the difference.
//!
//! `token` is the pattern to copy.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "tests may stop at the first surprise"))]

mod advertisement;
mod audit;
mod authentication;
mod collection;
mod content;
mod device;
mod document;
mod enrolment;
pub mod etag;
pub mod extract;
mod held;
mod idempotency;
mod job;
mod observe;
mod openapi;
mod package;
mod point;
mod policy;
mod problem;
mod quarantine;
mod rate;
mod role;
mod router;
mod scope;
mod server;
mod site;
mod state;
mod status;
mod system;
mod token;
mod why;

pub use authentication::{Caller, DeviceIdentity, MemberIdentity, PointIdentity};
pub use openapi::document;
pub use problem::ApiError;
pub use server::{Running, ServeError, ServeOptions, serve};
pub use state::Api;

use dray_site::Limits;
use utoipa_axum::router::OpenApiRouter;

/// Administrators' resources with JSON in and out.
fn administrators_json() -> OpenApiRouter<Api> {
    OpenApiRouter::new() //
        .merge(token::routes())
        .merge(role::routes())
        .merge(scope::routes())
        .merge(audit::routes())
        .merge(job::routes())
        .merge(package::routes())
        .merge(content::routes())
        .merge(point::routes())
        .merge(enrolment::routes())
        .merge(device::routes())
        .merge(quarantine::routes())
        .merge(site::routes())
        .merge(collection::routes())
        .merge(advertisement::routes())
        .merge(status::routes())
        .merge(why::routes())
}

/// Administrators' uploads, downloads and held connections: no limits of time and size but their own.
fn administrators_streaming() -> OpenApiRouter<Api> {
    OpenApiRouter::new().merge(content::streaming_routes())
}

/// Resources of clients and points with JSON in and out.
fn clients_json(limits: &Limits) -> OpenApiRouter<Api> {
    OpenApiRouter::new() //
        .merge(document::client_routes())
        .merge(point::client_routes())
        .merge(enrolment::client_routes())
        .merge(device::client_routes(limits))
        .merge(status::client_routes(limits))
        .merge(site::client_routes())
}

/// Downloads and held connections of clients and points: no limits of time and size but their own.
fn clients_streaming() -> OpenApiRouter<Api> {
    OpenApiRouter::new() //
        .merge(content::client_routes())
        .merge(point::held_routes())
        .merge(policy::held_routes())
}
