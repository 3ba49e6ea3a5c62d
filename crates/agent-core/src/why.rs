//! Why a program is or is not installed here: every gate asked on its own, told link by link.

use std::collections::BTreeSet;

use dray_model::api::why::{Why, WhyChain, WhyHolds, WhyLink, WhyStage};
use dray_model::state::{ClientState, Reason};
use dray_model::{Name, Timestamp};

use crate::agent::Agent;
use crate::assess::{Scene, Stop, is_due};
use crate::offer::{Offer, Presence};
use crate::schedule;

impl Agent {
    /// Why programs of this name are or are not installed: one answer for each package that has one. All packages that are
    /// advertised here when `package` is absent, so that no answer means that nothing of that name is.
    #[must_use]
    pub fn why(&self, now: Timestamp, package: Option<&Name>, program: &Name) -> Vec<Why> {
        let scene = self.scene(now);
        let mut packages: BTreeSet<&Name> = package.into_iter().collect();
        if package.is_none() {
            let offered = self.state.offers.values().filter_map(|offer| terms_of(&scene, offer));
            packages.extend(offered.filter(|(_, of)| *of == program).map(|(package, _)| package));
        }
        packages.into_iter().map(|package| self.why_one(&scene, package, program)).collect()
    }

    fn why_one(&self, scene: &Scene<'_>, package: &Name, program: &Name) -> Why {
        let offers = scene.state.offers.iter();
        let offers = offers.filter(|(_, offer)| terms_of(scene, offer) == Some((package, program)));
        let chains: Vec<WhyChain> = offers.map(|(name, offer)| chain(scene, name, offer)).collect();
        let answer = Why::answer_in(&chains).map_or_else(|| nothing(scene, package, program), str::to_owned);
        Why { device: self.identity.name.clone(), package: package.clone(), program: program.clone(), answer, chains }
    }
}

fn terms_of<'a>(scene: &Scene<'a>, offer: &Offer) -> Option<(&'a Name, &'a Name)> {
    let terms = &scene.state.documents.advertisement(&offer.entry.advertisement)?.terms;
    Some((&terms.package, &terms.program))
}

fn nothing(scene: &Scene<'_>, package: &Name, program: &Name) -> String {
    match scene.state.history.last(package, program) {
        None => format!("no advertisement of {program} of {package} reaches this device"),
        Some(past) => {
            let how = if past.succeeded { "with success" } else { "and failed" };
            let (release, at) = (past.release, past.ended_at);
            format!("no advertisement of it reaches this device any more; release {release} ran {how} at {at:.0}")
        }
    }
}

fn chain(scene: &Scene<'_>, name: &Name, offer: &Offer) -> WhyChain {
    let links = vec![
        membership(offer),
        policy(scene, offer),
        time(scene, name, offer),
        content(scene, offer),
        requirements(scene, offer),
        run(offer),
        result(offer),
    ];
    WhyChain { advertisement: name.clone(), links }
}

fn link(link: WhyStage, holds: WhyHolds, code: &str, sentence: &str) -> WhyLink {
    WhyLink { link, holds, code: code.to_owned(), sentence: sentence.to_owned(), since: None, next: None }
}

/// A gate that does not let it pass.
fn stopped(stage: WhyStage, stop: &Stop) -> WhyLink {
    let holds = if stop.state.is_final() { WhyHolds::No } else { WhyHolds::Waiting };
    WhyLink { next: stop.next, ..link(stage, holds, stop.reason.code(), &stop.reason.to_string()) }
}

fn membership(offer: &Offer) -> WhyLink {
    let stage = WhyStage::Membership;
    let named =
        |sentence| WhyLink { since: Some(offer.received_at), ..link(stage, WhyHolds::Yes, "in_policy", sentence) };
    match offer.presence {
        Presence::Named => named("the policy names the advertisement"),
        Presence::Unsure => stopped(stage, &Stop::new(ClientState::Waiting, Reason::AwaitingDocuments)),
        Presence::Withdrawn => stopped(stage, &Stop::new(ClientState::Cancelled, Reason::Withdrawn)),
    }
}

fn policy(scene: &Scene<'_>, offer: &Offer) -> WhyLink {
    let stage = WhyStage::Policy;
    match scene.documents(offer).map(|_| ()).and_then(|()| scene.policy()) {
        Ok(()) => link(stage, WhyHolds::Yes, "in_force", "the policy is in force and its documents are here"),
        Err(stop) => stopped(stage, &stop),
    }
}

