//! The table of who may import whom, held against `cargo metadata`.

use anyhow::Context;
use serde::Deserialize;

use crate::process::{cargo, output};

/// A crate and the crates that it may import.
const TABLE: [(&str, &[&str]); 18] = [
    ("dray-model", &[]),
    ("dray-schedule", &["dray-model"]),
    ("dray-query", &["dray-model"]),
    ("dray-expression", &["dray-model", "dray-query"]),
    ("dray-content", &["dray-model"]),
    ("dray-trust", &["dray-model"]),
    ("dray-agent-core", &["dray-model", "dray-schedule", "dray-query"]),
    ("dray-store", &["dray-model", "dray-query"]),
    ("dray-client", &["dray-model", "dray-content", "dray-trust"]),
    ("dray-listen", &[]),
    ("dray-point", &["dray-model", "dray-content", "dray-trust", "dray-client", "dray-listen"]),
    (
        "dray-site",
        &["dray-model", "dray-schedule", "dray-query", "dray-expression", "dray-content", "dray-trust", "dray-store"],
    ),
    ("dray-api", &["dray-model", "dray-query", "dray-content", "dray-trust", "dray-listen", "dray-site"]),
    (
        "dray-agent",
        &[
            "dray-model",
            "dray-schedule",
            "dray-query",
            "dray-content",
            "dray-trust",
            "dray-agent-core",
            "dray-client",
            "dray-listen",
            "dray-point",
        ],
    ),
    (
        "dray",
        &[
            "dray-model",
            "dray-schedule",
            "dray-query",
            "dray-expression",
            "dray-content",
            "dray-trust",
            "dray-agent-core",
            "dray-store",
            "dray-client",
            "dray-point",
            "dray-site",
            "dray-api",
            "dray-agent",
        ],
    ),
    ("dray-sim", &["dray-model", "dray-trust", "dray-store", "dray-client"]),
    ("dray-golden", &[]),
    ("xtask", &[]),
];

/// Crates that must not wait, listen, read a clock or draw random numbers, and so must not be able to.
const PURE: [&str; 7] =
    ["dray-model", "dray-schedule", "dray-query", "dray-expression", "dray-content", "dray-trust", "dray-agent-core"];

/// What makes a crate impure.
const IMPURE: [&str; 8] = ["tokio", "hyper", "axum", "sqlx", "reqwest", "redb", "object_store", "rand"];

/// The workspace as cargo tells it.
#[derive(Deserialize)]
pub(crate) struct Workspace {
    pub(crate) packages: Vec<Package>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

impl Workspace {
    pub(crate) fn read() -> anyhow::Result<Self> {
        let text = output(cargo().args(["metadata", "--format-version", "1", "--no-deps", "--locked"]))?;
        serde_json::from_str(&text).context("cannot read what cargo metadata printed")
    }
}

/// Edges that the table does not allow. Tests may import more, so development dependencies are left out.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let mut faults = Vec::new();
    for package in &workspace.packages {
        let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == package.name) else {
            faults.push(format!("{} is not in the table of imports (xtask/src/tidy/imports.rs)", package.name));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.kind.as_deref() != Some("dev")) {
            let name = dependency.name.as_str();
            let ours = TABLE.iter().any(|(known, _)| *known == name);
            if ours && !allowed.contains(&name) {
                faults.push(format!("{} may not import {name}", package.name));
            }
            if PURE.contains(&package.name.as_str()) && IMPURE.contains(&name) {
                faults.push(format!("{} is a pure crate and may not import {name}", package.name));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &[(&str, Option<&str>)]) -> Package {
        let dependencies = dependencies
            .iter()
            .map(|(name, kind)| Dependency { name: (*name).to_owned(), kind: kind.map(str::to_owned) })
            .collect();
        Package { name: name.to_owned(), dependencies }
    }

    fn faults(package: Package) -> Vec<String> {
        check(&Workspace { packages: vec![package] })
    }

    #[test]
    fn an_import_upwards_is_a_fault() {
        assert_eq!(faults(package("dray-model", &[("dray-site", None)])), ["dray-model may not import dray-site"]);
        assert!(faults(package("dray-site", &[("dray-model", None)])).is_empty());
    }

    #[test]
    fn tests_may_import_more() {
        assert!(faults(package("dray-query", &[("dray-store", Some("dev")), ("tokio", Some("dev"))])).is_empty());
    }

    #[test]
    fn a_pure_crate_can_not_wait() {
        assert_eq!(faults(package("dray-content", &[("tokio", None)])).len(), 1);
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        assert_eq!(faults(package("dray-common", &[])).len(), 1);
    }
}
