//! Has the advertisement's time come?

use dray_model::Timestamp;
use dray_model::api::advertisement::DeviceStatusView;
use dray_model::api::why::{WhyHolds, WhyLink, WhyStage};
use dray_schedule::{Schedule, Settled, Timing, Zone};
use dray_store::advertisement::StoredAdvertisement;

use super::{has_run, link as bare, since, told};
use crate::why::scene::Scene;

const STAGE: WhyStage = WhyStage::Time;

/// What the device is done with, it keeps to itself; but then it reports a result, and that answers before the times do.
pub(super) fn link(scene: &Scene, advertisement: &StoredAdvertisement, report: Option<&DeviceStatusView>) -> WhyLink {
    let (name, terms) = (&advertisement.name, &advertisement.terms);
    if has_run(report) {
        return bare(STAGE, WhyHolds::Yes, "came", "its time has come");
    }
    let timing = Schedule::new(terms, &Zone::UTC).timing(&Settled::default(), scene.now);
    // A requirement comes before the person's decision, and content is fetched for one that was made.
    let is_beyond = told(report).is_some_and(|told| told.link > STAGE);
    let sentence = match timing {
        Timing::Due { since: Timestamp::MIN } => {
            let sentence = format!("it has been due as soon as possible since {:.0}", advertisement.published_at);
            return since(bare(STAGE, WhyHolds::Yes, "came", sentence), advertisement.published_at);
        }
        Timing::Due { since: due } => {
            return since(bare(STAGE, WhyHolds::Yes, "came", format!("it was due at {due:.0}")), due);
        }
        Timing::Optional if is_beyond => {
            return bare(STAGE, WhyHolds::Yes, "open", "it may be started at any time");
        }
        Timing::Expired { expired } => format!("the advertisement {name} expired at {expired:.0}"),
        Timing::NotStarted { start } => format!("the advertisement {name} starts at {start:.0}"),
        Timing::Optional => format!("it is optional: somebody has to start it at {}", scene.device.name),
        Timing::NotDue { next: Some(next) } => format!("it is due at {next:.0}, which has not come yet"),
        Timing::NotDue { next: None } => "it has no assignments left".to_owned(),
    };
    let Some((state, reason)) = timing.obstacle() else {
        return bare(STAGE, WhyHolds::Yes, "came", sentence);
    };
    let next = timing.next();
    WhyLink { next, ..bare(STAGE, WhyHolds::at(state), reason.code(), sentence) }
}
