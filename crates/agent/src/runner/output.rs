//! What a program prints: always read, so that it never blocks, and only its end kept, so that a flood fills nothing.

use std::io::{PipeReader, Read};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dray_model::status::OUTPUT_TAIL_MAX;

/// How long the rest of the output is waited for when the program has ended: a child that it left behind may hold the pipe
/// open for as long as it lives.
const DRAIN: Duration = Duration::from_secs(1);

/// The end of an output that is being read.
pub(super) struct Output {
    tail: Arc<Mutex<Tail>>,
    closed: Receiver<()>,
}

#[derive(Default)]
struct Tail(Vec<u8>);

impl Output {
    /// Reads from `pipe` in a thread of its own, for as long as anybody can write to it.
    pub(super) fn read(pipe: PipeReader) -> Self {
        let tail = Arc::new(Mutex::new(Tail::default()));
        let (closing, closed) = channel();
        let shared = Arc::clone(&tail);
        std::thread::spawn(move || drain(pipe, &shared, &closing));
        Self { tail, closed }
    }

    /// The end of what was printed, as text of at most [`OUTPUT_TAIL_MAX`] bytes.
    pub(super) fn tail(&self) -> String {
        // Either the pipe closed or its writers outlive the program; what has come by now is what is kept.
        let _ = self.closed.recv_timeout(DRAIN);
        self.tail.lock().unwrap_or_else(PoisonError::into_inner).text()
    }
}

fn drain(mut pipe: PipeReader, tail: &Mutex<Tail>, closing: &Sender<()>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => tail.lock().unwrap_or_else(PoisonError::into_inner).push(&buffer[..length]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    // Nobody waits any more when the runner is about to end.
    let _ = closing.send(());
}

impl Tail {
    fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        // Moving the end to the front only when twice as much has come keeps the cost of a byte constant.
        if self.0.len() > 2 * OUTPUT_TAIL_MAX {
            self.0.drain(..self.0.len() - OUTPUT_TAIL_MAX);
        }
    }

    fn text(&self) -> String {
        let from = self.0.len().saturating_sub(OUTPUT_TAIL_MAX);
        let text = String::from_utf8_lossy(&self.0[from..]);
        // A replaced byte becomes three, so the text may be too long again.
        let mut from = text.len().saturating_sub(OUTPUT_TAIL_MAX);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        text[from..].to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_tail_is_the_end_whatever_the_pieces(sizes in proptest::collection::vec(0_usize..50_000, 0..12)) {
            let mut tail = Tail::default();
            let mut whole = Vec::new();
            for (i, size) in sizes.into_iter().enumerate() {
                let piece = vec![b'a' + i as u8; size];
                whole.extend_from_slice(&piece);
                tail.push(&piece);
                prop_assert!(tail.0.len() <= 2 * OUTPUT_TAIL_MAX);
            }
            let end = &whole[whole.len().saturating_sub(OUTPUT_TAIL_MAX)..];
            let text = tail.text();
            prop_assert_eq!(text.as_bytes(), end);
        }

        #[test]
        fn bytes_that_are_no_text_never_make_it_longer(bytes in proptest::collection::vec(any::<u8>(), 60_000..70_000)) {
            let mut tail = Tail::default();
            tail.push(&bytes);
            prop_assert!(tail.text().len() <= OUTPUT_TAIL_MAX);
        }
    }
}
