//! `dray content import`: what a folder of objects holds and a store lacks, or holds damaged, each object verified first. The site takes
//! only what it knows to be damaged or missing.
//!
//! Packs come first, then updates, then manifests, each of these only when all that it needs is in the store by then.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;
use dray_content::store::{FolderStore, Lock, Unreadable};
use dray_content::{ObjectName, Progress as _};
use dray_model::Digest;

use super::export::Copying;
use super::progress::Work;
use super::site::Asking;
use super::store::{AnyStoreOption, StoreOption};
use crate::error::Outcome;
use crate::output::Output;

/// Arguments of `content import`.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Folder with manifests/, packs/ and updates/: an export, or another store
    folder: PathBuf,
    #[command(flatten)]
    store: AnyStoreOption,
}

impl Import {
    pub(super) fn run(self, output: Output, site: &Asking<'_>) -> Outcome {
        let from = FolderStore::open(self.folder, |_| Ok(Lock::none()))?;
        match self.store.folder() {
            Some(store) => import(&from, store, output),
            None => site.import(&from),
        }
    }
}

/// Imports into a store in a folder.
fn import(from: &FolderStore, store: StoreOption, output: Output) -> Outcome {
    let store = store.make()?;
    let work = Work::new(output, "importing");
    let reach = from.reach()?;
    let objects = from.objects().all()?;
    let is_pack = |name: &ObjectName| matches!(name, ObjectName::Pack(_));
    let packs: Vec<_> = objects.iter().filter(|found| is_pack(&found.name)).collect();
    work.total(packs.len() as u64, packs.iter().map(|found| found.size_bytes).sum());
    let mut copying = Copying::new(from, &store, work)?;
    for found in packs {
        copying.object(found.name)?;
        copying.advance(found.size_bytes);
    }
    let needs: BTreeMap<ObjectName, &Vec<_>> = reach
        .updates
        .iter()
        .map(|update| (update.name, &update.packs))
        .chain(reach.contents.iter().map(|content| (content.manifest, &content.packs)))
        .collect();
    // Updates that can't be looked into are good all the same.
    let unread = reach.unreadable.iter().filter(|(_, why)| matches!(why, Unreadable::NoBase));
    let unread: BTreeSet<ObjectName> = unread.map(|(name, _)| *name).collect();
    let lists = objects.iter().map(|found| found.name).filter(|name| !is_pack(name));
    let (manifests, updates): (Vec<_>, Vec<_>) = lists.partition(|name| matches!(name, ObjectName::Manifest(_)));
    for name in updates.into_iter().chain(manifests) {
        let Some(packs) = needs.get(&name) else {
            if unread.contains(&name) {
                copying.object(name)?;
            } else {
                copying.is_damaged(name);
            }
            continue;
        };
        let lacking = packs.iter().any(|pack| !is_there(&store, &pack.digest));
        if lacking { copying.leave(name) } else { copying.object(name)? }
    }
    for update in &reach.updates {
        if let Some(tree) = from.tree(&update.from)? {
            store.keep_tree(&tree)?;
        }
    }
    let hint = "import it from another copy, or repair the store with dray content verify --source FOLDER";
    copying.copied.tell(output, "the folder", hint)
}

fn is_there(store: &FolderStore, pack: &Digest) -> bool {
    store.objects().path(&ObjectName::Pack(*pack)).exists()
}
