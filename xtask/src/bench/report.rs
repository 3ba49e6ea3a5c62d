//! What a benchmark prints: figures, each beside the limit that it is held against.

use std::fmt::Write as _;

use serde::Serialize;

/// One benchmark's result.
#[derive(Serialize)]
pub(crate) struct Report {
    /// The benchmark's name.
    pub(crate) bench: &'static str,
    /// What it ran on.
    pub(crate) machine: String,
    /// What was measured.
    pub(crate) figures: Vec<Figure>,
}

/// One measured value.
#[derive(Serialize)]
pub(crate) struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    /// The limit as text; empty for a figure that is only told.
    bar: String,
    ok: bool,
}

impl Figure {
    /// A figure that must not be above `limit`.
    pub(crate) fn at_most(name: impl Into<String>, value: f64, limit: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, bar: format!("≤ {} {unit}", short(limit)), ok: value <= limit }
    }

    /// A figure that must not be below `limit`.
    pub(crate) fn at_least(name: impl Into<String>, value: f64, limit: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, bar: format!("≥ {} {unit}", short(limit)), ok: value >= limit }
    }

    /// Something that could not be measured at all.
    pub(crate) fn failed(name: impl Into<String>) -> Self {
        Self { name: name.into(), value: f64::NAN, unit: "", bar: "must work".to_owned(), ok: false }
    }

    /// The same figure under a name that tells what it is a part of.
    pub(crate) fn below(self, prefix: &str) -> Self {
        Self { name: format!("{prefix}/{}", self.name), ..self }
    }

    /// The same figure, only told.
    pub(crate) fn without_limit(self) -> Self {
        Self { bar: String::new(), ok: true, ..self }
    }

    /// A figure without a limit.
    pub(crate) fn told(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self { name: name.into(), value, unit, bar: String::new(), ok: true }
    }
}

impl Report {
    pub(crate) fn new(bench: &'static str, figures: Vec<Figure>) -> Self {
        Self { bench, machine: machine(), figures }
    }

    /// Whether every limit is met.
    pub(crate) fn met(&self) -> bool {
        self.figures.iter().all(|figure| figure.ok)
    }

    /// One line for each figure.
    pub(crate) fn table(&self) -> String {
        let width = self.figures.iter().map(|figure| figure.name.chars().count()).max().unwrap_or(0);
        let mut text = format!("{} on {}\n", self.bench, self.machine);
        for figure in &self.figures {
            let verdict = match (figure.bar.is_empty(), figure.ok) {
                (true, _) => "",
                (false, true) => "met",
                (false, false) => "NOT MET",
            };
            writeln!(
                text,
                "  {:width$}  {:>12.2} {:6}  {:16}  {verdict}",
                figure.name, figure.value, figure.unit, figure.bar
            )
            .expect("writing to a string cannot fail");
        }
        text
    }
}

/// A limit as it is shown: at most three places.
fn short(limit: f64) -> f64 {
    (limit * 1e3).round() / 1e3
}

fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let model = std::fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split_once(':')?.1.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    format!("{cpus} × {model}, {}", std::env::consts::OS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_met_when_every_limit_is() {
        let met = Figure::at_most("a", 2.0, 2.0, "s");
        let missed = Figure::at_most("b", 2.1, 2.0, "s");
        assert!(Report::new("x", vec![met]).met());
        let report = Report::new("x", vec![missed, Figure::told("c", 9.0, "MB")]);
        assert!(!report.met());
        assert!(report.table().contains("NOT MET"));
    }
}
