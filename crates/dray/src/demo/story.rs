//! The demonstration's steps, in order: what an administrator would do, with the commands that do the same by hand.

use std::path::Path;
use std::time::{Duration, Instant};

use dray_model::Name;

use super::report::Report;
use super::sample::Sample;
use super::stage::Stage;
use crate::error::Outcome;

mod advertise;
mod publish;
mod raise;

use advertise::{advertise, collect, explain, run_again, tell_bytes};
use publish::{hold, publish_first, publish_second};
use raise::{enrol_agents, raise_point, raise_site};

/// The administrator's profile, in the demonstration's folder.
const PROFILE: &str = "site/admin.toml";
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

impl Names {
    fn new() -> Self {
        let name = |text: &str| text.parse().expect("the demonstration's own names are names");
        Self {
            point: name("point"),
            package: name("sample"),
            program: name("install"),
            collection: name(std::env::consts::OS),
            advertisement: name("sample-now"),
        }
    }
}

/// Which devices the collection takes: all that are here, but asked for by what they are.
fn expression() -> String {
    format!("platform == \"{}\" && memory_bytes > 0", std::env::consts::OS)
}

/// Tells the whole story.
pub(super) async fn tell(stage: &Stage, agents: u32, package: Option<&Path>) -> Outcome<Report> {
    let (start, names) = (Instant::now(), Names::new());
    stage.voice.say(format!("Dray's demo in {}\n", stage.folder.display()));
    let (api, site_url) = raise_site(stage).await?;
    raise_point(stage, &api, &site_url, &names).await?;
    enrol_agents(stage, &api, &site_url, agents).await?;
    let sample = Sample::create(&stage.folder, package)?;
    let first = publish_first(stage, &api, &names, &sample).await?;
    hold(stage, &api, &names, first.source_version).await?;
    collect(stage, &api, &names, agents).await?;
    advertise(stage, &api, &names, agents).await?;
    let second = publish_second(stage, &api, &names, &sample).await?;
    hold(stage, &api, &names, second.source_version).await?;
    let reported = run_again(stage, &api, &names, &second, agents).await?;
    let devices = tell_bytes(stage, &api, &reported, &second).await?;
    let why = explain(stage, &api, &names, &reported).await?;
    Ok(Report {
        folder: stage.folder.clone(),
        url: api.site().to_string(),
        profile: stage.folder.join(PROFILE),
        steps: stage.steps(),
        releases: vec![first, second],
        devices,
        why,
        duration_ms: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
    })
}

/// Tells where everything is, and what to try while it serves.
pub(super) fn say_where(stage: &Stage, report: &Report) {
    let Names { point, package, advertisement, .. } = Names::new();
    let profile = report.profile.display();
    // How this program was started is how it is started again.
    let dray = std::env::args().next().unwrap_or_else(|| "dray".to_owned());
    let program = format!("{}/{}", report.why.package, report.why.program);
    let commands = [
        format!("advertisement devices {advertisement}"),
        format!("package releases {package}"),
        format!("point packages {point}"),
        format!("device show {}", report.why.device),
        format!("why {} {program}", report.why.device),
        "audit".to_owned(),
    ];
    let commands: String = commands.iter().map(|command| format!("\n  {dray} {command}")).collect();
    let (folder, url) = (report.folder.display(), &report.url);
    stage.voice.say(format!("folder   {folder}\nAPI      {url}/api/v1\nprofile  {profile}\n"));
    stage.voice.say(format!("look around:\n  export DRAY_PROFILE={profile}{commands}\n"));
}
