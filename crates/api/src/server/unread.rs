//! What a handler leaves unread of a request's body.
//!
//! A request that is refused early is answered while its body is still on the way. Were the body dropped then, HTTP/2 would reset the
//! stream, and HTTP/1 the connection, in the face of callers that send everything before they look for the answer. So the rest
//! is read and thrown away for a while, beside the answer: at most [`BYTES`] in [`TIME`]. Then the reset comes.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::runtime::Handle;

/// Most bytes that are thrown away; a few times what a JSON body may hold.
const BYTES: u64 = 16 << 20;
/// Longest time for it; below the grace of a server that stops.
const TIME: Duration = Duration::from_secs(5);

/// A request's body whose rest is taken off the wire when it is dropped.
#[derive(Debug)]
pub(super) struct Unread(Option<Incoming>);

impl Unread {
    pub(super) fn new(body: Incoming) -> Self {
        Self(Some(body))
    }

    fn body(&self) -> &Incoming {
        self.0.as_ref().expect("the body is taken only by drop")
    }
}

impl Body for Unread {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let body = self.0.as_mut().expect("the body is taken only by drop");
        Pin::new(body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body().size_hint()
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let Some(rest) = self.0.take().filter(|body| !body.is_end_stream()) else { return };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(tokio::time::timeout(TIME, discard(rest)));
        }
    }
}

async fn discard(mut body: Incoming) {
    let mut left = BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        let Some(less) = left.checked_sub(length) else { return };
        left = less;
    }
}
