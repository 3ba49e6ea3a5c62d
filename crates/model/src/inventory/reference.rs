//! The catalogue for people: `docs/inventory.md`. A test holds the file to it.

use std::fmt::Write as _;

use super::{Class, Kind};

const OPENING: &str = "# The inventory

What devices report, and what the rules of collections, requirements and detection can query: `dray collection create NAME --query EXPRESSION`,
`dray program change … --requirement EXPRESSION` and `--detect EXPRESSION`. This page is generated from the catalogue (`crates/model/src/inventory/classes.rs`).

A device reports its facts by class and property: `{\"device\": {\"platform\": \"linux\"}, \"disks\": [{\"mount\": \"/\"}]}`. A property
that it does not report is unknown: any comparison with it is false, and `has(…)` tells whether it is there. The site ignores classes and
properties that it does not know.
";

/// The text of `docs/inventory.md`.
#[must_use]
pub fn reference() -> String {
    let mut text = OPENING.to_owned();
    for class in Class::all() {
        let info = class.info();
        let _ = write!(text, "\n## {}\n\n{}", info.name, info.description);
        if class.is_list() {
            let _ = write!(text, " A list of up to {} rows; `size({class})` is the number of rows.", info.rows_max);
        }
        text.push_str("\n\n| property | kind | meaning | example |\n| --- | --- | --- | --- |\n");
        for property in class.properties() {
            let info = property.info();
            let kind = kind(info.kind);
            let _ = writeln!(text, "| `{}` | {kind} | {} | `{}` |", info.name, info.description, info.example);
        }
    }
    text
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Integer => "number",
        Kind::Version => "version",
        Kind::Ip => "IP address",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_says_what_the_catalogue_says() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/inventory.md");
        if std::env::var_os("DRAY_BLESS").is_some() {
            std::fs::write(&path, reference()).unwrap();
        }
        assert!(
            std::fs::read_to_string(&path).is_ok_and(|page| page == reference()),
            "docs/inventory.md is not up to date: run DRAY_BLESS=1 cargo test -p dray-model and read the difference"
        );
    }
}
