//! Which part of an expression is false for a device.

use dray_expression::parse;
use dray_model::facts::Facts;
use dray_query::Limits;

/// The parts of a conjunction that are false for the device, as they were written; the whole expression where it is no conjunction
/// that can be taken apart.
pub(super) fn false_parts<'a>(text: &'a str, facts: &Facts, device: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    for part in conjuncts(text) {
        match parse(part, &Limits::default()) {
            Ok(query) if query.matches(facts, device) => {}
            Ok(_) => parts.push(part),
            Err(_) => return vec![text.trim()],
        }
    }
    if parts.is_empty() { vec![text.trim()] } else { parts }
}

/// The text between `&&` that stand in no parentheses or quotes. An expression with a `||` outside of them is one part: `&&` binds
/// closer.
fn conjuncts(text: &str) -> Vec<&str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_i32);
    let mut quote: Option<u8> = None;
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let is_double = bytes.get(at + 1) == Some(&byte);
        match (quote, byte) {
            (Some(_), b'\\') => at += 1,
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => depth += 1,
            (None, b')' | b']' | b'}') => depth -= 1,
            (None, b'|') if depth == 0 && is_double => return vec![text.trim()],
            (None, b'&') if depth == 0 && is_double => {
                parts.push(text[start..at].trim());
                start = at + 2;
                at += 1;
            }
            (None, _) => {}
        }
        at += 1;
    }
    parts.push(text[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conjunction_is_taken_apart_outside_of_quotes_and_parentheses() {
        assert_eq!(conjuncts(r#"a == "x && y" && (b && c) && d"#), [r#"a == "x && y""#, "(b && c)", "d"]);
        assert_eq!(conjuncts(r#"a == "\" && " && b"#), [r#"a == "\" && ""#, "b"]);
        assert_eq!(conjuncts("a && b || c"), ["a && b || c"]);
    }

    #[test]
    fn only_what_is_false_is_told() {
        let facts = Facts::default();
        let text = r#"name == "pc" && platform == "linux" && processors > 2"#;
        assert_eq!(false_parts(text, &facts, "pc"), [r#"platform == "linux""#, "processors > 2"]);
        assert_eq!(false_parts(r#"name == "a" || name == "b""#, &facts, "pc"), [r#"name == "a" || name == "b""#]);
    }
}
