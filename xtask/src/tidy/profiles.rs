//! What `release` compiles without optimising, to be built sooner, must be optimised in what ships: a profile inherits the packages of
//! the one before it, so each has to be named again.

use std::collections::BTreeMap;

use anyhow::Context;

/// Packages that `release` slows down and `dist` would ship so.
pub(crate) fn check() -> anyhow::Result<Vec<String>> {
    let path = crate::root().join("Cargo.toml");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(faults_of(&text))
}

fn faults_of(manifest: &str) -> Vec<String> {
    let (quick, shipped) = (levels(manifest, "release"), levels(manifest, "dist"));
    let slowed = quick.iter().filter(|(_, level)| **level != "3");
    let slowed = slowed.filter(|(package, _)| shipped.get(*package).is_none_or(|level| *level != "3"));
    slowed.map(|(package, level)| format!("Cargo.toml ships {package} with the opt-level {level} of [profile.release.package]: name it in [profile.dist.package]")).collect()
}

/// The packages of a profile with their levels, from lines like `cel = { opt-level = 0 }`.
fn levels<'a>(manifest: &'a str, profile: &str) -> BTreeMap<&'a str, &'a str> {
    let head = format!("[profile.{profile}.package]");
    let lines = manifest.lines().skip_while(|line| *line != head).skip(1).take_while(|line| !line.starts_with('['));
    lines
        .filter_map(|line| {
            let (package, rest) = line.split_once(" = { opt-level = ")?;
            Some((package, rest.trim_end_matches(" }")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_slowed_down_is_named_again_for_shipping() {
        let release = "[profile.release.package]\nzstd = { opt-level = 3 }\ncel = { opt-level = 0 }\n\n";
        assert_eq!(faults_of(release).len(), 1);
        assert!(faults_of(&format!("{release}[profile.dist.package]\ncel = {{ opt-level = 3 }}\n")).is_empty());
        assert_eq!(faults_of(&format!("{release}[profile.dist.package]\ncel = {{ opt-level = 1 }}\n")).len(), 1);
    }
}
