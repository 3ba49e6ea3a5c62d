//! Whether a store is whole: every object is read and hashed, and what manifests and updates name is looked for.
//!
//! Objects are read side by side, each in pieces: memory doesn't grow with the store. Nothing is changed here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use dray_content::store::{FolderStore, Found, Reach, Unreadable};
use dray_content::{ObjectName, Progress as _};
use dray_model::Digest;
use serde::Serialize;

use super::progress::Work;
use crate::error::Outcome;
use crate::output::{Listed, bytes};

/// A store that was read.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) objects: u64,
    pub(super) size_bytes: u64,
    /// By name.
    pub(super) problems: Vec<Problem>,
    /// Good updates from trees that the store doesn't know, so that nobody can tell what they need.
    pub(super) unread: Vec<ObjectName>,
}

/// An object that is not as it should be.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Problem {
    pub(super) object: ObjectName,
    pub(super) state: State,
    /// What is wrong.
    pub(super) why: String,
    /// The contents that are not available without it.
    pub(super) needed_by: BTreeSet<Digest>,
    /// The updates that are of no use without it. Receivers do without those.
    pub(super) updates: BTreeSet<ObjectName>,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Damaged,
    Missing,
}

/// Reads all of a store.
pub(super) fn check(store: &FolderStore, work: &Work) -> Outcome<Checked> {
    let objects = store.objects().all()?;
    work.total(objects.len() as u64, objects.iter().map(|found| found.size_bytes).sum());
    let mut damaged = damaged(store, &objects, work);
    let reach = store.reach()?;
    for (name, unreadable) in &reach.unreadable {
        if let Unreadable::Damaged(why) = unreadable {
            damaged.entry(*name).or_insert_with(|| why.clone());
        }
    }
    let mut problems = problems_of_packs(&objects, &reach, &damaged);
    damaged.retain(|name, _| !problems.contains_key(name));
    for (name, why) in damaged {
        let needed_by = match name {
            ObjectName::Manifest(_) => store.content_of(&name)?.into_iter().collect(),
            ObjectName::Pack(_) | ObjectName::Update(_) | ObjectName::ManifestDifference(_) => BTreeSet::new(),
        };
        let problem = Problem { object: name, state: State::Damaged, why, needed_by, updates: BTreeSet::new() };
        problems.insert(name, problem);
    }
    let is_unread = |unreadable: &Unreadable| matches!(unreadable, Unreadable::NoBase);
    Ok(Checked {
        objects: objects.len() as u64,
        size_bytes: objects.iter().map(|found| found.size_bytes).sum(),
        unread: reach.unreadable.iter().filter(|(_, why)| is_unread(why)).map(|(name, _)| *name).collect(),
        problems: problems.into_values().collect(),
    })
}

/// The objects whose bytes are others than their names say, or can't be read, with the reason.
fn damaged(store: &FolderStore, objects: &[Found], work: &Work) -> BTreeMap<ObjectName, String> {
    let next = AtomicUsize::new(0);
    let damaged = Mutex::new(BTreeMap::new());
    let read = || {
        while let Some(found) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
            let why =
                match File::open(store.objects().path(&found.name)).and_then(|mut file| found.name.check(&mut file)) {
                    Ok(Some(_)) => None,
                    Ok(None) => Some("its bytes do not match its name".to_owned()),
                    Err(error) => Some(format!("cannot read it: {error}")),
                };
            if let Some(why) = why {
                damaged.lock().unwrap_or_else(PoisonError::into_inner).insert(found.name, why);
            }
            work.advance(1, found.size_bytes);
        }
    };
    let threads = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN).get();
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(read))));
    damaged.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The packs that are needed and damaged, missing, or of another length than is said.
fn problems_of_packs(
    objects: &[Found],
    reach: &Reach,
    damaged: &BTreeMap<ObjectName, String>,
) -> BTreeMap<ObjectName, Problem> {
    let sizes: BTreeMap<_, _> = objects.iter().map(|found| (found.name, found.size_bytes)).collect();
    let mut problems = BTreeMap::new();
    for (digest, (said, by)) in reach.packs() {
        let object = ObjectName::Pack(digest);
        let (state, why) = match (sizes.get(&object), damaged.get(&object)) {
            (None, _) => (State::Missing, "it is missing".to_owned()),
            (Some(_), Some(why)) => (State::Damaged, why.clone()),
            (Some(size), None) if *size != said => {
                (State::Damaged, format!("it has {}, but should have {}", bytes(*size), bytes(said)))
            }
            (Some(_), None) => continue,
        };
        let is_update = |name: &ObjectName| matches!(name, ObjectName::Update(_));
        let (updates, manifests): (BTreeSet<_>, BTreeSet<_>) = by.into_iter().partition(is_update);
        let needed_by = reach.contents_of(&manifests);
        problems.insert(object, Problem { object, state, why, needed_by, updates });
    }
    problems
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::Missing => "missing",
        }
    }
}

impl Listed for Problem {
    const HEADINGS: &'static [&'static str] = &["object", "state", "needed by", "why"];
    const NONE: &'static str = "every object is intact";

    fn cells(&self) -> Vec<String> {
        let contents = self.needed_by.iter().map(|content| content.short().to_string());
        let updates = self.updates.iter().map(|update| format!("updates/{}", update.digest().short()));
        let needed_by: Vec<_> = contents.chain(updates).collect();
        let needed_by = if needed_by.is_empty() { "-".to_owned() } else { needed_by.join(", ") };
        vec![self.object.to_string(), self.state.word().to_owned(), needed_by, self.why.clone()]
    }
}
