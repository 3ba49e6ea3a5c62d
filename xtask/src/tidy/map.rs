//! The map, `docs/architecture.md`, held against the crates that are there.

use std::collections::BTreeSet;

use anyhow::Context;

use super::imports::Workspace;

/// Every crate has a row in the map's table, and every row has a crate.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let path = crate::root().join("docs/architecture.md");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let crates = workspace.packages.iter().map(|package| package.name.trim_start_matches("dray-"));
    Ok(compare(&text, &crates.collect()))
}

fn compare(map: &str, crates: &BTreeSet<&str>) -> Vec<String> {
    let rows = rows(map);
    let unmapped = crates.difference(&rows).map(|name| format!("docs/architecture.md has no row for the crate {name}"));
    let vanished =
        rows.difference(crates).map(|name| format!("docs/architecture.md has a row for {name}, which is no crate"));
    unmapped.chain(vanished).collect()
}

/// Names in the first column of the table under the heading "Crates".
fn rows(map: &str) -> BTreeSet<&str> {
    map.lines()
        .skip_while(|line| !(line.starts_with('#') && line.ends_with("Crates")))
        .skip(1)
        .take_while(|line| !line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAP: &str =
        "# Map\n## Crates\n| crate | owns |\n| --- | --- |\n| `model` | words |\n| `gone` | – |\n## Next\n| `no` | |\n";

    #[test]
    fn the_map_and_the_crates_must_agree() {
        let faults = compare(MAP, &BTreeSet::from(["model", "store"]));
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(compare(MAP, &BTreeSet::from(["model", "gone"])).is_empty());
    }
}
