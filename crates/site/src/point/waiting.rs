//! Points that wait for other assignments.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dray_model::Name;
use tokio::sync::Notify;

/// Where held requests of points wait. A site has few points, so one that waited once is remembered.
#[derive(Debug, Default)]
pub(crate) struct PointsWaiting {
    points: Mutex<HashMap<Name, Arc<Notify>>>,
}

impl PointsWaiting {
    /// Where the point waits. Begin to wait before looking, and nothing is missed between the two.
    pub(super) fn of(&self, point: &Name) -> Arc<Notify> {
        Arc::clone(self.points().entry(point.clone()).or_default())
    }

    /// Has the point look again.
    pub(crate) fn wake(&self, point: &Name) {
        if let Some(waiting) = self.points().get(point) {
            waiting.notify_waiters();
        }
    }

    /// Has all points look again.
    pub(crate) fn wake_all(&self) {
        self.points().values().for_each(|waiting| waiting.notify_waiters());
    }

    fn points(&self) -> MutexGuard<'_, HashMap<Name, Arc<Notify>>> {
        self.points.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
