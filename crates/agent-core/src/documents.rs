//! The documents that the policy names: what is here, what is missing, and when a missing one is asked for again.
//!
//! Documents are verified before they come in. One that only a newer agent can act on is kept, and read again after an upgrade.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dray_model::advertisement::{Advertisement, AdvertisementIdentity, AdvertisementTerms};
use dray_model::package::{Release, ReleaseNumber};
use dray_model::policy::Policy;
use dray_model::readable::Readable;
use dray_model::requirement::Requirement;
use dray_model::state::Reason;
use dray_model::{DeviceId, Digest, Name, Timestamp};
use serde::{Deserialize, Serialize};

use crate::effect::DocumentKind;
use crate::event::Document;
use crate::limits::sentence;
use crate::offer::Entry;
use crate::pause::{Pause, backoff};

/// A refused document is asked for again after this time: somebody may have mended it.
const REFUSED_PAUSE: Duration = Duration::from_secs(30 * 60);

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Documents {
    advertisements: BTreeMap<Digest, Readable<Advertisement>>,
    releases: BTreeMap<Digest, Readable<Release>>,
    failed: BTreeMap<Digest, Failure>,
}

/// The last failure of a document that is not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    failures: u32,
    pub(crate) error: String,
    refused: bool,
    pause: Pause,
}

impl Failure {
    /// The reason that stands at an advertisement without this document, and when it may change.
    pub(crate) fn reason(&self, now: Timestamp) -> (Reason, Option<Timestamp>) {
        let reason = if self.refused {
            Reason::DocumentRefused { error: self.error.clone() }
        } else {
            Reason::AwaitingDocuments
        };
        (reason, (!self.pause.is_over(now)).then(|| self.pause.until()))
    }
}

impl Documents {
    pub(crate) fn advertisement(&self, digest: &Digest) -> Option<&Advertisement> {
        self.advertisements.get(digest)?.known()
    }

    pub(crate) fn release(&self, digest: &Digest) -> Option<&Release> {
        self.releases.get(digest)?.known()
    }

    /// What an advertisement is about, whether or not it can be acted on.
    pub(crate) fn about(&self, digest: &Digest) -> Option<AdvertisementIdentity> {
        self.advertisements.get(digest)?.about()
    }

    /// The number of a release, whether or not it can be acted on.
    pub(crate) fn number(&self, digest: &Digest) -> Option<ReleaseNumber> {
        let release = self.releases.get(digest)?;
        release.known().map(|known| known.number).or_else(|| release.identity().map(|identity| identity.number))
    }

    /// What a document requires that this version doesn't understand.
    pub(crate) fn lacking(&self, digest: &Digest) -> Option<&Requirement> {
        let of_release = || self.releases.get(digest)?.lacking();
        self.advertisements.get(digest).map_or_else(of_release, Readable::lacking)
    }

    pub(crate) fn failure(&self, digest: &Digest) -> Option<&Failure> {
        self.failed.get(digest)
    }

    /// Takes a document in; one that this version can't act on is a failure.
    pub(crate) fn received(&mut self, digest: Digest, document: Document, device: DeviceId, now: Timestamp) {
        if let Err(error) = check(&document) {
            return self.failed(digest, error, true, device, now);
        }
        self.failed.remove(&digest);
        match document {
            Document::Advertisement(advertisement) => drop(self.advertisements.insert(digest, advertisement)),
            Document::Release(release) => drop(self.releases.insert(digest, release)),
        }
    }

    /// Notes a failure, and when to ask again.
    pub(crate) fn failed(&mut self, digest: Digest, error: String, refused: bool, device: DeviceId, now: Timestamp) {
        let failures = self.failed.get(&digest).map_or(0, |failure| failure.failures).saturating_add(1);
        let wait = if refused {
            REFUSED_PAUSE
        } else {
            backoff(failures, &[&device.number().to_le_bytes(), digest.as_bytes()])
        };
        self.failed.insert(digest, Failure { failures, error: sentence(error), refused, pause: Pause::new(now, wait) });
    }

    /// What the policy names and is not here, in the policy's order.
    pub(crate) fn missing<'a>(&'a self, policy: &'a Policy) -> impl Iterator<Item = (Digest, DocumentKind)> + 'a {
        let entries = || entries(policy).map(|(_, entry)| entry);
        let advertisements = entries().map(|entry| (entry.advertisement, DocumentKind::Advertisement));
        let releases = entries().map(|entry| (entry.release, DocumentKind::Release));
        advertisements.chain(releases).filter(|(digest, kind)| match kind {
            DocumentKind::Advertisement => !self.advertisements.contains_key(digest),
            DocumentKind::Release => !self.releases.contains_key(digest),
        })
    }

