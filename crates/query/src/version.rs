//! The order of versions, as a text key that sorts byte by byte.
//!
//! One order for every vendor's versions, close to dpkg's and rpm's. The key is stored beside the version in the database,
//! so its form is frozen: changing it needs a migration that computes every key again.

use serde::{Deserialize, Serialize};

// Marks of a key in ascending order; the words and digits between them are lower case letters and digits.
const PRE_RELEASE: char = 'A';
const END: char = 'B';
const HYPHEN: char = 'C';
const WORD: char = 'D';
const PLUS: char = 'E';
const DOT: char = 'F';
const OTHER: char = 'G';
const NUMBER: char = 'N';

/// Words which, with or without one of `.-_~` before them, make a version earlier than the same without them.
const PRE_RELEASE_WORDS: [&str; 7] = ["alpha", "beta", "dev", "pre", "preview", "rc", "snapshot"];

/// The text whose byte order is the order of versions.
///
/// - Runs of digits compare as numbers of any length; leading zeros don't count.
/// - Zeros at the end of a dotted number don't count: `2`, `2.0` and `2.0.0` are equal.
/// - `~` sorts before the end, as in dpkg and rpm, and so do the words alpha, beta, dev, pre, preview, rc and snapshot:
///   `1.0~rc1` = `1.0-rc1` = `1.0rc1` < `1.0`.
/// - What may follow a number, ascending: pre-release, the end, `-`, a letter, `+`, `.`, anything else. So
///   `1.2` < `1.2-3` < `1.2a` < `1.2+b` < `1.2.1`; a number sorts after all of them.
/// - A number and `:` at the beginning is an epoch and decides first; absent is 0. A `v` before a digit at the beginning is
///   dropped, and so is white space at both ends. ASCII letters compare without case.
#[must_use]
pub fn version_key(text: &str) -> String {
    let text = text.trim_ascii();
    let text = text.strip_prefix(['v', 'V']).filter(|rest| starts_with_digit(rest)).unwrap_or(text);
    let (epoch, mut rest) = split_epoch(text);
    let mut key = String::with_capacity(text.len() * 2 + 8);
    push_number(&mut key, epoch);
    while !rest.is_empty() {
        rest = push_symbol(&mut key, rest);
    }
    key.push(END);
    key
}

fn split_epoch(text: &str) -> (&str, &str) {
    let (digits, rest) = split_run(text, |c| c.is_ascii_digit());
    match rest.strip_prefix(':') {
        Some(rest) if !digits.is_empty() => (digits, rest),
        _ => ("", text),
    }
}

/// Writes the first symbol of a text that isn't empty and returns what follows it.
fn push_symbol<'a>(key: &mut String, text: &'a str) -> &'a str {
    if starts_with_digit(text) {
        return push_dotted(key, text);
    }
    let (word, rest) = split_run(text, |c| c.is_ascii_alphabetic());
    if !word.is_empty() {
        push_word(key, word);
        return rest;
    }
    let mut characters = text.chars();
    let Some(separator) = characters.next() else { return "" };
    let rest = characters.as_str();
    let (next_word, _) = split_run(rest, |c| c.is_ascii_alphabetic());
    match separator {
        '-' | '.' | '_' | '~' if is_pre_release(next_word) => {}
        '~' => key.push(PRE_RELEASE),
        '-' => key.push(HYPHEN),
        '+' => key.push(PLUS),
        '.' => key.push(DOT),
        other => key.push_str(&format!("{OTHER}{:06X}", u32::from(other))),
    }
    rest
}

/// Writes `1.2.0.0` as `1.2`.
fn push_dotted<'a>(key: &mut String, text: &'a str) -> &'a str {
    let (first, mut rest) = split_run(text, |c| c.is_ascii_digit());
    push_number(key, first);
    let mut significant = key.len();
    while let Some(after_dot) = rest.strip_prefix('.').filter(|after| starts_with_digit(after)) {
        let (digits, after) = split_run(after_dot, |c| c.is_ascii_digit());
        key.push(DOT);
        push_number(key, digits);
        if digits.bytes().any(|digit| digit != b'0') {
            significant = key.len();
        }
        rest = after;
    }
    key.truncate(significant);
    rest
}

