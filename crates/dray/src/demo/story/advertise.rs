//! The third part: devices are collected, the program is ordered, and ordered again for the new release.

use std::time::Duration;

use dray_client::SiteApi;
use dray_model::advertisement::{AdvertisementTerms, Assignment, Rerun};
use dray_model::api::advertisement::{CreateAdvertisement, DeviceStatusView};
use dray_model::api::collection::CreateCollection;
use dray_model::api::why::{Why, WhyHolds};
use dray_model::collection::{CollectionProperties, CollectionRule};

use super::{LOOK_EVERY, Names, expression};
use crate::cli::why_words;
use crate::clock;
use crate::demo::bytes::deliveries;
use crate::demo::report::{DeviceReport, ReleaseReport};
use crate::demo::stage::Stage;
use crate::demo::watch::{self, Round};
use crate::error::{Failure, Outcome};
use crate::output::{bytes, count};

/// How long the answer to why may take to say what has happened.
const SETTLED_WITHIN: Duration = Duration::from_secs(10);

/// Makes a collection by what the devices are; all of them must be members.
pub(super) async fn collect(stage: &Stage, api: &SiteApi, names: &Names, agents: u32) -> Outcome {
    stage
        .step("created a collection", async |_| {
            let text = expression();
            let expression = text.parse().expect("the expression is a short text");
            let request = CreateCollection {
                name: names.collection.clone(),
                properties: CollectionProperties::default(),
                rules: vec![CollectionRule::Query { expression }],
            };
            let collection = api.create_collection(&request).await?;
            if collection.members < u64::from(agents) {
                let members = count(collection.members, "device");
                return Err(Failure::failed(format!("{text} matches {members}, not {agents}")));
            }
            Ok(((), format!("{text} matches {}", count(collection.members, "device"))))
        })
        .await
}

/// Orders the program, until it succeeded everywhere.
pub(super) async fn advertise(stage: &Stage, api: &SiteApi, names: &Names, agents: u32) -> Outcome {
    stage
        .step("advertised it: all agents downloaded and ran it", async |_| {
            let mut terms =
                AdvertisementTerms::new(names.package.clone(), names.program.clone(), names.collection.clone());
            terms.assignments = vec![Assignment::AsSoonAsPossible];
            // So that the second release can be ordered with the same advertisement.
            terms.rerun = Rerun::Always;
            let round = Round { source_version: 1, since: clock::now() };
            api.create_advertisement(&CreateAdvertisement { name: names.advertisement.clone(), terms }).await?;
            let devices = watch::until_succeeded(api, &stage.voice, &names.advertisement, round, agents).await?;
            Ok(((), succeeded(&devices)))
        })
        .await
}

/// Orders it once more, until the new release succeeded everywhere.
pub(super) async fn run_again(
    stage: &Stage,
    api: &SiteApi,
    names: &Names,
    release: &ReleaseReport,
    agents: u32,
) -> Outcome<Vec<DeviceStatusView>> {
    stage
        .step("assigned it once more: all agents ran the new release", async |_| {
            let round = Round { source_version: release.source_version, since: clock::now() };
            api.rerun_advertisement(&names.advertisement).await?;
            let devices = watch::until_succeeded(api, &stage.voice, &names.advertisement, round, agents).await?;
            let detail = succeeded(&devices);
            Ok((devices, detail))
        })
        .await
}

fn succeeded(devices: &[DeviceStatusView]) -> String {
    let names: Vec<_> = devices.iter().map(|device| device.device_name.as_str()).collect();
    format!("{} succeeded", names.join(", "))
}

/// Tells bytes transferred for the update, by the devices' own reports.
pub(super) async fn tell_bytes(
    stage: &Stage,
    api: &SiteApi,
    devices: &[DeviceStatusView],
    release: &ReleaseReport,
) -> Outcome<Vec<DeviceReport>> {
    stage
        .step("bytes transferred for the update", async |_| {
            let mut reports = Vec::new();
            let mut lines = String::new();
            for device in devices {
                let deliveries = deliveries(api, &device.device_name).await?;
                if let Some(last) = deliveries.last() {
                    let sources: Vec<_> =
                        last.sources.iter().map(|(source, moved)| format!("{} from {source}", bytes(*moved))).collect();
                    let (name, reused) = (&device.device_name, bytes(last.reused_bytes));
                    lines.push_str(&format!("\n            {name}: {}, {reused} reused", sources.join(", ")));
                }
                reports.push(DeviceReport {
                    device: device.device_name.clone(),
                    state: device.standing.state,
                    exit_code: device.exit_code,
                    deliveries,
                });
            }
            Ok((reports, format!("of {}{lines}", bytes(release.size_bytes))))
        })
        .await
}

/// Asks why the program is installed on the first device; every link of the chain must hold.
pub(super) async fn explain(stage: &Stage, api: &SiteApi, names: &Names, devices: &[DeviceStatusView]) -> Outcome<Why> {
    let program = format!("{}/{}", names.package, names.program);
    let why = stage
        .step("asked why it is installed", async |_| {
            let device = devices.first().ok_or_else(|| Failure::failed("no device has reported"))?;
            let asked = tokio::time::Instant::now();
            loop {
                let why = api.why(&device.device_name, &program).await?;
                let links = why.chains.iter().flat_map(|chain| &chain.links);
                match links.clone().find(|link| link.holds != WhyHolds::Yes) {
                    None => return Ok((why.clone(), format!("all {} links hold", links.count()))),
                    // The site writes down a moment later which policy a device has.
                    Some(_) if asked.elapsed() < SETTLED_WITHIN => tokio::time::sleep(LOOK_EVERY).await,
                    Some(link) => return Err(Failure::failed(format!("a link does not hold: {}", link.sentence))),
                }
            }
        })
        .await?;
    stage.voice.say(format!("\n$ dray why {} {program}\n{}", why.device, why_words(&why)));
    Ok(why)
}
