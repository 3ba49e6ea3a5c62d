//! Standings: kept for local commands, and told to the site when state or reason code change, or a download has come further.

use dray_model::package::ReleaseNumber;
use dray_model::state::{ClientState, Reason, Standing};
use dray_model::status::StatusEvent;
use dray_model::{Name, Timestamp};

use crate::assess::Stop;
use crate::effect::Effect;
use crate::offer::{Offer, Presence};
use crate::progress::{self, Progress, Told};
use crate::state::State;

/// Takes the standing of one offer over from the gates, and tells the site if it is news. Gives the instant at which it becomes
/// news, when it is not yet.
pub(crate) fn tell(
    state: &mut State,
    name: &Name,
    stop: &Stop,
    now: Timestamp,
    effects: &mut Vec<Effect>,
) -> Option<Timestamp> {
    let mut offer = state.offers.remove(name)?;
    let next = stop.next.or_else(|| expiry(state, &offer, stop));
    let is_same = offer.standing.state == stop.state
        && offer.standing.reason.as_ref().map(Reason::code) == Some(stop.reason.code());
    let since = if is_same { offer.standing.since } else { now };
    let progress = Progress::told_by(&stop.reason);
    let word = (stop.state, stop.reason.code().to_owned());
    let due = due(&offer, &word, stop, now);
    let is_news = due.is_some_and(|due| due <= now);
    // Bytes that are not told are not kept either: the state would be written each second.
    let is_kept = is_same && progress.is_some() && !is_news;
    let reason = if is_kept { offer.standing.reason } else { Some(stop.reason.clone()) };
    offer.standing = Standing { state: stop.state, reason, since, next };
    if let Some(event) = event(state, name, &offer, stop.release).filter(|_| is_news) {
        state.report(now, event, effects);
        offer.told = Some(word);
        offer.told_progress = progress.map(|progress| Told::new(progress, now));
    }
    state.offers.insert(name.clone(), offer);
    due.filter(|due| *due > now)
}

/// When a standing is to be told: now, later, or not at all.
fn due(offer: &Offer, word: &(ClientState, String), stop: &Stop, now: Timestamp) -> Option<Timestamp> {
    if offer.told.as_ref() == Some(word) {
        return progress::due(offer.told_progress.as_ref(), Progress::told_by(&stop.reason)?, now);
    }
    is_to_be_told(offer, stop).then_some(now)
}

/// Facts and documents on their way take a moment and are no news, unless a document fails; nor is the withdrawal of what the site
/// never heard of.
fn is_to_be_told(offer: &Offer, stop: &Stop) -> bool {
    match stop.reason {
        Reason::TakingFacts | Reason::Verifying => false,
        Reason::AwaitingDocuments => stop.next.is_some(),
        Reason::Withdrawn => offer.told.is_some(),
        _ => true,
    }
}

/// What has not come to an end may expire.
fn expiry(state: &State, offer: &Offer, stop: &Stop) -> Option<Timestamp> {
    let may_expire = !stop.state.is_final() && offer.presence == Presence::Named;
    let advertisement = state.documents.advertisement(&offer.entry.advertisement).filter(|_| may_expire)?;
    advertisement.terms.expires
}

/// The message; none while it is not known which release it would speak of.
fn event(state: &State, name: &Name, offer: &Offer, release: Option<ReleaseNumber>) -> Option<StatusEvent> {
    let about = state.documents.about(&offer.entry.advertisement)?;
    let offered = state.documents.number(&offer.entry.release);
    Some(StatusEvent::State {
        advertisement: name.clone(),
        revision: about.revision,
        package: about.terms.package,
        release: release.or(offered)?,
        program: about.terms.program,
        standing: offer.standing.clone(),
    })
}
