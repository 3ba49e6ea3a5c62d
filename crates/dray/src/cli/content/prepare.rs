//! `dray content prepare`: makes the update of one content to another and puts it into a store.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use dray_content::difference::Level;
use dray_content::store::FolderStore;
use dray_content::update::prepare::{self, Options, Prepared, Source};
use dray_content::{ObjectName, Progress};

use super::cost::Comparison;
use super::held::Held;
use super::progress::Work;
use super::store::StoreOption;
use crate::error::{Failure, Outcome};
use crate::output::{Format, Output};

/// Arguments of `content prepare`.
#[derive(Debug, Args)]
pub(crate) struct Prepare {
    /// Folder or file that the clients have
    old: PathBuf,
    /// Folder or file that they should get; it must be in the store
    new: PathBuf,
    #[command(flatten)]
    store: StoreOption,
    #[command(flatten)]
    effort: Effort,
}

/// How updates are made and described.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Effort {
    /// How much work to put into the update
    #[arg(long, value_enum, default_value_t)]
    level: LevelChoice,
    /// Show the cost of each changed file
    #[arg(long)]
    verbose: bool,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum LevelChoice {
    /// Quick, as when a release is published
    #[default]
    Publish,
    /// Thorough, as in the background for packages with many clients: fewer bytes for several times the work
    Background,
}

impl Prepare {
    pub(super) fn run(self, output: Output) -> Outcome {
        let store = self.store.open()?;
        let old = Held::identify(&store, &self.old, None)?;
        let new = Held::identify(&store, &self.new, None)?;
        let content = new.tree().digest();
        let name = store.find_manifest(&content)?.ok_or_else(|| {
            Failure::not_found(format!("the contents of {} are not in the store", self.new.display()))
                .hint("add it with dray content ingest")
        })?;
        let manifest_bytes = store.objects().size(&name)?;
        let prepared = self.effort.prepare(&store, &old, &new, &Work::new(output, "preparing"))?;
        self.effort.show(output, &old, new, manifest_bytes, prepared.as_deref())
    }
}

impl Effort {
    /// Makes the update and puts it into the store; `None` when it would be of no use.
    pub(super) fn prepare(
        self,
        store: &FolderStore,
        old: &Held,
        new: &Held,
        progress: &dyn Progress,
    ) -> Outcome<Option<Box<Prepared>>> {
        let incoming = store.incoming()?;
        let (old_contents, new_contents) = (old.contents(), new.contents());
        let made = prepare::prepare(
            &Source { manifest: &old.manifest, contents: &old_contents },
            &Source { manifest: &new.manifest, contents: &new_contents },
            &incoming.path().join("packs"),
            &Options { level: self.level.into(), ..Options::default() },
            progress,
        );
        let failed = |error| Failure::failed("cannot prepare the update").because(&error);
        let prepare::Outcome::Prepared(prepared) = made.map_err(failed)? else { return Ok(None) };
        for pack in &prepared.packs {
            store.put_file(&ObjectName::Pack(pack.digest), &pack.path)?;
        }
        store.keep_tree(old.tree())?;
        // The update comes last: where it is, its packs are.
        store.put_bytes(&ObjectName::Update(prepared.digest), &prepared.bytes, &incoming)?;
        Ok(Some(prepared))
    }

    /// Prints what the ways cost.
    pub(super) fn show(
        self,
        output: Output,
        old: &Held,
        new: Held,
        manifest_bytes: u64,
        prepared: Option<&Prepared>,
    ) -> Outcome {
        let comparison = Comparison::new(&old.manifest, &Arc::new(new.manifest), manifest_bytes, prepared)?;
        if !self.verbose {
            return output.show(&comparison.without_changes());
        }
        output.show(&comparison)?;
        match output.format() {
            Format::Table => output.list(comparison.changes()),
            Format::Json | Format::Yaml => Ok(()),
        }
    }
}

impl From<LevelChoice> for Level {
    fn from(choice: LevelChoice) -> Self {
        match choice {
            LevelChoice::Publish => Self::Publish,
            LevelChoice::Background => Self::Background,
        }
    }
}
