//! Files of a site's folder that are damaged or gone: the site doesn't open, says which it is, and mends nothing by guessing.

use std::error::Error;
use std::fs;

use dray_site::{InitOptions, Site, clock, init};

fn in_full(error: &dyn Error) -> String {
    let cause = error.source().map(|cause| format!(": {}", in_full(cause)));
    format!("{error}{}", cause.unwrap_or_default())
}

#[tokio::test]
async fn a_site_with_a_damaged_key_or_configuration_does_not_open_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("site");
    init(&dir, &InitOptions::new("site".parse().unwrap()), clock::system()).await.unwrap();
    let authority = "certificate authority";
    for (file, named) in [
        ("site.toml", "site.toml"),
        ("keys/ca.pem", authority),
        ("keys/ca.key", authority),
        ("keys/release.key", "release.key"),
        ("keys/advertisement.key", "advertisement.key"),
        ("keys/policy.key", "policy.key"),
    ] {
        let path = dir.join(file);
        let good = fs::read(&path).unwrap();
        // Within the first setting of a configuration: one that is cut behind a setting may be whole.
        let setting = good.iter().position(|byte| *byte == b'=').map_or(good.len(), |at| at + 1);
        let half = &good[..setting.min(good.len() / 2)];
        for damaged in [Some(half), Some(b"".as_slice()), Some(b"\xff\0 something else".as_slice()), None] {
            match damaged {
                Some(bytes) => fs::write(&path, bytes).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let told = in_full(&Site::open(&dir).await.err().unwrap());
            let by_name = damaged.is_none() || damaged.is_some_and(|bytes| std::str::from_utf8(bytes).is_err());
            let named = if by_name { path.to_str().unwrap() } else { named };
            assert!(told.contains(named), "{file}: {told}");
            assert_eq!(fs::read(&path).ok().as_deref(), damaged, "{file} was changed");
        }
        fs::write(&path, good).unwrap();
    }
    Site::open(&dir).await.unwrap();
}
