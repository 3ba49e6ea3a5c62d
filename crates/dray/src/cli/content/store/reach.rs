//! What is in a store and what each of it needs: contents by their manifests, updates by the trees that they begin from.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;

use dray_content::manifest::PackInfo;
use dray_content::{ObjectName, Tree, Update};
use dray_model::Digest;

use super::{FolderStore, cannot};
use crate::error::Outcome;

/// What a store holds, as its manifests and updates tell.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    /// By the names of their manifests.
    pub(crate) contents: Vec<KeptContent>,
    /// By name.
    pub(crate) updates: Vec<KeptUpdate>,
    /// What can't be read, by name.
    pub(crate) unreadable: Vec<(ObjectName, Unreadable)>,
}

/// A content with a manifest that can be read.
#[derive(Debug)]
pub(crate) struct KeptContent {
    pub(crate) manifest: ObjectName,
    pub(crate) content: Digest,
    pub(crate) size_bytes: u64,
    pub(crate) packs: Vec<PackInfo>,
}

/// An update that can be read.
#[derive(Debug)]
pub(crate) struct KeptUpdate {
    pub(crate) name: ObjectName,
    pub(crate) from: Digest,
    pub(crate) to: Digest,
    /// Of its segments, and of the chunks that it asks for.
    pub(crate) packs: Vec<PackInfo>,
}

/// Why a manifest or update can't be read.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// Its bytes.
    Damaged(String),
    /// The store lacks the tree that the update begins from.
    NoBase,
}

impl FolderStore {
    /// Reads all manifests and updates.
    pub(crate) fn reach(&self) -> Outcome<Reach> {
        let mut reach = Reach::default();
        for name in self.names("manifests", ObjectName::Manifest)? {
            self.reach_content(name, &mut reach)?;
        }
        // Several updates mostly begin from one tree.
        let mut trees = HashMap::new();
        for name in self.updates()? {
            self.reach_update(name, &mut trees, &mut reach)?;
        }
        Ok(reach)
    }

    fn reach_content(&self, name: ObjectName, reach: &mut Reach) -> Outcome {
        let Some(content) = self.content_of(&name)? else {
            reach.unreadable.push((name, Unreadable::Damaged("its header is damaged".to_owned())));
            return Ok(());
        };
        match self.manifest(&name, &content) {
            Ok(manifest) => {
                let size_bytes = manifest.tree().files().map(|(_, file)| file.size).sum();
                let packs = manifest.packs().to_vec();
                reach.contents.push(KeptContent { manifest: name, content, size_bytes, packs });
            }
            Err(failure) => reach.unreadable.push((name, Unreadable::Damaged(failure.cause()))),
        }
        Ok(())
    }

    fn reach_update(&self, name: ObjectName, trees: &mut HashMap<Digest, Option<Tree>>, reach: &mut Reach) -> Outcome {
        let path = self.path(&name);
        let bytes = fs::read(&path).map_err(|error| cannot("read", &path, &error))?;
        let mut damaged = |error: &dray_content::DecodeError| {
            reach.unreadable.push((name, Unreadable::Damaged(error.to_string())));
        };
        let from = match Self::whole(&name, &bytes).and_then(|()| Update::base(&bytes)) {
            Ok(from) => from,
            Err(error) => {
                damaged(&error);
                return Ok(());
            }
        };
        if let std::collections::hash_map::Entry::Vacant(entry) = trees.entry(from) {
            entry.insert(self.tree(&from)?);
        }
        let Some(tree) = &trees[&from] else {
            reach.unreadable.push((name, Unreadable::NoBase));
            return Ok(());
        };
        match Update::decode_any(&bytes, tree, self.limits()) {
            Ok(update) => {
                let to = update.manifest.tree().digest();
                let packs = update.packs.iter().chain(update.manifest.packs()).copied().collect();
                reach.updates.push(KeptUpdate { name, from, to, packs });
            }
            Err(error) => damaged(&error),
        }
        Ok(())
    }
}

impl Reach {
    /// For each pack the contents and updates that need it, and the length that they say it has.
    pub(crate) fn packs(&self) -> BTreeMap<Digest, (u64, BTreeSet<ObjectName>)> {
        let of_contents = self.contents.iter().map(|content| (content.manifest, &content.packs));
        let of_updates = self.updates.iter().map(|update| (update.name, &update.packs));
        let mut needed: BTreeMap<Digest, (u64, BTreeSet<ObjectName>)> = BTreeMap::new();
        for (name, packs) in of_contents.chain(of_updates) {
            for pack in packs {
                needed.entry(pack.digest).or_insert_with(|| (pack.size, BTreeSet::new())).1.insert(name);
            }
        }
        needed
    }

    /// The contents that some manifests are for.
    pub(crate) fn contents_of(&self, manifests: &BTreeSet<ObjectName>) -> BTreeSet<Digest> {
        self.contents
            .iter()
            .filter(|content| manifests.contains(&content.manifest))
            .map(|content| content.content)
            .collect()
    }
}
