//! Other people's programs, found where they are installed. Missing ones are named and skipped; nothing is installed.

use std::path::{Path, PathBuf};

/// Where a program is. Servers are kept where the search path of people mostly doesn't lead.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&paths).chain(["/usr/sbin", "/sbin"].map(|folder| Path::new(folder).to_owned()));
    folders.map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

/// Whether all of them are there; says which is not, and what is left out for it.
pub(super) fn are_there(programs: &[&str], for_what: &str) -> bool {
    let missing: Vec<&str> = programs.iter().copied().filter(|program| find(program).is_none()).collect();
    if !missing.is_empty() {
        eprintln!("{for_what} is left out: there is no {} here", missing.join(" and no "));
    }
    missing.is_empty()
}
