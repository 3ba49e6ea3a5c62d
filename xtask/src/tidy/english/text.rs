//! What people read in a file: the string literals and doc comments of Rust, and Markdown without its code.

/// Where a passage comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Literal,
    Prose,
}

/// A piece of text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Passage {
    /// Line on which it begins, from 1.
    pub(super) line: usize,
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// Doc comments line by line, and string literals. Good enough for formatted code: it knows strings, characters and comments.
pub(super) fn of_rust(source: &str) -> Vec<Passage> {
    let mut passages = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let (kind, length) = match first {
            '/' if rest.starts_with("//") => {
                let length = rest.find('\n').unwrap_or(rest.len());
                let is_doc = rest.starts_with("///") || rest.starts_with("//!");
                (is_doc.then_some(Kind::Prose), length)
            }
            '"' => (Some(Kind::Literal), quoted(rest)),
            'r' if raw(rest).is_some() => (Some(Kind::Literal), raw(rest).unwrap_or(rest.len())),
            '\'' => (None, character(rest)),
            _ if first.is_alphanumeric() || first == '_' => {
                (None, rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len()))
            }
            _ => (None, first.len_utf8()),
        };
        let (text, after) = rest.split_at(length);
        if let Some(kind) = kind {
            let text = if kind == Kind::Prose { without_code(text) } else { text.replace("\\n", " ") };
            passages.push(Passage { line, kind, text });
        }
        line += text.matches('\n').count();
        rest = after;
    }
    passages
}

/// Length of the string literal that begins here.
fn quoted(rest: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Length of the raw string literal that begins here, if one does.
fn raw(rest: &str) -> Option<usize> {
    let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
    let body = rest[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    Some(body.find(&end).map_or(rest.len(), |at| 2 + hashes + at + end.len()))
}

/// Length of a character literal; of a lifetime that of its quote.
fn character(rest: &str) -> usize {
    let mut chars = rest.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some((at, escaped))) => {
            let from = at + escaped.len_utf8();
            rest[from..].find('\'').map_or(1, |end| from + end + 1)
        }
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// Lines of Markdown outside of code blocks.
pub(super) fn of_markdown(source: &str) -> Vec<Passage> {
    let mut is_code = false;
    let mut passages = Vec::new();
    for (number, line) in source.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            passages.push(Passage { line: number + 1, kind: Kind::Prose, text: without_code(line) });
        }
    }
    passages
}

/// The line with what is between backquotes left out.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join(" | ")
}

/// Words in lower case; punctuation that separates phrases is a word too.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || matches!(c, '\'' | '_') {
            word.extend(c.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if matches!(c, '.' | ',' | ';' | ':' | '|' | '(' | ')' | '{' | '}') {
            words.push(c.to_string());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_whatever_they_hold() {
        let source =
            "const A: (char, &str) = ('\"', \"a \\\" b\");\nlet b = r#\"c \" d\"#; let c: &'static str = \"e\";\n";
        let found: Vec<_> = of_rust(source).into_iter().map(|passage| (passage.line, passage.text)).collect();
        assert_eq!(found, [(1, "\"a \\\" b\"".to_owned()), (2, "r#\"c \" d\"#".to_owned()), (2, "\"e\"".to_owned())]);
    }

    #[test]
    fn code_in_markdown_is_left_out() {
        let passages = of_markdown("a `b` c\n```sh\nd\n```\ne\n");
        let found: Vec<_> = passages.into_iter().map(|passage| (passage.line, passage.text)).collect();
        assert_eq!(found, [(1, "a  |  c".to_owned()), (5, "e".to_owned())]);
    }

    #[test]
    fn punctuation_parts_phrases() {
        assert_eq!(words("It can't, {x} Be"), ["it", "can't", ",", "{", "x", "}", "be"]);
    }
}
