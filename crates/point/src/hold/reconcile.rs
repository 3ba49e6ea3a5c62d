//! From what is assigned and what is held to what is to be done. Plain data in, plain data out.

use std::collections::{BTreeMap, BTreeSet};

use dray_content::ObjectName;
use dray_model::Digest;
use dray_model::point::PointAssignment;

use super::needs::{ManifestNeeds, Needs};
use super::updates;
use crate::folder::Inventory;

/// An object to be fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetch {
    /// The object.
    pub object: ObjectName,
    /// Its length.
    pub bytes: u64,
}

/// A content that is assigned, and how much of it is here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WantedContent {
    /// The objects that it is known to need, with their lengths. Packs are known once the manifest was read.
    pub objects: BTreeMap<ObjectName, u64>,
    /// Those that are not here.
    pub missing: Vec<ObjectName>,
    /// Objects of its updates, with their lengths. It is complete without them.
    pub extras: BTreeMap<ObjectName, u64>,
    /// A manifest is here and was not read yet, so there may be more.
    pub is_open: bool,
    /// Why it is not available.
    pub unusable: Option<String>,
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// To be fetched, each object once: what updates ask for, then the rest in the order of the assignments.
    pub fetch: Vec<Fetch>,
    /// Here, but with another length than the object has.
    pub damaged: Vec<ObjectName>,
    /// Here, and needed by nothing that is assigned.
    pub unneeded: Vec<ObjectName>,
    /// Manifests that are here and whose needs are not known, each with its content.
    pub unread: Vec<(Digest, Digest)>,
    /// All that is needed is known: every assigned manifest is here and was read.
    pub is_certain: bool,
    /// By content digest.
    pub contents: BTreeMap<Digest, WantedContent>,
}

impl WantedContent {
    /// Whether it or one of its updates asks for the object.
    #[must_use]
    pub fn asks_for(&self, object: &ObjectName) -> bool {
        self.objects.contains_key(object) || self.extras.contains_key(object)
    }

    /// All objects that it asks for, with those of its updates.
    pub fn all_objects(&self) -> impl Iterator<Item = &ObjectName> {
        self.objects.keys().chain(self.extras.keys())
    }

    /// Whether all of it is here.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && !self.is_open && self.unusable.is_none()
    }

    /// Bytes of all objects that it is known to need.
    #[must_use]
    pub fn total_bytes(&self) -> u64 {
        self.objects.values().sum()
    }

    /// Bytes of those that are here.
    #[must_use]
    pub fn held_bytes(&self) -> u64 {
        let missing: u64 = self.missing.iter().filter_map(|object| self.objects.get(object)).sum();
        self.total_bytes() - missing
    }
}

/// Compares what is assigned with what is held, by what the manifests that were read so far ask for.
#[must_use]
pub fn reconcile(wanted: &[PointAssignment], held: &Inventory, needs: &Needs) -> Reconciliation {
    let mut work = Work { held, sizes: BTreeMap::new(), seen: BTreeSet::new(), done: Reconciliation::default() };
    let mut all_known = true;
    for assignment in wanted {
        let (content, manifest) = (assignment.content, ObjectName::Manifest(assignment.manifest));
        if !work.want(content, manifest, assignment.manifest_bytes) {
            all_known = false;
            continue;
        }
        match needs.get(&(assignment.manifest, content)) {
            Some(ManifestNeeds::Packs(packs)) => {
                for pack in packs.iter() {
                    work.want(content, ObjectName::Pack(pack.digest), pack.size);
                }
            }
            Some(ManifestNeeds::Unusable(why)) => work.unusable(content, why.clone()),
            None => {
                all_known = false;
                work.unread(assignment.manifest, content);
            }
        }
    }
    let own = work.done.fetch.len();
    wanted.iter().for_each(|assignment| work.want_updates(assignment, wanted));
    // Updates come first: they are small, and clients ask for them as soon as the content is complete.
    work.done.fetch.rotate_left(own);
    work.finish(all_known)
}

struct Work<'a> {
    held: &'a Inventory,
    /// What each object's length is by the first that named it.
    sizes: BTreeMap<ObjectName, u64>,
    /// Objects that were dealt with.
    seen: BTreeSet<ObjectName>,
    done: Reconciliation,
}

