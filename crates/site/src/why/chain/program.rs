//! Is there such a program, may it run, and does the device meet its requirement?

use dray_model::api::advertisement::DeviceStatusView;
use dray_model::api::why::{WhyHolds, WhyLink, WhyStage};
use dray_query::Query;
use dray_store::advertisement::StoredAdvertisement;

use super::{has_run, link as bare, told_of};
use crate::why::condition::false_parts;
use crate::why::scene::Scene;

const STAGE: WhyStage = WhyStage::Requirements;

pub(super) fn link(scene: &Scene, advertisement: &StoredAdvertisement, report: Option<&DeviceStatusView>) -> WhyLink {
    let (device, package, program) = (&scene.device.name, &scene.package.name, &advertisement.terms.program);
    if has_run(report) {
        return bare(STAGE, WhyHolds::Yes, "met", format!("{device} met them when the program's turn came"));
    }
    let Some(found) = &scene.program else {
        let sentence = format!("the package {package} no longer has a program {program}");
        return bare(STAGE, WhyHolds::No, "no_such_program", sentence);
    };
    if found.disabled {
        return bare(STAGE, WhyHolds::Waiting, "program_disabled", format!("the program {program} is disabled"));
    }
    if let Some(told) = told_of(STAGE, report) {
        return told;
    }
    let Some(requirement) = &found.requirement else {
        return bare(STAGE, WhyHolds::Yes, "none", format!("the program {program} has no requirements"));
    };
    let Some(facts) = &scene.facts else {
        let sentence = format!("{device} has not reported its facts, and the program requires {}", requirement.text);
        return bare(STAGE, WhyHolds::Unknown, "no_facts", sentence);
    };
    match serde_json::from_value::<Query>(requirement.compiled.clone()) {
        Ok(query) if query.matches(facts, device.as_str()) => {
            bare(STAGE, WhyHolds::Yes, "met", format!("the facts of {device} meet {}", requirement.text))
        }
        Ok(_) => {
            let parts = false_parts(&requirement.text, facts, device.as_str()).join(" and ");
            bare(STAGE, WhyHolds::No, "requirement_not_met", format!("the facts of {device} do not meet {parts}"))
        }
        Err(_) => {
            bare(STAGE, WhyHolds::Unknown, "unreadable", "the requirement was saved by a different version of Dray")
        }
    }
}
