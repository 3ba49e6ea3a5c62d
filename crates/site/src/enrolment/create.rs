//! Makes an enrolment token and tells its secret, once.

use std::time::Duration;

use dray_model::api::device::{CreateEnrolmentToken, EnrolmentFor, EnrolmentTokenView};
use dray_model::api::token::Issued;
use dray_store::enrolment::{self, NewToken};
use dray_trust::{Token, TokenKind};
use serde_json::json;

use super::{EnrolmentError, KIND};
use crate::actor::{Actor, Permission};
use crate::change::Note;
use crate::site::Site;

/// Validity when none is asked for: a day.
const DEFAULT_S: u32 = 24 * 60 * 60;
/// Shortest and longest validity: a minute and a year.
const VALIDITY_S: std::ops::RangeInclusive<u32> = 60..=365 * 24 * 60 * 60;
/// Devices that one token may be for.
const DEVICES: std::ops::RangeInclusive<u32> = 1..=100_000;

/// Makes a token.
///
/// # Errors
/// [`EnrolmentError::Validity`], [`EnrolmentError::Count`], [`EnrolmentError::NoPoint`].
pub async fn create(
    site: &Site,
    actor: &Actor,
    command: CreateEnrolmentToken,
) -> Result<Issued<EnrolmentTokenView>, EnrolmentError> {
    let valid_s = command.valid_s.unwrap_or(DEFAULT_S);
    if !VALIDITY_S.contains(&valid_s) {
        return Err(EnrolmentError::Validity(valid_s));
    }
    let permission = match &command.purpose {
        EnrolmentFor::Devices { count } if !DEVICES.contains(count) => return Err(EnrolmentError::Count(*count)),
        EnrolmentFor::Devices { .. } => Permission::ManageDevices,
        EnrolmentFor::Point { .. } => Permission::ManagePoints,
    };
    let mut change = site.change(actor, permission).await?;
    if let EnrolmentFor::Point { point } = &command.purpose
        && dray_store::point::find(&mut change, point).await?.is_none()
    {
        return Err(EnrolmentError::NoPoint(point.clone()));
    }
    let secret = Token::generate(TokenKind::Enrolment, site.keys().authority().fingerprint());
    let hash = secret.hash();
    let token = NewToken {
        hash: hash.as_bytes(),
        purpose: &command.purpose,
        comment: command.comment.as_str(),
        created_at: change.now(),
        expires_at: change.now() + Duration::from_secs(valid_s.into()),
    };
    let id = enrolment::insert(&mut change, &token).await?;
    let note = Note {
        object_kind: KIND,
        object_name: id.to_string(),
        action: "enrolment-token.create",
        detail: json!({ "new": { "for": command.purpose, "comment": command.comment, "expires_at": token.expires_at } }),
    };
    change.commit(&note).await?;
    let token = EnrolmentTokenView {
        id,
        created_at: token.created_at,
        expires_at: token.expires_at,
        purpose: command.purpose,
        comment: command.comment,
        used: 0,
        revoked_at: None,
    };
    Ok(Issued { token, secret: secret.reveal() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use dray_model::api::token::Role;

    fn for_devices(count: u32, valid_s: Option<u32>) -> CreateEnrolmentToken {
        let purpose = EnrolmentFor::Devices { count };
        CreateEnrolmentToken { purpose, comment: dray_model::Text::default(), valid_s }
    }

    #[tokio::test]
    async fn a_token_for_nobody_or_for_ever_is_refused() {
        let test = testing::site().await;
        let operator = testing::actor(Role::Operator);
        let ask = async |command| create(&test.site, &operator, command).await;
        assert!(matches!(ask(for_devices(0, None)).await, Err(EnrolmentError::Count(0))));
        assert!(matches!(ask(for_devices(100_001, None)).await, Err(EnrolmentError::Count(_))));
        assert!(matches!(ask(for_devices(1, Some(59))).await, Err(EnrolmentError::Validity(59))));
        assert!(matches!(ask(for_devices(1, Some(u32::MAX))).await, Err(EnrolmentError::Validity(_))));
        assert_eq!(ask(for_devices(1, None)).await.unwrap().token.id, 1);
    }

    #[tokio::test]
    async fn a_token_for_a_point_needs_the_point_and_the_right_to_manage_points() {
        let test = testing::site().await;
        let purpose = EnrolmentFor::Point { point: "berlin".parse().unwrap() };
        let command = CreateEnrolmentToken { purpose, ..for_devices(1, None) };
        let refused = create(&test.site, &Actor::System, command.clone()).await;
        assert!(matches!(refused, Err(EnrolmentError::NoPoint(_))));
        let refused = create(&test.site, &testing::actor(Role::Operator), command).await.unwrap_err();
        assert_eq!(crate::Failure::class(&refused), crate::Class::Denied);
    }
}
