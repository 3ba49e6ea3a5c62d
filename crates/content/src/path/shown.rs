//! Paths in messages and JSON: names from a disk may hold line ends, escape sequences, marks that turn text around and bytes that are
//! no text, and a message that printed them raw could be forged or spoil a terminal or log.

use std::fmt::{self, Write as _};
use std::path::Path;

/// Displays a path as [`Path::display`] does, with control characters, marks of text direction and bytes that are no text escaped.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(pub &'a Path);

/// Displays the bytes of a path in a tree: as [`Shown`], and `\` as `\\`, so that two paths never look the same.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every path that a system has is text but for some of its bytes: what this gives of the others isn't looked into.
        write(f, self.0.as_os_str().as_encoded_bytes(), false)
    }
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(f, self.0, true)
    }
}

fn write(f: &mut fmt::Formatter<'_>, bytes: &[u8], backslash: bool) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() || turns_text(c) || (backslash && c == '\\') {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        for byte in chunk.invalid() {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}

/// Unicode's explicit directional formatting characters (UAX #9, section 2).
fn turns_text(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn control_characters_are_shown_escaped_and_the_rest_as_it_is() {
        let shown = |text: &str| Shown(Path::new(text)).to_string();
        assert_eq!(shown("/srv/größe \"a\"/日本"), "/srv/größe \"a\"/日本");
        assert_eq!(shown("/a\n\x1b[31mb\u{85}c\u{202e}d"), "/a\\n\\u{1b}[31mb\\u{85}c\\u{202e}d");
        assert_eq!(shown("C:\\a"), "C:\\a");
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_shown_as_numbers() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"a\xffb\x07"));
        assert_eq!(Shown(path).to_string(), "a\\xffb\\u{7}");
    }

    proptest! {
        #[test]
        fn two_paths_never_look_the_same(
            a in proptest::collection::vec(prop_oneof![Just(b'\\'), Just(b'x'), Just(b'f'), any::<u8>()], 0..6),
            b in proptest::collection::vec(prop_oneof![Just(b'\\'), Just(b'x'), Just(b'f'), any::<u8>()], 0..6),
        ) {
            prop_assert_eq!(a == b, Escaped(&a).to_string() == Escaped(&b).to_string());
        }
    }
}
