//! Names that every system can hold: what Windows and macOS add to the rules of Linux.

use super::PathProblem;

/// Whether every system can hold a file of this name.
pub(crate) fn check_name(name: &[u8]) -> Result<(), PathProblem> {
    let text = std::str::from_utf8(name).map_err(|_| PathProblem::NotUtf8)?;
    if text.chars().any(|c| c.is_control() || r#"\:*?"<>|"#.contains(c)) {
        Err(PathProblem::Character)
    } else if text.ends_with(['.', ' ']) {
        Err(PathProblem::TrailingDotOrSpace)
    } else if is_reserved(text) {
        Err(PathProblem::Reserved)
    } else {
        Ok(())
    }
}

/// The form in which two names of a folder are equal when a system that ignores case can't hold both.
pub(crate) fn folded(name: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(name) {
        Ok(text) if !text.is_ascii() => {
            text.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect::<String>().into_bytes()
        }
        _ => name.to_ascii_lowercase(),
    }
}

/// The device names of Windows, with or without an extension (Microsoft, "Naming Files, Paths, and Namespaces").
fn is_reserved(name: &str) -> bool {
    let base = name.split('.').next().unwrap_or(name).trim_end_matches(' ').to_ascii_uppercase();
    if matches!(base.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$") {
        return true;
    }
    let port = base.strip_prefix("COM").or_else(|| base.strip_prefix("LPT"));
    port.is_some_and(|digit| matches!(digit, "¹" | "²" | "³") || matches!(digit.as_bytes(), [b'0'..=b'9']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::TreePath;

    #[test]
    fn ordinary_names_are_portable() {
        for good in ["a", "b.c", ".hidden", "libc++.so.6", "ünï日本", "console", "com10", "a b", "x~1"] {
            assert_eq!(check_name(good.as_bytes()), Ok(()), "{good}");
        }
    }

    #[test]
    fn what_windows_or_macos_cannot_hold_is_not() {
        for (bad, why) in [
            (&b"C:"[..], PathProblem::Character),
            (b"a:stream", PathProblem::Character),
            (b"a\\b", PathProblem::Character),
            (b"a\nb", PathProblem::Character),
            (b"a.", PathProblem::TrailingDotOrSpace),
            (b"a ", PathProblem::TrailingDotOrSpace),
            (b"nul", PathProblem::Reserved),
            (b"Aux.h", PathProblem::Reserved),
            (b"COM1.tar.gz", PathProblem::Reserved),
            ("lpt².x".as_bytes(), PathProblem::Reserved),
            (b"con .txt", PathProblem::Reserved),
            (b"caf\xe9", PathProblem::NotUtf8),
        ] {
            assert_eq!(check_name(bad), Err(why), "{}", crate::path::Escaped(bad));
        }
        let long = vec!["x"; 513].join("/").parse::<TreePath>().unwrap();
        assert_eq!(long.portable(), Err(PathProblem::TooLongForSome));
    }

    #[test]
    fn names_that_differ_in_case_alone_fold_to_the_same() {
        for (a, b) in [("Readme", "README"), ("straße", "STRASSE"), ("É", "é"), ("xt_DSCP.ko", "xt_dscp.ko")] {
            assert_eq!(folded(a.as_bytes()), folded(b.as_bytes()), "{a} {b}");
        }
        assert_ne!(folded(b"\xc9"), folded(b"\xe9"), "bytes that are no text have no case");
    }
}
