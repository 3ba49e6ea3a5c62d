//! The first part: a site, a distribution point and agents come up.

use dray_client::SiteApi;
use dray_client::site_api::DeviceFilter;
use dray_model::Text;
use dray_model::api::device::{CreateEnrolmentToken, DeviceView, EnrolmentFor};
use dray_model::api::point::CreatePoint;

use super::{LOOK_EVERY, Names, PROFILE};
use crate::cli::connect;
use crate::demo::ports;
use crate::demo::stage::Stage;
use crate::error::{Exit, Failure, Outcome};
use crate::output::count;
use crate::profile::Profile;

/// Makes a site and serves it; its API, and the address for clients.
pub(super) async fn raise_site(stage: &Stage) -> Outcome<(SiteApi, String)> {
    let [admin, client] = ports::free()?.map(|port| port.to_string());
    let (folder, site_url) = (stage.path("site"), format!("https://{client}"));
    stage
        .step("created a site", async |_| {
            let (url, args) = (format!("https://{admin}"), ["site", "init", &folder, "--name", "demo", "--url"]);
            stage.children.run("site-init", &[&args[..], &[&url, "--client-url", &site_url]].concat()).await?;
            Ok(((), "keys, certificate authority, SQLite database, first token".to_owned()))
        })
        .await?;
    let api = connect(&Profile::read(&stage.folder.join(PROFILE))?)?;
    stage
        .step("started the site", async |_| {
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

/// Enrols a distribution point and serves it.
pub(super) async fn raise_point(stage: &Stage, api: &SiteApi, site_url: &str, names: &Names) -> Outcome {
    let [listen] = ports::free()?.map(|port| port.to_string());
    let folder = stage.path("point");
    stage
        .step("enrolled and started a distribution point", async |_| {
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
    Ok(api.create_enrolment_token(&request).await?.secret)
}

/// Enrols agents and runs them, until the site knows their facts.
pub(super) async fn enrol_agents(stage: &Stage, api: &SiteApi, site_url: &str, agents: u32) -> Outcome {
    let what = format!("{} enrolled and reported their facts", count(agents.into(), "agent"));
    stage
        .step(&what, async |line| {
            let token = enrolment_token(api, EnrolmentFor::Devices { count: agents }).await?;
            for number in 1..=agents {
                line.set(format!("enrolling agent {number} of {agents}"));
                let (process, folder) = (format!("agent-{number}"), stage.path(&format!("agents/{number}")));
                let enrol = ["agent", "enrol", "--folder", &folder, "--site", site_url, "--token", &token];
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
        let devices = api.devices(&DeviceFilter::default()).all().await?;
        if devices.iter().filter(|device| device.facts_at.is_some()).count() >= count {
            return Ok(devices);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
