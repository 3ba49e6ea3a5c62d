//! `dray content gc`: removes from a store what nothing in it needs, or what some contents don't need.
//!
//! The store is this command's alone meanwhile: it waits for others at work, and they wait for it. Manifests go first and packs last,
//! so that a killed one leaves no manifest without its packs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use clap::Args;
use dray_content::ObjectName;
use dray_content::store::{FolderStore, Found, KeptUpdate, Reach, Unreadable};
use dray_model::Digest;
use serde::Serialize;

use super::site::Asking;
use super::store::{AnyStoreOption, cannot};
use crate::error::{Failure, Outcome};
use crate::output::{Fields, Output, Shown, bytes, count};

/// Arguments of `content gc`.
#[derive(Debug, Args)]
pub(crate) struct Gc {
    #[command(flatten)]
    store: AnyStoreOption,
    /// Keep this content and delete the others; may be repeated [default: all contents of the store]
    #[arg(long, value_name = "CONTENT", requires = "dir")]
    keep: Vec<Digest>,
    /// Show what would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,
}

/// What nothing needs.
#[derive(Debug, Serialize)]
struct Garbage {
    dry_run: bool,
    /// Manifests, updates, packs.
    removed: Vec<ObjectName>,
    removed_bytes: u64,
    kept_objects: u64,
    kept_bytes: u64,
    /// Updates from contents that the store doesn't know.
    unread_updates: Vec<ObjectName>,
    /// Packs that stay because those may need them.
    unread_bytes: u64,
    #[serde(skip)]
    trees: Trees,
}

/// What becomes of trees that updates begin from.
#[derive(Debug, Default)]
struct Trees {
    /// Their manifests go.
    written: Vec<Digest>,
    /// Nothing begins from them any more, or a manifest tells them.
    removed: Vec<Digest>,
}

impl Gc {
    pub(super) fn run(self, output: Output, site: &Asking<'_>) -> Outcome {
        let Some(store) = self.store.folder() else { return site.sweep(self.dry_run) };
        let waiting = || {
            // Nobody to read it: nothing to do about it.
            let _ = output.remark("waiting for other commands that are using the store");
        };
        let store = store.open_alone(waiting)?;
        refuse_foreign(store.root())?;
        let garbage = Garbage::find(&store, &self.keep, self.dry_run)?;
        if !self.dry_run {
            garbage.remove(&store)?;
        }
        output.show(&garbage)
    }
}

/// Sites and points know more of what is needed than their folders show, and remove the rest by themselves.
fn refuse_foreign(root: &Path) -> Outcome {
    let failure = |whose: &str| Failure::failed(format!("{} is the folder of a {whose}", root.display()));
    if root.parent().is_some_and(|parent| parent.join("site.toml").exists()) {
        return Err(failure("site").hint("run dray content gc without --store to have the site do it"));
    }
    if root.join("identity").exists() {
        return Err(
            failure("distribution point").hint("a distribution point deletes what it no longer needs by itself")
        );
    }
    Ok(())
}

impl Garbage {
    fn find(store: &FolderStore, keep: &[Digest], dry_run: bool) -> Outcome<Self> {
        let reach = store.reach()?;
        let contents = kept_contents(store, &reach, keep)?;
        let updates: Vec<&KeptUpdate> = reach.updates.iter().filter(|update| contents.contains(&update.to)).collect();
        let is_unread = |(_, why): &&(ObjectName, Unreadable)| matches!(why, Unreadable::NoBase);
        let unread_updates: Vec<_> = reach.unreadable.iter().filter(is_unread).map(|(name, _)| *name).collect();
        let mut kept: BTreeSet<ObjectName> = unread_updates.iter().copied().collect();
        for content in reach.contents.iter().filter(|content| contents.contains(&content.content)) {
            kept.insert(content.manifest);
            kept.extend(content.packs.iter().map(|pack| ObjectName::Pack(pack.digest)));
        }
        for update in &updates {
            kept.insert(update.name);
            kept.extend(update.packs.iter().map(|pack| ObjectName::Pack(pack.digest)));
        }
        let (kept, mut surplus): (Vec<Found>, Vec<Found>) =
            store.objects().all()?.into_iter().partition(|found| kept.contains(&found.name));
        let is_pack = |found: &Found| matches!(found.name, ObjectName::Pack(_));
        let mut unread = Vec::new();
        if !unread_updates.is_empty() {
            (unread, surplus) = surplus.into_iter().partition(is_pack);
        }
        // Manifests, updates, packs.
        surplus.sort_by_key(|found| (is_pack(found), *found));
        let sum = |found: &[Found]| found.iter().map(|found| found.size_bytes).sum::<u64>();
        Ok(Self {
            dry_run,
            removed_bytes: sum(&surplus),
            kept_objects: (kept.len() + unread.len()) as u64,
            kept_bytes: sum(&kept) + sum(&unread),
            unread_bytes: sum(&unread),
            removed: surplus.into_iter().map(|found| found.name).collect(),
            unread_updates,
            trees: Trees::find(store, &reach, &contents, &updates)?,
        })
    }

