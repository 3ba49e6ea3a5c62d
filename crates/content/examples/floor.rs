//! The least that an ingest can cost: every byte read, cut, hashed and compressed once, by one thread, and thrown away.
//!
//! `floor FOLDER` does that and prints the bytes read and what they would take in packs. Whoever starts it measures it; the
//! benchmark of contents holds an ingest of the same folder against it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that speaks to its caller")]

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use dray_content::chunker::{CHUNK_BYTES_AVERAGE, CHUNK_BYTES_MIN, Chunker};
use dray_model::Digest;

/// As chunks are stored at ingest.
const LEVEL: i32 = 3;

struct Pass {
    compressor: zstd::bulk::Compressor<'static>,
    /// Files that are too short to be cut, joined as an ingest joins them.
    group: Vec<u8>,
    read_bytes: u64,
    stored_bytes: u64,
}

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: floor FOLDER");
        return ExitCode::from(2);
    };
    match run(Path::new(&folder)) {
        Ok(pass) => {
            println!("{{\"read_bytes\":{},\"stored_bytes\":{}}}", pass.read_bytes, pass.stored_bytes);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: can't read {}: {error}", Path::new(&folder).display());
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path) -> io::Result<Pass> {
    let compressor = zstd::bulk::Compressor::new(LEVEL)?;
    let mut pass = Pass { compressor, group: Vec::new(), read_bytes: 0, stored_bytes: 0 };
    for file in files(folder)? {
        pass.file(File::open(file)?)?;
    }
    let rest = std::mem::take(&mut pass.group);
    pass.chunk(&rest)?;
    Ok(pass)
}

/// All files below `folder`, in order of their paths. Links are not followed.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let (mut files, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir()? {
            let entry = entry?;
            match entry.file_type()? {
                kind if kind.is_dir() => folders.push(entry.path()),
                kind if kind.is_file() => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort_unstable();
    Ok(files)
}

impl Pass {
    fn file(&mut self, mut file: File) -> io::Result<()> {
        let length = file.metadata()?.len();
        self.read_bytes += length;
        if length < CHUNK_BYTES_MIN as u64 {
            if self.group.len() as u64 + length > CHUNK_BYTES_AVERAGE as u64 {
                let group = std::mem::take(&mut self.group);
                self.chunk(&group)?;
            }
            file.read_to_end(&mut self.group)?;
            return Ok(());
        }
        let mut chunks = Chunker::new(file);
        while let Some(chunk) = chunks.next_chunk()? {
            self.chunk(chunk)?;
        }
        Ok(())
    }

    fn chunk(&mut self, plain: &[u8]) -> io::Result<()> {
        std::hint::black_box(Digest::of(plain));
        let stored = self.compressor.compress(plain)?;
        self.stored_bytes += stored.len().min(plain.len()) as u64;
        Ok(())
    }
}
