//! The demonstration's steps, in order: what an administrator would do, with the commands that do the same by hand.

use std::path::Path;
use std::time::{Duration, Instant};

use dray_client::SiteApi;
use dray_model::advertisement::{Assignment, Rerun};
use dray_model::api::advertisement::{CreateAdvertisement, DeviceStatusView};
use dray_model::api::collection::CreateCollection;
use dray_model::api::device::{CreateEnrolmentToken, DeviceView, EnrolmentFor};
use dray_model::api::package::{CreatePackage, PackageView};
use dray_model::api::point::CreatePoint;
use dray_model::collection::{CollectionProperties, CollectionRule};
use dray_model::package::PackageProperties;
use dray_model::point::PointContentState;
use dray_model::{JobId, Name, Text};

use super::bytes::deliveries;
use super::ports;
use super::report::{DeviceReport, ReleaseReport, Report};
use super::sample::Sample;
use super::stage::Stage;
use super::voice::LiveLine;
use super::watch::{self, Round};
use crate::cli::{bare_terms, connect, is_there, why_words};
use crate::clock;
use crate::error::{Exit, Failure, Outcome};
use crate::input::bare_program;
use crate::output::{bytes, count};
use crate::profile::Profile;

/// Which devices the collection takes: all that are here, but asked for by what they are.
const EXPRESSION: &str = "platform == \"linux\" && memory_bytes > 0";
/// How often a state that nothing announces is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The names of what the demonstration makes.
struct Names {
    point: Name,
    package: Name,
    program: Name,
    collection: Name,
    advertisement: Name,
}

