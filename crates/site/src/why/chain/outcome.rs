//! What the device reports of content, run and result.

use dray_model::api::advertisement::DeviceStatusView;
use dray_model::api::why::{WhyHolds, WhyLink, WhyStage};
use dray_model::state::{ClientState, Reason};

use super::{link, told, told_of};
use crate::why::scene::Scene;

/// Is the content on the device?
pub(super) fn content(scene: &Scene, report: Option<&DeviceStatusView>) -> WhyLink {
    const STAGE: WhyStage = WhyStage::Content;
    let device = &scene.device.name;
    let Some(release) = &scene.package.release else {
        return link(STAGE, WhyHolds::Unknown, "no_release", "there is no release, so there is no content yet");
    };
    if release.content.is_none() {
        return link(STAGE, WhyHolds::Yes, "not_needed", "the package has no content");
    }
    let Some(report) = report else { return not_reported(scene, STAGE) };
    if let Some(told) = told_of(STAGE, Some(report)) {
        return told;
    }
    let delivered =
        || link(STAGE, WhyHolds::Yes, "delivered", format!("{device} has the content of release {}", report.release));
    match (&report.standing.reason, report.standing.state) {
        (Some(Reason::AlreadyPresent | Reason::RanBefore { .. }), _) => {
            let sentence = "the program did not need to run, so no content was needed";
            link(STAGE, WhyHolds::Yes, "not_needed", sentence)
        }
        (Some(reason), _) if reason.stage() >= WhyStage::Run => delivered(),
        (_, ClientState::Ready) => delivered(),
        _ => link(STAGE, WhyHolds::Unknown, "not_fetched", format!("{device} does not need the content now")),
    }
}

/// Did the program run, or what does it wait for?
pub(super) fn run(scene: &Scene, report: Option<&DeviceStatusView>) -> WhyLink {
    const STAGE: WhyStage = WhyStage::Run;
    let (Some(report), Some(told)) = (report, told(report)) else { return not_reported(scene, STAGE) };
    if told.link < STAGE {
        let sentence = format!("{} has not reached the run yet", scene.device.name);
        return link(STAGE, WhyHolds::Unknown, "not_yet", sentence);
    }
    if told.link == STAGE {
        return told;
    }
    let (code, sentence) = match (&report.standing.reason, report.started_at) {
        (Some(Reason::AlreadyPresent), _) => ("not_needed", "the program did not need to run".to_owned()),
        (_, Some(at)) => ("ran", format!("the program of release {} ran at {at:.0}", report.release)),
        (_, None) => ("ran", format!("the program of release {} ran", report.release)),
    };
    WhyLink { since: report.started_at, ..link(STAGE, WhyHolds::Yes, code, sentence) }
}

/// What came of it?
pub(super) fn result(report: Option<&DeviceStatusView>) -> WhyLink {
    const STAGE: WhyStage = WhyStage::Result;
    told_of(STAGE, report).unwrap_or_else(|| link(STAGE, WhyHolds::Unknown, "none", "there is no result yet"))
}

fn not_reported(scene: &Scene, stage: WhyStage) -> WhyLink {
    let sentence = format!("{} has not reported anything about it", scene.device.name);
    link(stage, WhyHolds::Unknown, "not_reported", sentence)
}
