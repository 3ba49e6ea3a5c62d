//! What a program must not have in it, however far down: held against `cargo tree`.

use std::collections::BTreeSet;

use crate::process::{cargo, output};

/// A program, crates that it must not link, and why.
const FENCES: [(&str, &[&str], &str); 1] = [(
    "dray-agent",
    &["cel", "dray-expression", "sqlx", "axum"],
    "it stands on every machine of the fleet: it reads typed queries and keeps its own small memory",
)];

/// Programs and how many crates they may be built from, ours and those that only run during the build included. Each costs every cold build
/// (`cargo xtask bench build`); a higher limit is a decision to take, and a lower one belongs here as soon as something goes.
const CRATES_MAX: [(&str, usize); 2] = [("dray", 325), ("dray-agent", 145)];

/// Crates that a program links and should not, and programs that are built from too many.
pub(crate) fn check() -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for (program, refused, why) in FENCES {
        faults.extend(faults_of(program, &tree(program, "normal")?, refused, why));
    }
    for (program, limit) in CRATES_MAX {
        faults.extend(too_many(program, &tree(program, "normal,build")?, limit));
    }
    Ok(faults)
}

fn tree(program: &str, edges: &str) -> anyhow::Result<String> {
    let arguments = ["tree", "--locked", "--package", program, "--edges", edges, "--prefix", "none"];
    output(cargo().args(arguments).args(["--format", "{p}"]))
}

/// A crate in two versions counts twice.
fn too_many(program: &str, tree: &str, limit: usize) -> Option<String> {
    let crates: BTreeSet<&str> =
        tree.lines().map(|line| line.trim_end_matches(" (*)")).filter(|line| !line.is_empty()).collect();
    let count = crates.len();
    (count > limit).then(|| {
        format!("{program} is built from {count} crates and may be from {limit}: see docs/design/0019-build-times.md")
    })
}

fn faults_of(program: &str, tree: &str, refused: &[&str], why: &str) -> Vec<String> {
    let linked = |name: &&&str| tree.lines().any(|line| line.split(' ').next() == Some(**name));
    refused.iter().filter(linked).map(|name| format!("{program} links {name}, and {why}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_found_by_its_whole_name() {
        let tree = "dray-agent v0.1.0 (/x)\ncel v0.15.0\ncelsius v1.0.0\n";
        assert_eq!(faults_of("dray-agent", tree, &["cel", "sqlx"], "it is small").len(), 1);
        assert!(faults_of("dray-agent", "celsius v1.0.0\n", &["cel"], "it is small").is_empty());
    }

    #[test]
    fn a_crate_counts_once_for_each_version() {
        let tree = "dray v0.1.0 (/x)\nsyn v2.0.0 (proc-macro)\nsyn v3.0.0\nsyn v2.0.0 (proc-macro) (*)\n\n";
        assert_eq!(too_many("dray", tree, 3), None);
        assert!(too_many("dray", tree, 2).unwrap().contains("built from 3 crates"));
    }
}
