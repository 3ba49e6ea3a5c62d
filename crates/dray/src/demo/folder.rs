//! The folder that a demonstration works in: temporary and removed at the end, or chosen, or kept.

use std::path::{Path, PathBuf};

use crate::error::{Exit, Failure, Outcome};

/// A folder of the demonstration's own.
pub(super) struct DemoFolder {
    path: PathBuf,
    keep: bool,
    removed: bool,
}

impl DemoFolder {
    /// Makes the folder; one that is chosen must be empty or absent.
    pub(super) fn create(chosen: Option<&Path>, keep: bool) -> Outcome<Self> {
        let failed = |error: std::io::Error| Failure::failed("cannot create the folder for the demo").because(&error);
        let path = match chosen {
            None => tempfile::Builder::new().prefix("dray-demo-").tempdir().map_err(failed)?.keep(),
            Some(chosen) => {
                let path = std::path::absolute(chosen).map_err(failed)?;
                std::fs::create_dir_all(&path).map_err(failed)?;
                if std::fs::read_dir(&path).map_err(failed)?.next().is_some() {
                    let message = format!("{} is not empty; the demo needs a folder of its own", path.display());
                    return Err(Failure::new(Exit::Conflict, message));
                }
                path
            }
        };
        // Without links in it, so that what processes tell of their folders agrees with it.
        let path = path.canonicalize().map_err(failed)?;
        Ok(Self { path, keep, removed: false })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it, unless it is to be kept.
    pub(super) fn remove(mut self) -> Outcome {
        self.removed = true;
        if self.keep {
            return Ok(());
        }
        remove_all(&self.path).map_err(|error| {
            Failure::failed(format!("cannot delete the demo's folder {}", self.path.display())).because(&error)
        })
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        if !self.removed && !self.keep {
            // On the way out of a panic: nobody is left to tell.
            let _ = remove_all(&self.path);
        }
    }
}

fn remove_all(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_goes_at_the_end() {
        let folder = DemoFolder::create(None, false).unwrap();
        let path = folder.path().to_owned();
        std::fs::write(path.join("file"), "x").unwrap();
        folder.remove().unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_with_something_in_it_is_refused_untouched() {
        let chosen = tempfile::tempdir().unwrap();
        std::fs::write(chosen.path().join("mine"), "x").unwrap();
        assert!(DemoFolder::create(Some(chosen.path()), false).is_err());
        assert!(chosen.path().join("mine").exists());
    }
}
