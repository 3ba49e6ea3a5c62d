//! Many devices of one site.
//!
//! Devices are numbered from 0 on. What many of them do is done by [`PARALLEL`] at a time, so that the site sees a crowd and
//! this process stays small; the first failure ends it.

mod hold;

use std::ops::Range;
use std::sync::Arc;

use dray_client::BaseUrl;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

pub use hold::{Holders, NotReached, Woken};

use crate::device::{Device, SimError};

/// Devices that talk to the site at a time.
pub const PARALLEL: usize = 32;

/// Simulated clients of one site.
pub struct Fleet {
    site: BaseUrl,
    seed: u64,
    devices: Vec<Arc<Device>>,
}

impl Fleet {
    /// No devices yet.
    #[must_use]
    pub const fn new(site: BaseUrl, seed: u64) -> Self {
        Self { site, seed, devices: Vec::new() }
    }

    /// How many devices there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// Whether there is no device.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// Enrols `count` more devices with a token that is good for as many.
    ///
    /// # Errors
    /// The first device's that is not let in; those enrolled by then are kept.
    pub async fn enrol(&mut self, token: &str, count: u32) -> Result<(), SimError> {
        let (site, seed, begin) = (&self.site, self.seed, self.devices.len());
        let numbers = (0..count).map(|more| u32::try_from(begin).unwrap_or(u32::MAX).saturating_add(more));
        let mut enrolled =
            stream::iter(numbers.map(|number| Device::enrol(site, token, seed, number))).buffered(PARALLEL);
        while let Some(device) = enrolled.try_next().await? {
            self.devices.push(Arc::new(device));
        }
        Ok(())
    }

    /// Devices by their place; those that there are of `range`.
    #[must_use]
    pub fn devices(&self, range: Range<usize>) -> &[Arc<Device>] {
        let end = range.end.min(self.devices.len());
        &self.devices[range.start.min(end)..end]
    }

    /// Has each device of `range` do something, and gives what came of it in no order.
    ///
    /// # Errors
    /// The first failure.
    pub async fn each<T>(
        &self,
        range: Range<usize>,
        action: impl AsyncFn(&Device) -> Result<T, SimError>,
    ) -> Result<Vec<T>, SimError> {
        let devices = self.devices(range);
        let action = &action;
        stream::iter(devices.iter().map(async |device| action(device).await))
            .buffer_unordered(PARALLEL)
            .try_collect()
            .await
    }
}
