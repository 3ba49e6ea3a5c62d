//! Laws of facts on the wire.

use super::*;
use crate::{class, property};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

fn sample() -> Facts {
    let device = Table::new(Class::DEVICE)
        .with([(property!("device.platform"), "linux".into()), (property!("device.processors"), 4_u32.into())]);
    let disks = Table::new(class!("disks"))
        .with([(property!("disks.mount"), "/".into()), (property!("disks.size_bytes"), u64::MAX.into())])
        .with([(property!("disks.mount"), "/home".into())]);
    Facts::default().with(device).with(disks)
}

fn read(json: &Json) -> Result<Facts, String> {
    serde_json::from_str(&json.to_string()).map_err(|error| error.to_string())
}

#[test]
fn facts_stand_by_class_and_property() {
    let expected = json!({
        "device": { "platform": "linux", "processors": 4 },
        "disks": [{ "mount": "/", "size_bytes": i64::MAX }, { "mount": "/home" }],
    });
    assert_eq!(serde_json::to_value(sample()).unwrap(), expected);
    assert_eq!(read(&expected), Ok(sample()));
    assert_eq!(read(&json!({})), Ok(Facts::default()));
}

#[test]
fn what_a_newer_agent_knows_is_skipped() {
    let newer = json!({
        "device": { "platform": "linux", "colour": { "of": ["it"] }, "processors": 4, "name": "not a fact" },
        "printers": [{ "name": "x" }],
        "disks": [{ "mount": "/", "size_bytes": u64::MAX, "model": 7 }, { "serial": null, "mount": "/home" }],
    });
    assert_eq!(read(&newer), Ok(sample()));
}

#[test]
fn a_value_of_another_kind_is_refused_by_name() {
    for (facts, why) in [
        (json!({ "device": { "processors": "4" } }), "a non-negative whole number for device.processors"),
        (json!({ "device": { "processors": -1 } }), "a non-negative whole number for device.processors"),
        (json!({ "device": { "processors": 1.5 } }), "a non-negative whole number for device.processors"),
        (json!({ "device": { "platform": 4 } }), "a text for device.platform"),
        (json!({ "device": { "platform": ["linux"] } }), "a text for device.platform"),
        (json!({ "device": [] }), "a row of device by property"),
        (json!({ "disks": {} }), "a list of disks"),
        (json!([]), "facts by class"),
    ] {
        let refused = read(&facts).unwrap_err();
        assert!(refused.contains(why), "{facts}: {refused}");
    }
    let twice = r#"{"disks": [{"mount": "/"}], "disks": []}"#;
    assert!(serde_json::from_str::<Facts>(twice).unwrap_err().to_string().contains("twice"));
}

#[test]
fn unknown_is_null_or_left_out() {
    assert_eq!(read(&json!({ "device": { "os_name": null } })), read(&json!({ "device": {} })));
}

/// Facts with any values of the right kinds.
fn any_facts() -> impl Strategy<Value = Facts> {
    let value = (any::<Option<u64>>(), any::<Option<String>>());
    prop::collection::vec((0..Class::all().len(), prop::collection::vec(value, 12)), 0..12).prop_map(|rows| {
        let mut tables: Vec<_> = Class::all().map(Table::new).collect();
        for (class, values) in rows {
            let class = Class::all().nth(class).unwrap();
            let row = class.facts().zip(values).map(|(property, (number, text))| match property.kind() {
                Kind::Integer => (property, number.map(Value::from)),
                _ => (property, text.map(Value::from)),
            });
            tables[class.place()].push(row);
        }
        tables.into_iter().fold(Facts::default(), Facts::with)
    })
}

/// JSON with names of the catalogue in places that may be wrong.
fn any_json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from)
    ];
    let name = prop_oneof![Just("device"), Just("disks"), Just("software"), Just("mount"), Just("name"), Just("x")];
    leaf.prop_recursive(4, 60, 6, move |inner| {
        let object = prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner.clone(), 0..6);
        prop_oneof![
            prop::collection::vec(inner, 0..6).prop_map(Json::from),
            object.prop_map(|object| Json::Object(object.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_is_read_reads_back(json in any_json()) {
        if let Ok(facts) = serde_json::from_value::<Facts>(json) {
            prop_assert_eq!(serde_json::from_value::<Facts>(serde_json::to_value(&facts).unwrap()).unwrap(), facts);
        }
    }

    #[test]
    fn facts_read_back_as_they_were(facts in any_facts()) {
        let text = serde_json::to_string(&facts).unwrap();
        prop_assert_eq!(serde_json::from_str::<Facts>(&text).unwrap(), facts);
    }
}
