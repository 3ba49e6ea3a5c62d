//! Makes an administrator token and tells its secret, once.

use std::time::Duration;

use dray_model::Name;
use dray_model::ObjectKind;
use dray_model::api::token::{CreateToken, Issued, Token};
use dray_store::{Snapshot, role, scope, token};
use dray_trust::token::TokenKind;

use super::{TokenError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
use crate::site::Site;

/// Validity when none is asked for: 90 days.
const DEFAULT_S: u32 = 90 * 24 * 60 * 60;
/// Longest validity: ten years.
const MAX_S: u32 = 3650 * 24 * 60 * 60;

/// Makes a token.
///
/// # Errors
/// [`ObjectError::NameTaken`](crate::ObjectError::NameTaken), [`ObjectError::Unresolved`](crate::ObjectError::Unresolved) for the role or
/// the scope, [`SiteError::Beyond`](crate::SiteError::Beyond), [`TokenError::Validity`].
pub async fn create(site: &Site, actor: &Actor, command: CreateToken) -> Result<Issued<Token>, TokenError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::Token)).await?;
    let plan = check(&mut change, actor, command).await?;
    let issued = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(issued)
}

/// The token to make.
pub(crate) struct Plan {
    name: Name,
    role: Name,
    scope: Option<Name>,
    valid: Duration,
}

pub(crate) async fn check(snapshot: &mut Snapshot, actor: &Actor, command: CreateToken) -> Result<Plan, TokenError> {
    actor.authorise_everywhere(Permission::Manage(ObjectKind::Token))?;
    let CreateToken { name, role, scope, valid_s } = command;
    let valid_s = valid_s.unwrap_or(DEFAULT_S);
    if !(1..=MAX_S).contains(&valid_s) {
        return Err(TokenError::Validity(valid_s));
    }
    let taken = token::find(snapshot, &name).await?.is_some();
    object(&name).expect_free(taken)?;
    let found = role::find(snapshot, &role).await?;
    let found = found.ok_or_else(|| crate::role::object(&role).unresolved("create a token with"))?;
    actor.authorise_granting(&found.grants)?;
    if let Some(scope) = &scope {
        let found = scope::find(snapshot, scope).await?;
        found.ok_or_else(|| crate::scope::object(scope).unresolved("create a token for"))?;
    }
    Ok(Plan { name, role, scope, valid: Duration::from_secs(valid_s.into()) })
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<Issued<Token>, TokenError> {
    let Plan { name, role, scope, valid } = plan;
    let secret = dray_trust::Token::generate(TokenKind::Admin, change.site().keys().authority().fingerprint());
    let created_at = change.now();
    let token = Token { name, role, scope, created_at, expires_at: Some(created_at + valid), revoked_at: None };
    token::insert(change, &token, secret.hash().as_bytes()).await?;
    change.record(Record::created(object(&token.name), &token));
    Ok(Issued { token, secret: secret.reveal() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::ObjectError;
    use crate::testing;
    use crate::{audit, token};
    use dray_model::access::PredefinedRole;
    use dray_model::api::page::PageRequest;

    fn command() -> CreateToken {
        CreateToken { name: "ci".parse().unwrap(), role: PredefinedRole::Publisher.name(), scope: None, valid_s: None }
    }

    #[tokio::test]
    async fn a_new_token_is_known_and_audited_without_its_secret() {
        let test = testing::site().await;
        let admin = testing::actor(PredefinedRole::Administrator);
        let created = create(&test.site, &admin, command()).await.unwrap();
        let actor = token::authenticate(&test.site, &created.secret).await.unwrap();
        assert_eq!(actor, Actor::Token { name: "ci".parse().unwrap(), rights: PredefinedRole::Publisher.into() });
        let log = audit::list(&test.site, &admin, &PageRequest::default()).await.unwrap();
        assert_eq!((log.items[0].action.as_str(), log.items[0].actor.as_str()), ("token.create", "token:test"));
        assert!(!log.items[0].detail.to_string().contains(&created.secret));
    }

    #[tokio::test]
    async fn a_taken_name_and_a_missing_right_are_refused() {
        let test = testing::site().await;
        let admin = testing::actor(PredefinedRole::Administrator);
        create(&test.site, &admin, command()).await.unwrap();
        assert!(matches!(
            create(&test.site, &admin, command()).await,
            Err(TokenError::Object(ObjectError::NameTaken(_)))
        ));
        let operator = testing::actor(PredefinedRole::Operator);
        let denied = create(&test.site, &operator, command()).await.unwrap_err();
        assert_eq!(crate::Failure::class(&denied), crate::Class::Denied);
    }

    #[tokio::test]
    async fn a_token_that_is_never_or_always_valid_is_refused() {
        let test = testing::site().await;
        for valid_s in [0, u32::MAX] {
            let command = CreateToken { valid_s: Some(valid_s), ..command() };
            assert!(matches!(create(&test.site, &Actor::System, command).await, Err(TokenError::Validity(_))));
        }
    }
}
