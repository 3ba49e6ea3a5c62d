//! What devices' policies say, from one instant of the database.

use std::collections::HashMap;

use dray_model::policy::{AgentSettings, Policy, PolicyEntry};
use dray_model::{DeviceId, Digest, EraId, Timestamp};
use dray_store::history::Place;
use dray_store::{feed, history, policy};
use dray_trust::{Role, seal_document};

use super::index::Index;
use super::memory::Tag;
use super::{PolicyError, VALIDITY};
use crate::site::Site;

/// A device's policy before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Computed {
    /// The newest change that it takes account of: the policy's number.
    pub(super) sequence: i64,
    /// The era of the site's history that the sequence belongs to.
    place: Place,
    /// Which half of a validity it belongs to.
    pub(super) half: i64,
    /// Names what it says.
    pub(crate) tag: Digest,
    /// What applies.
    pub(crate) entries: Vec<PolicyEntry>,
    settings: AgentSettings,
    /// The collections of the device that something is advertised to, sorted.
    pub(super) collections: Vec<i64>,
}

/// Computes the policy of one device.
pub(crate) async fn one(site: &Site, device: DeviceId) -> Result<Computed, PolicyError> {
    batch(site, &[device]).await?.remove(&device).ok_or(PolicyError::NotEnrolled(device))
}

/// Computes the policies of all these devices, of those that are enrolled. Four statements, and one more where what is advertised
/// changed. O(devices and their memberships).
pub(super) async fn batch(site: &Site, devices: &[DeviceId]) -> Result<HashMap<DeviceId, Computed>, PolicyError> {
    site.policies().expect(devices);
    let mut is_first = true;
    loop {
        let mut snapshot = site.db().read().await?;
        let sequences = feed::sequences(&mut snapshot).await?;
        let place = history::place(&mut snapshot).await?;
        let offered = policy::advertised_collections(&mut snapshot, devices).await?;
        let mut index = site.policies().index.lock().await;
        if is_first && index.is_newer_than(sequences) {
            // Somebody with a later snapshot was faster. Number and entries must not lie before what others were told.
            is_first = false;
            continue;
        }
        if !index.is_of(sequences) {
            *index = Index::read(&mut snapshot, sequences).await?;
        }
        let now = site.now();
        return Ok(offered
            .into_iter()
            .map(|(device, collections)| {
                let entries = index.entries(&collections);
                (device, Computed::new(device, (sequences.newest, place), entries, collections, now))
            })
            .collect());
    }
}

impl Computed {
    fn new(
        device: DeviceId,
        (sequence, place): (i64, Place),
        entries: Vec<PolicyEntry>,
        collections: Vec<i64>,
        now: Timestamp,
    ) -> Self {
        let (settings, half) = (AgentSettings::default(), half(device, now));
        let tag = tag(device, half, &entries, &settings, place.returned);
        Self { sequence, place, half, tag, entries, settings, collections }
    }

    /// What is remembered of it.
    pub(super) fn remembered(&self) -> Tag {
        Tag { digest: self.tag, half: self.half, sequence: self.sequence }
    }

    /// Signs it.
    pub(super) fn seal(&self, site: &Site, device: DeviceId) -> Result<Vec<u8>, PolicyError> {
        let issued_at = site.now();
        let policy = Policy {
            format: Policy::FORMAT,
            device,
            number: u64::try_from(self.sequence).unwrap_or(0),
            era: self.place.era,
            returned: self.place.returned,
            issued_at,
            expires_at: issued_at + VALIDITY,
            entries: self.entries.iter().cloned().map(Into::into).collect(),
            settings: self.settings,
        };
        let key = site.keys().signing(Role::Policy);
        let sealed =
            seal_document(Role::Policy, &policy, &[key]).map_err(|source| PolicyError::Document { device, source })?;
        metrics::counter!("dray_policies_signed_total").increment(1);
        Ok(sealed.bytes)
    }
}

/// Time is cut into halves of a validity, for each device at instants of its own. A policy of an earlier half is signed again.
pub(super) fn half(device: DeviceId, now: Timestamp) -> i64 {
    let half = i64::try_from(VALIDITY.as_micros() / 2).expect("a week fits");
    (now.micros() + device.number() % half).div_euclid(half)
}

/// The same for the same answer, on every server. A start of a server changes nothing for devices, a return of the site does.
fn tag(
    device: DeviceId,
    half: i64,
    entries: &[PolicyEntry],
    settings: &AgentSettings,
    returned: Option<EraId>,
) -> Digest {
    let said = serde_json::to_vec(&(Policy::FORMAT, device, half, entries, settings, returned));
    Digest::of(&said.expect("a policy is plain texts and numbers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_renewed_before_half_of_its_validity_is_over() {
        for number in [0, 1, 7, u64::MAX] {
            let device = DeviceId::from_random(number);
            let at = Timestamp::from_secs(1_800_000_000);
            assert!(half(device, at + VALIDITY / 2) == half(device, at) + 1, "{device}");
        }
    }

    #[test]
    fn a_tag_changes_with_all_that_the_policy_says() {
        let device = DeviceId::from_random(1);
        let settings = AgentSettings::default();
        let entry = PolicyEntry::new("now".parse().unwrap(), Digest::of(b"a"), Digest::of(b"r"));
        let other = AgentSettings { polling_interval_s: 60, ..settings };
        let tags = [
            tag(device, 0, &[], &settings, None),
            tag(DeviceId::from_random(2), 0, &[], &settings, None),
            tag(device, 1, &[], &settings, None),
            tag(device, 0, std::slice::from_ref(&entry), &settings, None),
            tag(device, 0, &[], &other, None),
            tag(device, 0, &[], &settings, Some(EraId::from_random(1))),
        ];
        let distinct: std::collections::BTreeSet<_> = tags.into_iter().collect();
        assert_eq!(distinct.len(), tags.len());
        assert_eq!(tag(device, 0, &[entry], &settings, None), tags[3]);
    }
}
