//! The second part: a source folder becomes releases, and the point holds them.

use dray_client::SiteApi;
use dray_model::api::package::{CreatePackage, PackageView, UpdatePackage};
use dray_model::package::{OutsideLinks, PackageProperties};
use dray_model::point::PointContentState;
use dray_model::program::Program;
use dray_model::{JobId, Name};

use super::{LOOK_EVERY, Names};
use crate::cli::is_there;
use crate::demo::report::ReleaseReport;
use crate::demo::sample::Sample;
use crate::demo::stage::Stage;
use crate::demo::voice::LiveLine;
use crate::error::{Failure, Outcome};
use crate::output::{bytes, count};

/// Makes the package; its first release.
pub(super) async fn publish_first(
    stage: &Stage,
    api: &SiteApi,
    names: &Names,
    sample: &Sample,
) -> Outcome<ReleaseReport> {
    stage
        .step("created a package and published it", async |line| {
            let request = CreatePackage {
                name: names.package.clone(),
                properties: PackageProperties::default(),
                source: Some(sample.source.to_string_lossy().into_owned()),
                outside_links: OutsideLinks::Refuse,
                names: dray_model::package::Names::Portable,
                programs: vec![Program::new(names.program.clone(), sample.command.clone())],
            };
            let package = api.create_package(&request).await?;
            published(api, line, &names.package, package.publishing).await
        })
        .await
}

/// Changes the source; the second release.
pub(super) async fn publish_second(
    stage: &Stage,
    api: &SiteApi,
    names: &Names,
    sample: &Sample,
) -> Outcome<ReleaseReport> {
    stage
        .step("changed the source and published it again", async |line| {
            sample.change()?;
            let started = api.update_package(&names.package, &UpdatePackage::default()).await?;
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
    let content = release.content.as_ref().ok_or_else(|| Failure::failed("the release has no content"))?;
    Ok(ReleaseReport {
        source_version: release.number.source_version,
        size_bytes: content.size_bytes,
        files: content.files,
        new_bytes: release.new_bytes,
    })
}

/// Distributes the package to the point, until it holds this source version.
pub(super) async fn hold(stage: &Stage, api: &SiteApi, names: &Names, source_version: u32) -> Outcome {
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
