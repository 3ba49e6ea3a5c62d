//! Looking after the content store of the site: its jobs are asked for and waited for, and what they found is printed.

use std::path::{Path, PathBuf};

use dray_content::store::FolderStore;
use dray_model::api::content::{ContentStats, DamagedObject};
use serde::Serialize;

use super::stats::{by_kind, words};
use crate::cli::wait::wait_for_job;
use crate::cli::{Context, block_on};
use crate::error::{Failure, Outcome};
use crate::output::{Fields, Format, Listed, Output, Shown, bytes, count, time};

mod carry;

/// Asks the site that the profile names.
pub(super) struct Asking<'a> {
    output: Output,
    profile: Option<&'a Path>,
}

/// What the site removed.
#[derive(Debug, Serialize)]
struct Swept {
    what: String,
    bytes: u64,
}

impl<'a> Asking<'a> {
    /// Nothing is read or sent yet.
    pub(super) const fn new(output: Output, profile: Option<&'a Path>) -> Self {
        Self { output, profile }
    }

    fn ask<T>(&self, work: impl AsyncFnOnce(&Context) -> Outcome<T>) -> Outcome<T> {
        let context = Context::open(self.profile, self.output)?;
        block_on(work(&context))
    }

    /// Counts what its store holds.
    pub(super) fn stats(&self) -> Outcome {
        self.output.show(&self.ask(async |context| Ok(context.api.content_stats().await?))?)
    }

    /// Has every object read, and tells what is damaged after mending.
    pub(super) fn verify(&self) -> Outcome {
        let (step, damage) = self.ask(async |context| {
            let started = context.api.verify_content().await?;
            let job = wait_for_job(context, started.job, "verify").await?;
            Ok((job.progress.map(|progress| progress.step), context.api.content_damage().await?))
        })?;
        match self.output.format() {
            Format::Table => {
                step.map_or(Ok(()), |step| self.output.remark(step))?;
                self.output.list(&damage.objects)?;
            }
            Format::Json | Format::Yaml => self.output.either(String::new, &damage)?,
        }
        let Some(first) = damage.objects.first() else { return Ok(()) };
        let are = count(damage.objects.len() as u64, "object");
        let failure = Failure::failed(format!("{are} in the site's content store cannot be used"));
        Err(first.hint.iter().fold(failure, |failure, hint| failure.hint(hint.as_str())))
    }

    /// Has removed what nothing needs, or only tells how much that is.
    pub(super) fn sweep(&self, dry_run: bool) -> Outcome {
        if dry_run {
            let unneeded = self.ask(async |context| Ok(context.api.content_stats().await?))?.unneeded;
            return self.output.either(|| format!("{}\n", words(&unneeded, "unused object")), &unneeded);
        }
        let job = self.ask(async |context| {
            let started = context.api.sweep_content().await?;
            wait_for_job(context, started.job, "gc").await
        })?;
        let progress = job.progress.ok_or_else(|| Failure::failed("the site did not report what it deleted"))?;
        let swept = Swept { what: progress.step, bytes: progress.done };
        self.output.either(|| format!("{}, {}\n", swept.what, bytes(swept.bytes)), &swept)
    }
}

impl Asking<'_> {
    /// Copies contents of packages into a folder.
    pub(super) fn export(&self, packages: &[String], to: PathBuf) -> Outcome {
        let versions = packages.iter().map(|text| carry::Version::parse(text)).collect::<Outcome<Vec<_>>>()?;
        let to = FolderStore::make(to)?;
        let copied = self.ask(async |context| carry::export(context, &versions, &to).await)?;
        copied.tell(self.output, "the site", "dray content verify repairs what it can")
    }

    /// Brings back what the site knows to be damaged.
    pub(super) fn import(&self, from: &FolderStore) -> Outcome {
        let restored = self.ask(async |context| carry::import(context, from).await)?;
        self.output.show(&restored)?;
        restored.failure().map_or(Ok(()), Err)
    }
}

impl Shown for ContentStats {
    fn fields(&self) -> Fields {
        let mut fields = by_kind([
            &self.contents,
            &self.manifests,
            &self.packs,
            &self.updates,
            &self.segments,
            &self.manifest_differences,
        ]);
        fields.extend([
            ("unused", words(&self.unneeded, "object")),
            ("damaged", words(&self.damaged, "object")),
            ("downloaded with updates", bytes(self.update_fetch_bytes)),
            ("without them", bytes(self.without_update_bytes)),
        ]);
        fields
    }
}

impl Listed for DamagedObject {
    const HEADINGS: &'static [&'static str] = &["object", "state", "needed by", "noticed", "why"];
    const NONE: &'static str = "every object is intact";

    fn cells(&self) -> Vec<String> {
        let needed_by = if self.needed_by.is_empty() { "-".to_owned() } else { self.needed_by.join(", ") };
        let why = self.hint.as_ref().map_or_else(|| self.why.clone(), |hint| format!("{}; {hint}", self.why));
        vec![self.object.clone(), self.state.as_str().to_owned(), needed_by, time(self.found_at), why]
    }
}
