//! Devices that are offered the same: those with the same advertised collections share one group, so that a change of one
//! collection's offers finds whom it concerns without looking at anybody else.

use std::collections::{BTreeSet, HashMap, HashSet};

use dray_model::DeviceId;

/// A group's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupId(usize);

/// Groups by their collections. A group without devices is forgotten.
#[derive(Debug, Default)]
pub(super) struct Groups {
    groups: Vec<Group>,
    free: Vec<usize>,
    by_collections: HashMap<Box<[i64]>, usize>,
    by_collection: HashMap<i64, BTreeSet<usize>>,
}

#[derive(Debug, Default)]
struct Group {
    collections: Box<[i64]>,
    devices: HashSet<DeviceId>,
}

impl Groups {
    /// Puts the device into the group with these collections, which are sorted. O(collections) for a new group, else O(1).
    pub(super) fn enter(&mut self, device: DeviceId, collections: &[i64]) -> GroupId {
        let place = match self.by_collections.get(collections) {
            Some(place) => *place,
            None => self.add(collections),
        };
        self.groups[place].devices.insert(device);
        GroupId(place)
    }

    fn add(&mut self, collections: &[i64]) -> usize {
        let group = Group { collections: collections.into(), devices: HashSet::new() };
        let place = match self.free.pop() {
            Some(place) => {
                self.groups[place] = group;
                place
            }
            None => {
                self.groups.push(group);
                self.groups.len() - 1
            }
        };
        self.by_collections.insert(collections.into(), place);
        for collection in collections {
            self.by_collection.entry(*collection).or_default().insert(place);
        }
        place
    }

    /// Takes the device out of its group.
    pub(super) fn leave(&mut self, device: DeviceId, GroupId(place): GroupId) {
        let group = &mut self.groups[place];
        group.devices.remove(&device);
        if !group.devices.is_empty() {
            return;
        }
        let Group { collections, .. } = std::mem::take(group);
        self.by_collections.remove(&collections);
        for collection in &*collections {
            if let Some(places) = self.by_collection.get_mut(collection) {
                places.remove(&place);
                if places.is_empty() {
                    self.by_collection.remove(collection);
                }
            }
        }
        self.free.push(place);
    }

    /// The collections of a group.
    pub(super) fn collections(&self, GroupId(place): GroupId) -> &[i64] {
        &self.groups[place].collections
    }

    /// The devices in a collection. O(groups with it + devices).
    pub(super) fn devices(&self, collection: i64) -> impl Iterator<Item = DeviceId> + '_ {
        let places = self.by_collection.get(&collection).into_iter().flatten();
        places.flat_map(|place| self.groups[*place].devices.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(number: u64) -> DeviceId {
        DeviceId::from_random(number)
    }

    fn in_collection(groups: &Groups, collection: i64) -> BTreeSet<DeviceId> {
        groups.devices(collection).collect()
    }

    #[test]
    fn a_collection_finds_its_devices_in_all_groups() {
        let mut groups = Groups::default();
        let first = groups.enter(device(1), &[1, 2]);
        assert_eq!(groups.enter(device(2), &[1, 2]), first);
        groups.enter(device(3), &[2]);
        groups.enter(device(4), &[]);
        assert_eq!(in_collection(&groups, 1), [device(1), device(2)].into());
        assert_eq!(in_collection(&groups, 2), [device(1), device(2), device(3)].into());
        assert_eq!(in_collection(&groups, 3), BTreeSet::new());
        assert_eq!(groups.collections(first), [1, 2]);
    }

    #[test]
    fn an_empty_group_is_forgotten_and_its_place_used_again() {
        let mut groups = Groups::default();
        let (one, two) = (groups.enter(device(1), &[1, 2]), groups.enter(device(2), &[2]));
        groups.leave(device(1), one);
        assert_eq!(in_collection(&groups, 1), BTreeSet::new());
        assert_eq!(in_collection(&groups, 2), [device(2)].into());
        assert_eq!(groups.enter(device(3), &[5]), one);
        groups.leave(device(2), two);
        groups.leave(device(3), one);
        assert!(groups.by_collections.is_empty() && groups.by_collection.is_empty());
    }
}
