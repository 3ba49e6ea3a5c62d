//! What is refused, where, and with which advice.

use dray_expression::{Problem, parse};
use dray_query::{Limits, Problem as Limit};

/// Queries, the part that is marked, the problem, and a piece of the hint.
const REFUSALS: [(&str, &str, &str, &str); 42] = [
    ("plattform == 'linux'", "plattform", "unknown name \"plattform\"", "did you mean platform?"),
    ("device.memory > 1", "device.memory", "device has no property \"memory\"", "device has name, platform"),
    ("disks.exists(d, d.munt == '/')", "d.munt", "disks has no property \"munt\"", "did you mean mount?"),
    ("disk.exists(d, true)", "disk", "exists takes one of the lists", ""),
    ("disks.mount == '/'", "disks.mount", "disks as a whole is not a value", "disks.exists(d, d.mount"),
    ("x.mount == '/'", "x.mount", "unknown name \"x\"", ""),
    ("disks == 3", "disks", "disks as a whole is not a value", "query its rows"),
    ("disks.exists(d, d == 3)", "d", "a row is not a value", "like d.mount"),
    ("disks", "disks", "the list disks is not a condition", "size(disks) > 0"),
    ("platform", "platform", "a property on its own is not a condition", "has(…)"),
    ("'linux'", "'linux'", "a constant is not a condition", "compare"),
    ("size(disks)", "size(disks)", "a value is not a condition", "compare it"),
    ("has(disks)", "has(disks)", "has takes a fact", "size(disks) > 0"),
    ("platform == 5", "platform == 5", "cannot compare a string with a number", ""),
    ("processors == '5'", "processors == '5'", "cannot compare a number with a string", ""),
    ("platform == version('5')", "platform == version('5')", "cannot compare a string with a version", ""),
    ("os_version == platform", "os_version == platform", "cannot compare a version with a string", ""),
    ("processors in [1, 'a']", "'a'", "cannot compare a number with a string", ""),
    ("platform in [os_name]", "os_name", "a query cannot use a property in a list", "join with ||"),
    ("platform in os_name", "os_name", "the right side of `in` is not a value", "list of constants"),
    ("'a' in ['a']", "'a'", "this compares two constants", ""),
    ("1 == 1", "1 == 1", "this compares two constants", ""),
    ("platform == true", "true", "true or false is not a value", "&&"),
    ("(processors == 1) == true", "processors == 1", "a condition is not a value", "&&"),
    ("platform == null", "null", "null is not a value", "has(…)"),
    ("processors > 1.5", "1.5", "properties are whole numbers", "without a decimal point"),
    ("processors > 9223372036854775808u", "9223372036854775808u", "the largest number is", ""),
    ("platform == 'a\\x00'", "'a\\x00'", "no property contains a NUL character", ""),
    ("processors - 1 == 2", "processors - 1", "a query cannot use arithmetic", "result as a number"),
    ("processors + 1 == 2", "+", "a query cannot use arithmetic", "result as a number"),
    ("platform.matches('l.*')", "platform.matches('l.*')", "a query cannot use the function matches", "startsWith"),
    (
        "platform.lowerAscii() == 'a'",
        "platform.lowerAscii()",
        "a query cannot use the function lowerAscii",
        "case-sensitive",
    ),
    (
        "platform.startswith('l')",
        "platform.startswith('l')",
        "a query cannot use the function startswith",
        "did you mean startsWith?",
    ),
    ("platform.startsWith(os_name)", "os_name", "startsWith takes a string constant", ""),
    ("processors.contains('1')", "processors", "contains takes a string", ""),
    ("disks[0].mount == '/'", "disks[0].mount", "unknown name \"mount\"", ""),
    ("addresses.exists(a, inCidr(a.ip, '10.1.2.3/16'))", "'10.1.2.3/16'", "the network is 10.1.0.0/16", ""),
    ("addresses.exists(a, a.ip == '10.1.0.0/16')", "'10.1.0.0/16'", "is not an IP address", "inCidr"),
    ("addresses.exists(a, a.ip < '10.1.0.0')", "a.ip < '10.1.0.0'", "cannot order an IP address", "inCidr"),
    ("inCidr(platform, '10.1.0.0/16')", "platform", "cannot compare a string with an IP address", "addresses.exists"),
    ("disks.exists(name, true)", "name", "\"name\" already has a meaning", "another name"),
    ("processors > 1 ? true : false", "?", "a query cannot use a choice", "(a && b)"),
];

#[test]
fn a_refusal_names_the_place_the_problem_and_what_to_write() {
    let mut faults = Vec::new();
    for (text, marked, problem, hint) in REFUSALS {
        let error = parse(text, &Limits::default()).expect_err(text);
        let given = error.hint.clone().unwrap_or_default();
        if &text[error.span.clone()] != marked || !error.to_string().contains(problem) || !given.contains(hint) {
            faults.push(format!("{text}: {} in {error} ({given})", &text[error.span.clone()]));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn an_explanation_shows_it_all() {
    let text = "platform == 'linux' &&\n  procesors > 2";
    let error = parse(text, &Limits::default()).unwrap_err();
    let expected = "unknown name \"procesors\"\n    procesors > 2\n    ^^^^^^^^^\nhint: did you mean processors?";
    assert_eq!(error.explain(text), expected);
}

#[test]
fn each_limit_is_kept() {
    let problem = |text: &str| match parse(text, &Limits::default()).unwrap_err().problem {
        Problem::Query(limit) => limit,
        other => panic!("{other}"),
    };
    let limits = Limits::default();
    assert_eq!(problem(&"a".repeat(4097)), Limit::TooLong { bytes: 4097, bytes_max: limits.bytes_max });
    assert_eq!(problem(&format!("{}true{}", "(".repeat(33), ")".repeat(33))), Limit::TooDeep(32));
    assert_eq!(problem(&vec!["processors == 1"; 90].join("||")), Limit::TooLarge(256));
    assert_eq!(problem(&format!("processors in [{}]", vec!["1"; 257].join(","))), Limit::TooManyListItems(256));
    let nested = "disks.exists(a, disks.exists(b, disks.exists(c, true)))";
    assert_eq!(problem(nested), Limit::TooNested(2));

    let widest = vec!["processors == 1"; 85].join("||");
    assert!(parse(&widest, &limits).is_ok());
    let deepest = format!("{}true{}", "(".repeat(32), ")".repeat(32));
    assert!(parse(&deepest, &limits).is_ok());
}
