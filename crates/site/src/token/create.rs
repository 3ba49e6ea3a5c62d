//! Makes an administrator token and tells its secret, once.

use std::time::Duration;

use dray_model::api::token::{CreateToken, Issued, Token};
use dray_trust::token::TokenKind;
use serde_json::json;

use super::{KIND, TokenError};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Validity when none is asked for: 90 days.
const DEFAULT_S: u32 = 90 * 24 * 60 * 60;
/// Longest validity: ten years.
const MAX_S: u32 = 3650 * 24 * 60 * 60;

/// Makes a token.
///
/// # Errors
/// [`TokenError::NameTaken`], [`TokenError::Validity`].
pub async fn create(site: &Site, actor: &Actor, command: CreateToken) -> Result<Issued<Token>, TokenError> {
    let valid_s = command.valid_s.unwrap_or(DEFAULT_S);
    if !(1..=MAX_S).contains(&valid_s) {
        return Err(TokenError::Validity(valid_s));
    }
    let mut change = site.change(actor, Permission::ManageTokens).await?;
    let secret = dray_trust::Token::generate(TokenKind::Admin, site.keys().authority().fingerprint());
    let token = Token {
        name: command.name,
        role: command.role,
        created_at: change.now(),
        expires_at: Some(change.now() + Duration::from_secs(valid_s.into())),
        revoked_at: None,
    };
    dray_store::token::insert(&mut change, &token, secret.hash().as_bytes()).await.map_err(|error| {
        if error.is_conflict_on("administrator_token", "primary key") {
            TokenError::NameTaken(token.name.clone())
        } else {
            error.into()
        }
    })?;
    let note = Note {
        object_kind: KIND,
        object_name: token.name.to_string(),
        action: "token.create",
        detail: json!({ "new": token }),
    };
    change.commit(&note).await?;
    Ok(Issued { token, secret: secret.reveal() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use crate::{audit, token};
    use dray_model::api::page::PageRequest;
    use dray_model::api::token::Role;

    fn command() -> CreateToken {
        CreateToken { name: "ci".parse().unwrap(), role: Role::Publisher, valid_s: None }
    }

    #[tokio::test]
    async fn a_new_token_is_known_and_audited_without_its_secret() {
        let test = testing::site().await;
        let admin = testing::actor(Role::Administrator);
        let created = create(&test.site, &admin, command()).await.unwrap();
        let actor = token::authenticate(&test.site, &created.secret).await.unwrap();
        assert_eq!(actor, Actor::Token { name: "ci".parse().unwrap(), role: Role::Publisher });
        let log = audit::list(&test.site, &admin, &PageRequest::default()).await.unwrap();
        assert_eq!((log.items[0].action.as_str(), log.items[0].actor.as_str()), ("token.create", "token:test"));
        assert!(!log.items[0].detail.to_string().contains(&created.secret));
    }

    #[tokio::test]
    async fn a_taken_name_and_a_missing_right_are_refused() {
        let test = testing::site().await;
        let admin = testing::actor(Role::Administrator);
        create(&test.site, &admin, command()).await.unwrap();
        assert!(matches!(create(&test.site, &admin, command()).await, Err(TokenError::NameTaken(_))));
        let operator = testing::actor(Role::Operator);
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
