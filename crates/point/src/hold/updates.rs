//! What updates are good for at a point: clients ask for them, and the point makes contents of them.

use std::collections::BTreeMap;

use dray_content::{ObjectName, Tree};
use dray_model::Digest;
use dray_model::point::{AssignedUpdate, PointAssignment};

use super::reconcile::WantedContent;

/// Contents that are assigned, by content digest.
pub(super) type Contents = BTreeMap<Digest, WantedContent>;

/// The objects of an update that its users need, with their lengths.
pub(super) fn objects(update: &AssignedUpdate) -> impl Iterator<Item = (ObjectName, u64)> + '_ {
    let packs = update.packs.iter().map(|pack| (ObjectName::Pack(pack.digest), pack.bytes));
    [(ObjectName::Update(update.object), update.bytes)].into_iter().chain(packs)
}

/// What makes the manifest.
pub(super) fn manifest_difference(update: &AssignedUpdate) -> Option<(ObjectName, u64)> {
    update.manifest_difference.map(|object| (ObjectName::ManifestDifference(object.digest), object.bytes))
}

/// Whether the update is to be here. Clients of a point ask for those from what they hold. One from nothing is all of the content
/// once more, so it is here only instead of that: until the manifest is, where no other version makes the content cheaper.
pub(super) fn is_wanted(
    update: &AssignedUpdate,
    of: &PointAssignment,
    duty: &[PointAssignment],
    contents: &Contents,
) -> bool {
    if !Tree::is_nothing(&update.from) {
        return true;
    }
    let is_other_version = |other: &&PointAssignment| other.package == of.package && other.content != of.content;
    let mut others = duty.iter().filter(is_other_version);
    lacks_manifest(&of.content, contents) && !others.any(|other| is_complete(&other.content, contents))
}

/// Whether what makes the manifest is of use: it isn't here, and what the update begins from is. Nobody needs it afterwards.
pub(super) fn makes_manifest(update: &AssignedUpdate, of: &PointAssignment, contents: &Contents) -> bool {
    lacks_manifest(&of.content, contents) && begins_here(update, contents)
}

/// Whether all of what the update begins from is here.
pub(super) fn begins_here(update: &AssignedUpdate, contents: &Contents) -> bool {
    Tree::is_nothing(&update.from) || is_complete(&update.from, contents)
}

fn is_complete(content: &Digest, contents: &Contents) -> bool {
    contents.get(content).is_some_and(WantedContent::is_complete)
}

fn lacks_manifest(content: &Digest, contents: &Contents) -> bool {
    let is_manifest = |object: &ObjectName| matches!(object, ObjectName::Manifest(_));
    contents.get(content).is_some_and(|wanted| wanted.missing.iter().any(is_manifest))
}
