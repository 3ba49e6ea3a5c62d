//! Text from anybody never panics, overflows the stack or hangs, and neither does a document.

use dray_expression::parse;
use dray_query::{Limits, Query};
use proptest::prelude::*;

const TOKENS: [&str; 44] = [
    "platform",
    "disks",
    "d",
    "s",
    "software",
    "version",
    "a",
    "has",
    "size",
    "inCidr",
    "exists",
    "all",
    "startsWith",
    "in",
    "true",
    "null",
    "1",
    "2u",
    "1.5",
    "0x1",
    "'a'",
    "\"é\"",
    "r'\\'",
    "'\\n'",
    "(",
    ")",
    "[",
    "]",
    ".",
    ",",
    "!",
    "-",
    "&&",
    "||",
    "==",
    "!=",
    "<",
    ">=",
    " ",
    "\n",
    "//",
    "?",
    "{",
    "'",
];

fn refused_or_understood(text: &str) {
    match parse(text, &Limits::default()) {
        Ok(query) => {
            let json = serde_json::to_string(&query).unwrap();
            assert_eq!(serde_json::from_str::<Query>(&json).unwrap(), query);
        }
        Err(error) => {
            assert!(
                text.is_char_boundary(error.span.start) && text.is_char_boundary(error.span.end),
                "{text:?} {error:?}"
            );
            assert!(error.span.start <= error.span.end && error.span.end <= text.len(), "{text:?} {error:?}");
            assert!(!error.explain(text).is_empty());
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_text_is_refused_or_understood(text in any::<String>()) {
        refused_or_understood(&text);
    }

    #[test]
    fn arbitrary_tokens_are_refused_or_understood(tokens in prop::collection::vec(prop::sample::select(&TOKENS[..]), 0..60)) {
        refused_or_understood(&tokens.concat());
        refused_or_understood(&tokens.join(" "));
    }

    #[test]
    fn a_damaged_query_is_refused_or_understood(at in 0usize..200, with in any::<char>(), cut in 0usize..4) {
        let text = r#"!(os_version >= "12") && disks.exists(d, d.mount in ["/", 'é'] && inCidr(a.ip, "10.0.0.0/8")) // é"#;
        let start = text.floor_char_boundary(at.min(text.len()));
        let end = text.floor_char_boundary((start + cut).min(text.len())).max(start);
        refused_or_understood(&format!("{}{with}{}", &text[..start], &text[end..]));
    }
}

#[test]
fn nesting_of_any_sort_is_refused_before_it_costs_anything() {
    for piece in [
        "(",
        "[",
        "!",
        "-",
        "!-",
        "a.",
        "a(",
        "a.b(",
        "a[",
        "a==",
        "a in ",
        "a<b==",
        "[1,[",
        "(a||(",
        "'\\q'(",
        "r\"\\\"(",
        "a?b:",
        "{1:",
        "size(",
        "disks.exists(d,",
        "//\n(",
        "\"\"\"(",
        "b'('",
        "a.b.c(d.e,",
    ] {
        refused_or_understood(&piece.repeat(4096 / piece.len()));
    }
}

#[test]
fn the_widest_query_is_no_trouble() {
    let limits = Limits { nodes_max: usize::MAX, list_items_max: usize::MAX, ..Limits::default() };
    for text in [
        vec!["true"; 682].join("&&"),
        vec!["true"; 300].join("&& !"),
        format!("name in [{}]", vec!["'a'"; 1000].join(",")),
    ] {
        assert!(parse(&text, &limits).is_ok(), "{}", text.len());
    }
}
