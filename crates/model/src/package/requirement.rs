//! What a content asks of the computer that is to hold it.
//!
//! The words are stable: they stand in signed documents and in the encoding of trees. A reader that meets one that it doesn't know
//! can't hold the content rightly, and says so.

/// The content has names that only Unix systems other than macOS can hold.
pub const UNIX_NAMES: &str = "unix_names";

/// The content has symbolic links that lead out of it, which aren't made on Windows.
pub const OUTSIDE_LINKS: &str = "outside_links";

/// What a requirement means, as the rest of a sentence that begins with "this computer cannot hold the content: ".
#[must_use]
pub fn describe_requirement(name: &str) -> String {
    match name {
        UNIX_NAMES => "it contains names that only Linux and similar systems allow".to_owned(),
        OUTSIDE_LINKS => "it contains links that lead out of it, which cannot be created on this system".to_owned(),
        other => format!("it needs an agent that supports {}", crate::excerpt::quoted(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_of_a_later_version_is_named() {
        assert_eq!(describe_requirement("owners"), "it needs an agent that supports \"owners\"");
        assert!(describe_requirement(UNIX_NAMES).contains("only Linux"));
    }
}
