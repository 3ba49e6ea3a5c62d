//! The site's administrator, by the profile that `dray site init` wrote.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use dray_client::{BaseUrl, HttpClient, SiteApi};
use serde::Deserialize;

use crate::device::limits;

/// `admin.toml`, as `dray-site` writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    url: BaseUrl,
    token: String,
    ca: String,
}

/// The administrators' API of the site whose profile lies at `profile`.
///
/// # Errors
/// When the profile can't be read.
pub fn administrator(profile: &Path) -> anyhow::Result<SiteApi> {
    let text = std::fs::read_to_string(profile).with_context(|| format!("cannot read {}", profile.display()))?;
    let profile: Profile = toml::from_str(&text).with_context(|| format!("{} is not a profile", profile.display()))?;
    let http = HttpClient::trusting(&profile.ca, None, limits())?;
    // One process for each site, so counting is enough; the process's number keeps two of them apart.
    let count = AtomicU64::new(0);
    let key = move || format!("sim-{}-{}", std::process::id(), count.fetch_add(1, Ordering::Relaxed));
    Ok(SiteApi::new(profile.url, &profile.token, http, key)?)
}
