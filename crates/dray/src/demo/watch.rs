//! Watching the agents: each change of a device's state is shown, until all devices have succeeded with a release.

use std::collections::BTreeMap;
use std::time::Duration;

use dray_client::SiteApi;
use dray_model::api::advertisement::DeviceStatusView;
use dray_model::state::ClientState;
use dray_model::{Name, Timestamp};

use super::voice::{LiveLine, Voice};
use crate::error::{Failure, Outcome};

/// How often the site is asked.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Which run is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Round {
    /// Of this source version, or a later one.
    pub(super) source_version: u32,
    /// Started at this instant or later.
    pub(super) since: Timestamp,
}

/// Waits until `count` devices report success of this round's run; the last reports, by device name.
pub(super) async fn until_succeeded(
    api: &SiteApi,
    voice: &Voice,
    advertisement: &Name,
    round: Round,
    count: u32,
) -> Outcome<Vec<DeviceStatusView>> {
    let mut shown = BTreeMap::new();
    let mut lines = BTreeMap::new();
    loop {
        let mut devices = api.advertisement_devices(advertisement, None).all().await?;
        devices.sort_by(|a, b| a.device_name.cmp(&b.device_name));
        for device in devices.iter().filter(|device| round.speaks_of(device)) {
            let words = words(device);
            if shown.get(&device.device) != Some(&words) {
                tell(voice, lines.entry(device.device).or_insert_with(|| voice.live("")), &words);
                shown.insert(device.device, words);
            }
            refuse_failure(device)?;
        }
        if devices.iter().filter(|device| round.is_done(device)).count() >= count as usize {
            return Ok(devices);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

impl Round {
    /// Whether the report is younger than the order.
    fn speaks_of(self, device: &DeviceStatusView) -> bool {
        device.release.source_version >= self.source_version && device.received_at >= self.since
    }

    fn is_done(self, device: &DeviceStatusView) -> bool {
        let ran = device.started_at.is_some_and(|started| started >= self.since);
        self.speaks_of(device) && device.standing.state == ClientState::Succeeded && ran
    }
}

fn words(device: &DeviceStatusView) -> String {
    let reason = device.standing.reason.as_ref().map(|reason| format!(", {reason}")).unwrap_or_default();
    format!("{}: {}{reason}", device.device_name, device.standing.state)
}

fn tell(voice: &Voice, line: &LiveLine, words: &str) {
    if voice.is_live() {
        line.set(format!("  {words}"));
    } else {
        voice.say(format!("            {words}"));
    }
}

/// An end that is no success never becomes one here, so waiting longer would be in vain.
fn refuse_failure(device: &DeviceStatusView) -> Outcome {
    let state = device.standing.state;
    if state.is_final() && !matches!(state, ClientState::Succeeded | ClientState::Cancelled) {
        return Err(Failure::failed(words(device)));
    }
    Ok(())
}
