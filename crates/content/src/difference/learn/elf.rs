//! ELF: sections of 64-bit little-endian programs and libraries.

use super::{Program, Section};
use crate::codec::{DecodeError, Reader};
use crate::difference::relocation::Kind;

const MAGIC: &[u8] = b"\x7fELF\x02\x01\x01";
const MACHINE_X86_64: u16 = 62;
const MACHINE_ARM64: u16 = 183;
const SECTION_BYTES: usize = 64;
/// More sections than programs have; object files may, but nothing in them has an address.
const SECTIONS_MAX: usize = 256;

const TYPE_PROGRAM: u32 = 1;
const TYPE_SYMBOLS: u32 = 2;
const TYPE_RELOCATIONS: u32 = 4;
const TYPE_DYNAMIC: u32 = 6;
const TYPE_EMPTY: u32 = 8;
const TYPE_DYNAMIC_SYMBOLS: u32 = 11;
const TYPE_BEFORE_MAIN: u32 = 14;
const TYPE_AFTER_MAIN: u32 = 15;
const TYPE_UNWIND: u32 = 0x7000_0001;
const FLAG_WRITABLE: u64 = 1;
const FLAG_LOADED: u64 = 2;
const FLAG_CODE: u64 = 4;
/// Smaller values are more often counts and sizes than addresses.
const ADDRESS_MIN: u64 = 0x1000;

/// A section header (System V ABI, chapter 4).
struct Header {
    name: u32,
    kind: u32,
    flags: u64,
    address: u64,
    offset: usize,
    length: usize,
}

/// The program at the beginning of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Option<Program> {
    if !bytes.starts_with(MAGIC) {
        return None;
    }
    read(bytes).ok().flatten()
}

fn read(bytes: &[u8]) -> Result<Option<Program>, DecodeError> {
    let mut reader = Reader::new("ELF header", bytes);
    reader.take(18)?;
    let machine = reader.u16()?;
    reader.take(20)?;
    let table = reader.u64()? as usize;
    reader.take(12)?;
    let (count, names) = (usize::from(reader.u16()?), usize::from(reader.u16()?));
    let code = match machine {
        MACHINE_X86_64 => Kind::X86_64,
        MACHINE_ARM64 => Kind::Arm64,
        _ => return Ok(None),
    };
    let Some(mut table) = bytes.get(table..).filter(|_| count <= SECTIONS_MAX) else { return Ok(None) };
    let mut headers = Vec::with_capacity(count);
    while headers.len() < count {
        let (header, rest) = table.split_at_checked(SECTION_BYTES).unwrap_or_default();
        headers.push(section_header(header)?);
        table = rest;
    }
    let names = headers.get(names).and_then(|names| bytes.get(names.offset..)).unwrap_or_default();
    headers.retain(|header| header.flags & FLAG_LOADED != 0);
    let end = headers.iter().map(|header| header.address.saturating_add(header.length as u64)).max().unwrap_or(0);
    headers.retain(|header| header.kind != TYPE_EMPTY);
    let sections = headers.iter().map(|header| section(header, names, code)).collect::<Option<Vec<_>>>();
    Ok(sections.and_then(|sections| Program::new(0, ADDRESS_MIN..end.max(ADDRESS_MIN), sections, bytes.len())))
}

fn section_header(bytes: &[u8]) -> Result<Header, DecodeError> {
    let mut reader = Reader::new("ELF section header", bytes);
    Ok(Header {
        name: reader.u32()?,
        kind: reader.u32()?,
        flags: reader.u64()?,
        address: reader.u64()?,
        offset: reader.u64()? as usize,
        length: reader.u64()? as usize,
    })
}

fn section(header: &Header, names: &[u8], code: Kind) -> Option<Section> {
    let name = names.get(header.name as usize..)?.split(|byte| *byte == 0).next()?;
    let kind = match (header.kind, name) {
        (TYPE_PROGRAM, _) if header.flags & FLAG_CODE != 0 => Some(code),
        (TYPE_PROGRAM | TYPE_UNWIND, b".eh_frame") => Some(Kind::Frames),
        (TYPE_PROGRAM | TYPE_UNWIND, b".eh_frame_hdr") => Some(Kind::FrameIndex),
        (TYPE_PROGRAM, b".rodata") => Some(Kind::JumpTables),
        (TYPE_PROGRAM, _) if header.flags & FLAG_WRITABLE != 0 => Some(Kind::Pointers),
        (TYPE_RELOCATIONS | TYPE_SYMBOLS | TYPE_DYNAMIC_SYMBOLS, _) => Some(Kind::Pointers),
        (TYPE_DYNAMIC | TYPE_BEFORE_MAIN | TYPE_AFTER_MAIN, _) => Some(Kind::Pointers),
        _ => None,
    };
    let range = header.offset..header.offset.checked_add(header.length)?;
    header.address.checked_add(header.length as u64)?;
    Some(Section { range, address: header.address, kind })
}
