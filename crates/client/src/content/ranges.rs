//! The missing ranges of a plan: several requests in flight, spread over the sources, each range verified by who keeps it before it
//! counts. At the end a source that has nothing left to do takes work from a slower one.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use dray_content::plan::FetchRange;
use dray_model::Name;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::Instant;

use super::board::Choice;
use super::reader::ObjectReader;
use super::share::Request;
use super::{Fetch, FetchError};
use crate::error::BoxError;

/// Why bytes were not kept.
#[derive(Debug)]
pub enum Rejected {
    /// They are not what they should be: another source will be asked.
    Damaged(String),
    /// They could not be kept: the fetch ends.
    Failed(BoxError),
}

/// Verifies and keeps the bytes of a range, or those of its beginning when no source has the rest; see
/// `dray_content::assemble::Assembly::accept`. Called on blocking threads, from up to
/// [`FetchLimits::requests`](super::FetchLimits::requests) of them at once.
pub type Accept = Arc<dyn Fn(FetchRange, Bytes) -> Result<(), Rejected> + Send + Sync>;

impl Fetch {
    /// Fetches `ranges` and gives each to `accept` as soon as it is whole, in no particular order. `on_bytes` is told about
    /// bytes as they come, before they are verified.
    ///
    /// # Errors
    /// [`FetchError`]; requests in flight are dropped then.
    pub async fn ranges(
        &self,
        ranges: Vec<FetchRange>,
        accept: &Accept,
        on_bytes: &(dyn Fn(&Name, u64) + Send + Sync),
    ) -> Result<(), FetchError> {
        let limits = &self.fetcher.limits;
        let mut waiting = requests(ranges, limits.request_bytes_max);
        let (mut running, mut begun) = (FuturesUnordered::new(), Vec::new());
        loop {
            while running.len() < limits.requests.max(1)
                && let Some(request) = waiting.pop_front().map(Request::new).or_else(|| self.take_over(&begun))
            {
                let request = Arc::new(request);
                begun.push(Arc::clone(&request));
                running.push(self.request(request, accept, on_bytes));
            }
            match running.next().await {
                Some(done) => done?,
                None => return Ok(()),
            }
            begun.retain(|request: &Arc<Request>| !request.is_over());
        }
    }

    /// Half of what is left of the request that has most left, when another source than the one it asks is free to fetch it.
    fn take_over(&self, begun: &[Arc<Request>]) -> Option<Request> {
        let left = begun.iter().filter_map(|request| Some((request, request.left()?)));
        let (request, (bytes, slow)) = left.max_by_key(|(_, (bytes, _))| *bytes)?;
        let (first, _) = request.extent()?;
        let other = match self.board.choose(&first.object(), Instant::now()) {
            Choice::Ask(source) => Some(source),
            Choice::Wait(_) | Choice::Nobody => None,
        };
        let helps = bytes >= self.fetcher.limits.take_over_bytes_min && other.is_some_and(|other| other != slow);
        helps.then(|| request.split())
    }

    /// Fetches adjoining ranges of one object.
    async fn request(
        &self,
        request: Arc<Request>,
        accept: &Accept,
        on_bytes: &(dyn Fn(&Name, u64) + Send + Sync),
    ) -> Result<(), FetchError> {
        let Some((first, end)) = request.extent() else { return Ok(()) };
        let object = first.object();
        let mut reader = self.read(object, first.offset, end);
        let (mut rest, mut spare) = (Bytes::new(), BytesMut::new());
        while let Some((range, end)) = request.take() {
            reader.end_at(end);
            loop {
                let mut bytes = std::mem::take(&mut spare);
                let into = Filling { bytes: &mut bytes, rest: &mut rest, request: &request };
                let filled = self.fill(into, &mut reader, range.length, on_bytes).await;
                let (accept, bytes) = (Arc::clone(accept), bytes.freeze());
                let given = bytes.clone();
                let kept = tokio::task::spawn_blocking(move || accept(range, given)).await;
                // Memory for the next range, unless somebody holds on to these bytes.
                spare = bytes.try_into_mut().unwrap_or_default();
                spare.clear();
                // The beginning is kept where it can be, but what ends the fetch is that the rest doesn't come.
                filled?;
                match kept {
                    Ok(Ok(())) => break,
                    Ok(Err(Rejected::Damaged(what))) => {
                        rest.clear();
                        reader.discard(range.offset, &what);
                    }
                    Ok(Err(Rejected::Failed(source))) => return Err(FetchError::Keep { object, source }),
                    Err(stopped) => return Err(FetchError::Keep { object, source: stopped.into() }),
                }
            }
            reader.accept();
        }
        Ok(())
    }

    /// Takes exactly `length` bytes, first those that are left from the range before.
    async fn fill(
        &self,
        into: Filling<'_>,
        reader: &mut ObjectReader,
        length: u64,
        on_bytes: &(dyn Fn(&Name, u64) + Send + Sync),
    ) -> Result<(), FetchError> {
        let Filling { bytes, rest, request } = into;
        let length = usize::try_from(length).expect("a range fits into memory");
        bytes.reserve(length);
        loop {
            let take = rest.len().min(length - bytes.len());
            bytes.extend_from_slice(&rest.split_to(take));
            if bytes.len() == length {
                return Ok(());
            }
            // The reader ends where the last range does, so it has what is missing here.
            let Some(piece) = reader.next().await? else { return Ok(()) };
            request.asks(Some(piece.source));
            on_bytes(&self.board.source(piece.source).name, piece.bytes.len() as u64);
            *rest = piece.bytes;
        }
    }
}

/// Where the bytes of a range go.
struct Filling<'a> {
    bytes: &'a mut BytesMut,
    /// What came beyond the range before.
    rest: &'a mut Bytes,
    request: &'a Request,
}

/// Puts adjoining ranges together, up to `bytes_max` a request.
fn requests(ranges: Vec<FetchRange>, bytes_max: u64) -> VecDeque<Vec<FetchRange>> {
    let mut requests: VecDeque<Vec<FetchRange>> = VecDeque::new();
    for range in ranges.into_iter().filter(|range| range.length > 0) {
        if let Some(request) = requests.back_mut()
            && let (Some(first), Some(last)) = (request.first(), request.last())
            && last.pack == range.pack
            && last.end() == range.offset
            && range.end() - first.offset <= bytes_max
        {
            request.push(range);
        } else {
            requests.push_back(vec![range]);
        }
    }
    requests
}

#[cfg(test)]
mod tests {
    use super::*;
    use dray_model::Digest;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn requests_hold_every_range_once_in_order_and_without_gaps(
            parts in proptest::collection::vec((any::<bool>(), 0u64..3, 1u64..50), 0..40),
            bytes_max in 1u64..120,
        ) {
            let (mut pack, mut offset, mut ranges) = (0u8, 0, Vec::new());
            for (same, gap, length) in parts {
                if !same { pack += 1; offset = 0; }
                ranges.push(FetchRange { pack: Digest::of(&[pack]), offset: offset + gap, length });
                offset += gap + length;
            }
            let requests = requests(ranges.clone(), bytes_max);
            prop_assert_eq!(requests.iter().flatten().copied().collect::<Vec<_>>(), ranges);
            for request in &requests {
                let bytes: u64 = request.iter().map(|range| range.length).sum();
                prop_assert!(request.len() == 1 || bytes <= bytes_max);
                for pair in request.windows(2) {
                    prop_assert_eq!((pair[0].pack, pair[0].end()), (pair[1].pack, pair[1].offset));
                }
            }
        }
    }
}
