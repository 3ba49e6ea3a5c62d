//! Opening containers before differences are made: archives whose base is an archive too.
//!
//! Both are written in their opened forms to a scratch folder, and from there on a form takes the place of its content. What can't be
//! opened and closed again exactly stays as it is.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use dray_model::Digest;

use super::bases::{FileToBuild, InnerProgram};
use super::cost::ChunkCosts;
use super::{Options, PrepareError, Source, program};
use crate::container::{self, Layout, Pair};
use crate::frame;
use crate::limits::Limits;
use crate::progress::Progress;
use crate::read_at::OpenFile;
use crate::update::{Container, Forms, OpenedBase, Segment};

/// Opening a file costs more than what could be saved of so few bytes.
const WORTH_BYTES: u64 = 1 << 10;

/// The opened forms of old and new contents, in files of their own that are removed with this.
pub(super) struct Opened {
    folder: PathBuf,
    forms: Forms,
    paths: HashMap<Digest, PathBuf>,
}

impl Opened {
    /// Opens what can be opened of `files`, in which the forms then stand. `folder` is made when there is something.
    pub(super) fn new(
        folder: PathBuf,
        files: &mut [FileToBuild<'_>],
        (old, new): (&Source<'_>, &Source<'_>),
        costs: &ChunkCosts,
        options: &Options,
        progress: &dyn Progress,
    ) -> Result<Self, PrepareError> {
        let mut opened = Self { folder, forms: Forms::default(), paths: HashMap::new() };
        let mut bases = HashSet::new();
        for file in files {
            let &[(base, _)] = &file.bases[..] else { continue };
            if costs.all(&[file.content]) < WORTH_BYTES || bases.contains(&base) {
                continue;
            }
            if progress.is_cancelled() {
                return Err(PrepareError::Cancelled);
            }
            if let Some(pair) = open_pair(old, &base, new, &file.content, options)? {
                bases.insert(base);
                opened.add(file, pair, old, new, &options.limits)?;
            }
        }
        Ok(opened)
    }

    /// Where the form of this name is, if it is one.
    pub(super) fn path(&self, form: &Digest) -> Option<&Path> {
        self.paths.get(form).map(PathBuf::as_path)
    }

    /// The forms that are used: `chunked` contents are not, nor are bases that no segment reads. `base_numbers` gives the order.
    pub(super) fn used(
        mut self,
        chunked: &[Digest],
        segments: &[Segment],
        base_numbers: &HashMap<Digest, usize>,
    ) -> Forms {
        let mut forms = std::mem::take(&mut self.forms);
        let chunked: HashSet<&Digest> = chunked.iter().collect();
        let read: HashSet<Digest> =
            segments.iter().flat_map(|segment| segment.base.iter().map(|part| part.content)).collect();
        forms.containers.retain(|container| !chunked.contains(&container.content()));
        forms.bases.retain(|base| read.contains(&base.form()));
        forms.bases.sort_unstable_by_key(|base| base_numbers[&base.content()]);
        forms
    }

    fn add(
        &mut self,
        file: &mut FileToBuild<'_>,
        pair: Pair,
        old: &Source<'_>,
        new: &Source<'_>,
        limits: &Limits,
    ) -> Result<(), PrepareError> {
        let (base, _) = file.bases[0];
        let base = OpenedBase::new(base, pair.old);
        let container = Container::new(file.content, pair.new.layout, pair.new.corrections);
        self.write(old, &base.content(), base.layout(), base.form())?;
        self.write(new, &container.content(), container.layout(), container.form())?;
        let listed = [base.layout().encode(), container.layout().encode(), container.corrections().to_vec()].concat();
        file.listed_bytes = frame::compress(&listed, &[]).len() as u64;
        file.bases = vec![(base.form(), base.layout().opened_length())];
        file.output = (container.form(), container.layout().opened_length());
        file.programs = self.programs(&base, &container, old, new, limits)?;
        self.forms.bases.push(base);
        self.forms.containers.push(container);
        Ok(())
    }

    /// The programs within both.
    fn programs(
        &self,
        base: &OpenedBase,
        container: &Container,
        old: &Source<'_>,
        new: &Source<'_>,
        limits: &Limits,
    ) -> Result<Vec<InnerProgram>, PrepareError> {
        let streams = |source: &Source<'_>, content: Digest, layout: &Layout| {
            let failed = |source| PrepareError::Read { content, source };
            let file = OpenFile::new(source.open(&content)?).map_err(failed)?;
            program::streams(&file, layout, limits).map_err(failed)
        };
        let old = streams(old, base.content(), base.layout())?;
        let new = streams(new, container.content(), container.layout())?;
        let path = self.paths[&container.form()].clone();
        let form = File::open(&path).and_then(OpenFile::new);
        let programs = form.and_then(|form| program::inner_programs(&old, &new, &form));
        programs.map_err(|source| PrepareError::Form { path, source })
    }

    fn write(
        &mut self,
        source: &Source<'_>,
        content: &Digest,
        layout: &Layout,
        form: Digest,
    ) -> Result<(), PrepareError> {
        let path = self.folder.join(form.to_string());
        let failed = |source: io::Error| PrepareError::Form { path: path.clone(), source };
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let out = File::create(&path).map_err(failed)?;
        let opened = container::inflate(layout, source.open(content)?, out);
        opened.map_err(|error| failed(io::Error::other(error)))?;
        self.paths.insert(form, path);
        Ok(())
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        // What can't be removed now is in the staging folder and goes with that.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Opens a content and its base, if both are containers.
fn open_pair(
    old: &Source<'_>,
    base: &Digest,
    new: &Source<'_>,
    content: &Digest,
    options: &Options,
) -> Result<Option<Pair>, PrepareError> {
    let file = |source: &Source<'_>, content: &Digest| {
        let failed = |source| PrepareError::Read { content: *content, source };
        OpenFile::new(source.open(content)?).map_err(failed)
    };
    let (old_file, new_file) = (file(old, base)?, file(new, content)?);
    let pair = container::open_pair((base, &old_file), &new_file, &options.limits, options.threads);
    let pair = pair.map_err(|source| PrepareError::Read { content: *content, source })?;
    if pair.is_some() {
        // Forms are not checked when they are read, so that what they were made from has to be.
        old.check(base)?;
        new.check(content)?;
    }
    Ok(pair)
}
