//! One zstd frame whose prefix is a run of bytes that the reader has: what both have alike costs a few bytes.
//!
//! The frame has no magic number, no length, no checksum and no dictionary number: what holds it says what it is and how long, and
//! what comes of it has a digest. The reader expands into exactly the declared length and never more.

use std::io;

use zstd::zstd_safe::{CCtx, CParameter, DCtx, DParameter, FrameFormat, compress_bound, get_error_name};

/// Made once, read by every client.
const LEVEL: i32 = 19;
/// From this length on the level's own tables lose the beginning of the prefix, and long matches are looked for apart.
const LONG_BYTES: usize = 8 << 20;
const WINDOW_LOG_MIN: u32 = 10;
/// 1 GiB: prefix and frame may be so long together, and the beginning of a longer prefix is of no use.
const WINDOW_LOG_MAX: u32 = 30;

/// Compresses `plain` for anyone who has `prefix`.
pub(crate) fn compress(plain: &[u8], prefix: &[u8]) -> Vec<u8> {
    let reach = plain.len() + prefix.len();
    let window = (usize::BITS - reach.leading_zeros()).clamp(WINDOW_LOG_MIN, WINDOW_LOG_MAX);
    let mut context = CCtx::create();
    let parameters = [
        CParameter::CompressionLevel(LEVEL),
        CParameter::WindowLog(window),
        CParameter::EnableLongDistanceMatching(reach > LONG_BYTES),
        CParameter::Format(FrameFormat::Magicless),
        CParameter::ContentSizeFlag(false),
        CParameter::ChecksumFlag(false),
        CParameter::DictIdFlag(false),
    ];
    for parameter in parameters {
        context.set_parameter(parameter).expect("zstd knows the parameter and its range");
    }
    context.ref_prefix(prefix).expect("a new context takes a prefix");
    let mut out = Vec::with_capacity(compress_bound(plain.len()));
    context.compress2(&mut out, plain).expect("zstd compresses into a buffer of its own bound");
    out
}

/// Expands a frame of [`compress`] into `length` bytes, which the caller checked against its limits.
pub(crate) fn expand(frame: &[u8], prefix: &[u8], length: usize) -> io::Result<Vec<u8>> {
    let mut context = DCtx::create();
    let ready = context
        .set_parameter(DParameter::Format(FrameFormat::Magicless))
        .and_then(|_| context.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX)))
        .and_then(|_| context.ref_prefix(prefix));
    ready.map_err(error)?;
    let mut plain = Vec::with_capacity(length);
    context.decompress(&mut plain, frame).map_err(error)?;
    if plain.len() == length { Ok(plain) } else { Err(io::Error::other("fewer bytes than declared")) }
}

fn error(code: usize) -> io::Error {
    io::Error::other(get_error_name(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_reader_has_costs_next_to_nothing() {
        let mut prefix = vec![0; 300_000];
        blake3::Hasher::new().finalize_xof().fill(&mut prefix);
        let plain = [b"new", &prefix[1000..250_000]].concat();
        let frame = compress(&plain, &prefix);
        assert!(frame.len() < 60, "{}", frame.len());
        assert_eq!(expand(&frame, &prefix, plain.len()).unwrap(), plain);
    }

    #[test]
    fn a_frame_is_expanded_to_its_declared_length_alone() {
        let frame = compress(&[7; 1000], b"prefix");
        assert!(expand(&frame, b"prefix", 999).is_err());
        assert!(expand(&frame, b"prefix", 1001).is_err());
        assert!(expand(&frame[..frame.len() - 1], b"prefix", 1000).is_err());
        assert!(expand(&[&frame[..], b"x"].concat(), b"prefix", 1000).is_err());
    }

    proptest! {
        #[test]
        fn a_frame_reads_back(plain in proptest::collection::vec(0u8..4, 0..3000), prefix in proptest::collection::vec(0u8..4, 0..3000)) {
            prop_assert_eq!(expand(&compress(&plain, &prefix), &prefix, plain.len()).unwrap(), plain);
        }

        #[test]
        fn arbitrary_bytes_never_expand_beyond_the_length(frame in proptest::collection::vec(any::<u8>(), 0..300), length in 0usize..1000) {
            if let Ok(plain) = expand(&frame, b"some prefix", length) {
                prop_assert_eq!(plain.len(), length);
            }
        }
    }
}
