//! The committed description of the API agrees with the routes.

use std::path::Path;

#[test]
fn the_committed_description_is_that_of_the_handlers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let text = serde_json::to_string_pretty(&dray_api::document()).unwrap() + "\n";
    if std::env::var_os("DRAY_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "docs/openapi.json is not up to date: run DRAY_BLESS=1 cargo test -p dray-api and read the difference"
    );
}
