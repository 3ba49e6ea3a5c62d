//! Random bits for run ids and for spreading requests of many clients; nothing secret is made of them.

use std::fs::File;
use std::io::{self, Read};

/// 64 bits that nobody else has drawn.
///
/// # Errors
/// The system has no `/dev/urandom`, as in a broken container.
pub(crate) fn random_bits() -> io::Result<u64> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}
