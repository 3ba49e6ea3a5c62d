//! ELF, 64 bits, little-endian (System V ABI, chapter 4; sections 4.9 and 4.21 for symbols and relocations).

use std::io;

use super::image::{Image, Kind, SECTIONS_MAX, Section, read as read_bytes, u16_at, u32_at, u64_at};
use crate::read_at::ReadAt;

const HEADER_BYTES: usize = 64;
const SECTION_BYTES: usize = 64;
/// `\x7fELF`, 64 bits, little-endian.
const IDENTIFICATION: &[u8] = b"\x7fELF\x02\x01";
const MACHINE_X86_64: u16 = 62;
const MACHINE_ARM64: u16 = 183;
const TYPE_SYMBOLS: u32 = 2;
const TYPE_STRINGS: u32 = 3;
const TYPE_RELOCATIONS: u32 = 4;
const TYPE_NOTE: u32 = 7;
const TYPE_NOT_STORED: u32 = 8;
const TYPE_DYNAMIC_SYMBOLS: u32 = 11;
const FLAG_LOADED: u64 = 2;
const FLAG_CODE: u64 = 4;
/// Names of sections that are looked at.
const NAMES_BYTES_MAX: u64 = 1 << 20;

/// Reads the section headers; `None` when it is no ELF program of a known machine, or has none.
pub(super) fn read(file: &impl ReadAt) -> io::Result<Option<Image>> {
    let Some(header) = read_bytes(file, 0, HEADER_BYTES)? else { return Ok(None) };
    let code = match u16_at(&header, 18) {
        Some(MACHINE_X86_64) => Kind::X86_64,
        Some(MACHINE_ARM64) => Kind::Arm64,
        _ => return Ok(None),
    };
    let (Some(offset), Some(size), Some(count), Some(names)) =
        (u64_at(&header, 40), u16_at(&header, 58), u16_at(&header, 60), u16_at(&header, 62))
    else {
        return Ok(None);
    };
    let count = usize::from(count);
    if !header.starts_with(IDENTIFICATION) || usize::from(size) != SECTION_BYTES || count > SECTIONS_MAX {
        return Ok(None);
    }
    let Some(table) = read_bytes(file, offset, count * SECTION_BYTES)? else { return Ok(None) };
    let headers: Vec<Header> = table.chunks_exact(SECTION_BYTES).filter_map(Header::read).collect();
    let names = match headers.get(usize::from(names)).filter(|names| names.size <= NAMES_BYTES_MAX) {
        Some(names) => read_bytes(file, names.offset, names.size as usize)?.unwrap_or_default(),
        None => Vec::new(),
    };
    let sections = headers.iter().filter_map(|header| header.section(&names, code)).collect();
    Ok(Some(Image { sections, ..Image::default() }))
}

struct Header {
    name: u32,
    kind: u32,
    flags: u64,
    address: u64,
    offset: u64,
    size: u64,
}

impl Header {
    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            name: u32_at(bytes, 0)?,
            kind: u32_at(bytes, 4)?,
            flags: u64_at(bytes, 8)?,
            address: u64_at(bytes, 16)?,
            offset: u64_at(bytes, 24)?,
            size: u64_at(bytes, 32)?,
        })
    }

    /// `None` for what is neither loaded nor known.
    fn section(&self, names: &[u8], code: Kind) -> Option<Section> {
        let name = names.get(self.name as usize..).unwrap_or_default();
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
        let is_loaded = self.flags & FLAG_LOADED != 0;
        let kind = match self.kind {
            TYPE_SYMBOLS | TYPE_DYNAMIC_SYMBOLS => Kind::Symbols,
            _ if !is_loaded => return None,
            TYPE_RELOCATIONS => Kind::Relocations,
            TYPE_STRINGS | TYPE_NOTE | TYPE_NOT_STORED => Kind::Other,
            _ if self.flags & FLAG_CODE != 0 => code,
            _ if name == b".eh_frame_hdr" => Kind::UnwindTable,
            _ if name == b".eh_frame" => Kind::Unwind,
            _ if name == b".rodata" || name == b".gcc_except_table" => Kind::Other,
            _ => Kind::Words,
        };
        // Thread-local data that isn't stored lies over the addresses of what follows it.
        let is_template = self.kind == TYPE_NOT_STORED && self.flags & 0x400 != 0;
        let address = (is_loaded && !is_template).then_some(self.address);
        let length = if self.kind == TYPE_NOT_STORED { 0 } else { self.size };
        // Nothing is stored, so where doesn't matter; at 0 it overlaps nothing.
        let offset = if length == 0 { 0 } else { self.offset };
        Some(Section { name, kind, offset, length, address, memory: self.size })
    }
}
