//! `dray package updates` and `dray package improve`: what clients with an earlier version download to get the newest one.

use dray_content::Tree;
use dray_model::Name;
use dray_model::api::content::{UpdateLevel, UpdateView};

use super::Context;
use crate::cli::wait::wait_for_job;
use crate::error::Outcome;
use crate::output::{Listed, bytes, time};

/// Lists the updates to the newest content.
pub(super) async fn list(context: &Context, name: &Name) -> Outcome {
    context.output.list(&context.api.package_updates(name).await?.updates)
}

/// Has them prepared as well as can be.
pub(super) async fn improve(context: &Context, name: &Name, wait: bool) -> Outcome {
    let started = context.api.improve_package(name).await?;
    if !wait {
        context.output.remark(format!("improving; wait for it with dray job wait {}", started.job))?;
        return context.output.either(|| format!("{}\n", started.job), &started);
    }
    wait_for_job(context, started.job, &format!("improve {name}")).await?;
    list(context, name).await
}

impl Listed for UpdateView {
    const HEADINGS: &'static [&'static str] = &["from", "fetched", "without", "prepared", "level"];
    const NONE: &'static str = "there are no updates for this package; clients download the chunks that they lack";

    fn cells(&self) -> Vec<String> {
        let from = match self.from_version {
            Some(version) => format!("version {version}"),
            None if Tree::is_nothing(&self.from) => "nothing".to_owned(),
            None => self.from.short(),
        };
        let level = match self.level {
            UpdateLevel::Publish => "publish",
            UpdateLevel::Background => "background",
        };
        vec![from, bytes(self.fetch_bytes), bytes(self.without_bytes), time(self.prepared_at), level.to_owned()]
    }
}
