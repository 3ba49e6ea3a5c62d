//! The least that an ingest can cost: every byte read, cut, hashed and compressed once, and thrown away.
//!
//! `floor FOLDER [THREADS]` does that and prints the bytes read and what they would take in packs. The program that starts it measures it; the
//! benchmark of contents holds an ingest of the same folder against it. With one thread, which is the default, it is the work alone. A
//! second of a processor is worth less while its neighbours compute too (they share caches and, as hyperthreads, the processor), so
//! what an ingest adds to the work is told by the floor with as many threads as the ingest has.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that speaks to its caller")]

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

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
    let mut arguments = std::env::args_os().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        eprintln!("usage: floor FOLDER [THREADS]");
        return ExitCode::from(2);
    };
    let threads = arguments.next().map_or(Ok(NonZeroUsize::MIN), |text| text.to_string_lossy().parse());
    match threads.map_err(Box::from).and_then(|threads| run(&folder, threads)) {
        Ok((read_bytes, stored_bytes)) => {
            println!("{{\"read_bytes\":{read_bytes},\"stored_bytes\":{stored_bytes}}}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: cannot read {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}

fn run(folder: &Path, threads: NonZeroUsize) -> Result<(u64, u64), Box<dyn Error>> {
    let files = Mutex::new(files(folder)?.into_iter());
    let passes: Vec<_> = thread::scope(|scope| {
        let started: Vec<_> = (0..threads.get()).map(|_| scope.spawn(|| pass(&files))).collect();
        started.into_iter().map(|thread| thread.join().expect("a pass does not panic")).collect()
    });
    let mut sums = (0, 0);
    for pass in passes {
        let pass = pass?;
        sums = (sums.0 + pass.read_bytes, sums.1 + pass.stored_bytes);
    }
    Ok(sums)
}

/// Takes one file after the other, until none is left.
fn pass(files: &Mutex<std::vec::IntoIter<PathBuf>>) -> io::Result<Pass> {
    let compressor = zstd::bulk::Compressor::new(LEVEL)?;
    let mut pass = Pass { compressor, group: Vec::new(), read_bytes: 0, stored_bytes: 0 };
    loop {
        let next = files.lock().expect("taking a file does not panic").next();
        let Some(file) = next else { break };
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
