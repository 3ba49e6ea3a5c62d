//! Finds out whose token it is. The secret is looked up by its hash, so the time taken tells nothing about others' secrets.

use dray_model::Name;
use dray_trust::Token;
use dray_trust::token::{InvalidToken, TokenKind};

use crate::actor::{Actor, Rights};
use crate::error::{Failure, SiteError, codes, from_store_error};
use crate::site::Site;

/// Why nobody is known by a token.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// It isn't one.
    #[error("cannot read the administrator token")]
    Form(#[source] InvalidToken),
    /// No token of this site has this secret.
    #[error("the administrator token is not valid for this site")]
    Unknown,
    /// Its time is over.
    #[error("the administrator token {0} has expired")]
    Expired(Name),
    /// It was taken back.
    #[error("the administrator token {0} has been revoked")]
    Revoked(Name),
    /// Anything that can happen to any operation.
    #[error(transparent)]
    Site(#[from] SiteError),
}

from_store_error!(Refused);

impl Failure for Refused {
    codes! {
        via Site(SiteError);
        Self::Form(_) => Unauthenticated "invalid_token",
        Self::Unknown => Unauthenticated "unknown_token",
        Self::Expired(_) => Unauthenticated "expired_token",
        Self::Revoked(_) => Unauthenticated "revoked_token",
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Site(error) => error.hint(),
            _ => Some("send `Authorization: Bearer dray-admin.…`; ask an administrator for a token".to_owned()),
        }
    }
}

/// The actor that shows the token `text`.
///
/// # Errors
/// [`Refused`].
pub async fn authenticate(site: &Site, text: &str) -> Result<Actor, Refused> {
    let shown = Token::parse(TokenKind::Admin, text).map_err(Refused::Form)?;
    let mut snapshot = site.db().read().await?;
    let found = dray_store::token::find_by_hash(&mut snapshot, shown.hash().as_bytes()).await?;
    let token = found.ok_or(Refused::Unknown)?;
    if token.revoked_at.is_some() {
        return Err(Refused::Revoked(token.name));
    }
    if token.expires_at.is_some_and(|end| end <= site.now()) {
        return Err(Refused::Expired(token.name));
    }
    // A role that is in use is never deleted; without one there are no rights.
    let grants = dray_store::role::find(&mut snapshot, &token.role).await?.map(|role| role.grants).unwrap_or_default();
    Ok(Actor::Token { name: token.name, rights: Rights { grants, scope: token.scope } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use std::sync::Arc;
    use std::time::Duration;

    #[tokio::test]
    async fn what_is_no_token_of_this_site_is_refused() {
        let test = testing::site().await;
        assert!(matches!(authenticate(&test.site, "hello").await, Err(Refused::Form(_))));
        let other = Token::generate(TokenKind::Admin, test.site.keys().authority().fingerprint());
        assert!(matches!(authenticate(&test.site, &other.reveal()).await, Err(Refused::Unknown)));
    }

    #[tokio::test]
    async fn an_expired_token_is_refused() {
        let test = testing::site().await;
        let later = test.site.now() + Duration::from_secs(2 * 365 * 24 * 60 * 60);
        let site = Site::open_with_clock(&test.made.dir, Arc::new(move || later)).await.unwrap();
        assert!(matches!(authenticate(&site, &test.made.profile.token).await, Err(Refused::Expired(_))));
    }
}
