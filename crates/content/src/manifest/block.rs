//! A block: the chunks and recipes of some consecutive contents, readable without any other block.

use std::collections::HashMap;

use dray_model::Digest;

use super::{Chunk, InvalidManifest, Manifest, Piece, Recipe};
use crate::codec::{DecodeError, Reader, put_signed, put_varint, unzigzag, zigzag};
use crate::limits::Limits;
use crate::pack;

const WHAT: &str = "chunk list";

/// What was read from blocks so far. Chunks of different blocks are listed one after the other.
#[derive(Default)]
pub(super) struct Decoded {
    pub(super) chunks: Vec<Chunk>,
    pub(super) recipes: Vec<Recipe>,
    pieces: u64,
}

pub(super) fn encode(manifest: &Manifest, contents: &[(Digest, u64)]) -> Result<Vec<u8>, InvalidManifest> {
    let mut numbers = HashMap::new();
    let mut chunks = Vec::new();
    let mut recipes = Vec::new();
    for (content, _) in contents {
        let pieces = manifest.recipe(content).ok_or(InvalidManifest::Incomplete(*content))?;
        put_varint(&mut recipes, pieces.len() as u64);
        let mut expected = 0i64;
        for piece in pieces {
            let number = *numbers.entry(piece.chunk).or_insert_with(|| {
                chunks.push(manifest.chunks[piece.chunk as usize]);
                chunks.len() as i64 - 1
            });
            put_piece(&mut recipes, piece, number - expected, chunks[number as usize].length);
            expected = number + 1;
        }
    }
    let mut out = encode_chunks(&chunks);
    out.extend_from_slice(&recipes);
    Ok(out)
}

fn put_piece(out: &mut Vec<u8>, piece: &Piece, step: i64, chunk_length: u32) {
    let is_part = piece.length != chunk_length;
    put_varint(out, zigzag(step) << 1 | u64::from(is_part));
    if is_part {
        put_varint(out, piece.offset.into());
        put_varint(out, piece.length.into());
    }
}

fn encode_chunks(chunks: &[Chunk]) -> Vec<u8> {
    let mut out = Vec::with_capacity(chunks.len() * 40);
    put_varint(&mut out, chunks.len() as u64);
    chunks.iter().for_each(|chunk| out.extend_from_slice(chunk.digest.as_bytes()));
    let mut before = Position::START;
    for chunk in chunks {
        put_varint(&mut out, chunk.length.into());
        put_varint(&mut out, (chunk.length - chunk.stored_length).into());
        put_signed(&mut out, i64::from(chunk.pack) - before.pack);
        put_signed(&mut out, chunk.offset as i64 - before.expected(chunk.pack.into()));
        before = Position { pack: chunk.pack.into(), end: chunk.end() as i64 };
    }
    out
}

/// Where the chunk before ended: the next one is most often right behind it.
struct Position {
    pack: i64,
    end: i64,
}

impl Position {
    const START: Self = Self { pack: 0, end: pack::HEADER_BYTES as i64 };

    fn expected(&self, pack: i64) -> i64 {
        if pack == self.pack { self.end } else { pack::HEADER_BYTES as i64 }
    }
}

impl Decoded {
    /// Reads the block that holds `contents`.
    pub(super) fn read(
        &mut self,
        bytes: &[u8],
        contents: &[(Digest, u64)],
        packs: usize,
        limits: &Limits,
    ) -> Result<(), DecodeError> {
        let mut reader = Reader::new(WHAT, bytes);
        let first = self.chunks.len();
        self.read_chunks(&mut reader, packs, limits)?;
        for (content, _) in contents {
            let pieces = self.read_recipe(&mut reader, first, limits)?;
            self.recipes.push(Recipe { content: *content, pieces });
        }
        reader.end()
    }

    fn read_chunks(&mut self, reader: &mut Reader<'_>, packs: usize, limits: &Limits) -> Result<(), DecodeError> {
        let allowed = limits.chunks_max.min(u32::MAX.into()).saturating_sub(self.chunks.len() as u64);
        let count = reader.count("chunks in a manifest", allowed, 36)?;
        let mut digests = Reader::new(WHAT, reader.take(count * Digest::LENGTH)?);
        let mut before = Position::START;
        for _ in 0..count {
            let chunk = read_chunk(reader, digests.digest()?, &before, packs, limits)?;
            before = Position { pack: chunk.pack.into(), end: chunk.end() as i64 };
            self.chunks.push(chunk);
        }
        Ok(())
    }

    fn read_recipe(
        &mut self,
        reader: &mut Reader<'_>,
        first: usize,
        limits: &Limits,
    ) -> Result<Vec<Piece>, DecodeError> {
        let chunks = &self.chunks[first..];
        let count = reader.count("pieces in a manifest", limits.pieces_max.saturating_sub(self.pieces), 1)?;
        self.pieces += count as u64;
        let mut pieces = Vec::with_capacity(count);
        let mut expected = 0i64;
        for _ in 0..count {
            let coded = reader.varint()?;
            let number = expected.checked_add(unzigzag(coded >> 1));
            let chunk = number.and_then(|number| chunks.get(usize::try_from(number).ok()?));
            let (Some(number), Some(chunk)) = (number, chunk) else {
                return Err(reader.malformed("a piece names a chunk that does not exist"));
            };
            let (offset, length) = if coded & 1 == 0 { (0, chunk.length) } else { read_part(reader, chunk)? };
            pieces.push(Piece { chunk: first as u32 + number as u32, offset, length });
            expected = number + 1;
        }
        Ok(pieces)
    }
}

fn read_chunk(
    reader: &mut Reader<'_>,
    digest: Digest,
    before: &Position,
    packs: usize,
    limits: &Limits,
) -> Result<Chunk, DecodeError> {
    let length = reader.bounded("bytes in a chunk", limits.chunk_bytes_max.min(u32::MAX.into()))?;
    let saved = reader.varint()?;
    let stored_length = length.checked_sub(saved).filter(|stored| *stored > 0);
    let stored_length = stored_length.ok_or(reader.malformed("a chunk is stored in no bytes"))?;
    let pack = before.pack.checked_add(reader.signed()?).filter(|pack| (0..packs as i64).contains(pack));
    let pack = pack.ok_or(reader.malformed("a chunk names a pack that does not exist"))?;
    let offset = before.expected(pack).checked_add(reader.signed()?);
    let offset = offset.filter(|offset| (0..=limits.pack_bytes_max as i64).contains(offset));
    let offset = offset.ok_or(reader.malformed("a chunk is outside its pack"))?;
    let (length, stored_length) = (length as u32, stored_length as u32);
    Ok(Chunk { digest, length, pack: pack as u32, offset: offset as u64, stored_length })
}

fn read_part(reader: &mut Reader<'_>, chunk: &Chunk) -> Result<(u32, u32), DecodeError> {
    let offset = reader.varint()?;
    let length = reader.varint()?;
    let end = offset.checked_add(length);
    if length == 0 || length >= chunk.length.into() || end.is_none_or(|end| end > chunk.length.into()) {
        return Err(reader.malformed("a piece is outside its chunk"));
    }
    Ok((offset as u32, length as u32))
}
