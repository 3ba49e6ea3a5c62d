//! Checks a source folder at the moment when somebody names it, so that a mistake is told at once and not by a job.

use std::path::Path;

use super::PackageError;

/// Longest path in bytes.
const PATH_MAX: usize = 4096;

/// Nothing when `source` is the absolute path of a folder that is there.
pub(super) async fn check(source: &str) -> Result<(), PackageError> {
    let path = Path::new(source);
    if !path.is_absolute() || source.len() > PATH_MAX || source.contains('\0') {
        return Err(PackageError::SourceRelative(source.chars().take(200).collect()));
    }
    let unusable = |reason: String| PackageError::SourceUnusable { path: path.to_owned(), reason };
    match tokio::fs::metadata(path).await {
        Ok(metadata) if metadata.is_dir() => Ok(()),
        Ok(_) => Err(unusable("it is not a folder".to_owned())),
        Err(error) => Err(unusable(error.to_string())),
    }
}
