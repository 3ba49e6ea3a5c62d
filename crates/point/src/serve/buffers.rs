//! Memory for pieces of objects, used again: a new piece would have to be mapped, zeroed and unmapped each time.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Buffers of one size that nobody uses now, the last one used on top, because the processor still has it at hand.
#[derive(Debug)]
pub(crate) struct Buffers {
    bytes: usize,
    kept_max: usize,
    free: Mutex<Vec<Vec<u8>>>,
}

/// A buffer that goes back when it is dropped.
pub(super) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
    home: Arc<Buffers>,
}

impl Buffers {
    /// Buffers of so many bytes, of which at most `kept_max` are kept while nobody uses them.
    pub(crate) fn new(bytes: usize, kept_max: usize) -> Self {
        Self { bytes, kept_max, free: Mutex::default() }
    }

    /// A buffer for the next `length` bytes, as many as fit. What is in it is anybody's.
    pub(super) fn take(self: &Arc<Self>, length: u64) -> Buffer {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let length = usize::try_from(length).unwrap_or(usize::MAX).min(self.bytes);
        Buffer { bytes: free.unwrap_or_else(|| vec![0; self.bytes]), length, home: Arc::clone(self) }
    }
}

impl Buffer {
    pub(super) fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }

    /// The first `length` bytes.
    pub(super) fn into_bytes(mut self, length: usize) -> Bytes {
        self.length = self.length.min(length);
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let mut free = self.home.free.lock().unwrap_or_else(PoisonError::into_inner);
        if free.len() < self.home.kept_max {
            free.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_used_again_once_its_bytes_are_gone() {
        let buffers = Arc::new(Buffers::new(100, 1));
        let mut first = buffers.take(1000);
        assert_eq!(first.as_mut().len(), 100);
        first.as_mut().fill(7);
        let bytes = first.into_bytes(10);
        let (second, kept) = (buffers.take(5), bytes.slice(2..4));
        assert_eq!(second.as_ref(), [0; 5], "the first is still in use");
        drop(bytes);
        assert_eq!(kept, [7, 7].as_slice());
        drop(kept);
        drop(second);
        assert_eq!(buffers.take(5).as_ref(), [7; 5]);
        assert_eq!(buffers.free.lock().unwrap().len(), 1, "more than one is not kept");
    }
}
