//! An advertisement reaches all devices that hold, and an administrator goes on working meanwhile.

use std::time::{Duration, Instant};

use dray_client::SiteApi;
use dray_client::site_api::DeviceFilter;
use dray_model::api::advertisement::CreateAdvertisement;
use serde_json::{Value, json};

use crate::fleet::Holders;
use crate::latency::Latency;

/// An administrator's pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// Devices on the page that the administrator looks at.
const PAGE: u32 = 100;

/// Answers how long after the order the devices' policies came, and how long the administrator waited for answers until the
/// last one was out.
pub(super) async fn run(
    administrator: &SiteApi,
    holders: &Holders,
    advertisement: &CreateAdvertisement,
    within_s: u64,
) -> anyhow::Result<Value> {
    let within = Duration::from_secs(within_s);
    // Opens the connection that the administrator works on.
    administrator.devices(&DeviceFilter::default()).next(PAGE).await?;
    holders.take()?;
    let began = Instant::now();
    let ordered = async {
        administrator.create_advertisement(advertisement).await?;
        anyhow::Ok(began.elapsed())
    };
    let mut looks = Vec::new();
    let (ordered, reached) = tokio::select! {
        biased;
        both = async { tokio::join!(ordered, holders.until(holders.len(), within)) } => both,
        error = look(administrator, advertisement, &mut looks) => return Err(error),
    };
    let ordered = ordered?;
    reached?;
    let delays = holders.take()?.into_iter().map(|woken| woken.at - began).collect();
    Ok(json!({ "ordered_s": ordered.as_secs_f64(), "policies": Latency::of(delays), "requests": Latency::of(looks) }))
}

/// Looks at a page of devices and at the advertisement by turns, forever; ends by a failure.
async fn look(
    administrator: &SiteApi,
    advertisement: &CreateAdvertisement,
    looks: &mut Vec<Duration>,
) -> anyhow::Error {
    loop {
        for page in [true, false] {
            tokio::time::sleep(PAUSE).await;
            let began = Instant::now();
            let looked = if page {
                administrator.devices(&DeviceFilter::default()).next(PAGE).await.map(drop)
            } else {
                administrator.advertisement(&advertisement.name).await.map(drop)
            };
            match looked {
                // The order itself may not have been carried out yet.
                Err(error) if error.refusal().is_none_or(|refusal| refusal.code != "not_found") => return error.into(),
                _ => looks.push(began.elapsed()),
            }
        }
    }
}
