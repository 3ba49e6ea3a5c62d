//! Makes the updates of a corpus and prints what they cost.
//!
//! `CORPUS=<folder> cargo run --release -p dray-content --example update [-- --background] [pair …]`, where each pair is a folder
//! of the corpus with the folders `old` and `new`. Every segment is applied again and checked.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers: it prints, and stops when it cannot go on"
)]

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dray_content::difference::{self, Level};
use dray_content::ingest::{self, KnownChunks};
use dray_content::read_at::{Concatenation, OpenFile, ReadAt, Window};
use dray_content::rebuild;
use dray_content::scan::Rules;
use dray_content::update::prepare::{self, Folder, Outcome, Prepared, Source, Way};
use dray_content::update::{BasePart, Place, relocated_part};
use dray_content::{Limits, Manifest, Update};
use dray_model::Digest;

fn main() {
    let corpus = PathBuf::from(std::env::var("CORPUS").expect("CORPUS names a folder of pairs"));
    let (options, mut pairs): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|arg| arg.starts_with('-'));
    if pairs.is_empty() {
        let folders = fs::read_dir(&corpus).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        pairs = folders.collect();
        pairs.sort();
    }
    let mut level = Level::Publish;
    let mut is_verbose = false;
    let mut segment_bytes_max = difference::SEGMENT_BYTES_MAX;
    for option in options {
        match option.as_str() {
            "--background" => level = Level::Background,
            "--verbose" => is_verbose = true,
            "--small" => segment_bytes_max /= 2,
            other => panic!("unknown option {other}"),
        }
    }
    let options = prepare::Options { level, segment_bytes_max, ..prepare::Options::default() };
    for pair in pairs {
        let folder = corpus.join(&pair);
        measure(&pair, &folder.join("old"), &folder.join("new"), &options, is_verbose);
    }
}

fn measure(pair: &str, old: &Path, new: &Path, options: &prepare::Options, is_verbose: bool) {
    let scratch = tempfile::tempdir().unwrap();
    let old_manifest = ingest(old, &scratch.path().join("old"), &KnownChunks::default());
    let new_manifest = ingest(new, &scratch.path().join("new"), &[&old_manifest].into_iter().collect());
    let old_files = Folder::new(old, old_manifest.tree());
    let new_files = Folder::new(new, new_manifest.tree());
    let old = Source { manifest: &old_manifest, contents: &old_files };
    let new = Source { manifest: &new_manifest, contents: &new_files };
    let before = cpu_seconds();
    let outcome = prepare::prepare(&old, &new, &scratch.path().join("update"), options, &()).unwrap();
    let cpu = cpu_seconds() - before;
    match outcome {
        Outcome::NotWorthIt(totals) => println!("{pair}: not worth it: {totals:?}, {cpu:.2} CPU s"),
        Outcome::Prepared(prepared) => {
            print(pair, &prepared, cpu, is_verbose);
            print_manifest(&old_manifest, &new_manifest, &prepared.update);
            check(&prepared, &old, &new);
        }
    }
}

fn ingest(source: &Path, staging: &Path, known: &KnownChunks) -> Manifest {
    let options = ingest::Options { rules: Rules::ANYTHING, ..ingest::Options::default() };
    ingest::ingest(source, staging, known, &options, &()).unwrap().manifest
}

fn print(pair: &str, prepared: &Prepared, cpu: f64, is_verbose: bool) {
    let totals = &prepared.totals;
    let changed: u64 = prepared.choices.iter().map(|choice| choice.size).sum();
    println!(
        "{pair}: {} bytes in all for {changed} changed: update {}, {} segments {}, chunks {}; without update {}; {cpu:.2} CPU s ({:.2} per 200 MB)",
        totals.fetch_bytes(),
        totals.update_bytes,
        prepared.update.segments.len(),
        totals.segment_bytes,
        totals.chunk_bytes,
        totals.without_bytes,
        cpu * 200e6 / changed as f64,
    );
    if is_verbose {
        for choice in &prepared.choices {
            let way = if choice.way == Way::Segments { "segments" } else { "chunks" };
            let (segments, path, files) = (choice.segment_bytes.unwrap_or(0), &choice.path, choice.files);
            println!(
                "  {:>10} of {:>10} base {:>10} chunks {:>10} whole {} opened {} {way} {path} ({files})",
                segments, choice.size, choice.base_bytes, choice.chunk_bytes, choice.whole_segments, choice.opened
            );
        }
    }
}

/// What a point fetches besides, to have the manifest too.
fn print_manifest(old: &Manifest, new: &Manifest, update: &Update) {
    let before = cpu_seconds();
    let difference = rebuild::describe_manifest(old, new, update).unwrap().len();
    let cpu = cpu_seconds() - before;
    println!("  manifest {} bytes, as a difference {difference}, {cpu:.2} CPU s", new.encode().unwrap().len());
}

/// Reads the update back and applies every segment.
fn check(prepared: &Prepared, old: &Source<'_>, new: &Source<'_>) {
    let (from, to) = (old.manifest.tree(), new.manifest.tree().digest());
    assert_eq!(Update::decode(&prepared.bytes, from, &to, &Limits::default()).unwrap(), prepared.update);
    let packs: Vec<Vec<u8>> = prepared.packs.iter().map(|pack| fs::read(&pack.path).unwrap()).collect();
    let before = cpu_seconds();
    let mut built = 0;
    for segment in prepared.update.segments.iter().filter(|_| prepared.update.forms.is_empty()) {
        let part = |part: &BasePart| {
            let open = |offset, length| -> io::Result<Box<dyn ReadAt>> {
                let file = OpenFile::new(old.contents.open(&part.content)?)?;
                Ok(Box::new(Window::new(file, offset, length).ok_or(io::ErrorKind::UnexpectedEof)?))
            };
            relocated_part(*part, &prepared.update.relocations, open).unwrap()
        };
        let base = Concatenation::new(segment.base.iter().flat_map(part)).unwrap();
        let difference = match &segment.place {
            Place::Carried(difference) => difference,
            Place::Packed(at) => &packs[at.pack as usize][at.offset as usize..at.end() as usize],
        };
        let mut output = Vec::new();
        difference::apply(&base, difference, segment.length(), &mut output).unwrap();
        assert!(segment.digest.is_none_or(|digest| Digest::of(&output) == digest));
        built += output.len();
    }
    println!("  {built} bytes built again and checked, {:.2} CPU s with reading", cpu_seconds() - before);
}

/// What this process has used so far; on Linux only.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = behind_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
