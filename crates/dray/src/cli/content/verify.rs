//! `dray content verify`: whether a store is whole, and what is damaged made again from the folders that it was made of.

use std::path::PathBuf;

use clap::Args;
use dray_content::ObjectName;
use serde::Serialize;

use super::check::{Problem, check};
use super::mend::{Mending, Remade};
use super::progress::Work;
use super::site::Asking;
use super::store::{AnyStoreOption, StoreOption};
use crate::error::{Failure, Outcome};
use crate::output::{Fields, Format, Output, Shown, bytes, count};

/// Arguments of `content verify`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    store: AnyStoreOption,
    /// A folder or file that the store was made from: what is damaged is made again out of it, as far as its bytes are still the same; may be given several times
    #[arg(long, value_name = "FOLDER", requires = "dir")]
    source: Vec<PathBuf>,
}

/// What was found.
#[derive(Debug, Serialize)]
struct Verified {
    objects: u64,
    size_bytes: u64,
    mended: Vec<Remade>,
    problems: Vec<Problem>,
    /// Updates that are good and can't be looked into.
    unread_updates: Vec<ObjectName>,
}

impl Verify {
    pub(super) fn run(self, output: Output, site: &Asking<'_>) -> Outcome {
        match self.store.folder() {
            Some(store) => verify(store, &self.source, output),
            None => site.verify(),
        }
    }
}

/// Verifies a store in a folder.
fn verify(store: StoreOption, sources: &[PathBuf], output: Output) -> Outcome {
    let store = store.open()?;
    let checked = check(&store, &Work::new(output, "reading"))?;
    let (objects, size_bytes, unread_updates) = (checked.objects, checked.size_bytes, checked.unread);
    let mut verified = Verified { objects, size_bytes, mended: Vec::new(), problems: checked.problems, unread_updates };
    if !sources.is_empty() && !verified.problems.is_empty() {
        let mending = Mending::new(&store, sources)?;
        (verified.mended, verified.problems) = mending.run(verified.problems, &Work::new(output, "mending"))?;
    }
    verified.tell(output)?;
    if verified.problems.is_empty() { Ok(()) } else { Err(verified.failure(&store.root().display().to_string())) }
}

impl Verified {
    fn tell(&self, output: Output) -> Outcome {
        output.show(self)?;
        match output.format() {
            Format::Table if !self.problems.is_empty() => output.list(&self.problems),
            _ => Ok(()),
        }
    }

    fn failure(&self, store: &str) -> Failure {
        let are = count(self.problems.len() as u64, "object");
        let failure = Failure::failed(format!("{are} in the store {store} cannot be used"));
        if self.problems.iter().any(|problem| !problem.needed_by.is_empty()) {
            return failure.hint(
                "rebuild it from the folder that was ingested with dray content verify --source FOLDER, or copy it from another store with dray content import FOLDER",
            );
        }
        if self.problems.iter().any(|problem| !problem.updates.is_empty()) {
            return failure
                .hint("clients manage without the update; create it again with dray content prepare OLD NEW");
        }
        failure.hint("nothing needs it; delete it with dray content gc, or create an update again with dray content prepare OLD NEW")
    }
}

impl Shown for Verified {
    fn fields(&self) -> Fields {
        let mut fields = vec![("read", format!("{}, {}", count(self.objects, "object"), bytes(self.size_bytes)))];
        for made in &self.mended {
            fields.push(("repaired", made.to_string()));
        }
        fields.push(("unusable", count(self.problems.len() as u64, "object")));
        if !self.unread_updates.is_empty() {
            let updates = count(self.unread_updates.len() as u64, "update");
            fields.push(("not checked", format!("{updates} from contents that the store does not know")));
        }
        fields
    }
}
