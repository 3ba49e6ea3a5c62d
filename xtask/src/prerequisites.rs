//! What the tests need of the machine beside Rust and a C compiler: a PostgreSQL server's programs.
//!
//! On Debian and its kin what is missing is installed with apt, and said; without the right to install, the error says
//! exactly what to install. Nothing is started here: tests start servers of their own in temporary folders.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use crate::process::{output, run};

struct Need {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

const NEEDS: [Need; 3] = [
    Need { program: "initdb", package: "postgresql", why: "store tests make a PostgreSQL cluster of their own" },
    Need { program: "postgres", package: "postgresql", why: "store tests run on PostgreSQL as well as on SQLite" },
    Need { program: "setpriv", package: "util-linux", why: "PostgreSQL refuses to run as root" },
];

/// Makes sure that everything is there.
pub(crate) fn ensure() -> anyhow::Result<()> {
    let missing: Vec<&Need> = NEEDS.iter().filter(|need| find(need.program).is_none()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    for need in &missing {
        eprintln!("missing: {} (package {}): {}", need.program, need.package, need.why);
    }
    let mut packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    packages.dedup();
    install(&packages)?;
    match NEEDS.iter().find(|need| find(need.program).is_none()) {
        Some(need) => bail!("{} is still missing after the installation of {}", need.program, need.package),
        None => Ok(()),
    }
}

fn install(packages: &[&str]) -> anyhow::Result<()> {
    let line = format!("apt-get install --yes --no-install-recommends {}", packages.join(" "));
    let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if find("apt-get").is_none() || !root {
        bail!("the tests need programs that are not installed, and this account may not install them; as root: {line}");
    }
    eprintln!("installing: {line}");
    run(Command::new("apt-get").args(["update", "--quiet", "--quiet"]))?;
    run(Command::new("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "--yes", "--quiet", "--no-install-recommends"])
        .args(packages))
}

/// Looks in the search path, and where Debian keeps PostgreSQL's programs.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.map(|version| version.path().join("bin"));
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(|folder| Path::new(folder).to_owned()))
        .chain(debian)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}
