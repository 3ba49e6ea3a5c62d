//! One advertisement's chain: each link asked on its own, from what the site knows and what the device reported.

mod membership;
mod outcome;
mod policy;
mod program;
mod time;

use dray_model::Timestamp;
use dray_model::api::advertisement::DeviceStatusView;
use dray_model::api::why::{WhyChain, WhyHolds, WhyLink, WhyStage};
use dray_model::state::{ClientState, Reason};
use dray_store::Snapshot;
use dray_store::advertisement::StoredAdvertisement;

use super::WhyError;
use super::scene::Scene;

/// The links from the advertisement to its result on the device.
pub(super) async fn chain(
    scene: &Scene,
    snapshot: &mut Snapshot,
    advertisement: &StoredAdvertisement,
) -> Result<WhyChain, WhyError> {
    let report = scene.reports.iter().find(|report| report.advertisement == advertisement.name);
    let membership = membership::link(scene, snapshot, advertisement).await?;
    let reaches = membership.holds == WhyHolds::Yes;
    let links = if reaches {
        vec![
            membership,
            policy::link(scene, advertisement, report),
            time::link(scene, advertisement, report),
            outcome::content(scene, report),
            program::link(scene, advertisement, report),
            outcome::run(scene, report),
            outcome::result(report),
        ]
    } else {
        let unknown =
            |stage| link(stage, WhyHolds::Unknown, "not_reached", "the advertisement does not reach the device");
        vec![
            membership,
            unknown(WhyStage::Policy),
            unknown(WhyStage::Time),
            unknown(WhyStage::Content),
            unknown(WhyStage::Requirements),
            outcome::run(scene, report),
            outcome::result(report),
        ]
    };
    Ok(WhyChain { advertisement: advertisement.name.clone(), links })
}

fn link(link: WhyStage, holds: WhyHolds, code: &str, sentence: impl Into<String>) -> WhyLink {
    WhyLink { link, holds, code: code.to_owned(), sentence: sentence.into(), since: None, next: None }
}

fn since(link: WhyLink, since: Timestamp) -> WhyLink {
    WhyLink { since: Some(since), ..link }
}

/// The reported state and its reason, told as a link.
fn told(stage: WhyStage, holds: WhyHolds, report: &DeviceStatusView, reason: &Reason) -> WhyLink {
    let (since, next) = (Some(report.standing.since), report.standing.next);
    WhyLink { since, next, ..link(stage, holds, reason.code(), reason.to_string()) }
}

/// The reason that tells how a run ended, or why none was needed; none while that is open.
fn ended(report: Option<&DeviceStatusView>) -> Option<(&DeviceStatusView, &Reason)> {
    let report = report?;
    let reason = report.standing.reason.as_ref()?;
    let is_over =
        matches!(report.standing.state, ClientState::RestartPending | ClientState::Succeeded | ClientState::Failed);
    (reason.is_result() && is_over).then_some((report, reason))
}
