//! Opens two versions of a container for the difference between them.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroUsize;

use super::open::{digests, open_base, open_beside};
use super::{Layout, Opened};
use crate::difference::ReadAt;
use crate::limits::Limits;
use dray_model::Digest;

/// Two containers, opened as far as they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// How the receiver opens the file that it holds.
    pub old: Layout,
    /// How the new file is opened and closed again.
    pub new: Opened,
}

/// Opens both files, except for streams that both have; `content` is the digest of the old one, which the new one borrows from. `None` when that leaves nothing to open on one side: then the files are as well
/// compared as they are.
///
/// # Errors
///
/// When a file can't be read.
pub fn open_pair(
    (content, old): (&Digest, &(dyn ReadAt + Sync)),
    new: &(dyn ReadAt + Sync),
    limits: &Limits,
    threads: NonZeroUsize,
) -> io::Result<Option<Pair>> {
    let both: BTreeSet<_> = digests(old, limits)?.intersection(&digests(new, limits)?).copied().collect();
    let Some(new) = open_beside(new, &both, (content, old), limits, threads)? else { return Ok(None) };
    let old = open_base(old, &both, limits, threads)?;
    Ok(old.map(|old| Pair { old, new }))
}
