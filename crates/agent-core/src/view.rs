//! What local commands show: advertisements with their standings, and the policy.

use dray_model::advertisement::AdvertisementTerms;
use dray_model::package::{Content, ReleaseNumber};
use dray_model::state::{Reason, Standing};
use dray_model::{Digest, Name, Timestamp};
use serde::{Deserialize, Serialize};

use crate::agent::Agent;
use crate::offer::{Offer, Presence};

/// An advertised program on this device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdvertisementView {
    /// The advertisement.
    pub name: Name,
    /// Its title, or its name when it has none.
    pub title: String,
    /// Its comment.
    pub comment: String,
    /// Its revision.
    pub revision: u32,
    /// The package.
    pub package: Name,
    /// The offered release; absent until its document is here.
    pub release: Option<ReleaseNumber>,
    /// The program.
    pub program: Name,
    /// The program's title, or its name when it has none or is not known.
    pub program_title: String,
    /// Whether it must run.
    pub mandatory: bool,
    /// Whether the person at the computer may start it now.
    pub can_request: bool,
    /// When it expires.
    pub expires: Option<Timestamp>,
    /// Where the device is with it.
    pub standing: Standing,
}

/// The policy that the agent acts by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyView {
    /// Its number.
    pub number: u64,
    /// When it was signed.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Advertisements that it names.
    pub entries: usize,
    /// Documents that are not here yet, with the last error.
    pub missing_documents: Vec<(Digest, Option<String>)>,
}

/// Why the person at the computer can't start a program now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestRefused {
    /// Nothing of this name is advertised to the device.
    #[error("this device has no advertisement called {0}")]
    Unknown(Name),
    /// Something stands in the way that a request can't change.
    #[error("cannot start {advertisement}: {reason}")]
    NotNow {
        /// The advertisement.
        advertisement: Name,
        /// What stands in the way.
        reason: Reason,
    },
}

impl Agent {
    /// The policy in force.
    #[must_use]
    pub fn policy(&self) -> Option<PolicyView> {
        let policy = self.state.policy.as_ref()?;
        let error = |digest: &Digest| self.state.documents.failure(digest).map(|failure| failure.error.clone());
        let missing = self.state.documents.missing(policy);
        Some(PolicyView {
            number: policy.number,
            issued_at: policy.issued_at,
            expires_at: policy.expires_at,
            entries: policy.entries.len(),
            missing_documents: missing.map(|(digest, _)| (digest, error(&digest))).collect(),
        })
    }

    /// Every advertisement that reaches the device, by name.
    #[must_use]
    pub fn standings(&self, now: Timestamp) -> Vec<AdvertisementView> {
        self.state.offers.iter().filter_map(|(name, offer)| self.view(now, name, offer)).collect()
    }

    /// Whether the person at the computer may start a program now. What is already on its way may be asked for again: that ends its
    /// waits.
    ///
    /// # Errors
    /// [`RequestRefused`] with the reason to show.
    pub fn check_request(&self, now: Timestamp, advertisement: &Name) -> Result<(), RequestRefused> {
        let offer = self.state.offers.get(advertisement).filter(|offer| offer.presence != Presence::Withdrawn);
        let offer = offer.ok_or_else(|| RequestRefused::Unknown(advertisement.clone()))?;
        match self.scene(now).offered(offer) {
            Err(stop) if stop.reason != Reason::TakingFacts => {
                Err(RequestRefused::NotNow { advertisement: advertisement.clone(), reason: stop.reason })
            }
            _ => Ok(()),
        }
    }

    fn view(&self, now: Timestamp, name: &Name, offer: &Offer) -> Option<AdvertisementView> {
        let documents = &self.state.documents;
        let about = documents.about(&offer.entry.advertisement)?;
        // Of an advertisement that only a newer agent can act on no more is known than what it is about.
        let terms = documents.advertisement(&offer.entry.advertisement).map(|advertisement| &advertisement.terms);
        let release = documents.release(&offer.entry.release);
        let program = release.and_then(|release| release.program(&about.terms.program));
        let content = release.and_then(|release| release.content.as_ref());
        Some(AdvertisementView {
            name: name.clone(),
            title: terms.map_or_else(|| name.to_string(), |terms| title_or_name(&terms.title, name)),
            comment: terms.map_or_else(String::new, |terms| terms.comment.to_string()),
            revision: about.revision,
            release: documents.number(&offer.entry.release),
            program_title: program
                .map_or_else(|| about.terms.program.to_string(), |p| title_or_name(&p.title, &p.name)),
            package: about.terms.package,
            program: about.terms.program,
            mandatory: terms.is_some_and(AdvertisementTerms::is_mandatory),
            can_request: self.check_request(now, name).is_ok(),
            expires: terms.and_then(|terms| terms.expires),
            standing: self.live_standing(offer, content),
        })
    }

    /// The standing with the bytes that are here now, where they are known; in the state are those that were reported to the site.
    fn live_standing(&self, offer: &Offer, content: Option<&Content>) -> Standing {
        let live = content.and_then(|content| self.state.contents.progress(&content.digest));
        let reason = match (&offer.standing.reason, live) {
            (Some(Reason::Fetching { .. }), Some(live)) => Some(live.reason()),
            (kept, _) => kept.clone(),
        };
        Standing { reason, ..offer.standing.clone() }
    }
}

fn title_or_name(title: &dray_model::Text<128>, name: &Name) -> String {
    if title.is_empty() { name.to_string() } else { title.to_string() }
}
