//! What the device reports of content, run and result.

use dray_model::api::advertisement::DeviceStatusView;
use dray_model::api::why::{WhyHolds, WhyLink, WhyStage};
use dray_model::state::{ClientState, Reason};

use super::{ended, link, told};
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
    let Some(report) = report else {
        return link(STAGE, WhyHolds::Unknown, "not_reported", format!("{device} has reported nothing about it"));
    };
    if let Some((_, Reason::AlreadyPresent)) = ended(Some(report)) {
        return link(STAGE, WhyHolds::Yes, "not_needed", "the program did not need to run, so no content was needed");
    }
    match (report.standing.state, &report.standing.reason) {
        (ClientState::Locating | ClientState::Downloading, Some(reason)) => {
            told(STAGE, WhyHolds::Waiting, report, reason)
        }
        (ClientState::Waiting, Some(reason)) if is_about_content(reason) => {
            told(STAGE, WhyHolds::Waiting, report, reason)
        }
        (
            ClientState::Ready
            | ClientState::Queued
            | ClientState::Running
            | ClientState::Retrying
            | ClientState::RestartPending
            | ClientState::Succeeded
            | ClientState::Failed,
            _,
        ) => {
            let sentence = format!("{device} has the content of release {}", report.release);
            link(STAGE, WhyHolds::Yes, "delivered", sentence)
        }
        _ => link(STAGE, WhyHolds::Unknown, "not_fetched", format!("{device} does not need the content now")),
    }
}

fn is_about_content(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::AskingForSources
            | Reason::NoSource
            | Reason::SiteUnreachable { .. }
            | Reason::Fetching { .. }
            | Reason::SourcesFailed { .. }
            | Reason::ContentDamaged { .. }
            | Reason::DiskFull { .. }
            | Reason::ContentUnsupported { .. }
    )
}

/// Did the program run, or what does it wait for?
pub(super) fn run(scene: &Scene, report: Option<&DeviceStatusView>) -> WhyLink {
    const STAGE: WhyStage = WhyStage::Run;
    let device = &scene.device.name;
    let Some(report) = report else {
        return link(STAGE, WhyHolds::Unknown, "not_reported", format!("{device} has reported nothing about it"));
    };
    if let Some((_, reason)) = ended(Some(report)) {
        let (code, sentence) = match (reason, report.started_at) {
            (Reason::AlreadyPresent, _) => ("not_needed", "the program did not need to run".to_owned()),
            (_, Some(at)) => ("ran", format!("the program of release {} ran at {at:.0}", report.release)),
            (_, None) => ("ran", format!("the program of release {} ran", report.release)),
        };
        return WhyLink { since: report.started_at, ..link(STAGE, WhyHolds::Yes, code, sentence) };
    }
    let holds = match report.standing.state {
        ClientState::WillNotRerun | ClientState::Expired | ClientState::Rejected | ClientState::Cancelled => {
            WhyHolds::No
        }
        ClientState::Queued | ClientState::Running | ClientState::Retrying | ClientState::Waiting => WhyHolds::Waiting,
        _ => WhyHolds::Unknown,
    };
    match &report.standing.reason {
        Some(reason) => told(STAGE, holds, report, reason),
        None => link(STAGE, holds, report.standing.state.as_str(), format!("{device} is at {}", report.standing.state)),
    }
}

/// What came of it?
pub(super) fn result(report: Option<&DeviceStatusView>) -> WhyLink {
    const STAGE: WhyStage = WhyStage::Result;
    let Some((report, reason)) = ended(report) else {
        return link(STAGE, WhyHolds::Unknown, "none", "there is no result yet");
    };
    let is_good = matches!(report.standing.state, ClientState::Succeeded | ClientState::RestartPending);
    told(STAGE, if is_good { WhyHolds::Yes } else { WhyHolds::No }, report, reason)
}
