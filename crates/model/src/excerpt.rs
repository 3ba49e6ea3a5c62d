//! How texts from outside are shown in sentences: never longer than a person reads, and with the place that is meant.

use std::ops::Range;

/// Characters of a text that are quoted: those of the longest name.
const QUOTED_MAX: usize = 64;

/// The text in quotes, without control characters; of a long one the beginning and its length.
#[must_use]
pub fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_MAX) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}… ({} characters)", &text[..end], text.chars().count()),
    }
}

/// The line of `text` that the bytes `span` begin in, and below it marks under them; each line is indented. A place outside of the
/// text is its end.
#[must_use]
pub fn marked(text: &str, span: &Range<usize>) -> String {
    let start = text.floor_char_boundary(span.start);
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let end = text.floor_char_boundary(span.end.clamp(start, line_end));
    // One marker a character, tabs kept, so that the marks stand under what they mark.
    let indent: String = text[line_start..start].chars().map(|c| if c == '\t' { c } else { ' ' }).collect();
    let marks = "^".repeat(text[start..end].chars().count().max(1));
    format!("  {}\n  {indent}{marks}", text[line_start..line_end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters_and_says_its_length() {
        assert_eq!(quoted("a\nb"), r#""a\nb""#);
        assert_eq!(quoted(&"é".repeat(64)), format!("{:?}", "é".repeat(64)));
        assert_eq!(quoted(&"é".repeat(5000)), format!("{:?}… (5000 characters)", "é".repeat(64)));
    }

    #[test]
    fn the_place_is_marked_in_its_line() {
        assert_eq!(marked("a &&\n\té == 1", &(6..8)), "  \té == 1\n  \t^");
    }

    #[test]
    fn a_place_outside_of_the_text_is_its_end() {
        assert_eq!(marked("é", &(90..99)), "  é\n   ^");
    }
}
