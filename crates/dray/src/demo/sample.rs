//! The package that is distributed: this program with a script that installs it, or a folder of the caller's.
//!
//! The package's source is always a copy in the demonstration's folder, so that the second version can differ without touching
//! anything of the caller's.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use dray_model::program::CommandLine;

use crate::error::{Failure, Outcome};

/// The script of the default package. The program runs in its content folder, below the agent's.
const INSTALL: &str = "#!/bin/sh
# Copies dray out of the package and tries it. Dray runs this script, but you can run it by hand too.
set -eu
target=\"${DRAY_CONTENT%/cache/*}/installed\"
mkdir -p \"$target\"
cp -f dray \"$target/dray.new\"
mv -f \"$target/dray.new\" \"$target/dray\"
cat release.txt
\"$target/dray\" --version
";

/// The source folder of the demonstration's package.
pub(super) struct Sample {
    /// Where it is.
    pub(super) source: PathBuf,
    /// What its program runs.
    pub(super) command: CommandLine,
    default: bool,
}

impl Sample {
    /// Writes the first version below `folder`.
    pub(super) fn create(folder: &Path, package: Option<&Path>) -> Outcome<Self> {
        let source = folder.join("source");
        let failed = |error: std::io::Error| Failure::failed("cannot write the package's source").because(&error);
        let command = match package {
            Some(package) => {
                copy_folder(package, &source).map_err(|error| {
                    Failure::failed(format!("cannot copy the folder {}", package.display())).because(&error)
                })?;
                command_of(&source)
            }
            None => {
                write_default(&source).map_err(failed)?;
                "sh install.sh"
            }
        };
        let command = command.parse().expect("the commands above are command lines");
        Ok(Self { source, command, default: package.is_none() })
    }

    /// Changes the source into the second version: a few bytes in a large file and a small file, or one more small file.
    pub(super) fn change(&self) -> Outcome {
        let change = || {
            if self.default {
                fs::write(self.source.join("release.txt"), "release 2\n")?;
                // A program file may have bytes after its end; they change nothing but the file.
                fs::File::options().append(true).open(self.source.join("dray"))?.write_all(b"release 2\n")?;
                fs::write(self.source.join("install.sh"), format!("{INSTALL}echo updated\n"))
            } else {
                fs::write(self.source.join("dray-demo-release.txt"), "release 2\n")
            }
        };
        change().map_err(|error: std::io::Error| Failure::failed("cannot change the package's source").because(&error))
    }
}

fn write_default(source: &Path) -> std::io::Result<()> {
    fs::create_dir_all(source)?;
    fs::copy(std::env::current_exe()?, source.join("dray"))?;
    fs::write(source.join("install.sh"), INSTALL)?;
    fs::write(source.join("release.txt"), "release 1\n")
}

/// An installer where there is one; else a listing, which shows that the files are there.
fn command_of(source: &Path) -> &'static str {
    if source.join("install.sh").is_file() {
        "sh install.sh"
    } else if source.join("install").is_file() {
        "./install"
    } else {
        "ls -lR ."
    }
}

/// Copies files, folders and their permissions; links are copied as what they are.
fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(fs::read_link(entry.path())?, target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_version_changes_nothing_of_the_callers() {
        let (mine, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(mine.path().join("sub")).unwrap();
        fs::write(mine.path().join("sub/file"), "x").unwrap();
        let sample = Sample::create(folder.path(), Some(mine.path())).unwrap();
        assert_eq!(sample.command.as_str(), "ls -lR .");
        sample.change().unwrap();
        assert_eq!(fs::read_to_string(sample.source.join("sub/file")).unwrap(), "x");
        assert_eq!(fs::read_dir(mine.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(&sample.source).unwrap().count(), 2);
    }

    #[test]
    fn an_installer_in_the_folder_is_what_runs() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("install"), "").unwrap();
        assert_eq!(command_of(folder.path()), "./install");
        fs::write(folder.path().join("install.sh"), "").unwrap();
        assert_eq!(command_of(folder.path()), "sh install.sh");
    }
}
