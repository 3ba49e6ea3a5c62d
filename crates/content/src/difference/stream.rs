//! One stream of a difference: bytes of a length that the reader knows, kept in the shorter of several ways.
//!
//! zstd frames without magic number, content size or checksum: lengths are known, and whoever applies a difference checks the
//! output. An empty stream takes no byte. Expansion never yields more than the known length.

use std::io;

use zstd::zstd_safe::{CCtx, CParameter, DCtx, DParameter, FrameFormat, SafeResult, compress_bound, get_error_name};

use super::{Level, SEGMENT_BYTES_MAX};
use crate::codec::{DecodeError, Reader, put_varint};

/// The bytes as they are.
const RAW: u8 = 0;
/// One zstd frame: a varint of its length, then the frame.
const ZSTD: u8 = 1;
/// Windows reach over a whole stream.
const WINDOW_LOG_MAX: u32 = SEGMENT_BYTES_MAX.ilog2();

/// Writes `plain` as a stream.
pub(super) fn put(out: &mut Vec<u8>, plain: &[u8], level: Level) {
    if plain.is_empty() {
        return;
    }
    let frame = compress(plain, level).expect("zstd compresses into a buffer of its own bound");
    let mut stored = vec![ZSTD];
    put_varint(&mut stored, frame.len() as u64);
    if stored.len() + frame.len() > plain.len() {
        out.push(RAW);
        out.extend_from_slice(plain);
    } else {
        out.append(&mut stored);
        out.extend_from_slice(&frame);
    }
}

/// Reads a stream of `length` plain bytes.
pub(super) fn take(reader: &mut Reader<'_>, length: usize) -> Result<Vec<u8>, DecodeError> {
    if length == 0 {
        return Ok(Vec::new());
    }
    match reader.u8()? {
        RAW => reader.take(length).map(<[u8]>::to_vec),
        ZSTD => {
            let stored = reader.bounded("bytes of a stream", length as u64)? as usize;
            let plain = expand(reader.take(stored)?, length)
                .map_err(|source| DecodeError::Decompress { what: "stream of a difference", source })?;
            if plain.len() == length { Ok(plain) } else { Err(reader.malformed("a stream is too short")) }
        }
        _ => Err(reader.malformed("a stream is kept in an unknown way")),
    }
}

fn compress(plain: &[u8], level: Level) -> io::Result<Vec<u8>> {
    let mut context = CCtx::create();
    let parameters = [
        CParameter::Format(FrameFormat::Magicless),
        CParameter::ContentSizeFlag(false),
        CParameter::ChecksumFlag(false),
        CParameter::CompressionLevel(match level {
            Level::Publish => 9,
            Level::Background => 19,
        }),
    ];
    for parameter in parameters {
        checked(context.set_parameter(parameter))?;
    }
    let mut frame = Vec::with_capacity(compress_bound(plain.len()));
    checked(context.compress2(&mut frame, plain))?;
    Ok(frame)
}

fn expand(frame: &[u8], length: usize) -> io::Result<Vec<u8>> {
    let mut context = DCtx::create();
    checked(context.set_parameter(DParameter::Format(FrameFormat::Magicless)))?;
    checked(context.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX)))?;
    let mut plain = Vec::with_capacity(length);
    checked(context.decompress(&mut plain, frame))?;
    Ok(plain)
}

fn checked(result: SafeResult) -> io::Result<usize> {
    result.map_err(|code| io::Error::other(get_error_name(code)))
}
