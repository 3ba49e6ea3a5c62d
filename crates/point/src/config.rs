//! What a point is told when it starts.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use dray_client::HttpLimits;
use dray_model::Timestamp;

use crate::hold::HoldSettings;
use crate::serve::ServeLimits;

/// The program's one clock. Waits are measured by the runtime; this is for what is reported and kept.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How a point works.
#[derive(Clone)]
pub struct PointConfig {
    /// The folder of an enrolled point.
    pub folder: PathBuf,
    /// Where it serves; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How it gets and keeps objects.
    pub hold: HoldSettings,
    /// What it lets clients cost it.
    pub serve: ServeLimits,
    /// What it lets the site cost it.
    pub http: HttpLimits,
    /// The time.
    pub clock: Clock,
}

impl PointConfig {
    /// The defaults, for a point in `folder` that serves at `listen`.
    #[must_use]
    pub fn new(folder: PathBuf, listen: SocketAddr, clock: Clock) -> Self {
        Self {
            folder,
            listen,
            hold: HoldSettings::default(),
            serve: ServeLimits::default(),
            http: HttpLimits::default(),
            clock,
        }
    }
}

impl std::fmt::Debug for PointConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PointConfig")
            .field("folder", &self.folder)
            .field("listen", &self.listen)
            .field("hold", &self.hold)
            .field("serve", &self.serve)
            .finish_non_exhaustive()
    }
}
