//! Revokes an administrator token. It is refused from the next request on.

use dray_model::Name;
use serde_json::json;

use super::{KIND, TokenError};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Revokes the token; doing it again changes nothing. Nobody revokes the token that they ask with, so that a site always has an
/// administrator left.
///
/// # Errors
/// [`TokenError::NotFound`], [`TokenError::Own`].
pub async fn revoke(site: &Site, actor: &Actor, name: &Name) -> Result<(), TokenError> {
    let mut change = site.change(actor, Permission::ManageTokens).await?;
    let former = dray_store::token::find(&mut change, name).await?;
    let former = former.ok_or_else(|| TokenError::NotFound(name.clone()))?;
    if matches!(actor, Actor::Token { name: own, .. } if own == name) {
        return Err(TokenError::Own(name.clone()));
    }
    if former.revoked_at.is_some() {
        return Ok(());
    }
    let now = change.now();
    dray_store::token::revoke(&mut change, name, now).await?;
    let note = Note {
        object_kind: KIND,
        object_name: name.to_string(),
        action: "token.revoke",
        detail: json!({ "former": former }),
    };
    change.commit(&note).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use crate::token::{self, Refused};

    #[tokio::test]
    async fn a_revoked_token_is_refused_and_revoking_again_is_no_change() {
        let test = testing::site().await;
        let name = "first-administrator".parse().unwrap();
        revoke(&test.site, &Actor::System, &name).await.unwrap();
        revoke(&test.site, &Actor::System, &name).await.unwrap();
        let refused = token::authenticate(&test.site, &test.made.profile.token).await;
        assert!(matches!(refused, Err(Refused::Revoked(_))));
    }

    #[tokio::test]
    async fn nobody_revokes_the_token_that_they_ask_with() {
        let test = testing::site().await;
        let actor = token::authenticate(&test.site, &test.made.profile.token).await.unwrap();
        let refused = revoke(&test.site, &actor, &"first-administrator".parse().unwrap()).await;
        assert!(matches!(refused, Err(TokenError::Own(_))));
        assert!(token::authenticate(&test.site, &test.made.profile.token).await.is_ok());
    }

    #[tokio::test]
    async fn an_unknown_token_cannot_be_revoked() {
        let test = testing::site().await;
        let refused = revoke(&test.site, &Actor::System, &"nobody".parse().unwrap()).await;
        assert!(matches!(refused, Err(TokenError::NotFound(_))));
    }
}
