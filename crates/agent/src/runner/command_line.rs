//! Splits a command line into words as a POSIX shell would, and nothing else of a shell: no variables, patterns, comments,
//! operators or expansion of any kind. What is not quoting is a character of a word.

/// A command line whose quoting does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidQuoting {
    /// A `'` or `"` has no partner.
    #[error("the command line has an opening {0} without a closing one")]
    Unclosed(char),
    /// It ends with a backslash.
    #[error("the command line ends with a backslash that quotes nothing")]
    Backslash,
    /// White space only.
    #[error("the command line has no word")]
    Empty,
}

/// The words of a command line; at least one.
///
/// Words end at spaces and tabs. `'…'` keeps everything as it is, `"…"` everything but `\"`, `\\`, `` \` `` and `\$`,
/// and `\` outside quotes keeps the next character.
///
/// # Errors
/// [`InvalidQuoting`].
pub fn split(line: &str) -> Result<Vec<String>, InvalidQuoting> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            ' ' | '\t' | '\n' => words.extend(word.take()),
            '\'' => single_quoted(&mut rest, word.get_or_insert_default())?,
            '"' => double_quoted(&mut rest, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(rest.next().ok_or(InvalidQuoting::Backslash)?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if words.is_empty() { Err(InvalidQuoting::Empty) } else { Ok(words) }
}

fn single_quoted(rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), InvalidQuoting> {
    loop {
        match rest.next() {
            None => return Err(InvalidQuoting::Unclosed('\'')),
            Some('\'') => return Ok(()),
            Some(c) => word.push(c),
        }
    }
}

fn double_quoted(rest: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), InvalidQuoting> {
    loop {
        match rest.next() {
            None => return Err(InvalidQuoting::Unclosed('"')),
            Some('"') => return Ok(()),
            Some('\\') => match rest.next() {
                None => return Err(InvalidQuoting::Unclosed('"')),
                Some(c @ ('"' | '\\' | '`' | '$')) => word.push(c),
                Some(c) => word.extend(['\\', c]),
            },
            Some(c) => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
            ("a 'b", InvalidQuoting::Unclosed('\'')),
            ("a \"b", InvalidQuoting::Unclosed('"')),
            ("a \"b\\", InvalidQuoting::Unclosed('"')),
            ("a\\", InvalidQuoting::Backslash),
            (" \t ", InvalidQuoting::Empty),
        ] {
            assert_eq!(split(line), Err(error), "{line}");
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
        fn any_text_is_split_or_refused_and_grows_nothing(line in "[ \\t'\"\\\\a-c$é]{0,60}") {
            if let Ok(words) = split(&line) {
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
