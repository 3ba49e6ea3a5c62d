//! One form of one pair through dray's own commands: both versions ingested, the update prepared and applied, the result compared.
//!
//! Each command is a process of its own, metered by itself. A receiver reads no byte of the store that isn't counted.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use serde_json::Value;

use super::super::metered::{Metered, least, metered};
use super::Level;
use super::same::delivered;

/// What was measured.
pub(super) struct Measured {
    /// The ingest of the old version into an empty store, the cheapest of a few.
    pub(super) ingest: Metered,
    pub(super) prepare: Metered,
    pub(super) apply: Metered,
    compared: Value,
    applied: Value,
}

/// Measures the way from `old` to `new` in folders below `scratch`.
pub(super) fn measure(dray: &Path, level: Level, old: &Path, new: &Path, scratch: &Path) -> anyhow::Result<Measured> {
    let (store, target) = (scratch.join("store"), scratch.join("target"));
    let content = |words: &[&str], paths: &[&Path]| {
        let mut command = Command::new(dray);
        command.args(["--output", "json", "content"]).args(words).args(paths).arg("--store").arg(&store);
        command.env_remove("DRAY_PROFILE").env_remove("DRAY_OUTPUT");
        let used = metered(&mut command)?;
        let value: Value = serde_json::from_str(&used.stdout).context("the command's answer is not JSON")?;
        anyhow::Ok((used, value))
    };
    let ingest = least(|| {
        // A new store each time, and no index of what was read before.
        if store.exists() {
            fs::remove_dir_all(&store)?;
        }
        Ok(content(&["ingest", "--outside-links", "keep"], &[old])?.0)
    })?;
    let (_, to) = content(&["ingest", "--outside-links", "keep"], &[new])?;
    let to = text(&to, "/content")?;
    let (prepare, compared) = content(&["prepare", "--level", level.word()], &[old, new])?;
    let (apply, applied) = content(&["apply", to, "--have"], &[old, &target])?;
    delivered(new, &target).context("what was built is not what it should be")?;
    Ok(Measured { ingest, prepare, apply, compared, applied })
}

impl Measured {
    /// Bytes that the receiver read, of this part, or requests that it made.
    pub(super) fn fetched(&self, part: &str) -> anyhow::Result<f64> {
        number(&self.applied, &format!("/fetched/{part}"))
    }

    /// Bytes of this part that the way which was taken has by its plan.
    pub(super) fn planned(&self, part: &str) -> anyhow::Result<f64> {
        let way = text(&self.applied, "/way")?;
        number(&self.compared, &format!("/{way}/{part}"))
    }

    /// Bytes of the wanted tree.
    pub(super) fn size_bytes(&self) -> anyhow::Result<f64> {
        number(&self.compared, "/size_bytes")
    }

    /// Bytes of files that changed.
    pub(super) fn changed_bytes(&self) -> anyhow::Result<f64> {
        number(&self.compared, "/changed_bytes")
    }

    /// Bytes on the wire without any update: all of the new version compressed, or the chunks that the old one lacks.
    pub(super) fn simple_bytes(&self) -> anyhow::Result<f64> {
        Ok(number(&self.compared, "/whole/bytes")?.min(number(&self.compared, "/chunks/bytes")?))
    }
}

fn number(value: &Value, pointer: &str) -> anyhow::Result<f64> {
    value.pointer(pointer).and_then(Value::as_f64).with_context(|| format!("there is no number {pointer} in {value}"))
}

fn text<'a>(value: &'a Value, pointer: &str) -> anyhow::Result<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).with_context(|| format!("there is no text {pointer} in {value}"))
}
