//! One stream of a difference: bytes of a length that the reader knows, kept in the shorter of several ways.
//!
//! zstd frames have no magic number, content size or checksum, LZMA streams no header or end marker: lengths are known, and the caller that
//! applies a difference checks the output. An empty stream takes no byte. Expansion never yields more than the known length.

use std::io::{self, Read, Write};

use lzma_rust2::{LzmaOptions, LzmaReader, LzmaWriter};
use zstd::zstd_safe::{CCtx, CParameter, DCtx, DParameter, FrameFormat, SafeResult, compress_bound, get_error_name};

use super::{Level, SEGMENT_BYTES_MAX};
use crate::codec::{DecodeError, Reader, put_varint};

/// The bytes as they are.
const RAW: u8 = 0;
/// One zstd frame: a varint of its length, then the frame.
const ZSTD: u8 = 1;
/// One LZMA stream, range coder included: a varint of its length, then its properties byte and the stream.
const LZMA: u8 = 2;
/// Windows reach over a whole stream.
const WINDOW_LOG_MAX: u32 = SEGMENT_BYTES_MAX.ilog2();
/// Literal context, literal position and position bits that are tried. In differences the byte before tells little, in texts much.
const LZMA_PROPERTIES: [(u32, u32, u32); 2] = [(0, 0, 0), (3, 0, 0)];
/// The largest legal properties byte: 8 literal context bits, 4 literal position bits, 4 position bits.
const LZMA_PROPERTIES_MAX: u8 = (4 * 5 + 4) * 9 + 8;

/// zstd's level for a quick try.
const QUICK: i32 = 1;
/// Shorter streams are not worth a look.
const NOISE_BYTES_MIN: usize = 64 << 10;
/// So many samples are looked at,
const NOISE_SAMPLES: usize = 64;
/// each of so many bytes.
const NOISE_SAMPLE_BYTES: usize = 1 << 10;
/// Bits that a byte of noise is worth, at least; samples of true noise are above 7.99.
const NOISE_BITS: f64 = 7.95;
/// When a quick try saves less than this part, a thorough one would hardly save more.
const NOISE_SAVED_PART: usize = 256;

/// The smallest dictionary of the LZMA format.
const LZMA_DICTIONARY_MIN: usize = 4096;

/// Writes `plain` as a stream.
pub(super) fn put(out: &mut Vec<u8>, plain: &[u8], level: Level) {
    if plain.is_empty() {
        return;
    }
    let best = ways(plain, level).into_iter().min_by_key(|(_, stored)| stored.len());
    let (way, stored) = best.expect("zstd is always tried");
    let mut length = Vec::new();
    put_varint(&mut length, stored.len() as u64);
    if length.len() + stored.len() > plain.len() {
        put_raw(out, plain);
    } else {
        out.push(way);
        out.extend_from_slice(&length);
        out.extend_from_slice(&stored);
    }
}

/// Writes `plain` as a stream of the bytes as they are.
pub(super) fn put_raw(out: &mut Vec<u8>, plain: &[u8]) {
    if !plain.is_empty() {
        out.push(RAW);
        out.extend_from_slice(plain);
    }
}

/// The ways of a level, each with its result.
fn ways(plain: &[u8], level: Level) -> Vec<(u8, Vec<u8>)> {
    const BUFFER: &str = "compressing into memory cannot fail";
    if looks_like_noise(plain) {
        let quickly = to_zstd(plain, QUICK).expect(BUFFER);
        if quickly.len() >= plain.len() - plain.len() / NOISE_SAVED_PART {
            return vec![(ZSTD, quickly)];
        }
    }
    match level {
        Level::Publish => vec![(ZSTD, to_zstd(plain, 9).expect(BUFFER))],
        Level::Background => {
            let lzma = LZMA_PROPERTIES.iter().map(|properties| (LZMA, to_lzma(plain, *properties).expect(BUFFER)));
            lzma.chain([(ZSTD, to_zstd(plain, 19).expect(BUFFER))]).collect()
        }
    }
}

