//! A folder of pairs: `NAME/{old,new}` are trees, `NAME/{old,new}.archive` the files that they were shipped as. Either will do.
//!
//! Every figure is called `NAME/tree/…` or `NAME/archive/…`. What fails is told and counts as a limit that is not met; the other
//! pairs are measured all the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use super::super::metered::{least, metered};
use super::super::report::Figure;
use super::dray::{self, Measured};
use super::peers::{self, Sent};
use super::point::Branch;
use super::{Level, Options, bars, tools};
use crate::process::build_shipped;

/// The programs that are measured.
struct Programs {
    dray: PathBuf,
    floor: PathBuf,
}

/// Two versions in one form.
pub(super) struct Pair {
    name: String,
    form: Form,
    /// A folder, also for archives: it holds nothing else.
    pub(super) old: PathBuf,
    pub(super) new: PathBuf,
}

/// How a version is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Its files, unpacked.
    Tree,
    /// The one file that it was shipped as.
    Archive,
}

/// What an archive is called in both versions, so that they are versions of one file.
pub(super) const ARCHIVE: &str = "package";

pub(super) fn measure(corpus: &Path, options: &Options) -> anyhow::Result<Vec<Figure>> {
    let programs = programs(options)?;
    // A site prepares at the other level only when somebody asks for it.
    let has_branch = options.level == Level::Publish && tools::are_there(&["curl"], "the way to a point");
    let branch = has_branch.then(|| Branch::start(&programs.dray)).transpose()?;
    let mut figures = Vec::new();
    for name in names(corpus, &options.pairs)? {
        let mut tree_kb = None;
        for form in [Form::Tree, Form::Archive].into_iter().filter(|form| form.is_in(&corpus.join(&name))) {
            let prefix = format!("{name}/{}", form.word());
            eprintln!("measuring {prefix}");
            match measure_form(&programs, branch.as_ref(), &corpus.join(&name), &name, form, tree_kb, options) {
                Ok((kilobytes, measured)) => {
                    tree_kb = tree_kb.or(Some(kilobytes));
                    figures.extend(measured.into_iter().map(|figure| figure.below(&prefix)));
                }
                Err(error) => {
                    eprintln!("{prefix} failed: {error:#}");
                    figures.push(Figure::failed(prefix));
                }
            }
        }
    }
    Ok(figures)
}

/// The kilobytes on the wire and all figures of one form of one pair.
fn measure_form(
    programs: &Programs,
    branch: Option<&Branch>,
    folder: &Path,
    name: &str,
    form: Form,
    tree_kb: Option<f64>,
    options: &Options,
) -> anyhow::Result<(f64, Vec<Figure>)> {
    let scratch = tempfile::Builder::new().prefix("dray-bench-").tempdir()?;
    let pair = Pair::take(folder, name, form, scratch.path())?;
    let measured = dray::measure(&programs.dray, options.level, &pair.old, &pair.new, scratch.path())?;
    let kilobytes = measured.fetched("bytes")? / 1e3;
    let floor = least(|| metered(Command::new(&programs.floor).arg(&pair.old)))?;
    let sent = if options.peers { peers::measure(&pair, scratch.path())? } else { Vec::new() };
    let limit = match form {
        Form::Tree => bars::tree_kb(name, options.level),
        Form::Archive => {
            let archive = pair.new.join(ARCHIVE);
            Some(bars::archive_kb(&archive, kb(fs::metadata(&archive)?.len()), tree_kb)?)
        }
    };
    let mut figures = wire_figures(&measured, limit)?;
    if let Some(branch) = branch {
        figures.extend(branch.measure(&pair, limit)?);
    }
    figures.extend(cost_figures(&measured, floor.cpu_s)?);
    figures.extend(peer_figures(kilobytes, &sent, options.level));
    Ok((kilobytes, figures))
}

fn wire_figures(measured: &Measured, limit: Option<f64>) -> anyhow::Result<Vec<Figure>> {
    let kilobytes = measured.fetched("bytes")? / 1e3;
    let mut figures = vec![match limit {
        Some(limit) => Figure::at_most("wire", kilobytes, limit, "kB"),
        None => Figure::told("wire", kilobytes, "kB"),
    }];
    for list in ["manifest", "update"] {
        figures.push(Figure::told(format!("wire, {list}"), measured.fetched(&format!("{list}_bytes"))? / 1e3, "kB"));
    }
    for stored in ["segment", "chunk"] {
        figures.push(Figure::told(
            format!("wire, {stored}s"),
            measured.planned(&format!("{stored}_bytes"))? / 1e3,
            "kB",
        ));
    }
    figures.push(Figure::told("requests", measured.fetched("requests")?, ""));
    let against = kilobytes * 1e3 / measured.simple_bytes()?;
    figures.push(Figure::at_most("wire against whole and chunks", against, bars::AGAINST_SIMPLE, "×"));
    Ok(figures)
}

