//! The law that what is not said has the defaults of the domain, whether it comes from a constructor or from JSON.

use serde_json::json;

use super::Program;
use crate::advertisement::AdvertisementTerms;
use crate::collection::CollectionProperties;
use crate::package::{OutsideLinks, PackageProperties};
use crate::policy::AgentSettings;

#[test]
fn a_program_has_the_defaults_of_the_domain() {
    let program = Program::new("install".parse().unwrap(), "./setup".parse().unwrap());
    let expected = json!({
        "name": "install",
        "command": "./setup",
        "max_run_time": 7200,
        "exit_codes": {
            "0": "success",
            "1604": "success_restart",
            "1641": "success_restart",
            "3010": "success_restart",
            "3011": "success_restart",
            "75": "retry",
            "1618": "retry",
        },
        "retry": { "count": 1008, "interval_s": 600 },
        "disabled": false,
    });
    assert_eq!(serde_json::to_value(&program).unwrap(), expected);
    let said = json!({ "name": "install", "command": "./setup" });
    assert_eq!(serde_json::from_value::<Program>(said).unwrap(), program);
}

#[test]
fn an_advertisement_has_the_defaults_of_the_domain() {
    let [package, program, collection] = ["zip", "install", "all"].map(|name| name.parse().unwrap());
    let terms = AdvertisementTerms::new(package, program, collection);
    let expected = json!({
        "title": "",
        "comment": "",
        "package": "zip",
        "program": "install",
        "collection": "all",
        "assignments": [],
        "rerun": "if_failed",
    });
    assert_eq!(serde_json::to_value(&terms).unwrap(), expected);
    let said = json!({ "package": "zip", "program": "install", "collection": "all" });
    assert_eq!(serde_json::from_value::<AdvertisementTerms>(said).unwrap(), terms);
}

#[test]
fn what_objects_say_of_themselves_is_empty_until_somebody_says_it() {
    let package = json!({ "title": "", "version": "", "manufacturer": "", "language": "", "comment": "" });
    assert_eq!(serde_json::to_value(PackageProperties::default()).unwrap(), package);
    assert_eq!(serde_json::from_value::<PackageProperties>(json!({})).unwrap(), PackageProperties::default());
    let collection = json!({ "title": "", "comment": "" });
    assert_eq!(serde_json::to_value(CollectionProperties::default()).unwrap(), collection);
    assert_eq!(serde_json::from_value::<CollectionProperties>(json!({})).unwrap(), CollectionProperties::default());
    assert_eq!(OutsideLinks::default(), OutsideLinks::Refuse);
}

#[test]
fn an_agent_asks_each_hour_and_keeps_content_for_a_day() {
    let settings = json!({ "polling_interval_s": 3600, "inventory_interval_s": 3600, "cache_retention_s": 86_400 });
    assert_eq!(serde_json::to_value(AgentSettings::default()).unwrap(), settings);
}
