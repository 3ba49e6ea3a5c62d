//! The encoding of an update (`docs/formats.md`, "Update"): everything in one frame that is compressed against the tree `from`.
//!
//! What both sides can know is not written: contents are numbers, places are distances to the expected ones, and a segment whose
//! output is whole contents has no digest but theirs. Differences that are carried are compressed with everything else.

use dray_model::Digest;

use super::cursor::Cursor;
use super::numbering::{Numbering, Sized, numbers};
use super::{Container, Forms, InvalidUpdate, OpenedBase, PackedAt, Place, Segment, Update, check, relocation};
use crate::codec::{DecodeError, Reader, put_prefixed, put_varint, within};
use crate::container::Layout;
use crate::frame;
use crate::limits::Limits;
use crate::manifest::{Manifest, put_packs, read_packs};
use crate::pack;
use crate::tree::Tree;

const MAGIC: &[u8; 8] = b"DRAYUPDT";
const VERSION: u16 = 2;
const WHAT: &str = "update";
/// A place, two counts and a part of a byte each at least, and a digest.
const SEGMENT_BYTES_MIN: usize = 3 + 3 + Digest::LENGTH;

/// A length and a difference, two counts and a part.
const CARRIED_BYTES_MIN: usize = 2 + 3;
/// A number, and a layout of one stream with its length.
const CONTAINER_BYTES_MIN: usize = 1 + 8;

pub(super) fn encode(update: &Update, base: &Tree) -> Result<Vec<u8>, InvalidUpdate> {
    let prefix = base.encode();
    let given = Digest::of(&prefix);
    if given != update.from {
        return Err(InvalidUpdate::From { from: update.from, given });
    }
    let numbering = Numbering::new(base, update.manifest.tree());
    check::check(update, &numbering)?;
    let plain = encode_plain(update, &numbering)?;
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(given.as_bytes());
    put_varint(&mut out, plain.len() as u64);
    out.extend_from_slice(&frame::compress(&plain, &prefix));
    Ok(out)
}

fn encode_plain(update: &Update, numbering: &Numbering) -> Result<Vec<u8>, InvalidUpdate> {
    let has_recipe = |(content, _): &&Sized| update.manifest.recipe(content).is_some();
    let chunked: Vec<Sized> = numbering.wanted.iter().filter(has_recipe).copied().collect();
    let built = numbering.built(&update.manifest, &update.forms);
    let base = numbering.bases(&update.forms);
    let mut out = Vec::new();
    put_prefixed(&mut out, &update.manifest.tree().encode());
    put_varint(&mut out, chunked.len() as u64);
    if !chunked.is_empty() {
        put_numbers(&mut out, &numbering.wanted, chunked.iter().map(|(content, _)| *content));
        put_packs(&mut out, update.manifest.packs());
        put_prefixed(&mut out, &update.manifest.encode_block(&chunked)?);
    }
    put_forms(&mut out, &update.forms, numbering);
    put_packs(&mut out, &update.packs);
    put_places(&mut out, &update.segments);
    let mut bases = Cursor::new(&base);
    let mut outputs = Cursor::new(&built);
    for segment in &update.segments {
        put_varint(&mut out, segment.base.len() as u64);
        segment.base.iter().for_each(|part| bases.put_base(&mut out, part));
        put_varint(&mut out, segment.output.len() as u64);
        segment.output.iter().for_each(|part| outputs.put_output(&mut out, part));
    }
    for segment in &update.segments {
        let digests = segment.packed().map(|at| at.digest).into_iter().chain(segment.digest);
        digests.for_each(|digest| out.extend_from_slice(digest.as_bytes()));
    }
    relocation::put(&mut out, &update.relocations, &base);
    Ok(out)
}

/// Numbers of contents in ascending order, each as its distance from the expected one.
fn put_numbers(out: &mut Vec<u8>, list: &[Sized], contents: impl Iterator<Item = Digest>) {
    let numbers = numbers(list);
    let mut expected = 0;
    for content in contents {
        put_varint(out, (numbers[&content] - expected) as u64);
        expected = numbers[&content] + 1;
    }
}

