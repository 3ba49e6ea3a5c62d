//! Reads the command line. What is refused is told in clap's words, but never repeats more of a value than a person reads.

use clap::Parser;
use clap::error::{ContextValue, Error};

/// Characters of a value that are repeated: more than any option with its placeholder has.
const SHOWN_MAX: usize = 100;

/// The command line of this process; one that makes no sense ends it with exit code 2.
pub(crate) fn parse<P: Parser>() -> P {
    P::try_parse().unwrap_or_else(|error| readable(error).exit())
}

fn readable(mut error: Error) -> Error {
    let long: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => shortened(text).map(|text| (kind, text)),
            _ => None,
        })
        .collect();
    for (kind, text) in long {
        error.insert(kind, ContextValue::String(text));
    }
    error
}

fn shortened(text: &str) -> Option<String> {
    let (end, _) = text.char_indices().nth(SHOWN_MAX)?;
    Some(format!("{}… ({} characters)", &text[..end], text.chars().count()))
}
