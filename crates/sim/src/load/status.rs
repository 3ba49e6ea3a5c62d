//! Status messages: as many as the site takes for a while, or one for each of many advertisements.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::ensure;
use dray_client::client_api::STATUS_BATCH_MAX;
use dray_model::Name;
use dray_model::state::ClientState;
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::latency::Latency;
use crate::life::{self, LIFE};

/// What messages are about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    advertisement: Name,
    package: Name,
    program: Name,
}

impl From<Subject> for life::Subject {
    fn from(Subject { advertisement, package, program }: Subject) -> Self {
        Self { advertisement, package, program }
    }
}

/// Answers how many messages the site kept in what time, how long batches took, and how many devices must be in each state now.
pub(super) async fn run(
    fleet: &Fleet,
    devices: usize,
    seconds: u64,
    batch: u64,
    subject: &life::Subject,
) -> anyhow::Result<Value> {
    ensure!(batch > 0 && batch.is_multiple_of(LIFE), "a batch holds whole lives of {LIFE} messages");
    let (began, time) = (Instant::now(), Duration::from_secs(seconds));
    let sending = fleet.devices(0..devices).iter().map(async |device| {
        let (mut kept, mut waits) = (0, Vec::new());
        while began.elapsed() < time {
            let sent = Instant::now();
            kept += device.send_status(batch, |number| life::message(device.number(), number, subject)).await?;
            waits.push(sent.elapsed());
        }
        Ok::<_, crate::SimError>((kept, waits))
    });
    let sent = try_join_all(sending).await?;
    let elapsed_s = began.elapsed().as_secs_f64();
    let kept: u64 = sent.iter().map(|(kept, _)| kept).sum();
    let waits = sent.into_iter().flat_map(|(_, waits)| waits).collect();
    let mut states: BTreeMap<ClientState, u64> = BTreeMap::new();
    for device in fleet.devices(0..devices).iter().filter(|device| device.messages() > 0) {
        *states.entry(life::ending(device.number(), device.messages())).or_default() += 1;
    }
    Ok(json!({ "kept": kept, "elapsed_s": elapsed_s, "batches": Latency::of(waits), "states": states }))
}

/// Every device says of each subject that it has it, or that it is done: each second one by turns.
pub(super) async fn arrive(fleet: &Fleet, devices: usize, subjects: Vec<Subject>) -> anyhow::Result<Value> {
    let subjects: Vec<life::Subject> = subjects.into_iter().map(Into::into).collect();
    let say = async |device: &crate::Device| {
        let mut kept = 0;
        for part in subjects.chunks(STATUS_BATCH_MAX) {
            let first = device.messages() + 1;
            let message = |number: u64| {
                let place = usize::try_from(number - first).expect("a batch is short");
                let state = if number.is_multiple_of(2) { ClientState::Received } else { ClientState::Succeeded };
                life::arrival(number, &part[place], state)
            };
            kept += device.send_status(part.len() as u64, message).await?;
        }
        Ok(kept)
    };
    let kept: u64 = fleet.each(0..devices, say).await?.into_iter().sum();
    Ok(json!({ "kept": kept }))
}
