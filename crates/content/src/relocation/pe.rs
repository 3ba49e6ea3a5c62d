//! PE32+, as Windows uses it (Microsoft's "PE Format", sections "COFF File Header", "Optional Header" and "Section Table").
//!
//! Addresses are relative to the image's base; where they are stored whole, the preferred base is added.

use std::io;

use super::image::{Image, Kind, SECTIONS_MAX, Section, read as read_bytes, u16_at, u32_at, u64_at};
use crate::read_at::ReadAt;

const DOS_HEADER_BYTES: usize = 64;
/// Signature, file header, and of the optional header what comes before the section's alignment.
const HEADERS_BYTES: usize = 4 + 20 + 32;
const SECTION_BYTES: usize = 40;
const MACHINE_X86_64: u16 = 0x8664;
const MACHINE_ARM64: u16 = 0xaa64;
const MAGIC_64_BITS: u16 = 0x20b;
const FLAG_CODE: u32 = 0x2000_0000;

/// Reads the section table; `None` when it is no PE program of a known machine.
pub(super) fn read(file: &impl ReadAt) -> io::Result<Option<Image>> {
    let Some(dos) = read_bytes(file, 0, DOS_HEADER_BYTES)? else { return Ok(None) };
    let Some(at) = u32_at(&dos, 60).filter(|_| dos.starts_with(b"MZ")) else { return Ok(None) };
    let Some(headers) = read_bytes(file, at.into(), HEADERS_BYTES)? else { return Ok(None) };
    let code = match u16_at(&headers, 4) {
        Some(MACHINE_X86_64) => Kind::X86_64,
        Some(MACHINE_ARM64) => Kind::Arm64,
        _ => return Ok(None),
    };
    let (Some(count), Some(optional_bytes), Some(MAGIC_64_BITS), Some(base)) =
        (u16_at(&headers, 6), u16_at(&headers, 20), u16_at(&headers, 24), u64_at(&headers, 48))
    else {
        return Ok(None);
    };
    let count = usize::from(count);
    if !headers.starts_with(b"PE\0\0") || count > SECTIONS_MAX {
        return Ok(None);
    }
    let table = u64::from(at) + 24 + u64::from(optional_bytes);
    let Some(table) = read_bytes(file, table, count * SECTION_BYTES)? else { return Ok(None) };
    let sections = table.chunks_exact(SECTION_BYTES).filter_map(|bytes| section(bytes, code)).collect();
    Ok(Some(Image { sections, base, ..Image::default() }))
}

fn section(bytes: &[u8], code: Kind) -> Option<Section> {
    let name: Vec<u8> = bytes.get(..8)?.iter().copied().take_while(|byte| *byte != 0).collect();
    let (memory, address) = (u32_at(bytes, 8)?, u32_at(bytes, 12)?);
    let (stored, offset, flags) = (u32_at(bytes, 16)?, u32_at(bytes, 20)?, u32_at(bytes, 36)?);
    let kind = match name.as_slice() {
        _ if flags & FLAG_CODE != 0 => code,
        b".pdata" => Kind::Relative,
        b".rdata" | b".xdata" | b".idata" | b".edata" => Kind::WordsAndRelative,
        b".rsrc" | b".reloc" => Kind::Other,
        _ => Kind::Words,
    };
    let length = stored.min(memory);
    let offset = if length == 0 { 0 } else { offset };
    Some(Section {
        name,
        kind,
        offset: offset.into(),
        length: length.into(),
        address: Some(address.into()),
        memory: memory.into(),
    })
}