fn put_forms(out: &mut Vec<u8>, forms: &Forms, numbering: &Numbering) {
    put_varint(out, forms.bases.len() as u64);
    put_numbers(out, &numbering.base, forms.bases.iter().map(OpenedBase::content));
    for base in &forms.bases {
        put_prefixed(out, &base.layout().encode());
    }
    put_varint(out, forms.containers.len() as u64);
    put_numbers(out, &numbering.wanted, forms.containers.iter().map(Container::content));
    for container in &forms.containers {
        put_prefixed(out, &container.layout().encode());
        put_prefixed(out, container.corrections());
    }
}

/// What is carried, and where the others are: each place as a distance from the end of the one before.
fn put_places(out: &mut Vec<u8>, segments: &[Segment]) {
    let packed: Vec<&PackedAt> = segments.iter().filter_map(Segment::packed).collect();
    put_varint(out, (segments.len() - packed.len()) as u64);
    for segment in segments {
        if let Place::Carried(difference) = &segment.place {
            put_prefixed(out, difference);
        }
    }
    put_varint(out, packed.len() as u64);
    let (mut pack, mut end) = (0, pack::HEADER_BYTES);
    for at in packed {
        put_varint(out, (at.pack - pack).into());
        if at.pack != pack {
            end = pack::HEADER_BYTES;
        }
        put_varint(out, at.offset - end);
        put_varint(out, at.length.into());
        (pack, end) = (at.pack, at.end());
    }
}

pub(super) fn base(bytes: &[u8]) -> Result<Digest, DecodeError> {
    let mut reader = Reader::new(WHAT, bytes);
    reader.magic(MAGIC, VERSION)?;
    reader.digest()
}

pub(super) fn decode(bytes: &[u8], base: &Tree, to: Option<&Digest>, limits: &Limits) -> Result<Update, DecodeError> {
    within("bytes in an update", bytes.len() as u64, limits.manifest_bytes_max)?;
    let mut reader = Reader::new(WHAT, bytes);
    reader.magic(MAGIC, VERSION)?;
    let from = reader.digest()?;
    let prefix = base.encode();
    let given = Digest::of(&prefix);
    if given != from {
        return Err(InvalidUpdate::From { from, given }.into());
    }
    let max = limits.tree_bytes_max.saturating_add(limits.manifest_bytes_max);
    let length = reader.bounded("bytes in an update", max)? as usize;
    let compressed = reader.take(reader.remaining())?;
    let plain =
        frame::expand(compressed, &prefix, length).map_err(|source| DecodeError::Decompress { what: WHAT, source })?;
    let (update, numbering) = decode_plain(&plain, from, base, to, limits)?;
    check::check(&update, &numbering)?;
    Ok(update)
}

fn decode_plain(
    plain: &[u8],
    from: Digest,
    base: &Tree,
    to: Option<&Digest>,
    limits: &Limits,
) -> Result<(Update, Numbering), DecodeError> {
    let mut reader = Reader::new(WHAT, plain);
    let tree = reader.prefixed()?;
    let found = Digest::of(tree);
    if let Some(expected) = to.copied().filter(|to| *to != found) {
        return Err(DecodeError::OtherContent { expected, found });
    }
    let tree = Tree::decode(tree, limits)?;
    let numbering = Numbering::new(base, &tree);
    let manifest = read_recipes(&mut reader, tree, &numbering.wanted, limits)?;
    let forms = read_forms(&mut reader, &numbering, limits)?;
    let packs = read_packs(&mut reader, limits)?;
    let mut segments = Vec::new();
    read_carried(&mut reader, &mut segments, limits)?;
    read_places(&mut reader, &mut segments, limits)?;
    let built = numbering.built(&manifest, &forms);
    read_parts(&mut reader, &mut segments, &numbering.bases(&forms), &built, limits)?;
    let wanted = numbering.wanted.iter().copied().collect();
    for segment in &mut segments {
        if let Place::Packed(at) = &mut segment.place {
            at.digest = reader.digest()?;
        }
        if !segment.is_whole(&wanted) {
            segment.digest = Some(reader.digest()?);
        }
    }
    let relocations = relocation::read(&mut reader, &numbering.bases(&forms))?;
    reader.end()?;
    Ok((Update { from, manifest, packs, segments, relocations, forms }, numbering))
}

fn read_recipes(
    reader: &mut Reader<'_>,
    tree: Tree,
    wanted: &[Sized],
    limits: &Limits,
) -> Result<Manifest, DecodeError> {
    let count = reader.count("files in an update", wanted.len() as u64, 1)?;
    if count == 0 {
        return Ok(Manifest::new(tree, &[], &[], vec![])?);
    }
    let chunked = read_numbers(reader, count, wanted)?;
    let packs = read_packs(reader, limits)?;
    Manifest::decode_block(tree, &packs, &chunked, reader.prefixed()?, limits)
}

