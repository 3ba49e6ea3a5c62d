//! What a program must not have in it, however far down: held against `cargo tree`.

use crate::process::{cargo, output};

/// A program, crates that it must not link, and why.
const FENCES: [(&str, &[&str], &str); 1] = [(
    "dray-agent",
    &["cel", "dray-expression", "sqlx", "axum"],
    "it stands on every machine of the fleet: it reads typed queries and keeps its own small memory",
)];

/// Crates that a program links and should not.
pub(crate) fn check() -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    for (program, refused, why) in FENCES {
        let arguments = ["tree", "--locked", "--package", program, "--edges", "normal", "--prefix", "none"];
        let tree = output(cargo().args(arguments).args(["--format", "{p}"]))?;
        faults.extend(faults_of(program, &tree, refused, why));
    }
    Ok(faults)
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
}
