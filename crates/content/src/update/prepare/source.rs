//! Where the bytes of the two trees come from, each read checked against its digest.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use dray_model::Digest;

use super::PrepareError;
use super::containers::Opened;
use crate::manifest::Manifest;
use crate::native;
use crate::tree::Tree;

/// A tree whose bytes can be read.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// The tree and how its files are built from chunks. Of the old tree recipes may be missing; they help to find bases.
    pub manifest: &'a Manifest,
    /// Its bytes.
    pub contents: &'a dyn Contents,
}

/// Opens contents by digest.
pub trait Contents: Sync {
    /// A file that holds the content and nothing else.
    ///
    /// # Errors
    /// When it doesn't exist or can't be read.
    fn open(&self, content: &Digest) -> io::Result<File>;
}

/// The contents of a tree in a folder on disk.
#[derive(Debug)]
pub struct Folder {
    paths: HashMap<Digest, PathBuf>,
}

impl Folder {
    /// The contents of `tree`, which lies at `root`.
    #[must_use]
    pub fn new(root: &Path, tree: &Tree) -> Self {
        let mut paths = HashMap::new();
        for (path, file) in tree.files() {
            paths.entry(file.digest).or_insert_with(|| path.below(root));
        }
        Self { paths }
    }
}

impl Contents for Folder {
    fn open(&self, content: &Digest) -> io::Result<File> {
        let path = self.paths.get(content).ok_or(io::ErrorKind::NotFound)?;
        // Opening a pipe that took the file's place would wait for a writer forever.
        if !fs::symlink_metadata(path)?.is_file() {
            return Err(io::Error::other("it is no longer a file"));
        }
        File::open(path)
    }
}

/// The contents of a source, and those of their opened forms that were made.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a> {
    source: &'a Source<'a>,
    opened: &'a Opened,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(source: &'a Source<'a>, opened: &'a Opened) -> Self {
        Self { source, opened }
    }

    /// Adds a range of a content to `out`. A range that is all of the content is checked here; for others the content must have
    /// passed [`Bytes::check`]; of forms that is known.
    pub(super) fn read(
        &self,
        content: &Digest,
        range: Range<u64>,
        is_whole: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), PrepareError> {
        let start = out.len();
        out.resize(start + (range.end - range.start) as usize, 0);
        let form = self.opened.path(content);
        let file = form.map_or_else(
            || self.source.open(content),
            |path| File::open(path).map_err(|source| PrepareError::Form { path: path.to_owned(), source }),
        );
        match native::read_exact_at(&file?, range.start, &mut out[start..]) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(PrepareError::Changed(*content)),
            Err(source) => return Err(PrepareError::Read { content: *content, source }),
            Ok(()) => {}
        }
        if is_whole && form.is_none() && Digest::of(&out[start..]) != *content {
            return Err(PrepareError::Changed(*content));
        }
        Ok(())
    }

    /// Reads a content once, unless it is a form, to see that it is what it should be.
    pub(super) fn check(&self, content: &Digest) -> Result<(), PrepareError> {
        if self.opened.path(content).is_some() { Ok(()) } else { self.source.check(content) }
    }
}

impl Source<'_> {
    /// Reads a content once to see that it is what it should be.
    pub(super) fn check(&self, content: &Digest) -> Result<(), PrepareError> {
        let mut hasher = blake3::Hasher::new();
        let read = hasher.update_reader(self.open(content)?);
        read.map_err(|source| PrepareError::Read { content: *content, source })?;
        if Digest::from(hasher.finalize()) == *content { Ok(()) } else { Err(PrepareError::Changed(*content)) }
    }

    pub(super) fn open(&self, content: &Digest) -> Result<File, PrepareError> {
        self.contents.open(content).map_err(|source| PrepareError::Read { content: *content, source })
    }
}
