//! What a distribution point that holds the old version of a package fetches to have the new one, and what that costs it: a whole site
//! with its point, driven as a user would.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use anyhow::Context;

use super::corpus::{Pair, kb};
use crate::bench::report::Figure;
use crate::bench::stage::{Process, Stage};

const POINT: &str = "point";

/// A site with a point.
pub(super) struct Branch {
    stage: Stage,
    point: Process,
    /// Packages so far. Pairs may have names that no package can have.
    packages: Cell<u32>,
}

impl Branch {
    /// Starts both.
    pub(super) fn start(dray: &Path) -> anyhow::Result<Self> {
        // No agent is enrolled here.
        let stage = Stage::start_with(dray.to_owned(), PathBuf::new())?;
        let point = stage.enrol_point(POINT)?;
        Ok(Self { stage, point, packages: Cell::new(0) })
    }

    /// Publishes both versions; `limit` is in kB on the wire.
    pub(super) fn measure(&self, pair: &Pair, limit: Option<f64>) -> anyhow::Result<Vec<Figure>> {
        self.packages.set(self.packages.get() + 1);
        let package = format!("pair-{}", self.packages.get());
        let source = |path: &Path| path.to_str().map(str::to_owned).context("the pair's path is not UTF-8");
        let create = ["package", "create", &package, "--outside-links", "keep", "--program", "none=/bin/true"];
        self.stage.dray([&create[..], &["--source", &source(&pair.old)?, "--wait"]].concat())?;
        self.stage.dray(["package", "distribute", &package, "--to", POINT, "--wait"])?;
        self.stage.dray(["package", "change", &package, "--source", &source(&pair.new)?])?;
        let (served, cpu_s) = (self.stage.served_bytes()?, self.point.cpu_s()?);
        self.stage.dray(["package", "update", &package, "--wait"])?;
        self.stage.dray(["package", "distribute", &package, "--to", POINT, "--wait"])?;
        let (served, cpu_s) = (kb(self.stage.served_bytes()? - served), self.point.cpu_s()? - cpu_s);
        self.stage.dray(["package", "delete", &package])?;
        Ok(vec![
            match limit {
                Some(limit) => Figure::at_most("wire to a point", served, limit, "kB"),
                None => Figure::told("wire to a point", served, "kB"),
            },
            Figure::told("point, CPU", cpu_s, "s"),
            Figure::told("point, resident", kb(self.point.status("VmHWM")? * 1024) / 1e3, "MB"),
        ])
    }
}
