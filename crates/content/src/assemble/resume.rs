//! Opening: makes the folders, removes what doesn't belong, and hashes what an earlier assembly left.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use dray_model::Digest;

use super::disk::{read_error, write_error};
use super::targets::Target;
use super::{AssembleError, Assembly, FileState};
use crate::manifest::Piece;
use crate::native;
use crate::plan::Stored;
use crate::tree::{Node, Tree};
use crate::verify::tree_path;

impl Assembly {
    pub(super) fn resume(&mut self) -> Result<(), AssembleError> {
        prune(&self.tree, b"", self.plan.want.tree())?;
        for entry in self.plan.want.tree().entries().iter().filter(|entry| entry.node.is_directory()) {
            let folder = entry.path.below(&self.tree);
            fs::create_dir_all(&folder).map_err(|error| write_error(&folder, error))?;
        }
        (0..self.plan.files.len()).try_for_each(|file| self.resume_file(file))?;
        self.resume_containers()?;
        (0..self.plan.segments.len() as u32).try_for_each(|segment| self.resume_segment(segment))
    }

    fn resume_file(&mut self, number: usize) -> Result<(), AssembleError> {
        let planned = &self.plan.files[number];
        let path = self.files[number].on_disk.clone();
        let Some(file) = open_if_there(&path)? else { return Ok(()) };
        let length = file.metadata().map_err(|error| read_error(&path, error))?.len();
        if length > planned.size {
            return fs::remove_file(&path).map_err(|error| write_error(&path, error));
        }
        let pieces = self.plan.want.recipe(&planned.content).unwrap_or_default();
        if pieces.is_empty() && length < planned.size {
            return native::make_writable(&path).map_err(|error| write_error(&path, error));
        }
        let found = Found::read(file, pieces, |chunk| self.plan.want.chunks()[chunk as usize].digest);
        let found = found.map_err(|error| read_error(&path, error))?;
        if length == planned.size && found.digest == planned.content {
            self.files[number].state = FileState::Verified;
        } else {
            // An earlier assembly may have finished it for another tree.
            native::make_writable(&path).map_err(|error| write_error(&path, error))?;
        }
        for (chunk, at) in found.pieces {
            self.targets.set_done_at(Stored::Chunk(chunk), number as u32, at);
        }
        Ok(())
    }

    /// Recognises the output of a segment, unless all of it is in whole files: those have digests of their own.
    fn resume_segment(&mut self, number: u32) -> Result<(), AssembleError> {
        let open = self.open_targets(Stored::Segment(number));
        let is_whole = |number: &usize| {
            let target = self.targets.get(*number);
            self.is_whole(target.file, target.length)
        };
        if open.is_empty() || open.iter().any(is_whole) {
            return Ok(());
        }
        let found = self.output_on_disk(number)?;
        if found.is_some() && found == self.plan.segments[number as usize].digest {
            open.into_iter().for_each(|target| self.targets.set_done(target));
        }
        Ok(())
    }

    /// BLAKE3 of what is in the places of a segment's output; `None` when some of them are not there.
    fn output_on_disk(&self, number: u32) -> Result<Option<Digest>, AssembleError> {
        let targets = self.targets.numbers(Stored::Segment(number)).map(|number| self.targets.get(number));
        let mut in_order: Vec<&Target> = targets.collect();
        in_order.sort_unstable_by_key(|target| target.from);
        let mut hasher = blake3::Hasher::new();
        for target in in_order {
            let path = &self.files[target.file as usize].on_disk;
            let Some(mut file) = open_if_there(path)? else { return Ok(None) };
            let before = hasher.count();
            let read = file.seek(SeekFrom::Start(target.at));
            let read = read.and_then(|_| hasher.update_reader(file.take(target.length.into())));
            read.map_err(|error| read_error(path, error))?;
            if hasher.count() - before < u64::from(target.length) {
                return Ok(None);
            }
        }
        Ok(Some(hasher.finalize().into()))
    }
}

/// What a half-built file turned out to hold.
struct Found {
    digest: Digest,
    /// Whole chunks with their places.
    pieces: Vec<(u32, u64)>,
}

impl Found {
    /// Reads the file once. Pieces that are only a part of their chunk have no digest of their own and count as absent, unless
    /// the whole file is right.
    fn read(mut file: File, pieces: &[Piece], digest_of: impl Fn(u32) -> Digest) -> io::Result<Self> {
        let mut whole = blake3::Hasher::new();
        let mut found = Vec::new();
        let mut bytes = Vec::new();
        let mut at = 0;
        for piece in pieces {
            bytes.clear();
            (&mut file).take(piece.length.into()).read_to_end(&mut bytes)?;
            if bytes.is_empty() {
                break;
            }
            whole.update(&bytes);
            if Digest::of(&bytes) == digest_of(piece.chunk) {
                found.push((piece.chunk, at));
            }
            at += u64::from(piece.length);
        }
        whole.update_reader(file)?;
        Ok(Self { digest: whole.finalize().into(), pieces: found })
    }
}

fn open_if_there(path: &Path) -> Result<Option<File>, AssembleError> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(read_error(path, error)),
    }
}

/// Removes links, and everything that is not of the tree or of another kind there. Follows no link.
fn prune(folder: &Path, prefix: &[u8], tree: &Tree) -> Result<(), AssembleError> {
    for entry in fs::read_dir(folder).map_err(|error| read_error(folder, error))? {
        let entry = entry.map_err(|error| read_error(folder, error))?;
        let on_disk = entry.path();
        let kind = entry.file_type().map_err(|error| read_error(&on_disk, error))?;
        let wanted = tree_path(prefix, &entry.file_name()).and_then(|path| tree.get(path.as_bytes()));
        let removed = match wanted.map(|wanted| &wanted.node) {
            Some(Node::Directory(_)) if kind.is_dir() => {
                let inner = wanted.map_or(&b""[..], |wanted| wanted.path.as_bytes());
                prune(&on_disk, &[inner, b"/"].concat(), tree)?;
                Ok(())
            }
            Some(Node::File(_)) if kind.is_file() => Ok(()),
            _ if kind.is_dir() => fs::remove_dir_all(&on_disk),
            _ => native::remove_file(&on_disk),
        };
        removed.map_err(|error| write_error(&on_disk, error))?;
    }
    Ok(())
}
