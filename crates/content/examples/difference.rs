//! What differences cost: `difference [--background] OLD NEW`, two files or two folders.
//!
//! Each file of NEW whose bytes OLD lacks is built from the file of the same path, or of the same path but for numbers. Programs of
//! 1 MiB and more are relocated first; their maps are not counted. Prints the bytes of the differences and the CPU seconds of making
//! and applying them, and fails when anything is made wrong.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::collections::{HashMap, HashSet};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use dray_content::difference::{Base, Level, SEGMENT_BYTES_MAX, apply, encode, runs};
use dray_content::relocation::Map;

/// Smaller files are put together, as updates do it.
const GROUPED_BYTES_MAX: usize = 1 << 20;

#[derive(Default)]
struct Totals {
    new: usize,
    difference: usize,
    encode_s: f64,
    apply_s: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let background = arguments.first().is_some_and(|first| first == "--background");
    let level = if background { Level::Background } else { Level::Publish };
    let [old, new] = &arguments.split_off(usize::from(background))[..] else {
        return Err("usage: difference [--background] OLD NEW".into());
    };
    let mut totals = Totals::default();
    let (mut bases, mut news) = (Vec::new(), Vec::new());
    for (base, new) in changed(Path::new(old), Path::new(new))? {
        if new.len() >= GROUPED_BYTES_MAX {
            measure(&base, &new, level, &mut totals)?;
            continue;
        }
        if news.len() + new.len() > SEGMENT_BYTES_MAX {
            measure(&std::mem::take(&mut bases), &std::mem::take(&mut news), level, &mut totals)?;
        }
        bases.extend(base);
        news.extend(new);
    }
    measure(&bases, &news, level, &mut totals)?;
    let Totals { new, difference, encode_s, apply_s } = totals;
    println!("{new} bytes from a difference of {difference}; CPU: {encode_s:.2} s to make, {apply_s:.2} s to apply");
    Ok(())
}

fn measure(base: &[u8], new: &[u8], level: Level, totals: &mut Totals) -> Result<(), Box<dyn Error>> {
    let begun = cpu_s();
    let index = Base::new(base);
    let relocated = Map::find(base, new, &runs(&index, new)).map(|(_, relocated)| relocated);
    let base = relocated.as_deref().unwrap_or(base);
    let index = if relocated.is_some() { Base::new(base) } else { index };
    let differences: Vec<_> = new.chunks(SEGMENT_BYTES_MAX).map(|segment| encode(&index, segment, level)).collect();
    let encoded = cpu_s();
    for (segment, difference) in new.chunks(SEGMENT_BYTES_MAX).zip(&differences) {
        let mut out = Vec::new();
        apply(&base, difference, segment.len() as u64, &mut out)?;
        if out != segment {
            return Err("a difference makes other bytes".into());
        }
    }
    totals.new += new.len();
    totals.difference += differences.iter().map(Vec::len).sum::<usize>();
    totals.encode_s += encoded - begun;
    totals.apply_s += cpu_s() - encoded;
    Ok(())
}

/// The bytes of a file before and after.
type Change = (Vec<u8>, Vec<u8>);

/// Each file that changed.
fn changed(old: &Path, new: &Path) -> Result<Vec<Change>, Box<dyn Error>> {
    if old.is_file() {
        return Ok(vec![(fs::read(old)?, fs::read(new)?)]);
    }
    let old_paths = files(old)?;
    let mut held = HashSet::new();
    let mut by_words: HashMap<String, &PathBuf> = HashMap::new();
    for path in &old_paths {
        held.insert(blake3::hash(&fs::read(path)?));
        by_words.insert(words(path.strip_prefix(old)?), path);
    }
    let mut changed = Vec::new();
    for path in files(new)? {
        let bytes = fs::read(&path)?;
        if held.insert(blake3::hash(&bytes)) {
            let relative = path.strip_prefix(new)?;
            let same = Some(old.join(relative)).filter(|same| same.is_file());
            let base = same.as_ref().or_else(|| by_words.get(&words(relative)).copied());
            changed.push((base.map(fs::read).transpose()?.unwrap_or_default(), bytes));
        }
    }
    Ok(changed)
}

/// A path without its numbers: digits, and six or more hexadecimal ones on end.
fn words(path: &Path) -> String {
    let path = path.to_string_lossy();
    let runs = path.as_bytes().chunk_by(|a, b| a.is_ascii_hexdigit() == b.is_ascii_hexdigit());
    let words = runs.filter(|run| run.len() < 6 || !run[0].is_ascii_hexdigit());
    words.flatten().filter(|byte| !byte.is_ascii_digit()).map(|byte| char::from(*byte)).collect()
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    let mut found = Vec::new();
    for entry in entries {
        if entry.file_type()?.is_dir() {
            found.append(&mut files(&entry.path())?);
        } else if entry.file_type()?.is_file() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// CPU seconds that this process has used.
#[cfg(unix)]
fn cpu_s() -> f64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    used.tv_sec as f64 + used.tv_nsec as f64 / 1e9
}

/// Seconds since the first call, where CPU seconds are not available.
#[cfg(not(unix))]
fn cpu_s() -> f64 {
    static FIRST: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    FIRST.get_or_init(std::time::Instant::now).elapsed().as_secs_f64()
}
