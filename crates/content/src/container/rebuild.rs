//! From an opened form back to the file.

use std::io::{BufWriter, Read, Write};

use super::expand::at_end;
use super::lender;
use super::{CORRECTIONS_ALONE, CORRECTIONS_BORROWED, ContainerError, Layout, copy_exact, mismatch};
use crate::codec::{DecodeError, Reader};
use crate::deflate::Recreator;
use crate::read_at::ReadAt;

/// Writes the file whose opened form is `opened` to `out`: [`Layout::stored_length`] bytes, never more. `lender` is the file that
/// [`super::lender`] names, if it names one. Streams; takes 1 to 8 MiB for each level of containers.
///
/// The result is only as good as layout and corrections: compare its digest.
///
/// # Errors
///
/// When the three don't belong together, or reading or writing fails. What was written then is of no use.
pub fn rebuild(
    layout: &Layout,
    corrections: &[u8],
    lender: Option<&(dyn ReadAt + Sync)>,
    mut opened: impl Read,
    out: impl Write,
) -> Result<(), ContainerError> {
    let what = "corrections of a container";
    let mut corrections = Reader::new(what, corrections);
    let lender = match corrections.u8()? {
        CORRECTIONS_ALONE => None,
        CORRECTIONS_BORROWED => {
            corrections.digest()?;
            Some(lender.ok_or_else(|| mismatch("the file that it borrows from is missing"))?)
        }
        version => {
            let (found, known) = (version.into(), CORRECTIONS_BORROWED.into());
            return Err(DecodeError::Version { what, found, known }.into());
        }
    };
    let mut out = BufWriter::new(out);
    close(layout, &mut corrections, lender, &mut opened, &mut out)?;
    corrections.end()?;
    at_end(&mut opened)?;
    out.flush()?;
    Ok(())
}

fn close(
    layout: &Layout,
    corrections: &mut Reader<'_>,
    lender: Option<&(dyn ReadAt + Sync)>,
    opened: &mut dyn Read,
    out: &mut dyn Write,
) -> Result<(), ContainerError> {
    for stream in &layout.streams {
        copy_exact(opened, out, stream.before)?;
        let mut own = Reader::new("corrections of a deflate stream", corrections.prefixed()?);
        let borrowed = lender.map_or(Ok(None), |lender| lender::borrowed(&mut own, lender))?;
        let own = own.take(own.remaining())?;
        let mut recreator = Recreator::new(own, borrowed, stream.stored, &mut *out)?;
        match &stream.inner {
            None => copy_exact(opened, &mut recreator, stream.plain)?,
            Some(inner) => close(inner, corrections, lender, opened, &mut recreator)?,
        }
        recreator.finish()?;
    }
    copy_exact(opened, out, layout.rest)?;
    Ok(())
}
