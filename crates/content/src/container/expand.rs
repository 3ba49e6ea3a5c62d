//! From a file to its opened form.

use std::io::{self, BufWriter, Read, Write};

use super::{ContainerError, Layout, copy_exact, mismatch};
use crate::deflate::Inflater;

/// Writes the opened form of `stored` to `out`: [`Layout::opened_length`] bytes, never more. Streams; takes some 200 KiB for each level of
/// containers.
///
/// # Errors
///
/// When `stored` isn't a file of this layout, or reading or writing fails. What was written then is of no use.
pub fn inflate(layout: &Layout, mut stored: impl Read, out: impl Write) -> Result<(), ContainerError> {
    let mut out = BufWriter::new(out);
    expand(layout, &mut stored, &mut out)?;
    at_end(&mut stored)?;
    out.flush()?;
    Ok(())
}

fn expand(layout: &Layout, stored: &mut dyn Read, out: &mut dyn Write) -> io::Result<()> {
    for stream in &layout.streams {
        copy_exact(stored, out, stream.before)?;
        let mut text = Inflater::new(Read::take(&mut *stored, stream.stored));
        match &stream.inner {
            None => copy_exact(&mut text, out, stream.plain)?,
            Some(inner) => expand(inner, &mut text, out)?,
        }
        at_end(&mut text)?;
    }
    copy_exact(stored, out, layout.rest)
}

/// Refuses further bytes.
pub(super) fn at_end(source: &mut dyn Read) -> io::Result<()> {
    match source.read_exact(&mut [0]) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
        Err(error) => Err(error),
        Ok(()) => Err(mismatch("there are bytes after the end")),
    }
}