fn time(scene: &Scene<'_>, name: &Name, offer: &Offer) -> WhyLink {
    let stage = WhyStage::Time;
    let advertisement = scene.state.documents.advertisement(&offer.entry.advertisement);
    let (Some(advertisement), Some(ledger)) = (advertisement, scene.state.ledgers.get(name)) else {
        return link(stage, WhyHolds::Unknown, "unknown", "the advertisement's terms are not here");
    };
    let terms = &advertisement.terms;
    if ledger.finished.is_some() && offer.task.is_none() && !is_due(terms, ledger, scene.now) {
        return link(stage, WhyHolds::Yes, "came", "its time has come");
    }
    let next = schedule::next_due(terms, ledger, scene.now);
    match scene.time(terms) {
        Err(stop) => stopped(stage, &stop),
        Ok(()) if offer.task.is_some() || is_due(terms, ledger, scene.now) => {
            link(stage, WhyHolds::Yes, "came", "its time has come")
        }
        Ok(()) => {
            let reason = if terms.is_mandatory() { Reason::NotAssignedYet } else { Reason::UserDecides };
            stopped(stage, &Stop { next, ..Stop::new(ClientState::Scheduled, reason) })
        }
    }
}

fn content(scene: &Scene<'_>, offer: &Offer) -> WhyLink {
    let stage = WhyStage::Content;
    let Some(release) = scene.state.documents.release(&offer.entry.release) else {
        return link(stage, WhyHolds::Unknown, "unknown", "the release is not known yet");
    };
    let Some(content) = &release.content else {
        return link(stage, WhyHolds::Yes, "not_needed", "the package has no content");
    };
    let contents = &scene.state.contents;
    if contents.holds(&content.digest) {
        return link(stage, WhyHolds::Yes, "delivered", "the content is in the cache");
    }
    if contents.is_fetched(&content.digest) {
        let (state, reason, next) = contents.standing(&content.digest, scene.now);
        return stopped(stage, &Stop { next, ..Stop::new(state, reason) });
    }
    link(stage, WhyHolds::Unknown, "not_fetched", "the content is not needed now and not in the cache")
}

fn requirements(scene: &Scene<'_>, offer: &Offer) -> WhyLink {
    let stage = WhyStage::Requirements;
    let program = scene.documents(offer).and_then(|(advertisement, release)| {
        let program = scene.program(&advertisement.terms, release)?;
        scene.requirement(program).map(|()| program)
    });
    match program {
        Ok(program) if program.requirement.is_none() => link(stage, WhyHolds::Yes, "none", "it has no requirement"),
        Ok(_) => link(stage, WhyHolds::Yes, "met", "the device meets the requirement"),
        Err(stop)
            if matches!(
                stop.reason,
                Reason::AwaitingDocuments | Reason::DocumentRefused { .. } | Reason::Withdrawn
            ) =>
        {
            link(stage, WhyHolds::Unknown, stop.reason.code(), &stop.reason.to_string())
        }
        Err(stop) => stopped(stage, &stop),
    }
}

/// What the standing says of running: it does, it waits for that, it did, or it will not.
fn run(offer: &Offer) -> WhyLink {
    let stage = WhyStage::Run;
    let standing = &offer.standing;
    let Some(reason) = &standing.reason else {
        return link(stage, WhyHolds::Unknown, "unknown", "nothing is known yet");
    };
    let told = |holds| WhyLink {
        since: Some(standing.since),
        next: standing.next,
        ..link(stage, holds, reason.code(), &reason.to_string())
    };
    match standing.state {
        ClientState::Queued | ClientState::Running | ClientState::Retrying => told(WhyHolds::Waiting),
        ClientState::WillNotRerun => told(WhyHolds::No),
        _ if reason.is_result() && *reason != Reason::AlreadyPresent => {
            link(stage, WhyHolds::Yes, "ran", "the program ran")
        }
        _ if reason.is_result() => link(stage, WhyHolds::Yes, "not_needed", "the program did not need to run"),
        _ => link(stage, WhyHolds::Unknown, "not_yet", "the program has not run for this advertisement"),
    }
}

fn result(offer: &Offer) -> WhyLink {
    let stage = WhyStage::Result;
    let standing = &offer.standing;
    let Some(reason) = standing.reason.as_ref().filter(|reason| standing.state.is_final() && reason.is_result()) else {
        return link(stage, WhyHolds::Unknown, "none", "there is no result yet");
    };
    let is_good = matches!(standing.state, ClientState::Succeeded | ClientState::RestartPending);
    let holds = if is_good { WhyHolds::Yes } else { WhyHolds::No };
    let since = Some(standing.since);
    WhyLink { since, next: standing.next, ..link(stage, holds, reason.code(), &reason.to_string()) }
}
