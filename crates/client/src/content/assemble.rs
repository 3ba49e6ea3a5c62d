//! From a plan to a tree: fetch what is missing, finish, and fetch again what held files turned out not to have.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use dray_content::assemble::{AssembleError, Assembly, Outcome};
use dray_content::plan::FetchRange;
use dray_model::count::counted;
use dray_model::{Digest, Name};

use super::{Accept, Fetch, FetchError, Rejected};

/// An assembly that fetches feed from blocking threads.
pub type SharedAssembly = Arc<Mutex<Assembly>>;

/// Rounds of fetching and finishing: each further one means that held files changed while they were copied.
const ROUNDS_MAX: usize = 8;

/// Why no tree came of an assembly. Its staging folder stays, so that the next one goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// What is missing could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// What was fetched could not be kept or put together.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// What these contents were to be made from is damaged, and the plan knows no other way. All else is in staging: go on there
    /// with a manifest.
    #[error("cannot build {}: the local copy is damaged", counted(.0.len() as u64, "file"))]
    Lost(Vec<Digest>),
    /// Held files keep changing.
    #[error("local files keep changing while they are being copied")]
    Unsteady,
    /// The runtime is shutting down.
    #[error("the assembly was stopped")]
    Stopped(#[source] tokio::task::JoinError),
}

impl Fetch {
    /// Fetches all that `assembly` is missing and moves the finished tree to `destination`, which must not be there.
    ///
    /// When this is dropped, a range or two may still be written to staging, never more.
    ///
    /// # Errors
    /// [`TreeError`].
    pub async fn assemble(
        &self,
        assembly: SharedAssembly,
        destination: PathBuf,
        on_bytes: &(dyn Fn(&Name, u64) + Send + Sync),
    ) -> Result<(), TreeError> {
        let keep = accept_into(&assembly);
        let mut missing = on_blocking(&assembly, |assembly| Ok(assembly.missing())).await?;
        for _ in 0..ROUNDS_MAX {
            self.ranges(missing, &keep, on_bytes).await.map_err(as_tree_error)?;
            let destination = destination.clone();
            match on_blocking(&assembly, move |assembly| assembly.finish(&destination, &())).await? {
                Outcome::Done => return Ok(()),
                Outcome::Missing(ranges) => missing = ranges,
                Outcome::Lost(contents) => return Err(TreeError::Lost(contents)),
            }
        }
        Err(TreeError::Unsteady)
    }
}

fn accept_into(assembly: &SharedAssembly) -> Accept {
    let assembly = Arc::clone(assembly);
    Arc::new(move |range: FetchRange, bytes: Bytes| {
        let mut assembly = assembly.lock().unwrap_or_else(PoisonError::into_inner);
        match assembly.accept(&range, &bytes) {
            Ok(_) => Ok(()),
            Err(error @ AssembleError::Corrupt { .. }) => Err(Rejected::Damaged(error.to_string())),
            Err(error) => Err(Rejected::Failed(error.into())),
        }
    })
}

async fn on_blocking<T: Send + 'static>(
    assembly: &SharedAssembly,
    work: impl FnOnce(&mut Assembly) -> Result<T, AssembleError> + Send + 'static,
) -> Result<T, TreeError> {
    let assembly = Arc::clone(assembly);
    let done = tokio::task::spawn_blocking(move || {
        // An assembly checks what it finds on disk; a panic beside it can't make it believe anything wrong.
        work(&mut assembly.lock().unwrap_or_else(PoisonError::into_inner))
    });
    Ok(done.await.map_err(TreeError::Stopped)??)
}

/// Takes the assembly's own error out again, so that a full disk is seen as one.
fn as_tree_error(error: FetchError) -> TreeError {
    match error {
        FetchError::Keep { object, source } => match source.downcast::<AssembleError>() {
            Ok(error) => TreeError::Assemble(*error),
            Err(source) => TreeError::Fetch(FetchError::Keep { object, source }),
        },
        error => TreeError::Fetch(error),
    }
}
