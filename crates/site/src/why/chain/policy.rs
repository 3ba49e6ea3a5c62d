//! Has the device the policy that names the advertisement?

use dray_model::api::advertisement::DeviceStatusView;
use dray_model::api::why::{WhyHolds, WhyLink, WhyStage};
use dray_store::advertisement::StoredAdvertisement;

use super::{link as bare, since, told_of};
use crate::why::scene::Scene;

const STAGE: WhyStage = WhyStage::Policy;

pub(super) fn link(scene: &Scene, advertisement: &StoredAdvertisement, report: Option<&DeviceStatusView>) -> WhyLink {
    let (device, package) = (&scene.device.name, &scene.package.name);
    let Some(release) = &scene.package.release else {
        return match scene.package.publishing {
            Some(job) => {
                let sentence = format!(
                    "it is not in any policy until the package {package} has a release; job {job} is publishing it"
                );
                bare(STAGE, WhyHolds::Waiting, "no_release", sentence)
            }
            None => {
                let sentence = format!(
                    "it is not in any policy: the package {package} has no release, and no job is publishing one"
                );
                bare(STAGE, WhyHolds::No, "no_release", sentence)
            }
        };
    };
    let (Some(fetched), Some(current)) = (&scene.fetched, scene.current) else {
        let sentence = format!("{device} has not fetched a policy yet; {}", scene.reach());
        return bare(STAGE, WhyHolds::Waiting, "never_fetched", sentence);
    };
    let number = fetched.number;
    if let Some(told) = told_of(STAGE, report) {
        return told;
    }
    if fetched.tag == current {
        let sentence = format!("{device} has policy {number}, in which it offers release {}", release.number);
        return since(bare(STAGE, WhyHolds::Yes, "in_policy", sentence), fetched.fetched_at);
    }
    let published_at = advertisement.published_at.max(release.published_at);
    if report.is_some() && fetched.fetched_at >= published_at {
        let sentence = format!("{device} has policy {number} and has reported on the advertisement");
        return since(bare(STAGE, WhyHolds::Yes, "reported", sentence), fetched.fetched_at);
    }
    let (at, reach) = (fetched.fetched_at, scene.reach());
    let sentence =
        format!("{device} has not fetched its newest policy yet: it has policy {number} from {at:.0}, and {reach}");
    since(bare(STAGE, WhyHolds::Waiting, "not_fetched", sentence), published_at)
}
