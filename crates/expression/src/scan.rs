//! The guard before the parser: a query's text is scanned once, without recursion, and refused when its nesting could
//! exhaust the parser's stack or when it uses characters that the language has no use for.
//!
//! The scan must see strings and comments exactly where the parser does, or nesting could hide in them; where the two might
//! differ (unusual string prefixes, triple quotes, unknown escapes, control characters) the text is refused.

use dray_query::{Limits, Problem as Limit};

use crate::error::{Problem, QueryError};
use crate::parse::DEPTH_CEILING;

/// Refuses text that isn't safe to parse.
///
/// # Errors
///
/// Too long, too deep, unbalanced brackets, unterminated or unusual strings, characters outside the language.
pub(crate) fn scan(text: &str, limits: &Limits) -> Result<(), QueryError> {
    if text.len() > limits.bytes_max {
        let problem = Limit::TooLong { bytes: text.len(), bytes_max: limits.bytes_max };
        return Err(QueryError::new(0..text.len(), problem));
    }
    let mut scanner =
        Scanner { text, at: 0, depth_max: limits.depth_max.min(DEPTH_CEILING), open: Vec::new(), chain: 0, depth: 0 };
    while scanner.at < text.len() {
        scanner.token()?;
    }
    match scanner.open.last() {
        Some(open) => Err(scanner.syntax(open.at, 1, "this bracket is never closed")),
        None => Ok(()),
    }
}

/// The place after the bracket that closes the one at `at`, in a text that the scan has let through.
pub(crate) fn after_closing(text: &str, at: usize) -> Option<usize> {
    let mut scanner = Scanner { text, at, depth_max: usize::MAX, open: Vec::new(), chain: 0, depth: 0 };
    loop {
        if scanner.at >= text.len() || scanner.token().is_err() {
            return None;
        }
        if scanner.open.is_empty() {
            return Some(scanner.at);
        }
    }
}

/// An open bracket and the chain that it interrupts.
struct Open {
    bracket: u8,
    at: usize,
    chain: usize,
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    depth_max: usize,
    open: Vec<Open>,
    /// Operators since the last `,`, `&&` or `||` in this bracket: each may nest the tree by one. The parser balances
    /// `&&` and `||`, so these add little.
    chain: usize,
    /// Brackets open and chains interrupted.
    depth: usize,
}

impl Scanner<'_> {
    fn token(&mut self) -> Result<(), QueryError> {
        let rest = &self.text.as_bytes()[self.at..];
        match rest[0] {
            b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
            b'/' if rest.starts_with(b"//") => self.at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => self.word()?,
            b'"' | b'\'' => self.string(false)?,
            b'(' | b'[' => self.open_bracket(rest[0])?,
            b')' | b']' => self.close_bracket(rest[0])?,
            _ => self.operator()?,
        }
        Ok(())
    }

    fn word(&mut self) -> Result<(), QueryError> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let quoted = rest[length..].starts_with(['"', '\'']);
        match &rest[..length] {
            "in" => self.link()?,
            "r" | "R" if quoted => {
                self.at += length;
                return self.string(true);
            }
            _ if quoted => return Err(self.syntax(self.at, length, "a string cannot directly follow this")),
            _ => {}
        }
        self.at += length;
        Ok(())
    }

    fn string(&mut self, raw: bool) -> Result<(), QueryError> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let quote = bytes[start];
        if bytes[start..].starts_with(&[quote; 3]) {
            return Err(self.unsupported(start, 3, "a triple-quoted string").hint("write \\n for a line break"));
        }
        let mut at = start + 1;
        loop {
            match bytes.get(at) {
                None | Some(b'\n' | b'\r') => {
                    return Err(self.syntax(start, at - start, "this string has no closing quote"));
                }
                Some(byte) if *byte == quote => break,
                Some(b'\\') if !raw => match escape_length(&bytes[at + 1..]) {
                    Some(length) => at += 1 + length,
                    None => {
                        let error = self.syntax(at, 1, "unknown escape sequence");
                        return Err(error.hint("write \\\\ for a backslash"));
                    }
                },
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        Ok(())
    }

    fn open_bracket(&mut self, bracket: u8) -> Result<(), QueryError> {
        self.open.push(Open { bracket, at: self.at, chain: self.chain });
        self.depth += self.chain + 1;
        self.chain = 0;
        self.check_depth()?;
        self.at += 1;
        Ok(())
    }

    fn close_bracket(&mut self, bracket: u8) -> Result<(), QueryError> {
        let expected = if bracket == b')' { b'(' } else { b'[' };
        match self.open.pop() {
            Some(open) if open.bracket == expected => {
                self.depth -= open.chain + 1;
                self.chain = open.chain;
                self.at += 1;
                Ok(())
            }
            _ => Err(self.syntax(self.at, 1, "this bracket has no opening bracket")),
        }
    }

    fn operator(&mut self) -> Result<(), QueryError> {
        let rest = &self.text[self.at..];
        let two = rest.as_bytes().get(..2).unwrap_or_default();
        let length = match two {
            b"&&" | b"||" => {
                self.chain = 0;
                2
            }
            b"==" | b"!=" | b"<=" | b">=" => {
                self.link()?;
                2
            }
            _ => match rest.as_bytes()[0] {
                b',' => {
                    self.chain = 0;
                    1
                }
                b'<' | b'>' | b'!' | b'-' | b'.' => {
                    self.link()?;
                    1
                }
                _ => return Err(self.stray()),
            },
        };
        self.at += length;
        Ok(())
    }

    fn link(&mut self) -> Result<(), QueryError> {
        self.chain += 1;
        self.check_depth()
    }

    fn check_depth(&self) -> Result<(), QueryError> {
        if self.depth + self.chain > self.depth_max {
            return Err(QueryError::new(self.at..self.at + 1, Limit::TooDeep(self.depth_max)));
        }
        Ok(())
    }

    /// The error for a character that begins nothing.
    fn stray(&self) -> QueryError {
        let character = self.text[self.at..].chars().next().unwrap_or_default();
        let at = self.at;
        match character {
            '=' => self.syntax(at, 1, "= is not an operator").hint("write == to compare"),
            '&' => self.syntax(at, 1, "& is not an operator").hint("write && for `and`"),
            '|' => self.syntax(at, 1, "| is not an operator").hint("write || for `or`"),
            '?' | ':' => self.unsupported(at, 1, "a choice").hint("write (a && b) || (!a && c) for a ? b : c"),
            '+' | '*' | '/' | '%' => self.unsupported(at, 1, "arithmetic").hint("write the result as a number"),
            '{' | '}' => self.unsupported(at, 1, "a map or message"),
            '`' => self.unsupported(at, 1, "a quoted name"),
            other => self.syntax(at, other.len_utf8(), &format!("{other:?} is only allowed inside a string")),
        }
    }

    fn syntax(&self, at: usize, length: usize, message: &str) -> QueryError {
        QueryError::new(at..at + length, Problem::Syntax(message.to_owned()))
    }

    fn unsupported(&self, at: usize, length: usize, what: &str) -> QueryError {
        QueryError::new(at..at + length, Problem::Unsupported(what.to_owned()))
    }
}

