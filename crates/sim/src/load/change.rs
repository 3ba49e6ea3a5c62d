//! One device after the other sends facts that changed, while all hold their requests.

use std::ops::Range;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::facts::Variation;
use crate::fleet::{Fleet, Holders};
use crate::latency::Latency;

/// How long a device waits for the policy that follows from its facts.
const WITHIN: Duration = Duration::from_secs(60);

/// Which facts change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The free space of a disk, which no collection asks for.
    Disk,
    /// The processors, so that the device comes into the collection of those that stand out, and gets another policy.
    Membership,
}

/// Answers how long each device waited, and how many policies others got.
pub(super) async fn run(fleet: &Fleet, holders: &Holders, range: Range<usize>, what: What) -> anyhow::Result<Value> {
    let variation = Variation { round: 1, marked: what == What::Membership };
    let (mut waits, mut others) = (Vec::new(), 0);
    holders.take()?;
    for place in range {
        let devices = fleet.devices(place..place + 1);
        ensure!(place < holders.len() && !devices.is_empty(), "device {place} holds no request");
        let began = Instant::now();
        devices[0].send_facts(variation).await?;
        if what == What::Disk {
            waits.push(began.elapsed());
            continue;
        }
        let mut reached = false;
        while !reached {
            let left = WITHIN.saturating_sub(began.elapsed());
            holders.until(1, left).await.with_context(|| format!("device {place} got no policy"))?;
            for woken in holders.take()? {
                if woken.place == place {
                    reached = true;
                    waits.push(woken.at - began);
                } else {
                    others += 1;
                }
            }
        }
    }
    others += holders.take()?.len();
    Ok(json!({ "wait": Latency::of(waits), "others": others }))
}
