//! Opens two versions of an archive and closes the new one again, and prints what that costs.
//!
//! `cargo run --release -p dray-content --example container -- OLD NEW`. zlib's own time for the same texts is the floor to compare
//! with: it is what making the new archive's streams costs when they are at hand as plain bytes.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for developers: it prints, and stops when it cannot go on"
)]

use std::fs::{self, File};
use std::thread;

use dray_content::Limits;
use dray_content::container::{Stream, inflate, open_pair, rebuild};
use dray_content::read_at::OpenFile;
use dray_model::Digest;

fn main() {
    let paths: Vec<String> = std::env::args().skip(1).collect();
    let [old, new] = &paths[..] else { panic!("two archives are compared") };
    let open = |path: &String| OpenFile::new(File::open(path).unwrap()).unwrap();
    let threads = thread::available_parallelism().unwrap();
    let lender = open(old);
    let before = cpu_seconds();
    let pair = open_pair((&Digest::of(old.as_bytes()), &lender), &open(new), &Limits::default(), threads)
        .unwrap()
        .expect("there is something to open");
    let opened = cpu_seconds();
    let mut form = Vec::new();
    inflate(&pair.new.layout, File::open(new).unwrap(), &mut form).unwrap();
    let inflated = cpu_seconds();
    let mut stored = Vec::new();
    rebuild(&pair.new.layout, &pair.new.corrections, Some(&lender), &form[..], &mut stored).unwrap();
    let rebuilt = cpu_seconds();
    assert_eq!(Digest::of(&stored), Digest::of(&fs::read(new).unwrap()));
    let streams = pair.new.layout.streams();
    let plain: u64 = streams.iter().map(Stream::opened_length).sum();
    println!(
        "{} streams of {plain} bytes, corrections {}: open {:.2} CPU s, inflate {:.2}, rebuild {:.2}",
        streams.len(),
        pair.new.corrections.len(),
        opened - before,
        inflated - opened,
        rebuilt - inflated
    );
}

/// What this process has used so far; on Linux only.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = behind_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}