/// Whether the bytes of a long stream are each about as frequent as all others, as what is compressed or encrypted has them.
fn looks_like_noise(plain: &[u8]) -> bool {
    if plain.len() < NOISE_BYTES_MIN {
        return false;
    }
    let mut counts = [0u32; 256];
    for sample in plain.chunks(plain.len() / NOISE_SAMPLES) {
        sample.iter().take(NOISE_SAMPLE_BYTES).for_each(|byte| counts[usize::from(*byte)] += 1);
    }
    let total: u32 = counts.iter().sum();
    let bits = |count: &u32| f64::from(*count) * (f64::from(total) / f64::from(*count)).log2();
    let bits: f64 = counts.iter().filter(|count| **count > 0).map(bits).sum();
    bits / f64::from(total) > NOISE_BITS
}

/// What bytes take when they are compressed with little work.
pub(super) fn quick_bytes(plain: &[u8]) -> usize {
    to_zstd(plain, QUICK).map_or(plain.len(), |stored| stored.len())
}

/// Reads a stream of `length` plain bytes.
pub(super) fn take(reader: &mut Reader<'_>, length: usize) -> Result<Vec<u8>, DecodeError> {
    if length == 0 {
        return Ok(Vec::new());
    }
    match reader.u8()? {
        RAW => reader.take(length).map(<[u8]>::to_vec),
        way @ (ZSTD | LZMA) => {
            let stored = reader.bounded("bytes in a stream", length as u64)? as usize;
            let stored = reader.take(stored)?;
            let expanded = if way == ZSTD { from_zstd(stored, length) } else { from_lzma(stored, length) };
            let plain =
                expanded.map_err(|source| DecodeError::Decompress { what: "stream of a difference", source })?;
            if plain.len() == length { Ok(plain) } else { Err(reader.malformed("a stream is too short")) }
        }
        _ => Err(reader.malformed("a stream is stored in an unknown way")),
    }
}

fn to_zstd(plain: &[u8], level: i32) -> io::Result<Vec<u8>> {
    let mut context = CCtx::create();
    let parameters = [
        CParameter::Format(FrameFormat::Magicless),
        CParameter::ContentSizeFlag(false),
        CParameter::ChecksumFlag(false),
        CParameter::CompressionLevel(level),
    ];
    for parameter in parameters {
        checked(context.set_parameter(parameter))?;
    }
    let mut frame = Vec::with_capacity(compress_bound(plain.len()));
    checked(context.compress2(&mut frame, plain))?;
    Ok(frame)
}

fn from_zstd(frame: &[u8], length: usize) -> io::Result<Vec<u8>> {
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

fn to_lzma(plain: &[u8], (lc, lp, pb): (u32, u32, u32)) -> io::Result<Vec<u8>> {
    let mut options = LzmaOptions::with_preset(9);
    (options.lc, options.lp, options.pb) = (lc, lp, pb);
    options.nice_len = 273;
    options.dict_size = window_bytes(plain.len());
    let mut writer = LzmaWriter::new_no_header(vec![((pb * 5 + lp) * 9 + lc) as u8], &options, false)?;
    writer.write_all(plain)?;
    writer.finish()
}

fn from_lzma(stored: &[u8], length: usize) -> io::Result<Vec<u8>> {
    let (properties, stored) = stored.split_first().ok_or(io::ErrorKind::UnexpectedEof)?;
    if *properties > LZMA_PROPERTIES_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut reader = LzmaReader::new_with_props(stored, length as u64, *properties, window_bytes(length), None)?;
    let mut plain = vec![0; length];
    reader.read_exact(&mut plain)?;
    Ok(plain)
}

/// An LZMA dictionary that reaches over a whole stream.
fn window_bytes(length: usize) -> u32 {
    length.max(LZMA_DICTIONARY_MIN).next_power_of_two() as u32
}
