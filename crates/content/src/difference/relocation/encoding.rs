//! How a relocation is written in front of a difference.

use super::{Image, Kind, Moves, Region, Relocation};
use crate::codec::{DecodeError, Reader, put_signed, put_varint};

impl Kind {
    const ALL: [Self; 7] = [
        Self::X86_64,
        Self::Arm64,
        Self::Pointers,
        Self::PointersAndOffsets,
        Self::FrameIndex,
        Self::Frames,
        Self::JumpTables,
    ];

    fn number(self) -> u8 {
        Self::ALL.iter().position(|kind| *kind == self).expect("all kinds are listed") as u8
    }
}

impl Relocation {
    pub(in crate::difference) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_varint(&mut out, self.images.len() as u64);
        let mut end = 0;
        for image in &self.images {
            put_varint(&mut out, image.origin);
            for range in [&image.addresses, &image.code] {
                put_varint(&mut out, range.start);
                put_varint(&mut out, range.end - range.start);
            }
            put_varint(&mut out, image.regions.len() as u64);
            let mut address = 0u64;
            for region in &image.regions {
                put_varint(&mut out, region.range.start - end);
                put_varint(&mut out, region.range.end - region.range.start);
                put_signed(&mut out, region.address.wrapping_sub(address) as i64);
                out.push(region.kind.number());
                end = region.range.end;
                address = region.address_of(end);
            }
            image.moves.encode(&mut out);
        }
        out
    }

    pub(in crate::difference) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new("relocation", bytes);
        let count = reader.count("images", u64::MAX, IMAGE_BYTES_MIN)?;
        let mut images = Vec::with_capacity(count);
        let mut end = 0;
        for _ in 0..count {
            images.push(image(&mut reader, &mut end)?);
        }
        reader.end()?;
        Ok(Self { images })
    }
}

/// An image of one region, without moves: eleven bytes.
const IMAGE_BYTES_MIN: usize = 11;
/// A region: four bytes.
const REGION_BYTES_MIN: usize = 4;

fn image(reader: &mut Reader<'_>, end: &mut u64) -> Result<Image, DecodeError> {
    let origin = reader.varint()?;
    let addresses = range(reader, 0)?;
    let code = range(reader, 0)?;
    let count = reader.count("regions", u64::MAX, REGION_BYTES_MIN)?;
    if count == 0 {
        return Err(reader.malformed("an image has no region"));
    }
    let mut regions = Vec::with_capacity(count);
    let mut address = 0u64;
    for _ in 0..count {
        let range = range(reader, *end)?;
        let start = address.wrapping_add_signed(reader.signed()?);
        let kind = Kind::ALL.get(usize::from(reader.u8()?)).copied();
        let kind = kind.ok_or_else(|| reader.malformed("a region is of an unknown kind"))?;
        let region = Region { range, address: start, kind };
        *end = region.range.end;
        address = region.address_of(*end);
        regions.push(region);
    }
    Ok(Image { origin, addresses, code, regions, moves: Moves::decode(reader)? })
}

/// A range by its distance from `end` and its length.
fn range(reader: &mut Reader<'_>, end: u64) -> Result<std::ops::Range<u64>, DecodeError> {
    let start = end.checked_add(reader.varint()?);
    let length = reader.varint()?;
    let range = start.and_then(|start| Some(start..start.checked_add(length)?));
    range.ok_or_else(|| reader.malformed("a range ends beyond all addresses"))
}