impl Work<'_> {
    /// Notes that `content` needs `object`, and says whether it is here.
    fn want(&mut self, content: Digest, object: ObjectName, bytes: u64) -> bool {
        let agreed = *self.sizes.entry(object).or_insert(bytes);
        if agreed != bytes {
            // One digest has one length: a source that gives another is wrong, and which it is can't be known here.
            self.done.contents.entry(content).or_default().objects.insert(object, bytes);
            self.unusable(content, format!("contradictory sizes for {object}: {agreed} and {bytes} bytes"));
            return false;
        }
        let here = self.get(object, bytes);
        let wanted = self.done.contents.entry(content).or_default();
        if wanted.objects.insert(object, bytes).is_none() && !here {
            wanted.missing.push(object);
        }
        here
    }

    /// Notes what a content's updates are made of. One that contradicts what else is known is passed over: clients do without.
    fn want_updates(&mut self, assignment: &PointAssignment, duty: &[PointAssignment]) {
        for update in &assignment.updates {
            if !updates::is_wanted(update, assignment, duty, &self.done.contents) {
                continue;
            }
            let makes_manifest = updates::makes_manifest(update, assignment, &self.done.contents);
            let of_manifest = updates::manifest_difference(update).filter(|_| makes_manifest);
            for (object, bytes) in updates::objects(update).chain(of_manifest) {
                if *self.sizes.entry(object).or_insert(bytes) == bytes {
                    self.get(object, bytes);
                    self.done.contents.entry(assignment.content).or_default().extras.insert(object, bytes);
                }
            }
        }
    }

    /// Has an object fetched unless it is here, and says whether it is.
    fn get(&mut self, object: ObjectName, bytes: u64) -> bool {
        let here = self.held.get(&object).is_some_and(|held| held.bytes == bytes);
        if self.seen.insert(object) && !here {
            self.done.fetch.push(Fetch { object, bytes });
            if self.held.contains_key(&object) {
                self.done.damaged.push(object);
            }
        }
        here
    }

    fn unusable(&mut self, content: Digest, why: String) {
        self.done.contents.entry(content).or_default().unusable.get_or_insert(why);
    }

    fn unread(&mut self, manifest: Digest, content: Digest) {
        self.done.contents.entry(content).or_default().is_open = true;
        if !self.done.unread.contains(&(manifest, content)) {
            self.done.unread.push((manifest, content));
        }
    }

    fn finish(mut self, all_known: bool) -> Reconciliation {
        let unneeded = self.held.keys().filter(|object| !self.sizes.contains_key(object));
        // While a manifest is not read, any pack may be one of its.
        let certain = unneeded.filter(|object| all_known || !matches!(object, ObjectName::Pack(_)));
        self.done.unneeded = certain.copied().collect();
        self.done.is_certain = all_known;
        self.done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::HeldObject;
    use dray_content::manifest::PackInfo;
    use dray_model::Timestamp;
    use dray_model::point::{AssignedObject, AssignedUpdate};
    use proptest::prelude::*;

    fn digest(number: u8) -> Digest {
        Digest::of(&[number])
    }

    fn pack(number: u8) -> PackInfo {
        PackInfo { digest: digest(number), size: 100 + u64::from(number) }
    }

    fn assignment(content: u8) -> PointAssignment {
        PointAssignment {
            package: "a".parse().unwrap(),
            source_version: 1,
            content: digest(content),
            manifest: digest(100 + content),
            manifest_bytes: 10,
            updates: Vec::new(),
        }
    }

    fn needs(content: u8, packs: &[u8]) -> ((Digest, Digest), ManifestNeeds) {
        let packs = packs.iter().map(|number| pack(*number)).collect();
        ((digest(100 + content), digest(content)), ManifestNeeds::Packs(packs))
    }

    fn held(objects: &[(ObjectName, u64)]) -> Inventory {
        let held = |bytes| HeldObject { bytes, verified_at: Timestamp::from_secs(0) };
        objects.iter().map(|(name, bytes)| (*name, held(*bytes))).collect()
    }

    fn manifest(content: u8) -> (ObjectName, u64) {
        (ObjectName::Manifest(digest(100 + content)), 10)
    }

    fn packed(number: u8) -> (ObjectName, u64) {
        (ObjectName::Pack(digest(number)), pack(number).size)
    }

    #[test]
    fn a_manifest_comes_first_and_its_packs_once_it_was_read() {
        let first = reconcile(&[assignment(1)], &held(&[]), &Needs::new());
        assert_eq!(first.fetch, [Fetch { object: manifest(1).0, bytes: 10 }]);
        let second = reconcile(&[assignment(1)], &held(&[manifest(1)]), &Needs::new());
        assert_eq!((second.fetch.len(), second.unread), (0, vec![(digest(101), digest(1))]));
        let third = reconcile(&[assignment(1)], &held(&[manifest(1)]), &[needs(1, &[7, 8])].into());
        assert_eq!(third.fetch.iter().map(|fetch| fetch.bytes).collect::<Vec<_>>(), [107, 108]);
    }

    fn with_update(content: u8, packs: &[u8]) -> PointAssignment {
        let packs = packs.iter().map(|number| AssignedObject { digest: digest(*number), bytes: pack(*number).size });
        let update = AssignedUpdate {
            from: digest(0),
            object: digest(200 + content),
            bytes: 5,
            packs: packs.collect(),
            manifest_difference: Some(AssignedObject { digest: digest(50 + content), bytes: 3 }),
        };
        PointAssignment { updates: vec![update], ..assignment(content) }
    }

    fn update(content: u8) -> (ObjectName, u64) {
        (ObjectName::Update(digest(200 + content)), 5)
    }

    #[test]
    fn updates_are_fetched_first_and_a_content_is_complete_without_them() {
        let wanted = [with_update(1, &[7])];
        let first = reconcile(&wanted, &held(&[]), &Needs::new());
        let order: Vec<_> = first.fetch.iter().map(|fetch| fetch.object).collect();
        assert_eq!(order, [update(1).0, packed(7).0, manifest(1).0]);
        let second = reconcile(&wanted, &held(&[manifest(1), packed(8)]), &[needs(1, &[8])].into());
        assert!(second.contents[&digest(1)].is_complete());
        assert_eq!(second.contents[&digest(1)].total_bytes(), 10 + packed(8).1);
        assert_eq!(second.fetch.len(), 2);
    }

    #[test]
    fn a_manifest_difference_is_fetched_while_it_helps_and_not_kept() {
        let wanted = [assignment(0), with_update(1, &[])];
        let difference = (ObjectName::ManifestDifference(digest(51)), 3);
        let has = |done: &Reconciliation| done.fetch.iter().any(|fetch| fetch.object == difference.0);
        let known: Needs = [needs(0, &[])].into();
        assert!(!has(&reconcile(&wanted, &held(&[]), &Needs::new())), "the content that it begins from is not here");
        assert!(has(&reconcile(&wanted, &held(&[manifest(0)]), &known)));
        let done = reconcile(&wanted, &held(&[manifest(0), manifest(1), update(1), difference]), &known);
        assert_eq!(done.unneeded, [difference.0]);
    }

    #[test]
    fn an_update_from_nothing_is_fetched_instead_of_the_content_and_not_beside_it() {
        let mut wanted = [with_update(1, &[7])];
        wanted[0].updates[0].from = dray_content::Tree::default().digest();
        let has = |done: &Reconciliation| done.fetch.iter().any(|fetch| fetch.object == update(1).0);
        let first = reconcile(&wanted, &held(&[]), &Needs::new());
        assert_eq!(first.fetch.len(), 4, "update, its pack, what makes the manifest, the manifest");
        assert!(!has(&reconcile(&wanted, &held(&[manifest(1)]), &[needs(1, &[8])].into())));
        let with_other = [assignment(0), wanted[0].clone()];
        assert!(!has(&reconcile(&with_other, &held(&[manifest(0)]), &[needs(0, &[])].into())));
        assert!(has(&reconcile(&with_other, &held(&[]), &Needs::new())), "the other version is not here either");
    }

    #[test]
    fn objects_of_updates_are_needed_as_long_as_they_are_assigned() {
        let here = held(&[manifest(1), update(1), packed(7)]);
        let known: Needs = [needs(1, &[])].into();
        assert_eq!(reconcile(&[with_update(1, &[7])], &here, &known).unneeded, []);
        assert_eq!(reconcile(&[assignment(1)], &here, &known).unneeded, [packed(7).0, update(1).0]);
    }

    #[test]
    fn an_update_that_contradicts_its_manifest_is_passed_over() {
        let mut wanted = [with_update(1, &[7])];
        wanted[0].updates[0].packs[0].bytes += 1;
        let done = reconcile(&wanted, &held(&[manifest(1), packed(7)]), &[needs(1, &[7])].into());
        assert!(done.contents[&digest(1)].is_complete());
        assert_eq!(done.fetch, [Fetch { object: update(1).0, bytes: 5 }]);
    }

    #[test]
    fn no_pack_goes_while_a_manifest_that_may_need_it_is_unknown() {
        let here = held(&[packed(7), manifest(2)]);
        let unknown = reconcile(&[assignment(1)], &here, &Needs::new());
        assert_eq!(unknown.unneeded, [manifest(2).0]);
        let known = reconcile(&[], &here, &Needs::new());
        assert_eq!(known.unneeded.len(), 2);
    }

    #[test]
    fn an_object_with_another_length_is_damaged_and_fetched_again() {
        let (name, size) = packed(7);
        let here = held(&[manifest(1), (name, size - 1)]);
        let done = reconcile(&[assignment(1)], &here, &[needs(1, &[7])].into());
        assert_eq!((done.damaged, done.fetch), (vec![name], vec![Fetch { object: name, bytes: size }]));
    }

    #[test]
    fn manifests_that_contradict_each_other_are_not_fought_over() {
        let mut second = assignment(1);
        second.manifest_bytes = 11;
        second.content = digest(2);
        let done = reconcile(&[assignment(1), second], &held(&[manifest(1)]), &[needs(1, &[])].into());
        assert!(done.contents[&digest(1)].is_complete());
        assert!(done.contents[&digest(2)].unusable.is_some());
        assert!(done.fetch.is_empty() && done.damaged.is_empty());
    }

    proptest! {
        #[test]
        fn carrying_out_what_is_decided_ends_with_exactly_what_is_needed(
            contents in proptest::collection::vec(proptest::collection::btree_set(0u8..12, 0..5), 0..5),
            strays in proptest::collection::btree_set(0u8..16, 0..8),
            spoilt in proptest::collection::btree_set(0u8..16, 0..4),
        ) {
            let wanted: Vec<_> = (0..contents.len()).map(|number| assignment(number as u8)).collect();
            let all: Needs = contents.iter().enumerate()
                .map(|(number, packs)| needs(number as u8, &packs.iter().copied().collect::<Vec<_>>())).collect();
            let stray = |number: &u8| (packed(*number).0, if spoilt.contains(number) { 1 } else { packed(*number).1 });
            let mut here = held(&strays.iter().map(stray).collect::<Vec<_>>());
            let mut known = Needs::new();
            let mut rounds = 0;
            loop {
                let done = reconcile(&wanted, &here, &known);
                let fetched: BTreeSet<_> = done.fetch.iter().map(|fetch| fetch.object).collect();
                prop_assert_eq!(fetched.len(), done.fetch.len(), "each object once");
                prop_assert!(done.unneeded.iter().all(|object| !fetched.contains(object)));
                if done.fetch.is_empty() && done.unread.is_empty() && done.unneeded.is_empty() {
                    prop_assert!(done.damaged.is_empty());
                    prop_assert!(done.contents.values().all(WantedContent::is_complete));
                    break;
                }
                here.retain(|object, _| !done.damaged.contains(object) && !done.unneeded.contains(object));
                here.extend(held(&done.fetch.iter().map(|fetch| (fetch.object, fetch.bytes)).collect::<Vec<_>>()));
                known.extend(done.unread.iter().map(|key| (*key, all[key].clone())));
                rounds += 1;
                prop_assert!(rounds <= 4, "it ends");
            }
            let needed: BTreeSet<_> = contents.iter().enumerate()
                .flat_map(|(number, packs)| packs.iter().map(|pack| packed(*pack).0).chain([manifest(number as u8).0]))
                .collect();
            prop_assert_eq!(here.keys().copied().collect::<BTreeSet<_>>(), needed);
        }
    }
}
