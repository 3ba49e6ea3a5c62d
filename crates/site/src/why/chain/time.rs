//! Has the advertisement's time come?

use dray_model::Timestamp;
use dray_model::advertisement::Assignment;
use dray_model::api::advertisement::DeviceStatusView;
use dray_model::api::why::{WhyHolds, WhyLink, WhyStage};
use dray_model::state::ClientState;
use dray_store::advertisement::StoredAdvertisement;

use super::{ended, link as bare, since};
use crate::why::scene::Scene;

const STAGE: WhyStage = WhyStage::Time;

pub(super) fn link(scene: &Scene, advertisement: &StoredAdvertisement, report: Option<&DeviceStatusView>) -> WhyLink {
    let (name, terms, now) = (&advertisement.name, &advertisement.terms, scene.now);
    let begun = matches!(
        report.map(|report| report.standing.state),
        Some(ClientState::Queued | ClientState::Running | ClientState::Retrying)
    );
    if begun || ended(report).is_some() {
        return bare(STAGE, WhyHolds::Yes, "came", "its time has come");
    }
    if let Some(expires) = terms.expires.filter(|expires| *expires <= now) {
        let sentence = format!("the advertisement {name} expired at {expires:.0}");
        return since(bare(STAGE, WhyHolds::No, "advertisement_expired", sentence), expires);
    }
    if let Some(start) = terms.start.filter(|start| *start > now) {
        let sentence = format!("the advertisement {name} starts at {start:.0}");
        return WhyLink { next: Some(start), ..bare(STAGE, WhyHolds::Waiting, "not_started", sentence) };
    }
    if !terms.is_mandatory() {
        let sentence = format!("it is optional: the person at {} starts it", scene.device.name);
        return bare(STAGE, WhyHolds::Waiting, "user_decides", sentence);
    }
    let from = terms.start.unwrap_or(advertisement.published_at);
    let times: Vec<Timestamp> = terms
        .assignments
        .iter()
        .map(|assignment| match assignment {
            Assignment::AsSoonAsPossible => from,
            Assignment::At { time } => *time,
        })
        .collect();
    match times.iter().filter(|time| **time <= now).max() {
        Some(due) => since(bare(STAGE, WhyHolds::Yes, "came", format!("it was to run at {due:.0}")), *due),
        None => {
            let next = times.into_iter().min();
            let when = next.map_or_else(String::new, |next| format!(" at {next:.0}"));
            let sentence = format!("it is to run{when}, which has not come");
            WhyLink { next, ..bare(STAGE, WhyHolds::Waiting, "not_assigned_yet", sentence) }
        }
    }
}
