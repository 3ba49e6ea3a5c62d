//! The form of a query in documents: frozen, versioned, and checked when it comes back.

use dray_expression::parse;
use dray_query::{Limits, Query};
use serde_json::{Value, json};

const TEXT: &str = r#"(os_version >= "12" || !has(os_name)) && name != "x" && disks.exists(d, software.all(s, s.name.contains("a") && d.free_bytes > 5)) && addresses.exists_one(a, inCidr(a.ip, "10.0.0.0/8") && a.ip != "::1") && platform in ["linux"] && size(disks) < 9 && true"#;

fn golden() -> Value {
    json!({
        "version": 1,
        "text": TEXT,
        "condition": {"and": [
            {"or": [
                {"compare": {
                    "left": {"field": {"property": "device.os_version"}},
                    "operator": "greater_or_equal",
                    "right": {"literal": {"version": "12"}},
                }},
                {"not": {"has": {"property": "device.os_name"}}},
            ]},
            {"compare": {
                "left": {"field": {"property": "device.name"}},
                "operator": "not_equal",
                "right": {"literal": {"text": "x"}},
            }},
            {"rows": {"class": "disks", "quantifier": "any", "condition":
                {"rows": {"class": "software", "quantifier": "all", "condition": {"and": [
                    {"text": {"field": {"property": "software.name", "row": 2}, "test": "contains", "pattern": "a"}},
                    {"compare": {
                        "left": {"field": {"property": "disks.free_bytes", "row": 1}},
                        "operator": "greater",
                        "right": {"literal": {"integer": 5}},
                    }},
                ]}}},
            }},
            {"rows": {"class": "addresses", "quantifier": "one", "condition": {"and": [
                {"in_network": {"field": {"property": "addresses.ip", "row": 1}, "network": "10.0.0.0/8"}},
                {"compare": {
                    "left": {"field": {"property": "addresses.ip", "row": 1}},
                    "operator": "not_equal",
                    "right": {"literal": {"ip": "::1"}},
                }},
            ]}}},
            {"in": {"left": {"field": {"property": "device.platform"}}, "values": [{"text": "linux"}]}},
            {"compare": {"left": {"size": "disks"}, "operator": "less", "right": {"literal": {"integer": 9}}}},
            {"constant": true},
        ]},
    })
}

#[test]
fn the_form_of_a_query_in_documents_is_frozen() {
    let query = parse(TEXT, &Limits::default()).unwrap();
    assert_eq!(serde_json::to_value(&query).unwrap(), golden());
    assert_eq!(serde_json::from_value::<Query>(golden()).unwrap(), query);
}

#[test]
fn a_newer_form_is_refused_for_its_version() {
    let newer = r#"{"version": 2, "text": "ring('a') < 10", "condition": {"ring": {}}}"#;
    let error = serde_json::from_str::<Query>(newer).unwrap_err().to_string();
    assert!(error.contains("version 2"), "{error}");
}

#[test]
fn a_condition_that_the_language_can_not_produce_is_refused() {
    let field = json!({"property": "device.platform"});
    let compare = |left: Value, right: Value| json!({"compare": {"left": left, "operator": "less", "right": right}});
    let ip = json!({"property": "addresses.ip", "row": 1});
    for (condition, why) in [
        (json!({"and": [{"constant": true}]}), "two or more conditions"),
        (json!({"has": {"property": "disks.mount"}}), "out of scope"),
        (json!({"has": {"property": "disks.mount", "row": 1}}), "out of scope"),
        (
            json!({"rows": {"class": "disks", "quantifier": "any", "condition": {"has": {"property": "software.name", "row": 1}}}}),
            "out of scope",
        ),
        (json!({"has": {"property": "device.colour"}}), "device.colour"),
        (json!({"rows": {"class": "device", "quantifier": "any", "condition": {"constant": true}}}), "not a list"),
        (compare(json!({"size": "device"}), json!({"literal": {"integer": 1}})), "not a list"),
        (compare(json!({"field": field}), json!({"literal": {"integer": 1}})), "different kinds"),
        (compare(json!({"literal": {"integer": 1}}), json!({"literal": {"integer": 1}})), "on the left"),
        (json!({"in": {"left": {"field": field}, "values": []}}), "empty"),
        (json!({"in": {"left": {"field": field}, "values": [{"integer": 1}]}}), "different kinds"),
        (json!({"in": {"left": {"literal": {"integer": 1}}, "values": [{"integer": 1}]}}), "on the left"),
        (json!({"text": {"field": field, "test": "contains", "pattern": ""}}), "empty"),
        (json!({"text": {"field": field, "test": "contains", "pattern": "\0"}}), "NUL"),
        (
            json!({"text": {"field": {"property": "device.processors"}, "test": "contains", "pattern": "1"}}),
            "needs a string",
        ),
        (json!({"in_network": {"field": field, "network": "10.0.0.0/8"}}), "only an address"),
        (json!({"in_network": {"field": ip, "network": "10.0.0.1/8"}}), "beyond its prefix"),
        (
            json!({"rows": {"class": "addresses", "quantifier": "any", "condition":
            compare(json!({"field": ip}), json!({"literal": {"ip": "::1"}}))}}),
            "no order",
        ),
        ((0..40).fold(json!({"constant": true}), |inner, _| json!({"not": inner})), "levels deep"),
        (json!({"or": vec![json!({"constant": true}); 300]}), "parts"),
    ] {
        let document = json!({"version": 1, "text": "", "condition": condition});
        let error = serde_json::from_value::<Query>(document.clone()).expect_err(why).to_string();
        assert!(error.contains(why), "{document}: {error}");
    }
}

#[test]
fn the_deepest_query_reads_back_from_text() {
    let inner = "disks.exists(d, software.all(s, ".to_owned() + &"!(platform == 'a' || ".repeat(12);
    let text = inner + "true" + &")".repeat(12) + "))";
    let query = parse(&text, &Limits::default()).unwrap();
    let json = serde_json::to_string(&query).unwrap();
    assert_eq!(serde_json::from_str::<Query>(&json).unwrap(), query);
}
