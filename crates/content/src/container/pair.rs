//! Opens two versions of a container for the difference between them.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroUsize;

use dray_model::Digest;

use super::lender::Lender;
use super::open::{open_base, open_beside};
use super::streams::{self, Found};
use super::{Layout, Opened};
use crate::limits::Limits;
use crate::read_at::ReadAt;

/// Two containers, opened as far as they differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// How the receiver opens the file that it holds.
    pub old: Layout,
    /// How the new file is opened and closed again.
    pub new: Opened,
}

/// Opens both files, except for streams that both have; `content` is the digest of the old one, which the new one borrows from. `None`
/// when that leaves nothing to open on one side: then the files are as well compared as they are.
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
    let (of_old, of_new) = (streams::find(old, limits)?, streams::find(new, limits)?);
    let digests = |streams: &[Found]| streams.iter().map(|stream| stream.digest).collect::<BTreeSet<_>>();
    let both = &digests(&of_old) & &digests(&of_new);
    let lender = Lender::new(old, &of_old, &of_new);
    let Some(old) = open_base(old, &streams::without(&of_old, &both), limits, threads)? else { return Ok(None) };
    let new = open_beside(new, &streams::without(&of_new, &both), (content, &lender), limits, threads)?;
    Ok(new.map(|new| Pair { old, new }))
}
