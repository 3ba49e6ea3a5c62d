//! Opens containers: finds streams, takes them apart, and proves at once that each can be put together again.
//!
//! A stream that can't, or whose corrections would be long, stays as it is. Streams are worked on by several threads; the result
//! doesn't depend on how many.

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dray_model::Digest;

use super::lender::{self, Lender};
use super::section::Section;
use super::{CORRECTIONS_ALONE, CORRECTIONS_BORROWED, Layout, Place, Stream, gzip, streams, zip};
use crate::codec::put_prefixed;
use crate::deflate::{self, Inflater, Style};
use crate::limits::Limits;
use crate::read_at::ReadAt;

/// A container within a stream is held in memory; a longer one stays closed.
const INNER_BYTES_MAX: u64 = 64 << 20;
/// A stream whose text is longer than this many times the stream stays closed: there is little to win, and bombs would cost much.
const EXPANSION_MAX: u64 = 200;
/// Plain bytes of a stream in any case.
const PLAIN_BYTES_FREE: u64 = 1 << 20;
/// What tells a container at its beginning.
const MAGIC_BYTES: u64 = 4;

/// How a file is opened and closed again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Where its streams are.
    pub layout: Layout,
    /// What [`super::rebuild`] needs besides.
    pub corrections: Vec<u8>,
}

/// Opens a file. Streams whose digest is in `keep` stay closed. `None` when there is nothing to open.
///
/// Takes a few MiB for each thread, and up to 64 MiB and the rest for one that opens a container within a stream.
///
/// # Errors
///
/// When the file can't be read. Strange bytes are not an error: they stay as they are.
pub fn open(
    file: &(dyn ReadAt + Sync),
    keep: &BTreeSet<Digest>,
    limits: &Limits,
    threads: NonZeroUsize,
) -> io::Result<Option<Opened>> {
    let streams = streams::find(file, limits)?;
    let places = streams::without(&streams, keep);
    let opener = Opener { rebuildable: true, lender: None, limits };
    let opened = opener.open_all(file, &places, threads)?;
    Ok(opened.map(|(layout, streams)| Opened { layout, corrections: [&[CORRECTIONS_ALONE], &streams[..]].concat() }))
}

/// As [`open`], of a file whose streams were found, with the help of an earlier version of it, which must be there when it is rebuilt.
pub(super) fn open_beside(
    file: &(dyn ReadAt + Sync),
    places: &[Place],
    (content, lender): (&Digest, &Lender<'_>),
    limits: &Limits,
    threads: NonZeroUsize,
) -> io::Result<Option<Opened>> {
    let opener = Opener { rebuildable: true, lender: Some(lender), limits };
    let opened = opener.open_all(file, places, threads)?;
    Ok(opened.map(|(layout, streams)| {
        let corrections = [&[CORRECTIONS_BORROWED], &content.as_bytes()[..], &streams].concat();
        Opened { layout, corrections }
    }))
}

/// How a file whose streams were found is opened that needn't be closed again: a base. `None` when there is nothing to open.
pub(super) fn open_base(
    file: &(dyn ReadAt + Sync),
    places: &[Place],
    limits: &Limits,
    threads: NonZeroUsize,
) -> io::Result<Option<Layout>> {
    let opener = Opener { rebuildable: false, lender: None, limits };
    Ok(opener.open_all(file, places, threads)?.map(|(layout, _)| layout))
}

/// A stream that was opened, with its corrections and those of the streams within it.
type OpenedStream = (Stream, Vec<u8>);

/// How to open.
#[derive(Clone, Copy)]
struct Opener<'l> {
    /// Whether corrections are wanted.
    rebuildable: bool,
    /// What streams of the file itself may borrow from.
    lender: Option<&'l Lender<'l>>,
    limits: &'l Limits,
}