fn cost_figures(measured: &Measured, floor_cpu_s: f64) -> anyhow::Result<Vec<Figure>> {
    let (size, changed) = (measured.size_bytes()?, measured.changed_bytes()?);
    let Measured { ingest, prepare, apply, .. } = measured;
    Ok(vec![
        Figure::told("changed", changed / 1e6, "MB"),
        Figure::at_most("prepare, CPU", prepare.cpu_s, bars::prepare_cpu_s(changed), "s"),
        Figure::told("prepare, resident", kb(prepare.peak_bytes) / 1e3, "MB"),
        Figure::at_most("apply, CPU", apply.cpu_s, bars::apply_cpu_s(size), "s"),
        Figure::at_most("apply, resident", kb(apply.peak_bytes) / 1e3, bars::APPLY_RESIDENT_MB, "MB"),
        Figure::told("ingest, CPU", ingest.cpu_s, "s"),
        Figure::told("ingest, resident", kb(ingest.peak_bytes) / 1e3, "MB"),
        Figure::at_least("floor against ingest, CPU", floor_cpu_s / ingest.cpu_s, bars::INGEST_AGAINST_FLOOR, "×"),
    ])
}

/// Beside the peers: how many bytes each sent, and for the background level the limit that they set.
fn peer_figures(kilobytes: f64, sent: &[Sent], level: Level) -> Vec<Figure> {
    let mut figures = Vec::new();
    for peer in sent {
        figures.push(Figure::told(format!("{}, wire", peer.name), kb(peer.bytes), "kB"));
        figures.push(Figure::told(format!("{}, prepare CPU", peer.name), peer.prepare.cpu_s, "s"));
        figures.push(Figure::told(format!("{}, apply CPU", peer.name), peer.apply.cpu_s, "s"));
        if peer.name == "bsdiff" {
            figures.push(Figure::told("wire against bsdiff", kilobytes / kb(peer.bytes), "×"));
        }
    }
    if let Some(best) = sent.iter().map(|peer| peer.bytes).min().filter(|_| level == Level::Background) {
        figures.push(Figure::at_most("wire against the best peer", kilobytes / kb(best), 1.0, "×"));
    }
    figures
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
pub(super) fn kb(bytes: u64) -> f64 {
    bytes as f64 / 1e3
}

fn programs(options: &Options) -> anyhow::Result<Programs> {
    let floor = build_shipped(&["--package", "dray-content", "--example", "floor"])?.join("examples/floor");
    let dray = match &options.dray {
        Some(given) => given.clone(),
        None => build_shipped(&["--package", "dray"])?.join("dray"),
    };
    Ok(Programs { dray, floor })
}

/// The pairs in the folder, sorted; all or only those asked for.
fn names(corpus: &Path, asked: &[String]) -> anyhow::Result<Vec<String>> {
    let entries = fs::read_dir(corpus).with_context(|| format!("cannot list {}", corpus.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        let is_pair = [Form::Tree, Form::Archive].iter().any(|form| form.is_in(&entry.path()));
        names.extend(entry.file_name().into_string().ok().filter(|_| is_pair));
    }
    names.sort_unstable();
    if let Some(missing) = asked.iter().find(|asked| !names.contains(asked)) {
        bail!("{} holds no pair {missing}", corpus.display());
    }
    names.retain(|name| asked.is_empty() || asked.contains(name));
    if names.is_empty() {
        bail!("{} holds no NAME/old and NAME/new, and no NAME/old.archive and NAME/new.archive", corpus.display());
    }
    Ok(names)
}

impl Form {
    fn word(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Archive => "archive",
        }
    }

    /// Whether the folder of a pair has it.
    fn is_in(self, folder: &Path) -> bool {
        ["old", "new"].iter().all(|version| match self {
            Self::Tree => folder.join(version).is_dir(),
            Self::Archive => folder.join(format!("{version}.archive")).is_file(),
        })
    }
}

impl Pair {
    /// The two versions; archives are copied into folders of their own below `scratch`.
    fn take(folder: &Path, name: &str, form: Form, scratch: &Path) -> anyhow::Result<Self> {
        let version = |version: &str| match form {
            Form::Tree => Ok(fs::canonicalize(folder.join(version))?),
            Form::Archive => {
                let own = scratch.join("in").join(version);
                fs::create_dir_all(&own)?;
                fs::copy(folder.join(format!("{version}.archive")), own.join(ARCHIVE))?;
                anyhow::Ok(own)
            }
        };
        Ok(Self { name: name.to_owned(), form, old: version("old")?, new: version("new")? })
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// In which form it is given.
    pub(super) const fn form(&self) -> Form {
        self.form
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_in_either_form() {
        let corpus = tempfile::tempdir().unwrap();
        for folder in ["both/old", "both/new", "tree/old", "tree/new", "half/old", "empty"] {
            fs::create_dir_all(corpus.path().join(folder)).unwrap();
        }
        for file in ["both/old.archive", "both/new.archive", "half/new.archive"] {
            fs::write(corpus.path().join(file), "x").unwrap();
        }
        assert_eq!(names(corpus.path(), &[]).unwrap(), ["both", "tree"]);
        assert_eq!(names(corpus.path(), &["tree".to_owned()]).unwrap(), ["tree"]);
        assert!(names(corpus.path(), &["half".to_owned()]).is_err());
        assert!(names(&corpus.path().join("empty"), &[]).is_err());
    }
}
