//! JSON values as YAML 1.2, small enough for an agent: texts are quoted as in JSON, which YAML reads alike.

use serde_json::Value;

/// The value in block style, with a line's end.
pub(super) fn write(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

/// Writes the value where a line begins; `depth` is its indentation.
fn block(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (place, (name, value)) in fields.iter().enumerate() {
                // The first field of an item goes on the line of its dash.
                let indent = if place == 0 && text.ends_with("- ") { "" } else { &indent };
                text.push_str(&format!("{indent}{}:", key(name)));
                below(value, depth + 1, text);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (place, item) in items.iter().enumerate() {
                let indent = if place == 0 && text.ends_with("- ") { "" } else { &indent };
                text.push_str(&format!("{indent}- "));
                block(item, depth + 1, text);
            }
        }
        flat => text.push_str(&format!("{flat}\n")),
    }
}

/// Writes the value of a field: beside its name, or below it.
fn below(value: &Value, depth: usize, text: &mut String) {
    let nests = match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    text.push(if nests { '\n' } else { ' ' });
    block(value, depth, text);
}

/// Plain words stand as they are; anything else is quoted, and so is what YAML would read as something other than a text.
fn key(name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !matches!(name, "null" | "true" | "false" | "y" | "n" | "yes" | "no" | "on" | "off");
    if plain { name.to_owned() } else { Value::from(name).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_in_blocks() {
        let value = serde_json::json!({
            "items": [{ "name": "a: b", "at": null }, [1, true], []],
            "off": {},
            "why": { "code": "x" },
        });
        let expected =
            "items:\n  - at: null\n    name: \"a: b\"\n  - - 1\n    - true\n  - []\n\"off\": {}\nwhy:\n  code: \"x\"\n";
        assert_eq!(write(&value), expected);
        assert_eq!(write(&Value::Null), "null\n");
    }
}
