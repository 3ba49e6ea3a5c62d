//! What this process remembers of devices' policies: which tag each device's policy had, and since when that may be wrong.
//!
//! A tag counts as long as none of the device's scopes moved since the sequence of the snapshot that it was computed from. Scopes are
//! marked before anybody is woken, and a device's entry is made before its snapshot is taken, so a change that is committed
//! while a policy is being computed is never lost. Everything here is a look-up; nothing waits.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use dray_model::{DeviceId, Digest};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Instant;

use super::groups::{GroupId, Groups};

/// Most devices remembered, some 150 MB; beyond that those that hold no request are forgotten.
const REMEMBERED_MAX: usize = 1_000_000;

/// A device's tag, and the snapshot that it was computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag {
    /// Names what the policy says.
    pub(super) digest: Digest,
    /// Which half of a validity it belongs to.
    pub(super) half: i64,
    /// The newest change that it takes account of.
    pub(super) sequence: i64,
}

/// A held request that is to look again.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    /// When the request ends.
    pub(super) until: Instant,
    notify: Arc<Notify>,
}

impl Waiting {
    /// Has it look again.
    pub(super) fn wake(&self) {
        self.notify.notify_waiters();
    }
}

#[derive(Debug, Default)]
pub(super) struct Memory {
    devices: HashMap<DeviceId, Entry>,
    groups: Groups,
    /// The newest change that concerned everyone.
    everyone: i64,
    /// The newest change to each collection's offers.
    offers: HashMap<i64, i64>,
    /// Changes to members that are being read.
    reading: BTreeSet<i64>,
    /// The newest change of any single device.
    newest_single: i64,
}

#[derive(Debug, Default)]
struct Entry {
    /// The newest change that concerned the device by itself.
    moved: i64,
    known: Option<(Tag, GroupId)>,
    holding: Option<Box<Holding>>,
}

#[derive(Debug)]
struct Holding {
    notify: Arc<Notify>,
    requests: u32,
    until: Instant,
}

impl Memory {
    /// The tag of the device's policy, if it is known for this half of its validity.
    pub(super) fn tag(&self, device: DeviceId, half: i64) -> Option<Digest> {
        let entry = self.devices.get(&device)?;
        let (tag, group) = entry.known.as_ref()?;
        let single = entry.moved.max(self.everyone).max(self.reading.last().copied().unwrap_or(0));
        let of_offers = self.groups.collections(*group).iter().filter_map(|collection| self.offers.get(collection));
        let counts = tag.half == half && tag.sequence >= of_offers.copied().fold(single, i64::max);
        counts.then_some(tag.digest)
    }

    /// The device's policy is going to be computed: changes from here on are noted, even if nothing is known of the device yet.
    pub(super) fn expect(&mut self, device: DeviceId) {
        if self.devices.len() >= REMEMBERED_MAX && !self.devices.contains_key(&device) {
            self.make_room();
        }
        self.devices.entry(device).or_default();
    }

    fn make_room(&mut self) {
        let Self { devices, groups, .. } = self;
        devices.retain(|device, entry| {
            let stays = entry.holding.is_some();
            if let Some((_, group)) = entry.known.take_if(|_| !stays) {
                groups.leave(*device, group);
            }
            stays
        });
        // What was noted of devices whose policies are being computed is gone, so none of those counts.
        self.everyone = self.everyone.max(self.newest_single);
    }

    /// Keeps what was computed for the device, which is offered something by these collections.
    pub(super) fn remember(&mut self, device: DeviceId, tag: Tag, collections: &[i64]) {
        let entry = self.devices.entry(device).or_default();
        if entry.known.as_ref().is_some_and(|(known, _)| known.sequence > tag.sequence) {
            return;
        }
        if let Some((_, group)) = entry.known.take() {
            self.groups.leave(device, group);
        }
        entry.known = Some((tag, self.groups.enter(device, collections)));
    }

    /// Forgets what was computed for a device that is not enrolled.
    pub(super) fn forget(&mut self, device: DeviceId) {
        let Some(entry) = self.devices.get_mut(&device) else { return };
        if let Some((_, group)) = entry.known.take() {
            self.groups.leave(device, group);
        }
        if entry.holding.is_none() {
            self.devices.remove(&device);
        }
    }

