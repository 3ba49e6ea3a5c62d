//! `dray package distribute`: assigns a package to points and, where asked, watches until each of them holds it.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use dray_model::Name;
use dray_model::api::point::PointPackageView;
use dray_model::point::PointContentState;

use crate::cli::Context;
use crate::error::{Failure, Outcome};
use crate::output::{Progress, time};

/// How often a watched point is asked for.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Arguments of `package distribute`.
#[derive(Debug, Args)]
pub(crate) struct Distribute {
    /// The package
    name: Name,
    /// The distribution points
    #[arg(long, required = true, num_args = 1.., value_name = "POINT")]
    to: Vec<Name>,
    /// Wait until all of them hold the newest release
    #[arg(long)]
    wait: bool,
}

impl Distribute {
    pub(super) async fn run(self, context: &Context) -> Outcome {
        if self.wait && context.api.package(&self.name).await?.source.is_none() {
            return Err(Failure::failed(format!(
                "package {} has no source files, so there is nothing to distribute",
                self.name
            )));
        }
        for point in &self.to {
            context.api.distribute(point, &self.name).await?;
        }
        if self.wait {
            self.watch(context).await?;
        }
        let mut held = Vec::new();
        for point in &self.to {
            held.extend(
                context.api.point_packages(point).all().await?.into_iter().filter(|held| held.package == self.name),
            );
        }
        context.output.list(&held)
    }

    async fn watch(&self, context: &Context) -> Outcome {
        let progress = context.output.progress(&format!("distribute {}", self.name));
        let mut seen = BTreeMap::new();
        let mut waiting: Vec<_> = self.to.clone();
        while !waiting.is_empty() {
            let mut still = Vec::new();
            for point in waiting {
                let packages = context.api.point_packages(&point).all().await?;
                let held =
                    packages.iter().find(|held| held.package == self.name).ok_or_else(|| taken_away(&point, self))?;
                if !is_there(held) {
                    show(&progress, held, &mut seen);
                    still.push(point);
                }
            }
            waiting = still;
            if !waiting.is_empty() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        Ok(())
    }
}

/// Whether a point holds what it should hold.
pub(crate) fn is_there(held: &PointPackageView) -> bool {
    held.wanted.is_some() && held.held == held.wanted
}

/// Shows where the point is, against the states in which the points were `seen` last.
fn show(progress: &Progress, held: &PointPackageView, seen: &mut BTreeMap<Name, PointContentState>) {
    let former = seen.insert(held.point.clone(), held.state.clone());
    match &held.state {
        PointContentState::Transferring { .. } => {
            let (done, total) =
                seen.values().filter_map(transferred).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            progress.bytes("transferring", done, Some(total));
        }
        PointContentState::Failed { reason, next_try } if former.as_ref() != Some(&held.state) => {
            progress.say(&format!("{}: {reason}; next try {}", held.point, time(*next_try)));
        }
        PointContentState::Other(unknown) if former.as_ref() != Some(&held.state) => {
            progress.say(&format!("{}: {unknown}", held.point));
        }
        PointContentState::Failed { .. }
        | PointContentState::Pending
        | PointContentState::Installed { .. }
        | PointContentState::Other(_) => {}
    }
}

fn transferred(state: &PointContentState) -> Option<(u64, u64)> {
    match state {
        PointContentState::Transferring { done_bytes, total_bytes } => Some((*done_bytes, *total_bytes)),
        _ => None,
    }
}

fn taken_away(point: &Name, distribute: &Distribute) -> Failure {
    Failure::not_found(format!("package {} was unassigned from point {point} in the meantime", distribute.name))
}
