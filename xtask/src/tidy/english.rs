//! Refuses turns of phrase that read as translated, in whatever people read: string literals, doc comments and Markdown.
//!
//! A phrase is here only if it is wrong wherever it stands in our text; `docs/glossary.md` says what we write and why. What is between
//! backquotes is code and isn't looked at, and neither are plain comments.

mod text;

use std::path::Path;

use anyhow::Context;

use self::text::{Kind, Passage};

/// Words in a row, each with its alternatives, and what to write in their place.
struct Phrase {
    words: &'static [&'static [&'static str]],
    /// Only in string literals; elsewhere the words are fine.
    is_for_strings: bool,
    better: &'static str,
}

const fn anywhere(words: &'static [&'static [&'static str]], better: &'static str) -> Phrase {
    Phrase { words, is_for_strings: false, better }
}

const fn in_strings(words: &'static [&'static [&'static str]], better: &'static str) -> Phrase {
    Phrase { words, is_for_strings: true, better }
}

const PHRASES: [Phrase; 17] = [
    anywhere(&[&["whoever"]], "\"anyone who\", \"if you\", or name who it is"),
    anywhere(&[&["anew"]], "\"again\" or \"new\""),
    anywhere(&[&["likewise"]], "\"also\", \"in the same way\", or say it"),
    anywhere(&[&["for"], &["ever"]], "\"forever\""),
    anywhere(&[&["there"], &["is", "are"], &["none"], &["of"], &["this", "that"]], "\"there is no … called …\""),
    anywhere(&[&["be"], &["had"]], "\"get\", or \"be available\""),
    anywhere(&[&["tell", "tells", "told"], &["of"]], "\"report\", \"list\" or \"say\""),
    anywhere(&[&["there"], &["already"]], "\"already there\" or \"already exists\""),
    anywhere(&[&["there"], &["any"], &["more"]], "\"no longer exists\""),
    anywhere(&[&["good"], &["until", "from", "till"]], "\"valid until\""),
    anywhere(&[&["nothing"], &["is"], &["said"]], "\"by default\""),
    anywhere(&[&["none", "several", "one"], &["of"], &["this"], &["name"]], "\"called …\""),
    in_strings(&[&["can't", "couldn't"]], "\"cannot\""),
    in_strings(&[&["could"], &["not"]], "\"cannot\""),
    in_strings(&[&["is", "are"], &["expected", "allowed"], &["$"]], "\"expected …\" or \"the limit is …\""),
    in_strings(&[&["any"], &["more"], &["$"]], "\"no longer …\""),
    in_strings(&[&["begun", "began"], &["again", "new"]], "\"started again\""),
];

/// "X is no file": fine after "there", and "not a file" everywhere else.
const NOUNS: [&str; 30] = [
    "address",
    "advertisement",
    "answer",
    "bucket",
    "change",
    "collection",
    "command",
    "container",
    "content",
    "database",
    "device",
    "digest",
    "document",
    "duration",
    "error",
    "file",
    "folder",
    "index",
    "kind",
    "name",
    "number",
    "object",
    "operator",
    "option",
    "package",
    "point",
    "policy",
    "program",
    "token",
    "tree",
];

/// Faults of all string literals, doc comments and Markdown of the repository.
pub(crate) fn check() -> anyhow::Result<Vec<String>> {
    let root = crate::root();
    let mut paths = super::files::below(&[root.join("crates"), root.join("xtask")], "rs")?;
    paths.extend(super::files::below(&[root.join("docs")], "md")?);
    paths.extend(["README.md", "CHANGELOG.md"].map(|name| root.join(name)));
    let mut faults = Vec::new();
    for path in paths {
        let shown = path.strip_prefix(&root).unwrap_or(&path);
        // The phrases themselves.
        if shown.starts_with("xtask/src/tidy") {
            continue;
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        faults.extend(faults_of(shown, &text));
    }
    Ok(faults)
}

fn faults_of(path: &Path, text: &str) -> Vec<String> {
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    let passages = if is_rust { text::of_rust(text) } else { text::of_markdown(text) };
    let told = |passage: &Passage| {
        let found = faults_in(passage).into_iter();
        found
            .map(|(words, better)| format!("{}:{}: \"{words}\": write {better}", path.display(), passage.line))
            .collect::<Vec<_>>()
    };
    passages.iter().flat_map(told).collect()
}

/// What is wrong with a passage, each with what to write in its place.
fn faults_in(passage: &Passage) -> Vec<(String, String)> {
    let words = text::words(&passage.text);
    let mut faults = Vec::new();
    for at in 0..words.len() {
        for phrase in PHRASES.iter().filter(|phrase| !phrase.is_for_strings || passage.kind == Kind::Literal) {
            if begins_with(&words[at..], phrase.words) {
                faults.push((
                    words[at..].iter().take(phrase.words.len()).cloned().collect::<Vec<_>>().join(" "),
                    phrase.better.to_owned(),
                ));
            }
        }
        let after_there = at > 0 && words[at - 1] == "there";
        if let [verb, no, noun, ..] = &words[at..]
            && (verb == "is" || verb == "are")
            && no == "no"
            && !after_there
            && NOUNS.iter().any(|known| noun.strip_prefix(known).is_some_and(|rest| matches!(rest, "" | "s" | "es")))
        {
            faults.push((format!("{verb} no {noun}"), format!("\"{verb} not a {noun}\"")));
        }
    }
    faults
}

/// Whether the words begin like this; `$` is the end.
fn begins_with(words: &[String], phrase: &[&[&str]]) -> bool {
    phrase.iter().enumerate().all(|(at, choices)| match words.get(at) {
        Some(word) => choices.contains(&word.as_str()),
        None => choices.contains(&"$"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_string(text: &str) -> Vec<(String, String)> {
        faults_in(&Passage { line: 1, kind: Kind::Literal, text: text.to_owned() })
    }

    #[test]
    fn a_fault_names_the_place_the_words_and_better_ones() {
        let faults = faults_of(Path::new("docs/a.md"), "Fine.\n\nWhoever shows the token is let in.\n");
        assert_eq!(faults, ["docs/a.md:3: \"whoever\": write \"anyone who\", \"if you\", or name who it is"]);
    }

    #[test]
    fn a_thing_is_not_a_file_but_there_may_be_no_file() {
        assert_eq!(of_string("{} is no folder").len(), 1);
        assert_eq!(of_string("these are no addresses").len(), 1);
        assert!(of_string("there is no folder {}").is_empty());
        assert!(of_string("it is no longer a folder").is_empty());
    }

    #[test]
    fn a_failure_has_one_verb_in_messages() {
        assert_eq!(of_string("could not read {}").len(), 1);
        assert_eq!(of_string("can't read {}").len(), 1);
        assert!(of_string("cannot read {}").is_empty());
        assert!(faults_of(Path::new("a.md"), "It can't, and could not.").is_empty());
    }

    #[test]
    fn what_is_expected_comes_first() {
        assert_eq!(of_string("64 digits are expected").len(), 1);
        assert!(of_string("expected 64 digits").is_empty());
        assert!(of_string("links are allowed there").is_empty());
    }

    #[test]
    fn only_what_people_read_is_looked_at() {
        let rust = "//! Sent anew.\n// Sent anew.\nfn anew() -> &'static str { \"sent anew\" }\n/// `anew`\n";
        let faults = faults_of(Path::new("a.rs"), rust);
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].starts_with("a.rs:1:"), "{faults:?}");
        assert!(faults[1].starts_with("a.rs:3:"), "{faults:?}");
    }
}