    /// Holds a request of a device that has `known`, until it is to look again. `None` when it is to look at once.
    pub(super) fn hold(&mut self, device: DeviceId, known: Digest, half: i64, until: Instant) -> Option<OwnedNotified> {
        if self.tag(device, half) != Some(known) {
            return None;
        }
        let entry = self.devices.get_mut(&device)?;
        let holding =
            entry.holding.get_or_insert_with(|| Box::new(Holding { notify: Arc::default(), requests: 0, until }));
        holding.requests += 1;
        holding.until = until;
        Some(Arc::clone(&holding.notify).notified_owned())
    }

    /// A request that was held is held no longer.
    pub(super) fn release(&mut self, device: DeviceId) {
        let Some(entry) = self.devices.get_mut(&device) else { return };
        if let Some(holding) = &mut entry.holding {
            holding.requests -= 1;
            if holding.requests == 0 {
                entry.holding = None;
            }
        }
    }

    /// A change concerns one device. O(1).
    pub(super) fn device_moved(&mut self, device: DeviceId, sequence: i64) -> Option<Waiting> {
        self.newest_single = self.newest_single.max(sequence);
        let entry = self.devices.get_mut(&device)?;
        entry.moved = entry.moved.max(sequence);
        entry.holding.as_deref().map(Waiting::from)
    }

    /// What a collection is offered changed. O(devices known to be in it).
    pub(super) fn offers_moved(&mut self, collection: i64, sequence: i64) -> Vec<Waiting> {
        let latest = self.offers.entry(collection).or_default();
        *latest = sequence.max(*latest);
        let devices = self.groups.devices(collection);
        devices.filter_map(|device| self.devices.get(&device)?.holding.as_deref()).map(Waiting::from).collect()
    }

    /// Everything may be different. O(devices).
    pub(super) fn everyone_moved(&mut self, sequence: i64) -> Vec<Waiting> {
        self.everyone = self.everyone.max(sequence);
        self.devices.values().filter_map(|entry| entry.holding.as_deref()).map(Waiting::from).collect()
    }

    /// A collection's members are being read, because of this change. Until that ends, only what takes account of it counts.
    pub(super) fn begin_reading(&mut self, sequence: i64) {
        self.reading.insert(sequence);
    }

    /// All members are marked.
    pub(super) fn end_reading(&mut self, sequence: i64) {
        self.reading.remove(&sequence);
    }
}

#[cfg(test)]
impl Memory {
    pub(super) fn is_reading(&self) -> bool {
        !self.reading.is_empty()
    }
}

