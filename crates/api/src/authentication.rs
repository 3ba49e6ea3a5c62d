//! Who asks: administrators by bearer token, devices and points by the certificate of their connection.
//!
//! The administrators' router authenticates in a layer, so a route without [`Caller`] is closed all the same.

use std::net::IpAddr;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use dray_model::history::{AWAITS_ACCEPTANCE, NAME_HEADER};
use dray_model::{DeviceId, Name};
use dray_site::admission::{Credential, Standing};
use dray_site::token::authenticate;
use dray_site::{Actor, SiteError};
use dray_trust::certificate::Identity;
use http::request::Parts;
use http::{StatusCode, header};

use crate::problem::ApiError;
use crate::site::refuse_doubtful;
use crate::state::Api;

/// Who is at the other end of the connection; put into each request by the server.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// The certificate that the connection was made with.
    pub(crate) credential: Option<Credential>,
    /// Where it comes from.
    pub(crate) address: IpAddr,
}

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
            .with_hint("send `Authorization: Bearer dray-admin.…`; the first token is in the site's admin.toml")
    })?;
    let actor = authenticate(&api.site, token).await?;
    api.rate.count(&actor)?;
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

/// The device or distribution point that asks, found to be enrolled just now: one that was shut out gets nothing, whatever
/// certificate it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MemberIdentity {
    /// A device.
    Device(DeviceId),
    /// A distribution point.
    Point(Name),
}

impl MemberIdentity {
    /// As the operations know it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        match self {
            Self::Device(id) => Actor::Device(*id),
            Self::Point(name) => Actor::Point(name.clone()),
        }
    }
}

impl FromRequestParts<Api> for MemberIdentity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let credential = parts.extensions.get::<Peer>().and_then(|peer| peer.credential.clone());
        let credential = credential.ok_or_else(|| no_certificate("a device or distribution point"))?;
        let name = parts.headers.get(NAME_HEADER).and_then(|value| value.to_str().ok()?.parse::<Name>().ok());
        let standing = api.site.admission().standing(&api.site, &credential, name.as_ref()).await;
        match standing.map_err(SiteError::from)? {
            Standing::Admitted => {}
            Standing::Waiting => {
                let detail = format!(
                    "the {} is not in the backup or copy that this site was restored from",
                    credential.identity
                );
                return Err(ApiError::new(StatusCode::FORBIDDEN, AWAITS_ACCEPTANCE, detail)
                    .with_hint("it carries on by itself once an administrator accepts it with `dray device accept`"));
            }
            Standing::ShutOut => {
                // It may hold what shows that the site has forgotten it.
                refuse_doubtful(api, &parts.headers).await?;
                let detail = format!("the {} is not allowed to use this site", credential.identity);
                return Err(ApiError::new(StatusCode::FORBIDDEN, "shut_out", detail)
                    .with_hint("it has been revoked or deleted; an administrator can allow it to enrol again"));
            }
        }
        let member = match credential.identity {
            Identity::Device(id) => {
                api.site.presence().seen(id, api.site.now());
                Self::Device(id)
            }
            Identity::Point(name) => Self::Point(name),
            Identity::Site => return Err(no_certificate("a device or distribution point")),
        };
        api.rate.count(&member.actor())?;
        Ok(member)
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

impl FromRequestParts<Api> for DeviceIdentity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        match MemberIdentity::from_request_parts(parts, api).await? {
            MemberIdentity::Device(id) => Ok(Self(id)),
            MemberIdentity::Point(_) => Err(no_certificate("a device")),
        }
    }
}

/// A device with a good certificate, known or not: it may show what the site has forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prover(pub(crate) DeviceId);

impl FromRequestParts<Api> for Prover {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        match parts.extensions.get::<Peer>().and_then(|peer| Some(&peer.credential.as_ref()?.identity)) {
            Some(Identity::Device(id)) => Ok(Self(*id)),
            _ => Err(no_certificate("a device")),
        }
    }
}

/// The enrolled distribution point that asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointIdentity(pub Name);

impl PointIdentity {
    /// As the operations know it.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::Point(self.0.clone())
    }
}

impl FromRequestParts<Api> for PointIdentity {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        match MemberIdentity::from_request_parts(parts, api).await? {
            MemberIdentity::Point(name) => Ok(Self(name)),
            MemberIdentity::Device(_) => Err(no_certificate("a distribution point")),
        }
    }
}

/// Where the request comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PeerAddress(pub(crate) IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for PeerAddress {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let peer = parts.extensions.get::<Peer>().expect("the server puts the peer into each request");
        Ok(Self(peer.address))
    }
}

fn no_certificate(whose: &str) -> ApiError {
    let detail = format!("the connection does not use the certificate of {whose}");
    ApiError::new(StatusCode::UNAUTHORIZED, "no_certificate", detail)
        .with_hint("enrol first, then connect with the certificate that you receive")
}
