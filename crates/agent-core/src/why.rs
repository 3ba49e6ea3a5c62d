//! Why a program is or is not installed here: every gate asked on its own, told link by link.

use std::collections::BTreeSet;

use dray_model::advertisement::OfferedProgram;
use dray_model::api::why::{Why, WhyChain, WhyHolds, WhyLink, WhyStage};
use dray_model::state::{ClientState, Reason};
use dray_model::{Name, Timestamp};
use dray_schedule::Timing;

use crate::agent::Agent;
use crate::assess::{Scene, Stop};
use crate::offer::{Offer, Presence};

impl Agent {
    /// Why programs of this name are or are not installed: one answer for each package that has one. All packages that are
    /// advertised here when `package` is absent, so that no answer means that nothing of that name is.
    #[must_use]
    pub fn why(&self, now: Timestamp, package: Option<&Name>, program: &Name) -> Vec<Why> {
        let scene = self.scene(now);
        let mut packages: BTreeSet<Name> = package.into_iter().cloned().collect();
        if package.is_none() {
            let offered = self.state.offers.values().filter_map(|offer| offered(&scene, offer));
            packages.extend(offered.filter(|offered| offered.program == *program).map(|offered| offered.package));
        }
        packages.iter().map(|package| self.why_one(&scene, package, program)).collect()
    }

    fn why_one(&self, scene: &Scene<'_>, package: &Name, program: &Name) -> Why {
        let offers = scene.state.offers.iter();
        let wanted = OfferedProgram { package: package.clone(), program: program.clone() };
        let offers = offers.filter(|(_, offer)| offered(scene, offer).as_ref() == Some(&wanted));
        let chains: Vec<WhyChain> = offers.map(|(name, offer)| chain(scene, name, offer)).collect();
        let answer = Why::answer_in(&chains).map_or_else(|| nothing(scene, package, program), str::to_owned);
        Why { device: self.identity.name.clone(), package: package.clone(), program: program.clone(), answer, chains }
    }
}

fn offered(scene: &Scene<'_>, offer: &Offer) -> Option<OfferedProgram> {
    Some(scene.state.documents.about(&offer.entry.advertisement)?.terms)
}

fn nothing(scene: &Scene<'_>, package: &Name, program: &Name) -> String {
    match scene.state.history.last(package, program) {
        None => format!("{program} of {package} is not advertised to this device"),
        Some(past) => {
            let how = if past.succeeded { "and succeeded" } else { "and failed" };
            let (release, at) = (past.release, past.ended_at);
            format!("nothing advertises it to this device any more; release {release} ran {how} at {at:.0}")
        }
    }
}

fn chain(scene: &Scene<'_>, name: &Name, offer: &Offer) -> WhyChain {
    let before_run =
        [policy(scene, offer), time(scene, name, offer), content(scene, offer), requirements(scene, offer)];
    let mut links = vec![membership(offer)];
    links.extend(before_run.into_iter().map(|link| if has_run(offer) { passed(link) } else { link }));
    links.extend([run(offer), result(offer)]);
    WhyChain { advertisement: name.clone(), links }
}

/// Whether the standing speaks of a run: then all links before it have held, whatever holds them up by now.
fn has_run(offer: &Offer) -> bool {
    offer.standing.reason.as_ref().is_some_and(|reason| reason.stage() >= WhyStage::Run)
}

fn passed(link: WhyLink) -> WhyLink {
    match link.holds {
        WhyHolds::Yes => link,
        _ => WhyLink::new(link.link, WhyHolds::Yes, "passed", "it was met when the program's turn came"),
    }
}

/// A gate that does not let it pass. One before this link leaves it unknown.
fn stopped(stage: WhyStage, stop: &Stop) -> WhyLink {
    let (code, sentence) = (stop.reason.code(), stop.reason.to_string());
    let holds = if stop.reason.stage() == stage { WhyHolds::at(stop.state) } else { WhyHolds::Unknown };
    WhyLink { next: stop.next.filter(|_| holds != WhyHolds::Unknown), ..WhyLink::new(stage, holds, code, sentence) }
}

fn membership(offer: &Offer) -> WhyLink {
    let stage = WhyStage::Membership;
    match offer.presence {
        Presence::Named => {
            let link = WhyLink::new(stage, WhyHolds::Yes, "in_policy", "the policy contains the advertisement");
            WhyLink { since: Some(offer.received_at), ..link }
        }
        Presence::Unsure => stopped(stage, &Stop::new(ClientState::Waiting, Reason::AwaitingDocuments)),
        Presence::Withdrawn => stopped(stage, &Stop::new(ClientState::Cancelled, Reason::Withdrawn)),
    }
}