/// Writes digits after their count, so that a longer number sorts after a shorter one: counts to 34 are one character.
fn push_number(key: &mut String, digits: &str) {
    const COUNTS: &[u8; 35] = b"0123456789abcdefghijklmnopqrstuvwxy";
    let digits = digits.trim_start_matches('0');
    key.push(NUMBER);
    match COUNTS.get(digits.len()) {
        Some(count) => key.push(char::from(*count)),
        None => key.push_str(&format!("z{:010}", digits.len())),
    }
    key.push_str(digits);
}

fn push_word(key: &mut String, word: &str) {
    if is_pre_release(word) {
        key.push(PRE_RELEASE);
    }
    key.push(WORD);
    key.extend(word.chars().map(|c| c.to_ascii_lowercase()));
    key.push(END);
}

fn is_pre_release(word: &str) -> bool {
    PRE_RELEASE_WORDS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

fn split_run(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

/// A version constant of a query: the text as written and its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Version {
    text: String,
    key: String,
}

impl Version {
    /// The text as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its [`version_key`].
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl From<String> for Version {
    fn from(text: String) -> Self {
        Self { key: version_key(&text), text }
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn versions_are_in_the_documented_order() {
        let ascending = [
            "~",
            "rc1",
            "",
            "0",
            "0.0.1",
            "0.9",
            "1~~",
            "1~",
            "1.0-alpha",
            "1.0-alpha.1",
            "1.0.beta2",
            "1.0-dev",
            "1.0rc1",
            "1.0~rc2",
            "1.0~x",
            "1.0",
            "1.0-1",
            "1.0-1+deb12u1",
            "1.0-1.1",
            "1.0-2",
            "1.0-10",
            "1.0a",
            "1.0ab",
            "1.0b",
            "1.0+dfsg",
            "1.0+dfsg-1",
            "1.0.1",
            "1.0.1-1",
            "1.2",
            "1.10",
            "1.10_1",
            "9",
            "10",
            "10.0.19045",
            "10.0.22000.1",
            "99999999999999999999",
            "99999999999999999999999999999999999999999",
            "1:0.1",
            "2:0.1",
        ];
        for pair in ascending.windows(2) {
            let (low, high) = (version_key(pair[0]), version_key(pair[1]));
            assert!(low < high, "{:?} {low} < {:?} {high}", pair[0], pair[1]);
        }
    }

    #[test]
    fn spellings_of_one_version_are_equal() {
        for (a, b) in [
            ("2", "2.0.0"),
            ("1.02", "1.2"),
            ("v1.2", "1.2"),
            (" 1.2\n", "1.2"),
            ("1.0-RC1", "1.0~rc1"),
            ("1.0-rc1", "1rc1"),
            ("0:1.2", "1.2"),
            ("2.0-1", "2-1"),
            ("1.2.00", "1.2"),
            ("0", "00.0"),
        ] {
            assert_eq!(version_key(a), version_key(b), "{a} = {b}");
        }
    }

    #[test]
    fn keys_in_databases_stay_readable() {
        for (text, key) in [
            ("", "N0B"),
            ("10.0.19045", "N0N210FN0FN519045B"),
            ("1:2.36.1-8+deb11u1", "N11N12FN236FN11CN18EDdebBN211DuBN11B"),
            ("1.0-rc.2", "N0N11ADrcBFN12B"),
            ("3_é", "N0N13G00005FG0000E9B"),
        ] {
            assert_eq!(version_key(text), key, "{text}");
        }
    }

    #[test]
    fn a_number_of_any_length_sorts_by_its_value() {
        let long = |digits: usize| version_key(&"7".repeat(digits));
        for digits in [1, 9, 10, 34, 35, 36, 99, 100] {
            assert!(long(digits) < long(digits + 1), "{digits}");
        }
    }

    proptest! {
        #[test]
        fn dotted_numbers_sort_like_lists_of_numbers(
            a in prop::collection::vec(0u32..30, 1..5), b in prop::collection::vec(0u32..30, 1..5)
        ) {
            let trimmed = |v: &[u32]| {
                let mut v = v.to_vec();
                while v.len() > 1 && v.last() == Some(&0) { v.pop(); }
                v
            };
            let text = |v: &[u32]| v.iter().map(u32::to_string).collect::<Vec<_>>().join(".");
            prop_assert_eq!(version_key(&text(&a)).cmp(&version_key(&text(&b))), trimmed(&a).cmp(&trimmed(&b)));
        }

        #[test]
        fn a_key_is_plain_ascii_whatever_the_version(text in any::<String>()) {
            prop_assert!(version_key(&text).bytes().all(|b| b.is_ascii_alphanumeric()));
        }
    }
}
