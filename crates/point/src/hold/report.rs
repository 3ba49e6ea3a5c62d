//! Tells the site where the point is: what changed, in batches, until the site has it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dray_client::ClientApi;
use dray_client::client_api::POINT_REPORTS_MAX;
use dray_model::Digest;
use dray_model::point::{PointContentState, PointReport};
use tokio::sync::watch;

use super::{Duty, Standings};

/// Shortest time between two reports of progress, which is for people to look at.
const REPORT_EVERY: Duration = Duration::from_secs(2);

/// Reports changes of `standings` forever. After each new duty everything is told again, so that a site that lost reports has them.
pub(crate) async fn keep_reporting(
    site: watch::Receiver<ClientApi>,
    mut standings: watch::Receiver<Standings>,
    mut duty: watch::Receiver<Option<Arc<Duty>>>,
) {
    let mut told = BTreeMap::new();
    let mut failures = 0;
    loop {
        let changes = changes(&told, &standings.borrow_and_update().contents);
        if changes.is_empty() {
            let ended = tokio::select! {
                changed = standings.changed() => changed.is_err(),
                changed = duty.changed() => {
                    told.clear();
                    changed.is_err()
                }
            };
            if ended {
                return;
            }
            continue;
        }
        let reports = changes.iter().map(|(content, state)| PointReport { content: *content, state: state.clone() });
        let api = site.borrow().clone();
        match api.point_reports(reports.collect()).await {
            Ok(()) => {
                failures = 0;
                told.extend(changes);
                pause(&told, &mut standings).await;
            }
            Err(error) => {
                failures += 1;
                tracing::debug!(error = %error.in_full(), "cannot send a report to the site");
                tokio::time::sleep(super::pause(failures)).await;
            }
        }
        told.retain(|content, _| standings.borrow().contents.contains_key(content));
    }
}

/// Lets progress gather, but ends when a content has settled: clients wait to be sent here.
async fn pause(told: &BTreeMap<Digest, PointContentState>, standings: &mut watch::Receiver<Standings>) {
    let settled = standings.wait_for(|now| changes(told, &now.contents).iter().any(|(_, state)| has_settled(state)));
    // Whether it was the time or the news that ended it shows itself in the next look.
    let _ = tokio::time::timeout(REPORT_EVERY, settled).await;
}

fn has_settled(state: &PointContentState) -> bool {
    match state {
        PointContentState::Installed { .. } | PointContentState::Failed { .. } => true,
        PointContentState::Pending | PointContentState::Transferring { .. } | PointContentState::Other(_) => false,
    }
}

/// What the site was not told yet, at most a batch of it.
fn changes(
    told: &BTreeMap<Digest, PointContentState>,
    now: &BTreeMap<Digest, PointContentState>,
) -> Vec<(Digest, PointContentState)> {
    let changed = now.iter().filter(|(content, state)| told.get(content) != Some(state));
    changed.map(|(content, state)| (*content, state.clone())).take(POINT_REPORTS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_content_that_has_settled_is_told_at_once_and_progress_waits() {
        use futures_util::FutureExt;
        let content = Digest::of(b"a");
        let now = |state| Standings { contents: BTreeMap::from([(content, state)]), ..Standings::default() };
        let progress = PointContentState::Transferring { done_bytes: 1, total_bytes: 9 };
        let installed = PointContentState::Installed { verified_at: dray_model::Timestamp::from_secs(1) };
        for (state, at_once) in [(progress, false), (installed, true)] {
            let (_sender, mut standings) = watch::channel(now(state));
            assert_eq!(pause(&BTreeMap::new(), &mut standings).now_or_never().is_some(), at_once);
        }
    }

    #[test]
    fn only_what_changed_is_told_and_never_more_than_a_batch() {
        let state = |done_bytes| PointContentState::Transferring { done_bytes, total_bytes: 9 };
        let told = BTreeMap::from([(Digest::of(b"a"), state(1)), (Digest::of(b"b"), state(1))]);
        let now = BTreeMap::from([(Digest::of(b"a"), state(1)), (Digest::of(b"b"), state(2))]);
        assert_eq!(changes(&told, &now), [(Digest::of(b"b"), state(2))]);
        let many = (0..2000u32).map(|n| (Digest::of(&n.to_le_bytes()), PointContentState::Pending)).collect();
        assert_eq!(changes(&told, &many).len(), POINT_REPORTS_MAX);
    }
}
