//! Laws of mending.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;

use super::*;
use crate::ingest::{self, Ingested, KnownChunks, Options};

/// A source folder and what was made of it.
struct Published {
    root: tempfile::TempDir,
    ingested: Ingested,
}

impl Published {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let source = root.path().join("source");
        fs::create_dir(&source).unwrap();
        let mut noise = vec![0; 600_000];
        blake3::Hasher::new().finalize_xof().fill(&mut noise);
        fs::write(source.join("noise"), noise).unwrap();
        fs::write(source.join("text"), "line after line\n".repeat(40_000)).unwrap();
        for small in ["a", "b", "c"] {
            fs::write(source.join(small), small.repeat(5000)).unwrap();
        }
        let options = Options::default();
        let ingested =
            ingest::ingest(&source, &root.path().join("packs"), &KnownChunks::default(), &options, &()).unwrap();
        Self { root, ingested }
    }

    fn source(&self) -> PathBuf {
        self.root.path().join("source")
    }

    fn pack(&self) -> (Digest, Vec<u8>) {
        let pack = &self.ingested.packs[0];
        (pack.digest, fs::read(&pack.path).unwrap())
    }

    /// Mends the pack of which `left` is left.
    fn mend(&self, left: Option<&[u8]>, sources: &[Source<'_>]) -> (Mended, Vec<u8>) {
        let left = left.map(|bytes| {
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(bytes).unwrap();
            file
        });
        let mut out = tempfile::tempfile().unwrap();
        let mended = mend(&self.pack().0, left, sources, &mut out, &Limits::default()).unwrap();
        let mut bytes = Vec::new();
        out.seek(SeekFrom::Start(0)).unwrap();
        out.read_to_end(&mut bytes).unwrap();
        (mended, bytes)
    }
}

#[test]
fn a_pack_is_made_again_from_nothing_but_its_files_and_manifest() {
    let published = Published::new();
    let sources = [Source::folder(&published.source(), &published.ingested.manifest)];
    assert_eq!(published.mend(None, &sources), (Mended::Whole, published.pack().1));
}

#[test]
fn a_flipped_or_missing_byte_anywhere_is_mended() {
    let published = Published::new();
    let (_, good) = published.pack();
    let sources = [Source::folder(&published.source(), &published.ingested.manifest)];
    for at in [0, 9, 16, 5000, good.len() / 2, good.len() - 60, good.len() - 48, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_eq!(published.mend(Some(&bad), &sources), (Mended::Whole, good.clone()), "byte {at}");
        assert_eq!(published.mend(Some(&good[..at]), &sources), (Mended::Whole, good.clone()), "cut at {at}");
    }
}

#[test]
fn only_what_is_damaged_is_needed_of_the_files() {
    let published = Published::new();
    let (_, mut bad) = published.pack();
    let first = pack::index(&mut io::Cursor::new(&bad), &Limits::default()).unwrap()[0];
    bad[first.offset as usize + 3] ^= 1;
    let manifest = &published.ingested.manifest;
    // The first chunk is that of a file that is still as it was; the others changed.
    let holds_first = |path: &str| {
        let bytes = fs::read(published.source().join(path)).unwrap();
        bytes.len() >= first.length as usize && Digest::of(&bytes[..first.length as usize]) == first.digest
    };
    for path in ["noise", "text"] {
        if !holds_first(path) {
            fs::write(published.source().join(path), "another").unwrap();
        }
    }
    let sources = [Source::folder(&published.source(), manifest)];
    assert_eq!(published.mend(Some(&bad), &sources).0, Mended::Whole);
}

#[test]
fn files_that_changed_give_nothing_and_what_lacks_is_counted() {
    let published = Published::new();
    fs::write(published.source().join("text"), "other lines\n".repeat(60_000)).unwrap();
    let sources = [Source::folder(&published.source(), &published.ingested.manifest)];
    let (mended, _) = published.mend(None, &sources);
    assert!(matches!(mended, Mended::Lacking { chunks: 1.., bytes: 1.. }), "{mended:?}");
}

#[test]
fn without_index_and_manifest_nothing_is_guessed() {
    let published = Published::new();
    let (_, good) = published.pack();
    assert_eq!(published.mend(Some(&good[..good.len() - 1]), &[]).0, Mended::Unlisted);
    let bare = [Source::bare(&published.ingested.manifest)];
    assert_eq!(published.mend(Some(&good[..good.len() - 1]), &bare).0, Mended::Whole, "the chunks are all there");
}