    fn remove(&self, store: &FolderStore) -> Outcome {
        for content in &self.trees.written {
            let tree = store.tree(content)?.expect("an update was read with it");
            store.write_tree(content, &tree)?;
        }
        for name in &self.removed {
            store.objects().remove(name)?;
        }
        for content in &self.trees.removed {
            store.remove_tree(content)?;
        }
        for folder in store.leftovers()? {
            fs::remove_dir_all(&folder).map_err(|error| cannot("remove", &folder, &error))?;
        }
        Ok(())
    }
}

/// The contents that stay. What a damaged manifest needs can't be told, so with one every content to be kept must be named.
fn kept_contents(store: &FolderStore, reach: &Reach, keep: &[Digest]) -> Outcome<BTreeSet<Digest>> {
    let known: BTreeSet<Digest> = reach.contents.iter().map(|content| content.content).collect();
    if let Some(unknown) = keep.iter().find(|content| !known.contains(content)) {
        let failure = Failure::not_found(format!("{} has no content {unknown}", store.root().display()));
        return Err(failure.hint("dray content verify shows whether its manifest is damaged"));
    }
    if !keep.is_empty() {
        return Ok(keep.iter().copied().collect());
    }
    let is_manifest = |(name, _): &&(ObjectName, Unreadable)| matches!(name, ObjectName::Manifest(_));
    match reach.unreadable.iter().find(is_manifest) {
        None => Ok(known),
        Some((name, _)) => {
            let failure =
                Failure::failed(format!("{name} is damaged, so what it needs is unknown; nothing was deleted"));
            Err(failure.hint(
                "repair it with dray content verify --source FOLDER, or list everything to keep with --keep CONTENT",
            ))
        }
    }
}

impl Trees {
    fn find(store: &FolderStore, reach: &Reach, contents: &BTreeSet<Digest>, updates: &[&KeptUpdate]) -> Outcome<Self> {
        let begun: BTreeSet<Digest> = updates.iter().map(|update| update.from).collect();
        let kept: BTreeSet<Digest> = store.kept_trees()?.into_iter().collect();
        let told: BTreeSet<Digest> = reach.contents.iter().map(|content| content.content).collect();
        let goes = |content: &&Digest| told.contains(content) && !contents.contains(content) && !kept.contains(content);
        Ok(Self {
            written: begun.iter().filter(goes).copied().collect(),
            removed: kept.iter().filter(|tree| !begun.contains(tree) || contents.contains(tree)).copied().collect(),
        })
    }
}

impl Shown for Garbage {
    fn fields(&self) -> Fields {
        let number = |is: fn(&ObjectName) -> bool| self.removed.iter().filter(|name| is(name)).count() as u64;
        let removed = [
            count(number(|name| matches!(name, ObjectName::Manifest(_))), "manifest"),
            count(number(|name| matches!(name, ObjectName::Update(_))), "update"),
            count(number(|name| matches!(name, ObjectName::Pack(_))), "pack"),
        ];
        let label = if self.dry_run { "to delete" } else { "deleted" };
        let mut fields = vec![
            (label, format!("{}: {}", bytes(self.removed_bytes), removed.join(", "))),
            ("kept", format!("{}, {}", count(self.kept_objects, "object"), bytes(self.kept_bytes))),
        ];
        if !self.unread_updates.is_empty() {
            let updates = count(self.unread_updates.len() as u64, "update");
            let packs = bytes(self.unread_bytes);
            fields.push((
                "not checked",
                format!("{updates} from contents that the store does not know, which may need {packs} of packs; add OLD with dray content prepare OLD NEW"),
            ));
        }
        fields
    }
}
