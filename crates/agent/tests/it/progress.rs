//! Downloads that take their time, and those that never begin: the site and the person at the computer see how far it is, and why.

use std::sync::Arc;

use dray_model::state::{ClientState, Reason};
use tokio::sync::Semaphore;

use crate::agent::{Computer, NOW, noise, program, source, terms, told, wait_until_json};
use crate::site::Site;

#[tokio::test]
async fn how_far_a_download_is_is_told_to_the_site_and_shown() {
    let site = Site::start().await;
    let computer = Computer::at_work(&site).await;
    let folder = computer.place("source");
    source(&folder, "#!/bin/sh\n", &noise(6, 3_000_000));
    let halfway = Arc::new(Semaphore::new(0));
    site.known().halfway = Some(Arc::clone(&halfway));
    site.advertise("tool", terms(NOW), site.publish(program("./install.sh"), Some(&folder)));
    let Some(Reason::Fetching { done_bytes, total_bytes }) = told(&site, ClientState::Downloading).await else {
        panic!("a download without bytes");
    };
    assert!(0 < done_bytes && done_bytes < total_bytes, "{done_bytes} of {total_bytes}");
    assert!((3_000_000..3_100_000).contains(&total_bytes), "{total_bytes}");
    let is_half = |rows: &serde_json::Value| {
        let done = rows[0]["standing"]["reason"]["done_bytes"].as_u64();
        done.is_some_and(|done| (1_400_000..1_600_000).contains(&done))
    };
    wait_until_json(&computer, &["programs"], is_half).await;
    let shown = String::from_utf8(computer.command(&["programs"]).await.stdout).unwrap();
    assert!(shown.contains("downloading content: 1.4 MiB of 2.9 MiB"), "{shown}");
    halfway.add_permits(1);
    told(&site, ClientState::Succeeded).await;
}

#[tokio::test]
async fn content_that_the_agent_cannot_hold_is_not_fetched_and_the_reason_is_told() {
    let site = Site::start().await;
    let computer = Computer::at_work(&site).await;
    let folder = computer.place("source");
    source(&folder, "#!/bin/sh\n", &noise(7, 10_000));
    site.known().requires = vec!["owners".into()];
    site.advertise("tool", terms(NOW), site.publish(program("./install.sh"), Some(&folder)));
    let reason = told(&site, ClientState::Waiting).await.unwrap();
    assert_eq!(reason, Reason::ContentUnsupported { requires: vec!["owners".into()] });
    assert_eq!(site.known().manifests, 0);
    let shown = String::from_utf8(computer.command(&["programs"]).await.stdout).unwrap();
    assert!(shown.contains("this computer cannot hold the content"), "{shown}");
}