/// Tells the whole story.
pub(super) async fn tell(stage: &Stage, agents: u32, package: Option<&Path>) -> Outcome<Report> {
    let start = Instant::now();
    let names = Names {
        point: name("point"),
        package: name("sample"),
        program: name("install"),
        collection: name("linux"),
        advertisement: name("sample-now"),
    };
    stage.voice.say(format!("Dray's demonstration in {}\n", stage.folder.display()));
    let (api, site_url) = raise_site(stage).await?;
    raise_point(stage, &api, &site_url, &names).await?;
    enrol_agents(stage, &api, &site_url, agents).await?;
    let sample = Sample::create(&stage.folder, package)?;
    let first = publish_first(stage, &api, &names, &sample).await?;
    hold(stage, &api, &names, first.source_version).await?;
    collect(stage, &api, &names, agents).await?;
    let agents = agents as usize;
    advertise(stage, &api, &names, agents).await?;
    let second = publish_second(stage, &api, &names, &sample).await?;
    hold(stage, &api, &names, second.source_version).await?;
    let devices = run_again(stage, &api, &names, &second, agents).await?;
    let devices = tell_bytes(stage, &api, &devices, &second).await?;
    let why = api.why(&devices[0].device, &format!("{}/{}", names.package, names.program)).await?;
    stage.voice.say(format!("\n$ dray why {} {}/{}\n{}", why.device, names.package, names.program, why_words(&why)));
    say_where(stage, &api, &names, &devices);
    Ok(Report {
        folder: stage.folder.clone(),
        url: api.site().to_string(),
        profile: stage.folder.join("site/admin.toml"),
        steps: stage.steps(),
        releases: vec![first, second],
        devices,
        why,
        duration_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

async fn raise_site(stage: &Stage) -> Outcome<(SiteApi, String)> {
    let [admin, client] = ports::free()?.map(|port| port.to_string());
    let (folder, site_url) = (stage.path("site"), format!("https://{client}"));
    stage
        .step("made a site", async |_| {
            let (url, args) = (format!("https://{admin}"), ["site", "init", &folder, "--name", "demo", "--url"]);
            stage.children.run("site-init", &[&args[..], &[&url, "--client-url", &site_url]].concat()).await?;
            Ok(((), "keys, certificate authority, SQLite database, first token".to_owned()))
        })
        .await?;
    let api = connect(&Profile::read(&stage.folder.join("site/admin.toml"))?)?;
    stage
        .step("the site serves", async |_| {
            stage.children.start("site", &["site", "serve", &folder])?;
            until_ready(&api).await?;
            Ok(((), format!("administrators at {}, clients at {site_url}", api.site())))
        })
        .await?;
    Ok((api, site_url))
}

async fn until_ready(api: &SiteApi) -> Outcome {
    loop {
        match api.packages().first(1).await.map_err(Failure::from) {
            Ok(_) => return Ok(()),
            Err(failure) if failure.exit() != Exit::Unreachable => return Err(failure),
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

async fn raise_point(stage: &Stage, api: &SiteApi, site_url: &str, names: &Names) -> Outcome {
    let [listen] = ports::free()?.map(|port| port.to_string());
    let folder = stage.path("point");
    stage
        .step("a distribution point enrolled and serves", async |_| {
            let url = format!("https://{listen}");
            let request = CreatePoint { name: names.point.clone(), title: Text::default(), url: url.clone() };
            api.create_point(&request).await?;
            let token = enrolment_token(api, EnrolmentFor::Point { point: names.point.clone() }).await?;
            let enrol = ["point", "enrol", "--folder", &folder, "--site", site_url, "--token", &token];
            stage.children.run("point-enrol", &enrol).await?;
            stage.children.start("point", &["point", "serve", "--folder", &folder, "--listen", &listen])?;
            Ok(((), url))
        })
        .await
}

async fn enrolment_token(api: &SiteApi, purpose: EnrolmentFor) -> Outcome<String> {
    let request = CreateEnrolmentToken { purpose, comment: Text::default(), valid_s: None };
    Ok(api.create_enrolment_token(&request).await?.token)
}

async fn enrol_agents(stage: &Stage, api: &SiteApi, site_url: &str, agents: u32) -> Outcome {
    let what = format!("{} enrolled and told their facts", count(agents.into(), "agent"));
    stage
        .step(&what, async |line| {
            let token = enrolment_token(api, EnrolmentFor::Devices { count: agents }).await?;
            for number in 1..=agents {
                line.set(format!("agent {number} of {agents} enrols"));
                let (process, folder) = (format!("agent-{number}"), stage.path(&format!("agents/{number}")));
                let enrol = ["agent", "enroll", "--folder", &folder, "--site", site_url, "--token", &token];
                stage.children.run(&process, &enrol).await?;
                stage.children.start(&process, &["agent", "run", "--folder", &folder])?;
            }
            let devices = until_known(api, agents as usize).await?;
            let names: Vec<_> = devices.iter().map(|device| device.name.as_str()).collect();
            Ok(((), names.join(", ")))
        })
        .await
}

async fn until_known(api: &SiteApi, count: usize) -> Outcome<Vec<DeviceView>> {
    loop {
        let devices = api.devices(&dray_client::site_api::DeviceFilter::default()).all().await?;
        if devices.iter().filter(|device| device.facts_at.is_some()).count() >= count {
            return Ok(devices);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn publish_first(stage: &Stage, api: &SiteApi, names: &Names, sample: &Sample) -> Outcome<ReleaseReport> {
    stage
        .step("made a package and published it", async |line| {
            let request = CreatePackage {
                name: names.package.clone(),
                properties: PackageProperties::default(),
                source: Some(sample.source.to_string_lossy().into_owned()),
                programs: vec![bare_program(names.program.clone(), sample.command.clone())],
            };
            let package = api.create_package(&request).await?;
            published(api, line, &names.package, package.publishing).await
        })
        .await
}

async fn publish_second(stage: &Stage, api: &SiteApi, names: &Names, sample: &Sample) -> Outcome<ReleaseReport> {
    stage
        .step("changed the source and published it again", async |line| {
            sample.change()?;
            let started = api.update_package(&names.package).await?;
            published(api, line, &names.package, Some(started.job)).await
        })
        .await
}

async fn published(
    api: &SiteApi,
    line: &LiveLine,
    package: &Name,
    job: Option<JobId>,
) -> Outcome<(ReleaseReport, String)> {
    if let Some(job) = job {
        api.wait_for_job(&job, |job| {
            if let Some(progress) = &job.progress {
                let of = progress.total.map(|total| format!(" of {}", bytes(total))).unwrap_or_default();
                line.set(format!("publishing: {} {}{of}", progress.step, bytes(progress.done)));
            }
        })
        .await?;
    }
    let release = release_of(&api.package(package).await?)?;
    let detail = format!(
        "release {}, {} in {}, {} new in the store",
        release.source_version,
        bytes(release.size_bytes),
        count(release.files, "file"),
        bytes(release.new_bytes)
    );
    Ok((release, detail))
}

fn release_of(package: &PackageView) -> Outcome<ReleaseReport> {
    let release = package.release.as_ref().ok_or_else(|| Failure::failed("nothing was published"))?;
    let content = release.content.ok_or_else(|| Failure::failed("the release has no content"))?;
    Ok(ReleaseReport {
        source_version: release.number.source_version,
        size_bytes: content.size_bytes,
        files: content.files,
        new_bytes: release.new_bytes,
    })
}

async fn hold(stage: &Stage, api: &SiteApi, names: &Names, source_version: u32) -> Outcome {
    let what = format!("the point holds release {source_version}");
    stage
        .step(&what, async |line| {
            api.distribute(&names.point, &names.package).await?;
            loop {
                let packages = api.point_packages(&names.point).all().await?;
                let held = packages.iter().find(|held| held.package == names.package);
                if held.is_some_and(|held| is_there(held) && held.held >= Some(source_version)) {
                    return Ok(((), "every object verified".to_owned()));
                }
                match held.map(|held| &held.state) {
                    Some(PointContentState::Transferring { done_bytes, total_bytes }) => {
                        line.set(format!("transferring: {} of {}", bytes(*done_bytes), bytes(*total_bytes)));
                    }
                    Some(PointContentState::Failed { reason, .. }) => line.set(format!("transfer failed: {reason}")),
                    _ => {}
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        })
        .await
}

async fn collect(stage: &Stage, api: &SiteApi, names: &Names, agents: u32) -> Outcome {
    stage
        .step("made a collection", async |_| {
            let expression = EXPRESSION.parse().expect("the expression is a short text");
            let request = CreateCollection {
                name: names.collection.clone(),
                properties: CollectionProperties::default(),
                rules: vec![CollectionRule::Query { expression }],
            };
            let collection = api.create_collection(&request).await?;
            if collection.members < u64::from(agents) {
                let members = count(collection.members, "device");
                return Err(Failure::failed(format!("{EXPRESSION} gives {members}, not {agents}")));
            }
            Ok(((), format!("{EXPRESSION} gives {}", count(collection.members, "device"))))
        })
        .await
}

async fn advertise(stage: &Stage, api: &SiteApi, names: &Names, agents: usize) -> Outcome {
    stage
        .step("advertised: all agents fetched it and ran it", async |_| {
            let mut terms = bare_terms(names.package.clone(), names.program.clone(), names.collection.clone());
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

async fn run_again(
    stage: &Stage,
    api: &SiteApi,
    names: &Names,
    release: &ReleaseReport,
    agents: usize,
) -> Outcome<Vec<DeviceStatusView>> {
    stage
        .step("ordered it once more: all agents run the new release", async |_| {
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

async fn tell_bytes(
    stage: &Stage,
    api: &SiteApi,
    devices: &[DeviceStatusView],
    release: &ReleaseReport,
) -> Outcome<Vec<DeviceReport>> {
    stage
        .step("what the update took over the wire", async |_| {
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

fn say_where(stage: &Stage, api: &SiteApi, names: &Names, devices: &[DeviceReport]) {
    let Names { point, package, program, advertisement, .. } = names;
    let profile = stage.folder.join("site/admin.toml");
    let device = devices.first().map_or("DEVICE", |device| device.device.as_str());
    stage.voice.say(format!(
        "folder   {}\nAPI      {}/api/v1\nprofile  {}\n\nLook around:\n  export DRAY_PROFILE={}\n  dray advertisement devices {advertisement}\n  dray package releases {package}\n  dray point packages {point}\n  dray device show {device}\n  dray why {device} {package}/{program}\n  dray audit",
        stage.folder.display(),
        api.site(),
        profile.display(),
        profile.display(),
    ));
}

fn name(text: &str) -> Name {
    text.parse().expect("the demonstration's own names are names")
}