fn policy(scene: &Scene<'_>, offer: &Offer) -> WhyLink {
    let stage = WhyStage::Policy;
    match scene.documents(offer).map(|_| ()).and_then(|()| scene.policy()) {
        Ok(()) => {
            WhyLink::new(stage, WhyHolds::Yes, "in_force", "the policy is in force and its documents have arrived")
        }
        Err(stop) => stopped(stage, &stop),
    }
}

fn time(scene: &Scene<'_>, name: &Name, offer: &Offer) -> WhyLink {
    let stage = WhyStage::Time;
    let Some(advertisement) = scene.state.documents.advertisement(&offer.entry.advertisement) else {
        return WhyLink::new(stage, WhyHolds::Unknown, "unknown", "the advertisement's terms have not arrived");
    };
    match scene.timing(name, &advertisement.terms) {
        Timing::Optional | Timing::NotDue { .. } if offer.task.is_some() => {
            WhyLink::new(stage, WhyHolds::Yes, "requested", "somebody started it at the computer")
        }
        // A requirement comes before the person's decision.
        Timing::Optional if offer.standing.reason.as_ref().is_some_and(|reason| reason.stage() > stage) => {
            WhyLink::new(stage, WhyHolds::Yes, "open", "it may be started at any time")
        }
        Timing::Due { .. } => WhyLink::new(stage, WhyHolds::Yes, "came", "its time has come"),
        timing => stopped(stage, &Stop::of_time(timing)),
    }
}

fn content(scene: &Scene<'_>, offer: &Offer) -> WhyLink {
    let stage = WhyStage::Content;
    let Some(release) = scene.state.documents.release(&offer.entry.release) else {
        return WhyLink::new(stage, WhyHolds::Unknown, "unknown", "the release is not known yet");
    };
    let Some(content) = &release.content else {
        return WhyLink::new(stage, WhyHolds::Yes, "not_needed", "the package has no content");
    };
    let contents = &scene.state.contents;
    if contents.holds(&content.digest) {
        return WhyLink::new(stage, WhyHolds::Yes, "delivered", "the content is in the cache");
    }
    if contents.is_fetched(&content.digest) {
        let (state, reason, next) = contents.standing(&content.digest, scene.now);
        return stopped(stage, &Stop { next, ..Stop::new(state, reason) });
    }
    WhyLink::new(stage, WhyHolds::Unknown, "not_fetched", "the content is not needed now and is not in the cache")
}

fn requirements(scene: &Scene<'_>, offer: &Offer) -> WhyLink {
    let stage = WhyStage::Requirements;
    let program = scene.documents(offer).and_then(|(advertisement, release)| {
        let program = scene.program(&advertisement.terms, release)?;
        scene.requirement(program).map(|()| program)
    });
    // A look at the device that is under way for a detection is told here too.
    let looking = WhyLink::told(&offer.standing).filter(|told| told.link == stage && told.holds == WhyHolds::Waiting);
    match (program, looking) {
        (Ok(_), Some(looking)) => looking,
        (Ok(program), None) if program.requirement.is_none() => {
            WhyLink::new(stage, WhyHolds::Yes, "none", "it has no requirements")
        }
        (Ok(_), None) => WhyLink::new(stage, WhyHolds::Yes, "met", "the device meets the requirement"),
        (Err(stop), _) => stopped(stage, &stop),
    }
}

/// What the standing says of running: it does, it waits for that, it did, or it will not.
fn run(offer: &Offer) -> WhyLink {
    let stage = WhyStage::Run;
    match (WhyLink::told(&offer.standing), &offer.standing.reason) {
        (Some(told), _) if told.link == stage => told,
        (_, Some(Reason::AlreadyPresent)) => {
            WhyLink::new(stage, WhyHolds::Yes, "not_needed", "the program did not need to run")
        }
        (Some(told), _) if told.link > stage => WhyLink::new(stage, WhyHolds::Yes, "ran", "the program ran"),
        _ => WhyLink::new(stage, WhyHolds::Unknown, "not_yet", "the program has not run for this advertisement"),
    }
}

fn result(offer: &Offer) -> WhyLink {
    let stage = WhyStage::Result;
    let told = WhyLink::told(&offer.standing).filter(|told| told.link == stage);
    told.unwrap_or_else(|| WhyLink::new(stage, WhyHolds::Unknown, "none", "there is no result yet"))
}
