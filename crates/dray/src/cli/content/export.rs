//! `dray content export`: everything that a point or a store needs for some contents, from a store or the site, into a folder that any
//! HTTP server can serve.
//!
//! Each object is verified while it is copied. What is already there and good stays, so an export that was broken off goes on. A
//! manifest or update is copied only once all that it needs is there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use dray_content::manifest::PackInfo;
use dray_content::store::{FolderStore, Incoming, Reach};
use dray_content::{ObjectName, Progress as _};
use dray_model::Digest;
use serde::Serialize;

use super::progress::Work;
use super::site::Asking;
use super::store::{AnyStoreOption, StoreOption};
use crate::error::{Failure, Outcome};
use crate::output::{Fields, Output, Shown, bytes, count};

/// Arguments of `content export`.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Contents to export: digests, as printed by `dray content ingest`, or from the site PACKAGE or PACKAGE@SOURCE-VERSION
    #[arg(required = true)]
    content: Vec<String>,
    /// Folder to write to; created if it does not exist
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    #[command(flatten)]
    store: AnyStoreOption,
}

/// What was copied.
#[derive(Debug, Default, Serialize)]
pub(super) struct Copied {
    /// Objects that were copied.
    pub(super) copied: u64,
    pub(super) copied_bytes: u64,
    /// Objects that were there and good.
    pub(super) present: u64,
    /// Objects that are not available.
    pub(super) damaged: BTreeSet<ObjectName>,
    /// Manifests and updates that were left because of those.
    pub(super) left: BTreeSet<ObjectName>,
}

impl Export {
    pub(super) fn run(self, output: Output, site: &Asking<'_>) -> Outcome {
        match self.store.folder() {
            Some(store) => export(store, &self.content, self.to, output),
            None => site.export(&self.content, self.to),
        }
    }
}

/// Exports from a store in a folder.
fn export(store: StoreOption, contents: &[String], to: PathBuf, output: Output) -> Outcome {
    let store = store.open()?;
    let reach = store.reach()?;
    let mut wanted = BTreeSet::new();
    for text in contents {
        let content: Digest = text.parse().map_err(|error| {
            Failure::usage(format!("{text} is not a content digest"))
                .because(&error)
                .hint("to export packages of the site by name, leave out --store")
        })?;
        if !reach.contents.iter().any(|kept| kept.content == content) {
            let failure = Failure::not_found(format!("{} has no content {content}", store.root().display()));
            return Err(failure.hint("dray content verify shows whether its manifest is damaged"));
        }
        wanted.insert(content);
    }
    let to = FolderStore::make(to)?;
    let mut copying = Copying::new(&store, &to, Work::new(output, "exporting"))?;
    copying.contents(&reach, &wanted)?;
    copying.copied.tell(output, "the store", "repair it with dray content verify --source FOLDER")
}

/// Objects on their way from a store to another.
pub(super) struct Copying<'a> {
    from: &'a FolderStore,
    to: &'a FolderStore,
    incoming: Incoming,
    work: Work,
    pub(super) copied: Copied,
}

impl<'a> Copying<'a> {
    pub(super) fn new(from: &'a FolderStore, to: &'a FolderStore, work: Work) -> Outcome<Self> {
        Ok(Self { from, to, incoming: to.incoming()?, work, copied: Copied::default() })
    }

    /// Copies contents and the updates to them: packs, updates, manifests, and the trees that updates begin from.
    pub(super) fn contents(&mut self, reach: &Reach, contents: &BTreeSet<Digest>) -> Outcome {
        let of_contents: Vec<_> = reach.contents.iter().filter(|kept| contents.contains(&kept.content)).collect();
        let updates: Vec<_> = reach.updates.iter().filter(|update| contents.contains(&update.to)).collect();
        let packs = of_contents.iter().map(|kept| &kept.packs).chain(updates.iter().map(|update| &update.packs));
        let packs: BTreeSet<(Digest, u64)> = packs.flatten().map(|pack| (pack.digest, pack.size)).collect();
        self.work.total(0, packs.iter().map(|(_, size)| size).sum());
        for (digest, size) in packs {
            self.object(ObjectName::Pack(digest))?;
            self.work.advance(1, size);
        }
        for update in &updates {
            self.object_with(update.name, &update.packs)?;
        }
        for kept in of_contents {
            self.object_with(kept.manifest, &kept.packs)?;
        }
        for update in updates {
            if let Some(tree) = self.from.tree(&update.from)? {
                self.to.keep_tree(&tree)?;
            }
        }
        Ok(())
    }

    fn object_with(&mut self, name: ObjectName, packs: &[PackInfo]) -> Outcome {
        if packs.iter().any(|pack| self.copied.damaged.contains(&ObjectName::Pack(pack.digest))) {
            self.copied.left.insert(name);
            return Ok(());
        }
        self.object(name)
    }

    /// So many bytes more are looked after.
    pub(super) fn advance(&self, bytes: u64) {
        self.work.advance(1, bytes);
    }

    /// Notes an object that is not available.
    pub(super) fn is_damaged(&mut self, name: ObjectName) {
        self.copied.damaged.insert(name);
    }

    /// Notes an object that is left out, because something that it needs is not available.
    pub(super) fn leave(&mut self, name: ObjectName) {
        self.copied.left.insert(name);
    }

    /// Copies an object unless it is there and good.
    pub(super) fn object(&mut self, name: ObjectName) -> Outcome {
        let copied = if self.from.objects().path(&name).exists() || self.to.objects().holds(&name)? {
            self.to.copy_from(self.from, &name, &self.incoming)?
        } else {
            None
        };
        match copied {
            Some(true) => {
                self.copied.copied += 1;
                self.copied.copied_bytes += self.to.objects().size(&name)?;
            }
            Some(false) => self.copied.present += 1,
            None => {
                self.copied.damaged.insert(name);
            }
        }
        Ok(())
    }
}

impl Copied {
    /// Prints it, and fails when not everything came over.
    pub(super) fn tell(&self, output: Output, whose: &str, hint: &str) -> Outcome {
        output.show(self)?;
        if self.damaged.is_empty() && self.left.is_empty() {
            return Ok(());
        }
        let are = count(self.damaged.len() as u64, "object");
        Err(Failure::failed(format!("{are} of {whose} cannot be used")).hint(hint))
    }
}

impl Shown for Copied {
    fn fields(&self) -> Fields {
        let names = |names: &BTreeSet<ObjectName>| {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            names.join("\n")
        };
        vec![
            ("copied", format!("{}, {}", count(self.copied, "object"), bytes(self.copied_bytes))),
            ("already there", count(self.present, "object")),
            ("damaged or missing", names(&self.damaged)),
            ("left out because of that", names(&self.left)),
        ]
    }
}
