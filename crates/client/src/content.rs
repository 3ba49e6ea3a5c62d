//! Content from several sources: objects and ranges of them, from the best source that works, verified before they are kept.
//!
//! Sources are given in order of preference (the site orders them for each client). Points are asked side by side, the site when no
//! point is left. One that can't be reached rests and is asked
//! again, one that serves something else than it should is set aside until the end of the fetch, and one that breaks off is
//! followed by the next from the very byte. [`FetchReport`] tells which bytes came from where and what was wrong with the others.
//!
//! Memory is bounded by the ranges in flight, whatever the content's size. Dropping a future stops its requests; what was accepted
//! until then is kept.

mod assemble;
mod board;
mod error;
mod ranges;
mod rate;
mod reader;
mod share;
mod whole;

use std::sync::Arc;

use dray_content::ObjectName;
use dray_model::Name;
use dray_model::api::client::ContentSource;

pub use assemble::{SharedAssembly, TreeError};
pub use board::{FetchReport, SourceReport};
pub use error::FetchError;
pub use ranges::{Accept, Rejected};
pub use rate::{BytesPerSecond, InvalidRate, RateLimit};
pub use reader::{ObjectReader, Piece};

use crate::address::{BaseUrl, InvalidBaseUrl};
use crate::http::HttpClient;
use board::Board;

/// A holder of content objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The point's name, or `site`.
    pub name: Name,
    /// Base of the objects' addresses.
    pub base: BaseUrl,
}

/// What the site calls itself among sources.
const SITE: &str = "site";

impl Source {
    /// Whether it is asked only when nobody else is left.
    fn is_in_reserve(&self) -> bool {
        self.name.as_str() == SITE
    }
}

impl TryFrom<ContentSource> for Source {
    type Error = InvalidBaseUrl;

    fn try_from(source: ContentSource) -> Result<Self, InvalidBaseUrl> {
        Ok(Self { name: source.name, base: source.url.parse()? })
    }
}

/// How much is asked for at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchLimits {
    /// Requests in flight. Default 4: enough to fill a line whose one connection is held back by latency.
    pub requests: usize,
    /// Bytes of adjoining ranges in one request. Default 32 MiB.
    pub request_bytes_max: u64,
    /// A request with so many bytes left gives half of them to a source that has nothing else to do. Default 2 MiB: for less a new
    /// connection isn't worth it.
    pub take_over_bytes_min: u64,
    /// Bytes of a manifest or update. Default 512 MiB, as `dray-content` reads them.
    pub manifest_bytes_max: u64,
}

impl Default for FetchLimits {
    fn default() -> Self {
        let manifest_bytes_max = dray_content::Limits::default().manifest_bytes_max;
        Self { requests: 4, request_bytes_max: 32 << 20, take_over_bytes_min: 2 << 20, manifest_bytes_max }
    }
}

/// Fetches from sources with one identity, within one rate.
#[derive(Debug, Clone)]
pub struct Fetcher {
    http: HttpClient,
    limits: FetchLimits,
    rate: Option<Arc<RateLimit>>,
}

impl Fetcher {
    /// Fetches over `http`, which must show the caller's certificate.
    #[must_use]
    pub fn new(http: HttpClient) -> Self {
        Self { http, limits: FetchLimits::default(), rate: None }
    }

    /// Sets other limits.
    #[must_use]
    pub fn with_limits(mut self, limits: FetchLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Shares a rate with everybody else who holds it.
    #[must_use]
    pub fn with_rate(mut self, rate: Option<Arc<RateLimit>>) -> Self {
        self.rate = rate;
        self
    }

    /// Begins a fetch from `sources`, the best first.
    #[must_use]
    pub fn from(&self, sources: Vec<Source>) -> Fetch {
        Fetch { fetcher: self.clone(), board: Arc::new(Board::new(sources)) }
    }
}

/// A fetch from a list of sources; it remembers how they behave until it is dropped. Clones share what they know.
#[derive(Debug, Clone)]
pub struct Fetch {
    fetcher: Fetcher,
    board: Arc<Board>,
}

impl Fetch {
    /// What came from where so far, and what is wrong with sources.
    #[must_use]
    pub fn report(&self) -> FetchReport {
        self.board.report()
    }

    /// Reads bytes `start..end` of an object, from whichever source works.
    #[must_use]
    pub fn read(&self, object: ObjectName, start: u64, end: u64) -> ObjectReader {
        ObjectReader::new(self.clone(), object, start, end)
    }
}
