//! What is in a store and what each of it needs: contents by their manifests, updates by the trees that they begin from.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::error::Error as _;
use std::fs;

use dray_model::Digest;

use super::{FolderStore, StoreError};
use crate::manifest::PackInfo;
use crate::{DecodeError, ObjectName, Tree, Update};

/// What a store holds, as its manifests and updates tell.
#[derive(Debug, Default)]
pub struct Reach {
    /// By the names of their manifests.
    pub contents: Vec<KeptContent>,
    /// By name.
    pub updates: Vec<KeptUpdate>,
    /// What can't be read, by name.
    pub unreadable: Vec<(ObjectName, Unreadable)>,
}

/// A content with a manifest that can be read.
#[derive(Debug)]
pub struct KeptContent {
    /// The manifest.
    pub manifest: ObjectName,
    /// The content.
    pub content: Digest,
    /// Bytes of its files.
    pub size_bytes: u64,
    /// The packs that it needs.
    pub packs: Vec<PackInfo>,
}

/// An update that can be read.
#[derive(Debug)]
pub struct KeptUpdate {
    /// The update.
    pub name: ObjectName,
    /// The content that it begins from.
    pub from: Digest,
    /// The content that it makes.
    pub to: Digest,
    /// Of its segments, and of the chunks that it asks for.
    pub packs: Vec<PackInfo>,
}

/// Why a manifest or update can't be read.
#[derive(Debug)]
pub enum Unreadable {
    /// Its bytes.
    Damaged(String),
    /// The store lacks the tree that the update begins from.
    NoBase,
}

impl FolderStore {
    /// Reads all manifests and updates.
    ///
    /// # Errors
    /// [`StoreError::File`].
    pub fn reach(&self) -> Result<Reach, StoreError> {
        let mut reach = Reach::default();
        for name in self.manifests()? {
            self.reach_content(name, &mut reach)?;
        }
        // Several updates mostly begin from one tree.
        let mut trees = HashMap::new();
        for name in self.updates()? {
            self.reach_update(name, &mut trees, &mut reach)?;
        }
        Ok(reach)
    }

    fn reach_content(&self, name: ObjectName, reach: &mut Reach) -> Result<(), StoreError> {
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
            Err(error) => {
                let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                reach.unreadable.push((name, Unreadable::Damaged(why)));
            }
        }
        Ok(())
    }

    fn reach_update(
        &self,
        name: ObjectName,
        trees: &mut HashMap<Digest, Option<Tree>>,
        reach: &mut Reach,
    ) -> Result<(), StoreError> {
        let path = self.objects.path(&name);
        let bytes = fs::read(&path).map_err(StoreError::file("read", path))?;
        let mut damaged = |error: &DecodeError| {
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
    #[must_use]
    pub fn packs(&self) -> BTreeMap<Digest, (u64, BTreeSet<ObjectName>)> {
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
    #[must_use]
    pub fn contents_of(&self, manifests: &BTreeSet<ObjectName>) -> BTreeSet<Digest> {
        self.contents
            .iter()
            .filter(|content| manifests.contains(&content.manifest))
            .map(|content| content.content)
            .collect()
    }
}
