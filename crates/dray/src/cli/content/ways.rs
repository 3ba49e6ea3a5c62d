//! The ways that a store offers from some trees to a content: its manifest, and the updates from those trees.
//!
//! What a site would tell a client beside a content is found here by looking: each object that could help is opened, and what a
//! plan with it would fetch is summed up. Only the objects of the way that is taken count as fetched.

use std::fs;
use std::sync::Arc;

use dray_content::plan::{FetchOptions, HeldTreeId, Plan, PlanError, plan, plan_update};
use dray_content::store::FolderStore;
use dray_content::{DecodeError, Manifest, ObjectName, Tree, Update};
use dray_model::Digest;
use serde::Serialize;

use super::held::Held;
use super::store::cannot;
use super::wire::Fetched;
use crate::error::{Failure, Outcome};

/// A way to a content.
pub(super) struct Way {
    /// Which.
    pub(super) kind: Kind,
    /// What the manifest or update itself takes.
    pub(super) list: Fetched,
    /// How it goes on.
    pub(super) plan: Plan,
}

/// The kinds of ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    /// As if nothing were held.
    Whole,
    /// The chunks that are not held.
    Chunks,
    /// An update from what is held.
    Update,
}

impl Kind {
    /// The word for it, as in JSON.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Chunks => "chunks",
            Self::Update => "update",
        }
    }
}

impl Way {
    /// By a manifest of so many bytes.
    pub(super) fn by_manifest(want: &Arc<Manifest>, bytes: u64, held: &[(HeldTreeId, &Manifest)]) -> Outcome<Self> {
        let plan = plan(want, held, FetchOptions::default()).map_err(|error| unplanned(&error))?;
        let kind = if held.is_empty() { Kind::Whole } else { Kind::Chunks };
        Ok(Self { kind, list: Fetched::manifest(bytes), plan })
    }

    /// By an update of so many bytes.
    pub(super) fn by_update(update: Update, bytes: u64, held: &[(HeldTreeId, &Manifest)]) -> Outcome<Self> {
        let plan = plan_update(update, held, FetchOptions::default()).map_err(|error| unplanned(&error))?;
        Ok(Self { kind: Kind::Update, list: Fetched::update(bytes), plan })
    }

    /// Everything that is fetched.
    pub(super) fn cost(&self) -> Fetched {
        self.plan.fetch.iter().map(Fetched::range).fold(self.list, Fetched::and)
    }
}

/// The way by the manifest; `None` when the store has none for the content.
pub(super) fn manifest_way(store: &FolderStore, content: &Digest, held: &[Held]) -> Outcome<Option<Way>> {
    let Some(name) = store.find_manifest(content)? else { return Ok(None) };
    let want = Arc::new(store.manifest(&name, content)?);
    Way::by_manifest(&want, store.objects().size(&name)?, &known(held)).map(Some)
}

/// The way of the fewest bytes; `None` when there is none.
pub(super) fn cheapest(store: &FolderStore, content: &Digest, held: &[Held]) -> Outcome<Option<Way>> {
    let mut ways: Vec<Way> = manifest_way(store, content, held)?.into_iter().collect();
    let empty = Tree::default();
    let bases = held.iter().map(Held::tree).chain([&empty]);
    for base in bases {
        for name in store.updates()? {
            ways.extend(update_way(store, &name, base, content, held)?);
        }
    }
    Ok(ways.into_iter().min_by_key(|way| way.cost().bytes))
}

/// The way by an update; `None` when it is for another tree or content.
fn update_way(
    store: &FolderStore,
    name: &ObjectName,
    base: &Tree,
    content: &Digest,
    held: &[Held],
) -> Outcome<Option<Way>> {
    let path = store.objects().path(name);
    let bytes = fs::read(&path).map_err(|error| cannot("read", &path, &error))?;
    match Update::decode(&bytes, base, content, store.limits()) {
        Ok(update) => Way::by_update(update, bytes.len() as u64, &known(held)).map(Some),
        Err(DecodeError::OtherContent { .. } | DecodeError::OtherBase { .. }) => Ok(None),
        Err(error) => Err(store.damaged(name, error).into()),
    }
}

/// The trees as plans take them.
pub(super) fn known(held: &[Held]) -> Vec<(HeldTreeId, &Manifest)> {
    held.iter().map(|held| (held.id(), &held.manifest)).collect()
}

fn unplanned(error: &PlanError) -> Failure {
    Failure::failed("cannot plan the transfer").because(error)
}
