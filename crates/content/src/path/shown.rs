//! Paths in messages: names from a disk may hold line ends, escape sequences and marks that turn text around, and a message that
//! printed them raw could be forged or spoil a terminal or log.

use std::fmt::{self, Write as _};
use std::path::Path;

/// Displays a path as [`Path::display`] does, with control characters and marks of text direction escaped.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a>(pub &'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.to_string_lossy().chars() {
            if c.is_control() || turns_text(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Unicode's explicit directional formatting characters (UAX #9, section 2).
fn turns_text(c: char) -> bool {
    matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_escaped_and_the_rest_as_it_is() {
        let shown = |text: &str| Shown(Path::new(text)).to_string();
        assert_eq!(shown("/srv/größe \"a\"/日本"), "/srv/größe \"a\"/日本");
        assert_eq!(shown("/a\n\x1b[31mb\u{85}c\u{202e}d"), "/a\\n\\u{1b}[31mb\\u{85}c\\u{202e}d");
    }

    #[cfg(unix)]
    #[test]
    fn a_name_that_is_not_utf8_is_shown_as_far_as_it_is() {
        use std::os::unix::ffi::OsStrExt;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"a\xffb\x07"));
        assert_eq!(Shown(path).to_string(), "a\u{fffd}b\\u{7}");
    }
}