impl Opener<'_> {
    /// Opens the streams of a file, several at a time.
    fn open_all(
        self,
        file: &(dyn ReadAt + Sync),
        places: &[Place],
        threads: NonZeroUsize,
    ) -> io::Result<Option<(Layout, Vec<u8>)>> {
        let Some((first, others)) = places.split_first() else { return Ok(None) };
        // Most of a container's streams were made by one writer. All start from what the first tells, not from the stream that their
        // thread did before: else the result would depend on the threads.
        let mut usual = Style::USUAL;
        let first_opened = self.open_stream(file, *first, &mut usual, 1)?;
        let next = AtomicUsize::new(0);
        let results: Vec<Mutex<Option<OpenedStream>>> = others.iter().map(|_| Mutex::new(None)).collect();
        let work = || -> io::Result<()> {
            while let Some((place, result)) = take(&next, others, &results) {
                let mut likely = usual;
                let opened = self.open_stream(file, *place, &mut likely, 1)?;
                *result.lock().expect("a thread does not panic while it holds a result") = opened;
            }
            Ok(())
        };
        thread::scope(|scope| {
            let workers = threads.get().min(others.len());
            let workers: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
            let mut done = work();
            for worker in workers {
                let result = worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
                done = done.and(result);
            }
            done
        })?;
        let others = results.into_iter().map(|result| result.into_inner().expect("no thread panicked"));
        let opened = std::iter::once(first_opened).chain(others);
        let opened = lay_out(file.length(), places.iter().copied().zip(opened));
        // What readers would refuse stays closed.
        Ok(opened.filter(|(layout, _)| Layout::decode(&layout.encode(), self.limits).is_ok()))
    }

    /// Opens one stream. `None` when it stays as it is.
    fn open_stream(
        self,
        file: &(dyn ReadAt + Sync),
        place: Place,
        likely: &mut Style,
        depth: u32,
    ) -> io::Result<Option<OpenedStream>> {
        match self.take_apart(file, place, likely, depth) {
            Ok(Some((plain, own))) => {
                let inner = self.open_inner(Section::new(file, place), plain, likely, depth)?;
                let mut corrections = Vec::new();
                if self.rebuildable {
                    put_prefixed(&mut corrections, &own);
                }
                let inner = inner.map(|(layout, within)| {
                    corrections.extend(within);
                    layout
                });
                let (before, stored) = (0, place.length);
                Ok(Some((Stream { before, stored, plain, inner }, corrections)))
            }
            Ok(None) => Ok(None),
            // What a zip file calls a stream needn't be one.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The length of a stream's text and, if wanted, its corrections.
    fn take_apart(
        self,
        file: &(dyn ReadAt + Sync),
        place: Place,
        likely: &mut Style,
        depth: u32,
    ) -> io::Result<Option<(u64, Vec<u8>)>> {
        let section = || Section::new(file, place);
        let plain_max = place.length.saturating_mul(EXPANSION_MAX).saturating_add(PLAIN_BYTES_FREE);
        if !self.rebuildable {
            let plain = io::copy(&mut Inflater::new(section()).take(plain_max + 1), &mut io::sink())?;
            return Ok((plain <= plain_max).then(|| (plain, Vec::new())));
        }
        let borrowed = match self.lender.filter(|_| depth == 1) {
            Some(lender) => lender.runs(file, place)?,
            None => None,
        };
        let runs = borrowed.as_ref().map_or(&[][..], |(_, runs)| runs);
        let Some(analysis) = deflate::analyse(section(), *likely, plain_max, runs)? else { return Ok(None) };
        *likely = analysis.style;
        let mut corrections = Vec::new();
        if self.lender.is_some() {
            lender::put_borrowed(&mut corrections, borrowed.as_ref());
        }
        corrections.extend(analysis.corrections);
        Ok(Some((analysis.plain_length, corrections)))
    }

    /// Opens the container that a stream's text may be.
    fn open_inner(
        self,
        section: Section<'_>,
        plain: u64,
        likely: &mut Style,
        depth: u32,
    ) -> io::Result<Option<(Layout, Vec<u8>)>> {
        let mut text = Inflater::new(section);
        let mut bytes = Vec::new();
        text.by_ref().take(MAGIC_BYTES).read_to_end(&mut bytes)?;
        let promising = bytes.starts_with(zip::LOCAL_MAGIC) || bytes.starts_with(&gzip::MAGIC);
        if !promising || depth >= self.limits.container_depth_max || plain > INNER_BYTES_MAX {
            return Ok(None);
        }
        text.read_to_end(&mut bytes)?;
        let file = bytes.as_slice();
        let places = streams::places(&file, self.limits)?;
        let mut opened = Vec::with_capacity(places.len());
        for place in places {
            opened.push((place, self.open_stream(&file, place, likely, depth + 1)?));
        }
        Ok(lay_out(plain, opened.into_iter()))
    }
}

/// The next piece of work.
fn take<'a, T>(
    next: &AtomicUsize,
    places: &'a [Place],
    results: &'a [Mutex<Option<T>>],
) -> Option<(&'a Place, &'a Mutex<Option<T>>)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    places.get(index).zip(results.get(index))
}

/// Puts opened streams in their places. `None` when there are none.
fn lay_out(length: u64, opened: impl Iterator<Item = (Place, Option<OpenedStream>)>) -> Option<(Layout, Vec<u8>)> {
    let (mut streams, mut corrections, mut end) = (Vec::new(), Vec::new(), 0);
    for (place, opened) in opened {
        let Some((stream, own)) = opened else { continue };
        streams.push(Stream { before: place.offset - end, ..stream });
        corrections.extend(own);
        end = place.end();
    }
    (!streams.is_empty()).then(|| (Layout { streams, rest: length - end }, corrections))
}
