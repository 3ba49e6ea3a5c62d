//! Rules for every source file: it opens by saying what it owns, it fits in the head, and it leaves nothing half done.

use std::path::PathBuf;

use anyhow::Context;

/// Lines that a file may have. More needs a reason, written here.
const MOST_LINES: usize = 500;

/// Files that may be longer, with the reason.
const LONGER: [(&str, &str); 0] = [];

const UNFINISHED: [&str; 5] = ["todo!(", "unimplemented!(", "#[ignore", "FIXME", "XXX"];

/// Faults of all Rust files of the workspace.
pub(crate) fn check() -> anyhow::Result<Vec<String>> {
    let root = crate::root();
    let mut faults = Vec::new();
    for path in below(&[root.join("crates"), root.join("xtask")], "rs")? {
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let shown = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().into_owned();
        faults.extend(faults_of(&shown, &text));
    }
    Ok(faults)
}

fn faults_of(path: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !text.starts_with("//!") {
        faults.push(format!("{path} does not open with //! and what it owns"));
    }
    let lines = text.lines().count();
    if lines > MOST_LINES && !LONGER.iter().any(|(longer, _)| *longer == path) {
        faults.push(format!("{path} has {lines} lines, over {MOST_LINES}: split it by what it owns"));
    }
    if path.ends_with("/mod.rs") {
        faults.push(format!("{path}: modules are foo.rs beside foo/"));
    }
    // This file holds the words itself.
    if path != "xtask/src/tidy/files.rs" {
        for word in UNFINISHED.iter().filter(|word| text.contains(**word)) {
            faults.push(format!("{path} holds {word}"));
        }
    }
    faults
}

/// All files with this extension in and below the folders, in order of their paths.
pub(super) fn below(folders: &[PathBuf], extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = folders.to_vec();
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_what_it_owns() {
        assert_eq!(faults_of("a.rs", "fn main() {}\n").len(), 1);
        assert!(faults_of("a.rs", "//! Owns nothing.\n").is_empty());
    }

    #[test]
    fn a_long_file_is_a_fault() {
        let text = format!("//! Owns too much.\n{}", "\n".repeat(MOST_LINES));
        assert_eq!(faults_of("a.rs", &text).len(), 1);
    }

    #[test]
    fn unfinished_work_is_a_fault() {
        assert_eq!(faults_of("a.rs", "//! x\nfn f() { todo!() }").len(), 1);
        assert_eq!(faults_of("a.rs", "//! x\n#[ignore = \"slow\"]").len(), 1);
    }

    #[test]
    fn modules_are_named_after_themselves() {
        assert_eq!(faults_of("a/mod.rs", "//! x").len(), 1);
    }
}
