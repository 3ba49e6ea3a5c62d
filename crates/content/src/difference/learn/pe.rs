//! PE: sections of 64-bit programs and libraries of Windows.

use super::{Program, Section};
use crate::codec::{DecodeError, Reader};
use crate::difference::relocation::Kind;

const MACHINE_X86_64: u16 = 0x8664;
const MACHINE_ARM64: u16 = 0xaa64;
const FLAG_CODE: u32 = 0x2000_0000;
/// Headers take the first page; smaller values are more often counts and sizes than offsets.
const OFFSET_MIN: u64 = 0x1000;
/// Where a DOS header tells the place of the real one.
const PLACE_OF_HEADER: usize = 60;

/// The program at the beginning of `bytes`.
pub(super) fn parse(bytes: &[u8]) -> Option<Program> {
    if !bytes.starts_with(b"MZ") {
        return None;
    }
    read(bytes).ok().flatten()
}

fn read(bytes: &[u8]) -> Result<Option<Program>, DecodeError> {
    let mut dos = Reader::new("DOS header", bytes);
    dos.take(PLACE_OF_HEADER)?;
    let header = dos.u32()? as usize;
    let Some(header) = bytes.get(header..).and_then(|header| header.strip_prefix(b"PE\0\0")) else { return Ok(None) };
    let mut reader = Reader::new("PE header", header);
    let code = match reader.u16()? {
        MACHINE_X86_64 => Kind::X86_64,
        MACHINE_ARM64 => Kind::Arm64,
        _ => return Ok(None),
    };
    let count = reader.u16()?;
    reader.take(12)?;
    let optional = usize::from(reader.u16()?);
    reader.take(2)?;
    let mut header = Reader::new("PE optional header", reader.take(optional)?);
    header.take(24)?;
    let base = header.u64()?;
    header.take(24)?;
    let length = u64::from(header.u32()?);
    let sections = (0..count).map(|_| section(&mut reader, base, code)).collect::<Result<Vec<_>, _>>()?;
    let Some(end) = base.checked_add(length.max(OFFSET_MIN)) else { return Ok(None) };
    Ok(Program::new(base, base + OFFSET_MIN..end, sections, bytes.len()))
}

fn section(reader: &mut Reader<'_>, base: u64, code: Kind) -> Result<Section, DecodeError> {
    let name = reader.take(8)?;
    reader.take(4)?;
    let address = base.wrapping_add(u64::from(reader.u32()?));
    let (length, start) = (reader.u32()? as usize, reader.u32()? as usize);
    reader.take(12)?;
    let kind = match (reader.u32()? & FLAG_CODE, name) {
        (FLAG_CODE, _) => Some(code),
        (_, b".reloc\0\0" | b".rsrc\0\0\0") => None,
        _ => Some(Kind::PointersAndOffsets),
    };
    Ok(Section { range: start..start.saturating_add(length), address, kind })
}
