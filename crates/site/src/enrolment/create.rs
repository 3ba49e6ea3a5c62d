//! Makes an enrolment token and tells its secret, once.

use std::time::Duration;

use dray_model::ObjectKind;
use dray_model::Text;
use dray_model::api::device::{CreateEnrolmentToken, EnrolmentFor, EnrolmentTokenView};
use dray_model::api::token::Issued;
use dray_store::Snapshot;
use dray_store::enrolment::{self, NewToken};
use dray_trust::{Token, TokenKind};
use serde_json::json;

use super::{EnrolmentError, object};
use crate::actor::{Actor, Permission};
use crate::change::Change;
use crate::record::Record;
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
/// [`EnrolmentError::Validity`], [`EnrolmentError::Count`], [`ObjectError::Unresolved`](crate::ObjectError::Unresolved).
pub async fn create(
    site: &Site,
    actor: &Actor,
    command: CreateEnrolmentToken,
) -> Result<Issued<EnrolmentTokenView>, EnrolmentError> {
    let mut change = site.change(actor, Permission::Manage(ObjectKind::EnrolmentToken)).await?;
    let plan = check(&mut change, actor, command).await?;
    let issued = apply(&mut change, plan).await?;
    change.commit().await?;
    Ok(issued)
}

/// What making and revoking a token for this purpose needs beside the right to manage enrolment tokens.
fn permission(purpose: &EnrolmentFor) -> Permission {
    match purpose {
        EnrolmentFor::Devices { .. } => Permission::Manage(ObjectKind::Device),
        EnrolmentFor::Point { .. } => Permission::Manage(ObjectKind::Point),
    }
}

/// Nothing when the actor may make or revoke a token for this purpose. Devices join any collection, so a token for them reaches all.
pub(super) async fn authorise(
    snapshot: &mut Snapshot,
    actor: &Actor,
    purpose: &EnrolmentFor,
) -> Result<(), EnrolmentError> {
    match purpose {
        EnrolmentFor::Devices { .. } => Ok(actor.authorise_everywhere(permission(purpose))?),
        EnrolmentFor::Point { point } => {
            actor.authorise_on(snapshot, permission(purpose), &crate::point::object(point)).await
        }
    }
}

/// The token to make.
pub(crate) struct Plan {
    purpose: EnrolmentFor,
    comment: Text<1024>,
    valid: Duration,
}

pub(crate) async fn check(
    snapshot: &mut Snapshot,
    actor: &Actor,
    command: CreateEnrolmentToken,
) -> Result<Plan, EnrolmentError> {
    let CreateEnrolmentToken { purpose, comment, valid_s } = command;
    let valid_s = valid_s.unwrap_or(DEFAULT_S);
    if !VALIDITY_S.contains(&valid_s) {
        return Err(EnrolmentError::Validity(valid_s));
    }
    authorise(snapshot, actor, &purpose).await?;
    match &purpose {
        EnrolmentFor::Devices { count } if !DEVICES.contains(count) => return Err(EnrolmentError::Count(*count)),
        EnrolmentFor::Devices { .. } => {}
        EnrolmentFor::Point { point } => {
            let found = dray_store::point::find(snapshot, point).await?;
            found.ok_or_else(|| crate::point::object(point).unresolved("create an enrolment token for"))?;
        }
    }
    Ok(Plan { purpose, comment, valid: Duration::from_secs(valid_s.into()) })
}

pub(crate) async fn apply(change: &mut Change<'_>, plan: Plan) -> Result<Issued<EnrolmentTokenView>, EnrolmentError> {
    let Plan { purpose, comment, valid } = plan;
    let secret = Token::generate(TokenKind::Enrolment, change.site().keys().authority().fingerprint());
    let hash = secret.hash();
    let (created_at, expires_at) = (change.now(), change.now() + valid);
    let new = NewToken { hash: hash.as_bytes(), purpose: &purpose, comment: comment.as_str(), created_at, expires_at };
    let id = enrolment::insert(change, &new).await?;
    let new = json!({ "for": purpose, "comment": comment, "expires_at": expires_at });
    change.record(Record::created(object(id), &new));
    let token = EnrolmentTokenView { id, created_at, expires_at, purpose, comment, used: 0, revoked_at: None };
    Ok(Issued { token, secret: secret.reveal() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;
    use dray_model::access::PredefinedRole;

    fn for_devices(count: u32, valid_s: Option<u32>) -> CreateEnrolmentToken {
        let purpose = EnrolmentFor::Devices { count };
        CreateEnrolmentToken { purpose, comment: dray_model::Text::default(), valid_s }
    }

    #[tokio::test]
    async fn a_token_for_nobody_or_for_ever_is_refused() {
        let test = testing::site().await;
        let operator = testing::actor(PredefinedRole::Operator);
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
        assert!(matches!(refused, Err(EnrolmentError::Object(crate::ObjectError::Unresolved { .. }))));
        let refused = create(&test.site, &testing::actor(PredefinedRole::Operator), command).await.unwrap_err();
        assert_eq!(crate::Failure::class(&refused), crate::Class::Denied);
    }
}
