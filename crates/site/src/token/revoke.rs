//! Revokes an administrator token. It is refused from the next request on.

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::token::Token;
use dray_store::{Snapshot, token};
use serde_json::json;

use super::{TokenError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Revokes the token; doing it again changes nothing. Nobody revokes the token that they ask with, so that a site always has an
/// administrator left.
///
/// # Errors
/// [`ObjectError::NotFound`](crate::ObjectError::NotFound), [`TokenError::Own`].
pub async fn revoke(site: &Site, actor: &Actor, name: &Name) -> Result<(), TokenError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Token)).await?;
    let plan = check(&mut change, actor, name).await?;
    apply(&mut change, plan).await?;
    Ok(change.commit().await?)
}

/// The token to revoke.
pub(crate) struct Plan(Token);

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, name: &Name) -> Result<Plan, TokenError> {
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Token))?;
    let former = token::find(snapshot, name).await?.ok_or_else(|| object(name).not_found())?;
    match actor {
        Actor::Token { name: own, .. } if own == name => Err(TokenError::Own(name.clone())),
        _ => Ok(Plan(former)),
    }
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<(), TokenError> {
    let Plan(former) = plan;
    if former.revoked_at.is_some() {
        return Ok(());
    }
    let now = change.now();
    token::revoke(change, &former.name, now).await?;
    change.record(Record::done(object(&former.name), "revoke", json!({ "former": former })));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::ObjectError;
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
        assert!(matches!(refused, Err(TokenError::Object(ObjectError::NotFound(_)))));
    }
}