    /// When a document that failed is asked for again; absent when it may be asked for now.
    pub(crate) fn paused_until(&self, digest: &Digest, now: Timestamp) -> Option<Timestamp> {
        let pause = self.failed.get(digest)?.pause;
        (!pause.is_over(now)).then(|| pause.until())
    }

    /// Forgets everything but the documents in `named`.
    pub(crate) fn keep(&mut self, named: &BTreeSet<Digest>) {
        self.advertisements.retain(|digest, _| named.contains(digest));
        self.releases.retain(|digest, _| named.contains(digest));
        self.failed.retain(|digest, _| named.contains(digest));
    }
}

/// The policy's entries by advertisement name, those too that only a newer agent can act on.
pub(crate) fn entries(policy: &Policy) -> impl Iterator<Item = (Name, Entry)> + '_ {
    policy.entries.iter().filter_map(Readable::names).filter_map(|names| Some((names.name.clone(), Entry::of(&names)?)))
}

/// Whether a document is one; otherwise why not.
fn check(document: &Document) -> Result<(), String> {
    let damaged = |error: &str| Err(format!("cannot read it: {error}"));
    match document {
        Document::Advertisement(Readable::Damaged(damage)) => damaged(&damage.error),
        Document::Release(Readable::Damaged(damage)) => damaged(&damage.error),
        Document::Advertisement(Readable::Known(advertisement)) => {
            let count = advertisement.terms.assignments.len();
            if count > AdvertisementTerms::MAX_ASSIGNMENTS {
                return Err(format!(
                    "advertisement {} has {count} assignments, the limit is {}",
                    advertisement.name,
                    AdvertisementTerms::MAX_ASSIGNMENTS
                ));
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_700_000_000 + secs)
    }

    fn release(format: &str) -> Document {
        let text = format!(
            r#"{{"format": {format}, "package": "p", "number": {{"source_version": 1, "revision": 1}}, "properties": {{}}, "programs": []}}"#
        );
        Document::Release(serde_json::from_str(&text).unwrap())
    }

    #[test]
    fn a_document_of_a_later_format_is_kept_and_says_what_it_needs() {
        let (mut documents, digest) = (Documents::default(), Digest::of(b"1"));
        documents.received(digest, release("2"), DeviceId::from_random(1), at(0));
        assert!(documents.release(&digest).is_none() && documents.failure(&digest).is_none());
        assert_eq!(documents.lacking(&digest).unwrap().feature.as_str(), "release-format-2");
        assert_eq!(documents.number(&digest), Some(ReleaseNumber { source_version: 1, revision: 1 }));
        let kept = serde_json::to_value(&documents).unwrap();
        assert_eq!(serde_json::from_value::<Documents>(kept).unwrap(), documents);
    }

    #[test]
    fn a_document_that_cannot_be_read_is_refused_and_asked_for_again_in_half_an_hour() {
        let (mut documents, digest) = (Documents::default(), Digest::of(b"1"));
        documents.received(digest, release("\"one\""), DeviceId::from_random(1), at(0));
        assert!(documents.release(&digest).is_none());
        assert_eq!(documents.paused_until(&digest, at(1)), Some(at(1800)));
        let (reason, next) = documents.failure(&digest).unwrap().reason(at(1));
        assert_eq!((reason.code(), next), ("document_refused", Some(at(1800))));
    }

    #[test]
    fn a_document_that_comes_at_last_forgets_its_failures() {
        let (mut documents, digest) = (Documents::default(), Digest::of(b"1"));
        documents.failed(digest, "no answer".into(), false, DeviceId::from_random(1), at(0));
        assert!(documents.paused_until(&digest, at(1)).is_some());
        documents.received(digest, release("1"), DeviceId::from_random(1), at(9));
        assert_eq!(documents.paused_until(&digest, at(9)), None);
        assert!(documents.release(&digest).is_some());
    }

    #[test]
    fn what_nothing_names_is_forgotten() {
        let (mut documents, digest) = (Documents::default(), Digest::of(b"1"));
        documents.received(digest, release("1"), DeviceId::from_random(1), at(0));
        documents.keep(&BTreeSet::new());
        assert_eq!(documents, Documents::default());
    }
}
