//! One advertisement's chain: each link asked on its own, from what the site knows and what the device reported.
//!
//! The reason of the device's report says which link it has come to. A report of a run or its result says as well that time, content
//! and requirements let it through.

mod membership;
mod outcome;
mod policy;
mod program;
mod time;

use dray_model::Timestamp;
use dray_model::api::advertisement::DeviceStatusView;
use dray_model::api::why::{WhyChain, WhyHolds, WhyLink, WhyStage};
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
    let membership = membership::link(scene, snapshot, advertisement).await?;
    Ok(links(scene, advertisement, membership))
}

/// All links behind that of membership.
pub(super) fn links(scene: &Scene, advertisement: &StoredAdvertisement, membership: WhyLink) -> WhyChain {
    let report = scene.reports.iter().find(|report| report.advertisement == advertisement.name);
    let reaches = membership.holds == WhyHolds::Yes;
    let mut links = vec![membership];
    if reaches {
        links.extend([
            policy::link(scene, advertisement, report),
            time::link(scene, advertisement, report),
            outcome::content(scene, report),
            program::link(scene, advertisement, report),
        ]);
    } else {
        let stages = [WhyStage::Policy, WhyStage::Time, WhyStage::Content, WhyStage::Requirements];
        let sentence = "the advertisement does not apply to the device";
        links.extend(stages.map(|stage| link(stage, WhyHolds::Unknown, "not_reached", sentence)));
    }
    links.extend([outcome::run(scene, report), outcome::result(report)]);
    WhyChain { advertisement: advertisement.name.clone(), links }
}

fn link(link: WhyStage, holds: WhyHolds, code: &str, sentence: impl Into<String>) -> WhyLink {
    WhyLink::new(link, holds, code, sentence)
}

fn since(link: WhyLink, since: Timestamp) -> WhyLink {
    WhyLink { since: Some(since), ..link }
}

/// The link that the report has come to; none without a reason.
fn told(report: Option<&DeviceStatusView>) -> Option<WhyLink> {
    WhyLink::told(&report?.standing)
}

/// The same, where it is this link.
fn told_of(stage: WhyStage, report: Option<&DeviceStatusView>) -> Option<WhyLink> {
    told(report).filter(|told| told.link == stage)
}

/// Whether the report speaks of a run, so that all that comes before one let it through.
fn has_run(report: Option<&DeviceStatusView>) -> bool {
    told(report).is_some_and(|told| told.link >= WhyStage::Run)
}
