//! Command lines: what is one, and the words that a program is started with. The site checks with the same code that agents split with.

use std::ops::Range;
use std::str::CharIndices;

use serde::{Deserialize, Serialize};

/// A command line: 1 to 2048 characters, with a first word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(
    feature = "openapi",
    schema(
        min_length = 1,
        max_length = 2048,
        pattern = "^[^\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u0008\\u000a-\\u001f\\u007f-\\u009f]*$"
    )
)]
#[serde(try_from = "String", into = "String")]
pub struct CommandLine(String);

/// Why a text is not a [`CommandLine`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCommandLine {
    /// Nothing to run.
    #[error("the command line is empty")]
    Empty,
    /// Over 2048 characters.
    #[error("a command line can have at most 2048 characters, but this one has {0}")]
    TooLong(usize),
    /// A NUL or line break, which no platform passes on.
    #[error("a command line cannot contain control characters")]
    Control,
}

/// A command line whose quoting does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuoting {
    /// A `'` or `"` has no partner.
    #[error("the command line has an opening {quote} but no closing one")]
    Unclosed {
        /// Its number.
        quote: char,
        /// Its byte.
        at: usize,
    },
    /// It ends with a backslash.
    #[error("the command line ends with a backslash that escapes nothing")]
    Backslash {
        /// Its byte.
        at: usize,
    },
}

impl InvalidQuoting {
    /// The bytes of the command line that it is about.
    #[must_use]
    pub const fn span(&self) -> Range<usize> {
        match *self {
            Self::Unclosed { at, .. } | Self::Backslash { at } => at..at + 1,
        }
    }
}

impl CommandLine {
    /// The text as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The words that a program is started with; at least one.
    ///
    /// They are those of a POSIX shell, and nothing else of a shell: no variables, patterns, comments, operators or expansion of any
    /// kind. Words end at spaces and tabs. `'…'` keeps everything as it is, `"…"` everything but `\"`, `\\`, `` \` `` and `\$`,
    /// and `\` outside quotes keeps the next character.
    ///
    /// # Errors
    /// [`InvalidQuoting`]. The site refuses such lines when they are written; a release from before it did may hold one.
    pub fn words(&self) -> Result<Vec<String>, InvalidQuoting> {
        split(&self.0)
    }
}

impl TryFrom<String> for CommandLine {
    type Error = InvalidCommandLine;

    fn try_from(text: String) -> Result<Self, InvalidCommandLine> {
        let length = text.chars().count();
        match () {
            () if text.trim().is_empty() => Err(InvalidCommandLine::Empty),
            () if length > 2048 => Err(InvalidCommandLine::TooLong(length)),
            () if text.chars().any(|c| c.is_control() && c != '\t') => Err(InvalidCommandLine::Control),
            () => Ok(Self(text)),
        }
    }
}

impl std::str::FromStr for CommandLine {
    type Err = InvalidCommandLine;

    fn from_str(text: &str) -> Result<Self, InvalidCommandLine> {
        text.to_owned().try_into()
    }
}

impl From<CommandLine> for String {
    fn from(command: CommandLine) -> Self {
        command.0
    }
}

fn split(line: &str) -> Result<Vec<String>, InvalidQuoting> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.char_indices();
    while let Some((at, c)) = rest.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '\'' => single_quoted(&mut rest, at, word.get_or_insert_default())?,
            '"' => double_quoted(&mut rest, at, word.get_or_insert_default())?,
            '\\' => {
                let (_, quoted) = rest.next().ok_or(InvalidQuoting::Backslash { at })?;
                word.get_or_insert_default().push(quoted);
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn single_quoted(rest: &mut CharIndices<'_>, at: usize, word: &mut String) -> Result<(), InvalidQuoting> {
    loop {
        match rest.next() {
            None => return Err(InvalidQuoting::Unclosed { quote: '\'', at }),
            Some((_, '\'')) => return Ok(()),
            Some((_, c)) => word.push(c),
        }
    }
}

fn double_quoted(rest: &mut CharIndices<'_>, at: usize, word: &mut String) -> Result<(), InvalidQuoting> {
    let mut next = || rest.next().map(|(_, c)| c).ok_or(InvalidQuoting::Unclosed { quote: '"', at });
    loop {
        match next()? {
            '"' => return Ok(()),
            '\\' => match next()? {
                c @ ('"' | '\\' | '`' | '$') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_command_line_has_a_first_word_and_no_line_breaks() {
        assert_eq!("  ".parse::<CommandLine>(), Err(InvalidCommandLine::Empty));
        assert_eq!("a\nb".parse::<CommandLine>(), Err(InvalidCommandLine::Control));
        assert_eq!("x".repeat(2049).parse::<CommandLine>(), Err(InvalidCommandLine::TooLong(2049)));
        assert!(r#"msiexec /i "a b.msi" /qn"#.parse::<CommandLine>().is_ok());
    }

    #[test]
    fn words_are_those_of_a_shell_without_its_expansions() {
        let cases: [(&str, &[&str]); 8] = [
            ("./install.sh  /q\t-v", &["./install.sh", "/q", "-v"]),
            (r#"msi "a b.msi" 'c "d" e'"#, &["msi", "a b.msi", r#"c "d" e"#]),
            (r#"a\ b "x\"y\\z\n" \'"#, &["a b", r#"x"y\z\n"#, "'"]),
            (r#"--name="John D"oe ''"#, &["--name=John Doe", ""]),
            (
                "echo $HOME *.txt #no `x` ~ a;b | c > d &",
                &["echo", "$HOME", "*.txt", "#no", "`x`", "~", "a;b", "|", "c", ">", "d", "&"],
            ),
            (r"'\' b", &["\\", "b"]),
            ("  é ü  ", &["é", "ü"]),
            ("''", &[""]),
        ];
        for (line, words) in cases {
            assert_eq!(split(line).unwrap(), words, "{line}");
        }
    }

    #[test]
    fn quoting_without_an_end_is_refused() {
        for (line, error) in [
            ("é 'b", InvalidQuoting::Unclosed { quote: '\'', at: 3 }),
            ("a \"b", InvalidQuoting::Unclosed { quote: '"', at: 2 }),
            ("a \"b\\", InvalidQuoting::Unclosed { quote: '"', at: 2 }),
            ("a\\", InvalidQuoting::Backslash { at: 1 }),
        ] {
            assert_eq!(split(line), Err(error), "{line}");
            assert!(line[error.span()].starts_with(['\'', '"', '\\']), "{line}");
        }
    }

    /// Quotes a word in single quotes.
    fn quote(word: &str) -> String {
        format!("'{}'", word.replace('\'', r"'\''"))
    }

    proptest! {
        #[test]
        fn quoted_words_come_back_whole(words in proptest::collection::vec(".{0,20}", 1..6)) {
            let line = words.iter().map(|w| quote(w)).collect::<Vec<_>>().join(" \t");
            prop_assert_eq!(split(&line).unwrap(), words);
        }

        #[test]
        fn a_command_line_has_words_or_is_refused_and_grows_nothing(line in "[ \\t'\"\\\\a-c$é\u{3000}]{0,60}") {
            if let Ok(Ok(words)) = line.parse().map(|line: CommandLine| line.words()) {
                prop_assert!(!words.is_empty());
                prop_assert!(words.iter().map(String::len).sum::<usize>() <= line.len());
            }
        }

        #[test]
        fn without_quoting_words_are_what_white_space_separates(line in "[a-z#$ \\t]{0,60}") {
            let plain: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
            prop_assert_eq!(split(&line).unwrap_or_default(), plain);
        }
    }
}
