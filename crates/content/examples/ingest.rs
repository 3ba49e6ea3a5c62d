//! What ingesting a folder costs, beside what one pass of cut + BLAKE3 + zstd -3 costs on the same bytes (Linux).
//!
//! `cargo run --release -p dray-content --example ingest -- FOLDER [again]` prints processor seconds (user and system), their
//! ratio and the peak resident size. Both run on files that were read before, so neither waits for a disk. With `again` the
//! folder is ingested twice more with the first version's chunks known: read, and unread because nothing changed. That is what updates
//! cost that change nothing, with and without `--checksum`.

#![allow(clippy::print_stdout, reason = "it prints figures")]

use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use dray_content::ingest::{Ingested, KnownChunks, Options, ingest};
use dray_content::scan::Rules;
use dray_content::{Tree, chunker};
use dray_model::Timestamp;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("which folder?")?);
    let again = arguments.next().is_some_and(|argument| argument == "again");
    let staging = std::env::temp_dir().join(format!("dray-ingest-{}", std::process::id()));

    fs::write("/proc/self/clear_refs", "5")?;
    let resident = resident_peak_mb()?;
    let (first, ingest_s) = measured(|| ingested(&folder, &staging, &KnownChunks::default()))?;
    let peak = resident_peak_mb()?;
    let (stored, floor_s) = measured(|| one_pass(&folder, first.manifest.tree()))?;
    let megabytes = first.totals.bytes as f64 / 1e6;
    println!(
        "{megabytes:.1} MB in {} files, {:.1} MB stored",
        first.totals.files,
        first.totals.stored_bytes as f64 / 1e6
    );
    println!("ingest   {ingest_s:.2} CPU s, at most {peak} MB resident ({resident} MB before)");
    println!("one pass {floor_s:.2} CPU s, {:.1} MB stored", stored as f64 / 1e6);
    println!("one pass / ingest {:.2}", floor_s / ingest_s);
    if again {
        let mut known: KnownChunks = [&first.manifest].into_iter().collect();
        let (_, read_s) = measured(|| ingested(&folder, &staging, &known))?;
        known.trust(first.index(Timestamp::from_secs(i64::from(u32::MAX))));
        let (second, unread_s) = measured(|| ingested(&folder, &staging, &known))?;
        println!("again    {read_s:.2} CPU s, {} files unread {unread_s:.2} CPU s", second.totals.unread_files);
    }
    Ok(())
}

fn ingested(folder: &Path, staging: &Path, known: &KnownChunks) -> Outcome<Ingested> {
    let options = Options { rules: Rules::ANYTHING, ..Options::default() };
    let ingested = ingest(folder, staging, known, &options, &())?;
    fs::remove_dir_all(staging)?;
    Ok(ingested)
}

/// The least that anybody pays: every file read, cut, each chunk hashed and compressed once. One thread, no file written.
fn one_pass(folder: &Path, tree: &Tree) -> Outcome<u64> {
    let mut zstd = zstd::bulk::Compressor::new(3)?;
    let mut compressed = vec![0; zstd::zstd_safe::compress_bound(chunker::CHUNK_BYTES_MAX)];
    let mut window = vec![0; 4 * chunker::CHUNK_BYTES_MAX];
    let mut stored = 0;
    for (path, _) in tree.files() {
        let mut file = File::open(path.below(folder))?;
        let (mut start, mut end) = (0, 0);
        loop {
            if end - start < chunker::CHUNK_BYTES_MAX {
                window.copy_within(start..end, 0);
                (start, end) = (0, end - start);
                while let read @ 1.. = file.read(&mut window[end..])? {
                    end += read;
                }
            }
            if start == end {
                break;
            }
            let chunk = &window[start..start + chunker::cut(&window[start..end])];
            std::hint::black_box(blake3::hash(chunk));
            stored += zstd.compress_to_buffer(chunk, &mut compressed)?.min(chunk.len()) as u64;
            start += chunk.len();
        }
    }
    Ok(stored)
}

/// The result of `work` and the processor time of all threads that it took, in seconds. Whole ticks of 10 ms.
fn measured<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, f64)> {
    let before = cpu_s()?;
    let result = work()?;
    Ok((result, cpu_s()? - before))
}

fn cpu_s() -> Outcome<f64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // Fields are counted behind the name, which may hold spaces: user and system time are the 12th and 13th there.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(ticks as f64 / 100.0)
}

fn resident_peak_mb() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? / 1024)
}
