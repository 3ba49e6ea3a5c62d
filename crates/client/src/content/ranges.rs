//! The missing ranges of a plan: several requests in flight, each range verified by who keeps it before it counts.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use dray_content::plan::FetchRange;
use dray_model::Name;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::reader::ObjectReader;
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
        let mut running = FuturesUnordered::new();
        loop {
            while running.len() < limits.requests.max(1)
                && let Some(request) = waiting.pop_front()
            {
                running.push(self.request(request, accept, on_bytes));
            }
            match running.next().await {
                Some(done) => done?,
                None => return Ok(()),
            }
        }
    }

    /// Fetches adjoining ranges of one object.
    async fn request(
        &self,
        ranges: Vec<FetchRange>,
        accept: &Accept,
        on_bytes: &(dyn Fn(&Name, u64) + Send + Sync),
    ) -> Result<(), FetchError> {
        let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else { return Ok(()) };
        let object = first.object();
        let mut reader = self.read(object, first.offset, last.end());
        let mut rest = Bytes::new();
        for range in ranges {
            loop {
                let mut bytes = BytesMut::new();
                let filled = self.fill(&mut bytes, &mut reader, &mut rest, range.length, on_bytes).await;
                let accept = Arc::clone(accept);
                let kept = tokio::task::spawn_blocking(move || accept(range, bytes.freeze())).await;
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
        filled: &mut BytesMut,
        reader: &mut ObjectReader,
        rest: &mut Bytes,
        length: u64,
        on_bytes: &(dyn Fn(&Name, u64) + Send + Sync),
    ) -> Result<(), FetchError> {
        let length = usize::try_from(length).expect("a range fits into memory");
        filled.reserve(length);
        loop {
            let take = rest.len().min(length - filled.len());
            filled.extend_from_slice(&rest.split_to(take));
            if filled.len() == length {
                return Ok(());
            }
            // The reader ends where the last range does, so it has what is missing here.
            let Some(piece) = reader.next().await? else { return Ok(()) };
            on_bytes(&self.board.source(piece.source).name, piece.bytes.len() as u64);
            *rest = piece.bytes;
        }
    }
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
