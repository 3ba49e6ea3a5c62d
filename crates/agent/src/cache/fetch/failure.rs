//! What a failure to bring a content means to the agent's decisions.

use std::io;

use dray_agent_core::{ContentFailure, ContentFailureKind};
use dray_client::content::{FetchError, TreeError};
use dray_client::error::ErrorClass;
use dray_content::assemble::AssembleError;
use dray_model::Digest;
use dray_model::cause::in_full;

use super::Cache;

impl Cache {
    pub(super) fn tree_failure(&self, error: TreeError, disk_bytes: u64, content: Digest) -> ContentFailure {
        let text = in_full(&error);
        match error {
            TreeError::Fetch(error) => fetch_failure(&error),
            TreeError::Assemble(AssembleError::DiskFull(_)) => self.found_full(disk_bytes, &self.staging(content)),
            TreeError::Assemble(AssembleError::Write { source, .. })
                if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) =>
            {
                self.found_full(disk_bytes, &self.staging(content))
            }
            TreeError::Assemble(AssembleError::Unsupported(requires)) => {
                failure(ContentFailureKind::Unsupported { requires }, text)
            }
            TreeError::Assemble(AssembleError::WrongRecipe(_)) | TreeError::Lost(_) => {
                failure(ContentFailureKind::Damaged, text)
            }
            TreeError::Assemble(_) | TreeError::Unsteady | TreeError::Stopped(_) => {
                failure(ContentFailureKind::SourcesFailed, text)
            }
        }
    }
}

pub(super) fn fetch_failure(error: &FetchError) -> ContentFailure {
    let kind = match error.class() {
        ErrorClass::Damaged => ContentFailureKind::Damaged,
        _ => ContentFailureKind::SourcesFailed,
    };
    failure(kind, in_full(error))
}

pub(super) fn failure(kind: ContentFailureKind, error: String) -> ContentFailure {
    ContentFailure { kind, error }
}
