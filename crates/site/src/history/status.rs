//! How the site is, for its administrators.

use dray_model::api::site::{ReturnView, SiteStatus, WaitingMembers};
use dray_model::{ObjectKind, Timestamp};
use dray_store::history::Era;
use dray_store::quarantine;

use super::known;
use crate::actor::{Actor, Permission};
use crate::enrolment::CERTIFICATE_LIFE;
use crate::error::SiteError;
use crate::site::Site;

/// How the site is, and what an administrator should look at.
///
/// # Errors
/// [`SiteError`].
pub async fn status(site: &Site, actor: &Actor) -> Result<SiteStatus, SiteError> {
    actor.authorise_everywhere(Permission::Read(ObjectKind::Site))?;
    let mut snapshot = site.read(actor, Permission::Read(ObjectKind::Site)).await?;
    let (eras, newest) = known::read(&mut snapshot).await?;
    let waiting = quarantine::count(&mut snapshot).await?;
    let returned = last(&eras);
    Ok(SiteStatus {
        name: site.name().clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        number: u64::try_from(newest).unwrap_or(0),
        advice: advice(returned.as_ref(), waiting, site.now()),
        returned,
        waiting,
    })
}

/// Says in the log of a server that starts what an administrator should look at.
pub(super) fn remind(eras: &[Era], waiting: WaitingMembers, now: Timestamp) {
    for advice in advice(last(eras).as_ref(), waiting, now) {
        tracing::warn!("{advice}");
    }
}

fn last(eras: &[Era]) -> Option<ReturnView> {
    let returns = || eras.iter().filter_map(|era| Some((era, era.returned.as_ref()?)));
    let (era, returned) = returns().next_back()?;
    Some(ReturnView {
        at: era.began_at,
        copied_at: returned.copied_at,
        cause: returned.cause.clone(),
        times: returns().count() as u64,
    })
}

fn advice(returned: Option<&ReturnView>, waiting: WaitingMembers, now: Timestamp) -> Vec<String> {
    let mut advice = Vec::new();
    if let Some(ReturnView { at, copied_at, .. }) = returned.filter(|returned| now < returned.at + CERTIFICATE_LIFE) {
        let between = format!("between {copied_at} and {at}");
        advice.push(format!(
            "everything that changed {between} is lost; devices, points and administrator tokens that were revoked in that time are trusted \
             again: revoke them again"
        ));
        advice.push(format!(
            "enrolment tokens from before {at} were revoked, because there is no way to know how often they were used: create new ones"
        ));
    }
    let WaitingMembers { devices, points } = waiting;
    if devices > 0 {
        let (who, them) = if devices == 1 { ("device enrolled", "it") } else { ("devices enrolled", "them") };
        advice.push(format!(
            "{devices} {who} after that copy was made: list {them} with `dray device waiting`, and let {them} in with `dray device accept`"
        ));
    }
    if points > 0 {
        let (who, them) = if points == 1 { ("point enrolled", "it") } else { ("points enrolled", "them") };
        advice.push(format!(
            "{points} distribution {who} after that copy was made: list {them} with `dray device waiting`, create each with \
             `dray point create`, then let it in with `dray device accept`"
        ));
    }
    advice
}