/// The contents that [`put_numbers`] wrote.
fn read_numbers(reader: &mut Reader<'_>, count: usize, list: &[Sized]) -> Result<Vec<Sized>, DecodeError> {
    let mut contents = Vec::with_capacity(count);
    let mut rest = list;
    for _ in 0..count {
        let skip = usize::try_from(reader.varint()?).unwrap_or(usize::MAX);
        let found = rest.get(skip..).and_then(<[_]>::split_first);
        let (content, behind) = found.ok_or(reader.malformed("it names a file that does not exist"))?;
        contents.push(*content);
        rest = behind;
    }
    Ok(contents)
}

fn read_forms(reader: &mut Reader<'_>, numbering: &Numbering, limits: &Limits) -> Result<Forms, DecodeError> {
    let mut forms = Forms::default();
    let count = reader.count("containers in an update", numbering.base.len() as u64, CONTAINER_BYTES_MIN)?;
    for (content, _) in read_numbers(reader, count, &numbering.base)? {
        forms.bases.push(OpenedBase::new(content, Layout::decode(reader.prefixed()?, limits)?));
    }
    let count = reader.count("containers in an update", numbering.wanted.len() as u64, CONTAINER_BYTES_MIN)?;
    for (content, _) in read_numbers(reader, count, &numbering.wanted)? {
        let layout = Layout::decode(reader.prefixed()?, limits)?;
        forms.containers.push(Container::new(content, layout, reader.prefixed()?.to_vec()));
    }
    Ok(forms)
}

/// Segments with the differences that are carried.
fn read_carried(reader: &mut Reader<'_>, segments: &mut Vec<Segment>, limits: &Limits) -> Result<(), DecodeError> {
    let count = reader.count("segments in an update", limits.chunks_max, CARRIED_BYTES_MIN)?;
    for _ in 0..count {
        let difference = reader.prefixed()?;
        within("bytes in a segment", difference.len() as u64, limits.chunk_bytes_max)?;
        segments.push(Segment::at(Place::Carried(difference.into())));
    }
    Ok(())
}

/// Segments with their places in packs alone.
fn read_places(reader: &mut Reader<'_>, segments: &mut Vec<Segment>, limits: &Limits) -> Result<(), DecodeError> {
    let left = limits.chunks_max.saturating_sub(segments.len() as u64);
    let count = reader.count("segments in an update", left, SEGMENT_BYTES_MIN)?;
    let (mut pack, mut end) = (0u32, pack::HEADER_BYTES);
    let unknown = Digest::from_bytes([0; Digest::LENGTH]);
    for _ in 0..count {
        let step = reader.bounded("packs in an update", limits.packs_max.min(u32::MAX.into()))?;
        pack = pack.saturating_add(step as u32);
        if step > 0 {
            end = pack::HEADER_BYTES;
        }
        let offset = end + reader.bounded("bytes in a pack", limits.pack_bytes_max)?;
        let length = reader.bounded("bytes in a segment", limits.chunk_bytes_max.min(u32::MAX.into()))? as u32;
        end = within("bytes in a pack", offset + u64::from(length), limits.pack_bytes_max)?;
        segments.push(Segment::at(Place::Packed(PackedAt { pack, offset, length, digest: unknown })));
    }
    Ok(())
}

fn read_parts(
    reader: &mut Reader<'_>,
    segments: &mut [Segment],
    base: &[Sized],
    built: &[Sized],
    limits: &Limits,
) -> Result<(), DecodeError> {
    let mut bases = Cursor::new(base);
    let mut outputs = Cursor::new(built);
    let mut left = limits.pieces_max;
    for segment in segments {
        let mut count = |reader: &mut Reader<'_>| {
            let count = reader.count("parts in an update", left, 1)?;
            left -= count as u64;
            Ok::<usize, DecodeError>(count)
        };
        for _ in 0..count(reader)? {
            segment.base.push(bases.read_base(reader)?);
        }
        for _ in 0..count(reader)? {
            segment.output.push(outputs.read_output(reader)?);
        }
        within("bytes in a segment", segment.length(), limits.chunk_bytes_max)?;
    }
    Ok(())
}
