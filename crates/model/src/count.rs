//! A number with its noun, singular or plural: `1 device`, `2 devices`. Nouns are regular English ones in the singular.

use std::fmt;

/// `number` and `noun`, for people.
///
/// ```
/// # use dray_model::count::counted;
/// assert_eq!(counted(1, "device").to_string(), "1 device");
/// assert_eq!(counted(3, "policy").to_string(), "3 policies");
/// ```
pub const fn counted(number: u64, noun: &'static str) -> Counted {
    Counted { number, noun }
}

/// What [`counted`] makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    number: u64,
    noun: &'static str,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, noun } = self;
        if *number == 1 {
            return write!(f, "1 {noun}");
        }
        match noun.strip_suffix('y') {
            Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => write!(f, "{number} {stem}ies"),
            _ if noun.ends_with(['s', 'x']) || noun.ends_with("ch") => write!(f, "{number} {noun}es"),
            _ => write!(f, "{number} {noun}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_every_other_number_is_plural() {
        for (number, shown) in [(0, "0 files"), (1, "1 file"), (2, "2 files")] {
            assert_eq!(counted(number, "file").to_string(), shown);
        }
    }

    #[test]
    fn the_plural_follows_the_noun() {
        for (noun, shown) in
            [("policy", "2 policies"), ("key", "2 keys"), ("class", "2 classes"), ("batch", "2 batches")]
        {
            assert_eq!(counted(2, noun).to_string(), shown);
        }
    }
}
