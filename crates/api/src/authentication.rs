//! Who asks: administrators by bearer token, devices and points by the certificate of their connection.
//!
//! The administrators' router authenticates in a layer, so a route without [`Caller`] is closed all the same.

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use dray_model::{DeviceId, Name};
use dray_site::Actor;
use dray_site::token::authenticate;
use dray_trust::certificate::Identity;
use http::request::Parts;
use http::{StatusCode, header};

use crate::problem::ApiError;
use crate::router::Api;

/// Whose certificate the connection was made with; put into each request by the server.
#[derive(Debug, Clone)]
pub(crate) struct Peer(pub(crate) Option<Identity>);

/// The administrator who asks.
#[derive(Debug, Clone)]
pub struct Caller(pub Actor);

/// Lets requests with a good token through, with their [`Caller`].
pub(crate) async fn administrators(
    State(api): State<Api>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|text| {
        let (scheme, token) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(token)
    });
    let token = token.ok_or_else(|| {
        ApiError::new(StatusCode::UNAUTHORIZED, "no_token", "the request has no administrator token")
            .with_hint("send `Authorization: Bearer dray-admin.…`; the site's admin.toml holds the first one")
    })?;
    let actor = authenticate(&api.site, token).await?;
    request.extensions_mut().insert(Caller(actor));
    Ok(next.run(request).await)
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            ApiError::new(StatusCode::UNAUTHORIZED, "no_token", "the request has no administrator token")
        })
    }
}

/// The enrolled device that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceIdentity(pub DeviceId);

impl DeviceIdentity {
    /// As the operations know it.
    #[must_use]
    pub fn actor(self) -> Actor {
        Actor::Device(self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for DeviceIdentity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match parts.extensions.get::<Peer>() {
            Some(Peer(Some(Identity::Device(id)))) => Ok(Self(*id)),
            _ => Err(no_certificate("a device")),
        }
    }
}

/// The distribution point that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointIdentity(pub Name);

impl PointIdentity {
    /// As the operations know it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Point(self.0.clone())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PointIdentity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        match parts.extensions.get::<Peer>() {
            Some(Peer(Some(Identity::Point(name)))) => Ok(Self(name.clone())),
            _ => Err(no_certificate("a distribution point")),
        }
    }
}

fn no_certificate(whose: &str) -> ApiError {
    let detail = format!("the connection was not made with the certificate of {whose}");
    ApiError::new(StatusCode::UNAUTHORIZED, "no_certificate", detail)
        .with_hint("enrol first, then connect with the certificate")
}
