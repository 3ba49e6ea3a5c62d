//! From an opened form back to the file.

use std::io::{BufWriter, Read, Write};

use super::expand::at_end;
use super::{CORRECTIONS_VERSION, ContainerError, Layout, copy_exact};
use crate::codec::{DecodeError, Reader};
use crate::deflate::Recreator;

/// Writes the file whose opened form is `opened` to `out`: [`Layout::stored_length`] bytes, never more. Streams; takes 1 to 8 MiB
/// for each level of containers.
///
/// The result is only as good as layout and corrections: compare its digest.
///
/// # Errors
///
/// When the three don't belong together, or reading or writing fails. What was written then is of no use.
pub fn rebuild(
    layout: &Layout,
    corrections: &[u8],
    mut opened: impl Read,
    out: impl Write,
) -> Result<(), ContainerError> {
    let what = "corrections of a container";
    let mut corrections = Reader::new(what, corrections);
    let version = corrections.u8()?;
    if version != CORRECTIONS_VERSION {
        let (found, known) = (version.into(), CORRECTIONS_VERSION.into());
        return Err(DecodeError::Version { what, found, known }.into());
    }
    let mut out = BufWriter::new(out);
    close(layout, &mut corrections, &mut opened, &mut out)?;
    corrections.end()?;
    at_end(&mut opened)?;
    out.flush()?;
    Ok(())
}

fn close(
    layout: &Layout,
    corrections: &mut Reader<'_>,
    opened: &mut dyn Read,
    out: &mut dyn Write,
) -> Result<(), ContainerError> {
    for stream in &layout.streams {
        copy_exact(opened, out, stream.before)?;
        let mut recreator = Recreator::new(corrections.prefixed()?, stream.stored, &mut *out)?;
        match &stream.inner {
            None => copy_exact(opened, &mut recreator, stream.plain)?,
            Some(inner) => close(inner, corrections, opened, &mut recreator)?,
        }
        recreator.finish()?;
    }
    copy_exact(opened, out, layout.rest)?;
    Ok(())
}
