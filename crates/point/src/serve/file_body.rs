//! A file's bytes as the body of an answer.
//!
//! What the system has in memory is read where the connection is served, into memory that is used again. What is on the disk is read
//! on blocking threads, one piece ahead of the network, until the disk is no longer what is waited for.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use dray_content::ObjectName;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::buffers::Buffers;
use super::stall::Pulse;
use super::{Served, Serving, read};
use crate::folder::{Folder, Opened};

/// Bytes of a read: large enough that the hop to a blocking thread (some 10 µs) doesn't count, small enough for 512 callers, and for
/// the bytes to be in the processor's cache still when they are encrypted.
pub(super) const PIECE_BYTES: usize = 256 << 10;

/// Somebody to tell that an object can't be read as it should.
#[derive(Debug)]
pub(super) struct Suspicion {
    object: ObjectName,
    folder: Arc<Folder>,
    to: mpsc::Sender<ObjectName>,
}

impl Suspicion {
    pub(super) fn new(object: ObjectName, serving: &Serving) -> Self {
        Self { object, folder: Arc::clone(&serving.folder), to: serving.suspects.clone() }
    }

    /// Asks for a verification. When many are asked for already, this one is found by the regular one.
    pub(super) fn raise(&self) {
        self.folder.close_object(&self.object);
        let _ = self.to.try_send(self.object);
    }
}

/// The body of an answer: bytes of an object, or none.
pub(super) struct FileBody(Option<Reading>);

struct Reading {
    object: Arc<Opened>,
    /// The next byte that was not given out, and the byte after the last.
    at: u64,
    end: u64,
    /// A piece on its way from the disk.
    ahead: Option<JoinHandle<io::Result<Piece>>>,
    suspicion: Suspicion,
    buffers: Arc<Buffers>,
    served: Arc<Served>,
    pulse: Arc<Pulse>,
}

struct Piece {
    bytes: Bytes,
    was_cached: bool,
}

impl FileBody {
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Bytes `start..end` of `object`.
    pub(super) fn new(
        object: Arc<Opened>,
        (start, end): (u64, u64),
        suspicion: Suspicion,
        serving: &Serving,
        pulse: Arc<Pulse>,
    ) -> Self {
        if start >= end {
            return Self::none();
        }
        pulse.begin();
        let (buffers, served) = (Arc::clone(&serving.buffers), Arc::clone(&serving.served));
        Self(Some(Reading { object, at: start, end, ahead: None, suspicion, buffers, served, pulse }))
    }
}

impl Reading {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        if self.ahead.is_none() {
            let mut buffer = self.buffers.take(self.end - self.at);
            let ready = read::cached(&self.object.file, self.at, buffer.as_mut());
            if ready > 0 {
                let is_all = ready == buffer.as_mut().len();
                self.at += ready as u64;
                self.read_ahead(!is_all);
                return Poll::Ready(Ok(buffer.into_bytes(ready)));
            }
            self.read_ahead(true);
        }
        let Some(ahead) = &mut self.ahead else { return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())) };
        let read = ready!(Pin::new(ahead).poll(cx)).unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
        self.ahead = None;
        let Piece { bytes, was_cached } = match read {
            Ok(piece) => piece,
            Err(error) => return Poll::Ready(Err(error)),
        };
        self.at += bytes.len() as u64;
        self.read_ahead(!was_cached);
        Poll::Ready(Ok(bytes))
    }

    /// Begins to read the next piece, if there is one and the disk is `waited_for`.
    fn read_ahead(&mut self, waited_for: bool) {
        if !waited_for || self.at == self.end {
            return;
        }
        let (object, at) = (Arc::clone(&self.object), self.at);
        let mut buffer = self.buffers.take(self.end - self.at);
        self.ahead = Some(tokio::task::spawn_blocking(move || {
            let was_cached = read::whole(&object.file, at, buffer.as_mut())?;
            let length = buffer.as_mut().len();
            Ok(Piece { bytes: buffer.into_bytes(length), was_cached })
        }));
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(reading) = &mut self.0 else { return Poll::Ready(None) };
        match ready!(reading.poll_piece(cx)) {
            Ok(bytes) => {
                reading.pulse.moved();
                reading.served.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                if reading.at == reading.end {
                    self.0 = None;
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Err(error) => {
                tracing::warn!(object = %reading.suspicion.object, %error, "cannot read an object");
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
        SizeHint::with_exact(self.0.as_ref().map_or(0, |reading| reading.end - reading.at))
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.pulse.end();
    }
}