impl From<&Holding> for Waiting {
    fn from(holding: &Holding) -> Self {
        Self { until: holding.until, notify: Arc::clone(&holding.notify) }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const HALF: i64 = 7;

    fn device(number: u64) -> DeviceId {
        DeviceId::from_random(number)
    }

    fn tag(text: &str, sequence: i64) -> Tag {
        Tag { digest: Digest::of(text.as_bytes()), half: HALF, sequence }
    }

    fn known(memory: &mut Memory, number: u64, sequence: i64, collections: &[i64]) -> Digest {
        memory.expect(device(number));
        let tag = tag("policy", sequence);
        memory.remember(device(number), tag, collections);
        tag.digest
    }

    fn is_woken(notified: OwnedNotified) -> bool {
        pin!(notified).poll(&mut Context::from_waker(Waker::noop())) == Poll::Ready(())
    }

    fn later() -> Instant {
        Instant::now() + std::time::Duration::from_secs(60)
    }

    #[test]
    fn a_tag_counts_until_one_of_the_devices_scopes_moves() {
        let mut memory = Memory::default();
        let digest = known(&mut memory, 1, 5, &[1, 2]);
        assert_eq!(memory.tag(device(1), HALF), Some(digest));
        assert_eq!(memory.tag(device(1), HALF + 1), None);
        memory.offers_moved(3, 6);
        memory.device_moved(device(2), 7);
        memory.offers_moved(1, 5);
        assert_eq!(memory.tag(device(1), HALF), Some(digest), "none of these changes is news to it");
        memory.offers_moved(2, 8);
        assert_eq!(memory.tag(device(1), HALF), None);
        memory.remember(device(1), tag("next", 8), &[1, 2]);
        assert!(memory.tag(device(1), HALF).is_some());
        memory.device_moved(device(1), 9);
        assert_eq!(memory.tag(device(1), HALF), None);
        memory.remember(device(1), tag("next", 9), &[1]);
        memory.everyone_moved(10);
        assert_eq!(memory.tag(device(1), HALF), None);
    }

    #[test]
    fn a_change_during_the_computing_is_not_lost() {
        let mut memory = Memory::default();
        memory.expect(device(1));
        memory.device_moved(device(1), 6);
        memory.remember(device(1), tag("old", 5), &[]);
        assert_eq!(memory.tag(device(1), HALF), None);
        memory.offers_moved(3, 8);
        memory.remember(device(1), tag("old", 7), &[3]);
        assert_eq!(memory.tag(device(1), HALF), None);
    }

    #[test]
    fn what_was_computed_from_an_older_snapshot_replaces_nothing() {
        let mut memory = Memory::default();
        let digest = known(&mut memory, 1, 5, &[1]);
        memory.remember(device(1), tag("older", 4), &[]);
        assert_eq!(memory.tag(device(1), HALF), Some(digest));
    }

    #[test]
    fn only_whom_a_change_concerns_is_woken() {
        let mut memory = Memory::default();
        let digest = known(&mut memory, 1, 1, &[1]);
        known(&mut memory, 2, 1, &[2]);
        let first = memory.hold(device(1), digest, HALF, later()).unwrap();
        let second = memory.hold(device(2), digest, HALF, later()).unwrap();
        let concerned = memory.offers_moved(1, 2);
        assert_eq!(concerned.len(), 1);
        concerned[0].wake();
        assert!(is_woken(first) && !is_woken(second));
        assert!(memory.hold(device(1), digest, HALF, later()).is_none(), "it is to look first");
    }

    #[test]
    fn a_request_that_was_released_is_not_woken() {
        let mut memory = Memory::default();
        let digest = known(&mut memory, 1, 1, &[]);
        let twice = [0, 1].map(|_| memory.hold(device(1), digest, HALF, later()).unwrap());
        memory.release(device(1));
        assert!(memory.device_moved(device(1), 2).is_some());
        memory.release(device(1));
        assert!(memory.device_moved(device(1), 3).is_none());
        drop(twice);
    }

    #[test]
    fn while_members_are_read_only_what_takes_account_of_the_change_counts() {
        let mut memory = Memory::default();
        let digest = known(&mut memory, 1, 5, &[]);
        memory.begin_reading(6);
        assert_eq!(memory.tag(device(1), HALF), None);
        memory.remember(device(1), tag("policy", 6), &[]);
        assert_eq!(memory.tag(device(1), HALF), Some(digest));
        known(&mut memory, 2, 5, &[]);
        memory.end_reading(6);
        assert_eq!(memory.tag(device(2), HALF), Some(digest), "it turned out to be no member");
    }

    #[test]
    fn making_room_keeps_held_requests_and_forgets_no_change() {
        let mut memory = Memory::default();
        let digest = known(&mut memory, 1, 1, &[1]);
        known(&mut memory, 2, 1, &[1]);
        let _held = memory.hold(device(1), digest, HALF, later()).unwrap();
        memory.expect(device(3));
        memory.device_moved(device(3), 9);
        memory.make_room();
        assert_eq!(memory.tag(device(2), HALF), None);
        assert_eq!(memory.offers_moved(1, 10).len(), 1);
        memory.remember(device(3), tag("old", 8), &[]);
        assert_eq!(memory.tag(device(3), HALF), None);
    }

    #[test]
    fn a_forgotten_device_is_nobody() {
        let mut memory = Memory::default();
        known(&mut memory, 1, 1, &[1]);
        memory.forget(device(1));
        assert!(memory.tag(device(1), HALF).is_none() && memory.offers_moved(1, 2).is_empty());
    }
}
