//! Ranges of objects as streams: exactly the bytes asked for, or an error.

use ::http::header::{CONTENT_RANGE, HeaderValue, RANGE};
use ::http::{Method, StatusCode, Uri};
use bytes::Bytes;

use super::{Answer, HttpClient};
use crate::error::ClientError;

/// Bytes `start..end` of an object; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteRange {
    start: u64,
    end: u64,
}

impl ByteRange {
    /// `start..end`; `None` when there is nothing in it.
    #[must_use]
    pub fn new(start: u64, end: u64) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The first byte.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// The byte after the last.
    #[must_use]
    pub const fn end(&self) -> u64 {
        self.end
    }

    /// How many bytes; at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a range is never empty")]
    pub const fn len(&self) -> u64 {
        self.end - self.start
    }
}

/// The bytes of a range as they come.
pub struct RangeBody {
    answer: Answer,
    remaining: u64,
}

impl HttpClient {
    /// Asks for `range` of the object at `url`. An answer with other bytes than these is an error; a server that knows no ranges
    /// will do when the range begins at the object's beginning.
    ///
    /// # Errors
    /// [`ClientError`]; `Damaged` when the answer is for another range.
    pub async fn range(&self, url: Uri, range: ByteRange) -> Result<RangeBody, ClientError> {
        let asked = format!("bytes={}-{}", range.start, range.end - 1);
        let value = HeaderValue::from_str(&asked).expect("digits and a hyphen are a header value");
        let answer = self.call(Method::GET, url).header(RANGE, value).send().await?;
        let begins_right = match answer.status() {
            StatusCode::PARTIAL_CONTENT => {
                let given = answer.header(&CONTENT_RANGE).and_then(parse_content_range);
                given == Some(range)
            }
            StatusCode::OK => range.start == 0,
            _ => false,
        };
        if !begins_right {
            return Err(answer.damaged(format!("asked for {asked}, received something else")));
        }
        Ok(RangeBody { answer, remaining: range.len() })
    }
}

impl RangeBody {
    /// The next bytes; `None` once all of the range were given.
    ///
    /// # Errors
    /// [`ClientError::Interrupted`] or [`Timeout`](ClientError::Timeout) when the rest does not come.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ClientError> {
        if self.remaining == 0 {
            return Ok(None);
        }
        match self.answer.piece().await? {
            Some(mut piece) => {
                // A server that ignores ranges sends on to the object's end; what is beyond the range isn't ours.
                piece.truncate(usize::try_from(self.remaining).unwrap_or(usize::MAX));
                self.remaining -= piece.len() as u64;
                Ok(Some(piece))
            }
            None => {
                let source = format!("{} bytes are missing at the end", self.remaining).into();
                Err(ClientError::Interrupted { url: self.answer.url().to_owned(), source })
            }
        }
    }
}

/// Reads `bytes <first>-<last>/<length or *>` (RFC 9110, 14.4).
fn parse_content_range(text: &str) -> Option<ByteRange> {
    let (range, length) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    if length != "*" && length.parse::<u64>().ok()? <= last {
        return None;
    }
    ByteRange::new(first, last.checked_add(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_content_range_is_read_strictly() {
        assert_eq!(parse_content_range("bytes 0-0/1"), ByteRange::new(0, 1));
        assert_eq!(parse_content_range("bytes 5-9/*"), ByteRange::new(5, 10));
        for bad in ["", "bytes */10", "bytes 5-4/10", "bytes 0-9/9", "bytes 0-18446744073709551615/*", "items 0-1/2"] {
            assert_eq!(parse_content_range(bad), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_content_range_is_too_strange_to_read(text in "(bytes )?[0-9*/ -]{0,60}") {
            if let Some(range) = parse_content_range(&text) {
                prop_assert!(range.start() < range.end());
            }
        }
    }
}
