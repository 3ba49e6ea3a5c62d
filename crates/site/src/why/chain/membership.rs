//! Is the device a member of the advertisement's collection? If not, which rule is false for it, and where.

use dray_model::api::why::{WhyHolds, WhyLink, WhyStage};
use dray_model::count::counted;
use dray_model::device::DeviceState;
use dray_model::facts::Facts;
use dray_store::Snapshot;
use dray_store::advertisement::StoredAdvertisement;
use dray_store::collection::{self, Rule};

use crate::why::WhyError;
use crate::why::condition::false_parts;
use crate::why::scene::Scene;

/// Rules that are told in one sentence.
const RULES_TOLD: usize = 3;

pub(super) async fn link(
    scene: &Scene,
    snapshot: &mut Snapshot,
    advertisement: &StoredAdvertisement,
) -> Result<WhyLink, WhyError> {
    let (device, name) = (&scene.device.name, &advertisement.terms.collection);
    let answer = |holds, code, sentence: String| Ok(super::link(WhyStage::Membership, holds, code, sentence));
    if scene.device.state == DeviceState::Revoked {
        return answer(
            WhyHolds::No,
            "device_revoked",
            format!("{device} has been revoked, so nothing is advertised to it"),
        );
    }
    if scene.collections.contains(name) {
        return answer(WhyHolds::Yes, "member", format!("{device} is a member of the collection {name}"));
    }
    let not = format!("{device} is not a member of the collection {name}");
    let Some(found) = collection::find(snapshot, name).await? else {
        return answer(WhyHolds::No, "no_collection", format!("{not}, which no longer exists"));
    };
    let rules = collection::rules(snapshot, found.id).await?;
    let (code, because) = match explain(scene, &rules) {
        Explained::Meets(rule) => {
            let when = found.view.evaluated_at.map_or("never".to_owned(), |at| format!("at {at:.0}"));
            let sentence = format!("{not} yet: it matches {rule}, but the collection was last evaluated {when}");
            return answer(WhyHolds::Waiting, "not_evaluated", sentence);
        }
        Explained::NoRules => ("no_rules", "the collection has no rules".to_owned()),
        Explained::NotNamed => {
            ("not_named", format!("its rules name only {}", counted(rules.len() as u64, "other device")))
        }
        Explained::NoFacts => {
            ("no_facts", "its rules depend on facts, and the device has not reported any yet".to_owned())
        }
        Explained::False(parts) => {
            ("facts_do_not_meet", format!("the device's facts do not match {}", parts.join(", nor ")))
        }
    };
    answer(WhyHolds::No, code, format!("{not}: {because}"))
}

enum Explained {
    /// A rule that means the device.
    Meets(String),
    NoRules,
    /// All rules name devices.
    NotNamed,
    NoFacts,
    /// What is false, by rule.
    False(Vec<String>),
}

fn explain(scene: &Scene, rules: &[Rule]) -> Explained {
    let (facts, device) = (scene.facts.clone().unwrap_or_default(), scene.device.name.as_str());
    let mut parts = Vec::new();
    for rule in rules {
        match rule {
            Rule::AllDevices => return Explained::Meets("the rule for all devices".to_owned()),
            Rule::Direct(id) if *id == scene.device.id => return Explained::Meets("the rule that names it".to_owned()),
            Rule::Direct(_) => {}
            Rule::Query(query) if query.matches(&facts, device) => {
                return Explained::Meets(query.text().to_owned());
            }
            Rule::Query(query) => parts.push(part(query.text(), &facts, device)),
        }
    }
    match () {
        () if rules.is_empty() => Explained::NoRules,
        () if parts.is_empty() => Explained::NotNamed,
        () if scene.facts.is_none() => Explained::NoFacts,
        () => {
            let more = parts.len().saturating_sub(RULES_TOLD);
            parts.truncate(RULES_TOLD);
            if more > 0 {
                parts.push(counted(more as u64, "more rule").to_string());
            }
            Explained::False(parts)
        }
    }
}

fn part(text: &str, facts: &Facts, device: &str) -> String {
    false_parts(text, facts, device).join(" and ")
}
