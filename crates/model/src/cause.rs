//! An error and what caused it, in words: one rule for logs, reports and answers.

use std::error::Error;

/// The words of an error and of its causes, the error first. A cause that says what the one before it ends with is left out.
#[must_use]
pub fn words(error: &dyn Error) -> Vec<String> {
    let mut words = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if words.last().is_none_or(|last| !last.ends_with(&said)) {
            words.push(said);
        }
        cause = error.source();
    }
    words
}

/// An error and its causes in one sentence.
#[must_use]
pub fn in_full(error: &dyn Error) -> String {
    words(error).join(": ")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<dyn Error>>);

    #[test]
    fn causes_follow_the_error_and_none_is_said_twice() {
        let disk: Box<dyn Error> = io::Error::other("the disk is gone").into();
        let repeated = Layer("cannot read the file: the disk is gone", Some(disk));
        let error = Layer("cannot start", Some(repeated.into()));
        assert_eq!(words(&error), ["cannot start", "cannot read the file: the disk is gone"]);
        assert_eq!(in_full(&error), "cannot start: cannot read the file: the disk is gone");
        assert_eq!(in_full(&Layer("alone", None)), "alone");
    }
}