/// How many bytes after the backslash belong to the escape sequence.
fn escape_length(after: &[u8]) -> Option<usize> {
    let digits = |skip: usize, count: usize, legal: fn(&u8) -> bool| {
        let digits = after.get(skip..skip + count)?;
        digits.iter().all(legal).then_some(skip + count)
    };
    match after.first()? {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'"' | b'\'' | b'\\' | b'?' | b'`' => Some(1),
        b'x' | b'X' => digits(1, 2, u8::is_ascii_hexdigit),
        b'u' => digits(1, 4, u8::is_ascii_hexdigit),
        b'U' => digits(1, 8, u8::is_ascii_hexdigit),
        b'0'..=b'3' => digits(0, 3, |digit| (b'0'..=b'7').contains(digit)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<(std::ops::Range<usize>, String)> {
        scan(text, &Limits::default()).err().map(|error| (error.span, error.problem.to_string()))
    }

    #[test]
    fn brackets_and_operators_in_texts_and_comments_nest_nothing() {
        for text in
            [&format!("a == '{}'", "(!".repeat(99)), &format!("a // {}", "[".repeat(99)), r#"r"\" == a"#, r"'\'(' == a"]
        {
            assert_eq!(refusal(text), None, "{text}");
        }
    }

    #[test]
    fn whatever_nests_is_counted() {
        for piece in ["(", "[", "f(", "!", "-", "!-", "a.", "a == ", "a in ", "a < ", "a.b(c, ", "x && !("] {
            assert!(refusal(&piece.repeat(40)).unwrap().1.contains("levels deep"), "{piece}");
        }
        let wide = vec!["!(a.b == 1)"; 99].join(" && ");
        assert_eq!(refusal(&wide), None);
    }

    #[test]
    fn a_refusal_tells_the_place() {
        assert_eq!(refusal("a = 1"), Some((2..3, "= is not an operator".into())));
        assert_eq!(refusal("(a"), Some((0..1, "this bracket is never closed".into())));
        assert_eq!(refusal("[a)"), Some((2..3, "this bracket has no opening bracket".into())));
        assert_eq!(refusal("a == \"x\n\""), Some((5..7, "this string has no closing quote".into())));
        assert_eq!(refusal(r#"a == "C:\q""#), Some((8..9, "unknown escape sequence".into())));
        assert_eq!(refusal("é"), Some((0..2, "'é' is only allowed inside a string".into())));
        assert_eq!(refusal("b'x'"), Some((0..1, "a string cannot directly follow this".into())));
    }

    #[test]
    fn a_long_text_is_refused_before_it_is_read() {
        assert!(refusal(&"!".repeat(5000)).unwrap().1.contains("5000 bytes"));
    }
}
