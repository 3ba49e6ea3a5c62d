//! A file's bytes as the body of an answer, read in large pieces on blocking threads, one piece ahead of the network.

use std::fs::File;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use dray_content::ObjectName;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Served;
use super::stall::Pulse;

/// Bytes of a read: large enough that the hop to a blocking thread (some 10 µs) doesn't count, small enough for 512 callers.
const PIECE_BYTES: u64 = 256 << 10;

/// Somebody to tell that an object can't be read as it should.
#[derive(Debug)]
pub(super) struct Suspicion {
    object: ObjectName,
    to: mpsc::Sender<ObjectName>,
}

impl Suspicion {
    pub(super) fn new(object: ObjectName, to: mpsc::Sender<ObjectName>) -> Self {
        Self { object, to }
    }

    /// Asks for a verification. When many are asked for already, this one is found by the regular one.
    pub(super) fn raise(&self) {
        let _ = self.to.try_send(self.object);
    }
}

/// The body of an answer: `remaining` bytes of a file, or none.
pub(super) struct FileBody(Option<Reading>);

struct Reading {
    /// Bytes that were not given out.
    remaining: u64,
    next: JoinHandle<io::Result<(File, Bytes)>>,
    suspicion: Suspicion,
    served: Arc<Served>,
    pulse: Arc<Pulse>,
}

impl FileBody {
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// The next `length` bytes of `file`.
    pub(super) fn new(file: File, length: u64, suspicion: Suspicion, served: Arc<Served>, pulse: Arc<Pulse>) -> Self {
        if length == 0 {
            return Self::none();
        }
        pulse.begin();
        Self(Some(Reading { remaining: length, next: read_ahead(file, length), suspicion, served, pulse }))
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(reading) = &mut self.0 else { return Poll::Ready(None) };
        let read =
            ready!(Pin::new(&mut reading.next).poll(cx)).unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
        match read {
            Ok((file, bytes)) => {
                let count = bytes.len() as u64;
                reading.pulse.moved();
                reading.served.bytes.fetch_add(count, Ordering::Relaxed);
                reading.remaining -= count;
                if reading.remaining == 0 {
                    self.0 = None;
                } else {
                    reading.next = read_ahead(file, reading.remaining);
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Err(error) => {
                tracing::warn!(object = %reading.suspicion.object, %error, "could not read an object");
                reading.suspicion.raise();
                self.0 = None;
                Poll::Ready(Some(Err(error)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |reading| reading.remaining))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.pulse.end();
    }
}

fn read_ahead(mut file: File, remaining: u64) -> JoinHandle<io::Result<(File, Bytes)>> {
    let wanted = remaining.min(PIECE_BYTES);
    tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::with_capacity(wanted as usize);
        let read = (&mut file).take(wanted).read_to_end(&mut bytes)? as u64;
        if read < wanted {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the object is shorter than it was"));
        }
        Ok((file, Bytes::from(bytes)))
    })
}
