//! Bytes of one object, in order, from whichever source works.

use std::sync::Arc;

use bytes::Bytes;
use dray_content::ObjectName;
use tokio::time::Instant;

use super::board::{Asked, Choice};
use super::{Fetch, FetchError};
use crate::error::ClientError;
use crate::http::{ByteRange, RangeBody};

/// Reads a run of an object's bytes. When a source breaks off, the next goes on from the very byte.
///
/// The bytes are not verified: who knows their digest says [`discard`](Self::discard) when they are bad.
pub struct ObjectReader {
    fetch: Fetch,
    object: ObjectName,
    at: u64,
    end: u64,
    from: Option<(Asked, RangeBody)>,
    asked: Vec<usize>,
}

/// Some bytes of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The bytes; never empty.
    pub bytes: Bytes,
    /// Which source they came from, by its place in the list.
    pub source: usize,
}

impl ObjectReader {
    pub(super) fn new(fetch: Fetch, object: ObjectName, start: u64, end: u64) -> Self {
        Self { fetch, object, at: start, end, from: None, asked: Vec::new() }
    }

    /// The next bytes; `None` at the end.
    ///
    /// # Errors
    /// [`FetchError::NoSource`] once nobody is left to ask. While sources only rest, this waits.
    pub async fn next(&mut self) -> Result<Option<Piece>, FetchError> {
        while let Some(range) = ByteRange::new(self.at, self.end) {
            let (asked, body) = match self.from.take() {
                Some(from) => from,
                None => match self.open(range).await? {
                    Some(from) => from,
                    None => continue,
                },
            };
            if let Some(piece) = self.step(asked, body).await {
                return Ok(Some(piece));
            }
        }
        Ok(None)
    }

    /// Ends the read earlier than was said, or leaves the end as it is.
    pub(super) fn end_at(&mut self, end: u64) {
        self.end = self.end.min(end);
    }

    /// Says that the bytes from `start` on are bad, so that they come again. The source that sent the first of them is set aside.
    /// When another took over in between it may have been that one: then the bytes will be bad again and it is its turn, so
    /// this ends.
    pub fn discard(&mut self, start: u64, what: &str) {
        if let Some(source) = self.asked.first() {
            self.fetch.board.served_garbage(*source, &self.object, what);
        }
        self.from = None;
        self.at = start;
        self.asked.clear();
    }

    /// Says that the bytes so far are good: what comes now is judged apart from them.
    pub fn accept(&mut self) {
        // The last one may go on.
        self.asked.drain(..self.asked.len().saturating_sub(1));
    }

    async fn open(&mut self, range: ByteRange) -> Result<Option<(Asked, RangeBody)>, FetchError> {
        let board = &self.fetch.board;
        let source = match board.choose(&self.object, Instant::now()) {
            Choice::Ask(source) => source,
            Choice::Wait(until) => {
                tokio::time::sleep_until(until).await;
                return Ok(None);
            }
            Choice::Nobody => {
                let class = board.verdict(&self.object);
                return Err(FetchError::NoSource { object: self.object, report: board.report(), class });
            }
        };
        let asked = Asked::new(Arc::clone(board), source);
        let opened = match board.source(source).base.join(&format!("/{}", self.object)) {
            Ok(url) => self.fetch.fetcher.http.range(url, range).await,
            Err(error) => Err(error),
        };
        match opened {
            Ok(body) => {
                if self.asked.last() != Some(&source) {
                    self.asked.push(source);
                }
                Ok(Some((asked, body)))
            }
            Err(error) => {
                self.failed(source, &error);
                Ok(None)
            }
        }
    }

    async fn step(&mut self, asked: Asked, mut body: RangeBody) -> Option<Piece> {
        let source = asked.source;
        match body.next().await {
            Ok(Some(bytes)) if !bytes.is_empty() => {
                let count = bytes.len() as u64;
                self.at += count;
                self.fetch.board.received(source, count);
                self.from = Some((asked, body));
                if let Some(rate) = &self.fetch.fetcher.rate {
                    rate.pass(count).await;
                }
                Some(Piece { bytes, source })
            }
            Ok(Some(_)) => {
                self.from = Some((asked, body));
                None
            }
            // The body ends where its range does, which is where ours does.
            Ok(None) => None,
            Err(error) => {
                self.failed(source, &error);
                None
            }
        }
    }

    fn failed(&self, source: usize, error: &ClientError) {
        self.fetch.board.failed(source, &self.object, error, Instant::now());
    }
}
