//! What all chains of an answer look at.

use dray_model::api::advertisement::DeviceStatusView;
use dray_model::api::device::DeviceView;
use dray_model::api::package::PackageView;
use dray_model::facts::Facts;
use dray_model::program::Program;
use dray_model::{Digest, Name, Timestamp};
use dray_store::policy::FetchedPolicy;
use dray_store::scope::Within;
use dray_store::{Snapshot, collection, facts, status};

use super::WhyError;
use crate::policy::{Computed, known};
use crate::site::Site;

/// A device and a program, with all that the site knows of them.
pub(super) struct Scene {
    pub(super) now: Timestamp,
    pub(super) device: DeviceView,
    /// What the device reported of itself.
    pub(super) facts: Option<Facts>,
    /// What it is a member of.
    pub(super) collections: Vec<Name>,
    /// What it reported, by advertisement.
    pub(super) reports: Vec<DeviceStatusView>,
    /// The policy that it has.
    pub(super) fetched: Option<FetchedPolicy>,
    /// Names what the policy says that it would get now; none when it isn't enrolled.
    pub(super) current: Option<Digest>,
    pub(super) package: PackageView,
    /// The program as the package has it now.
    pub(super) program: Option<Program>,
}

impl Scene {
    pub(super) async fn load(
        site: &Site,
        snapshot: &mut Snapshot,
        device: DeviceView,
        package: PackageView,
        program: &Name,
        current: Option<Computed>,
    ) -> Result<Self, WhyError> {
        Ok(Self {
            now: site.now(),
            facts: facts::find(snapshot, device.id).await?,
            collections: collection::names_of(snapshot, Within::default(), device.id).await?,
            reports: status::of_device(snapshot, device.id).await?,
            fetched: known(site, snapshot, device.id).await?,
            program: package.programs.iter().find(|one| one.name == *program).cloned(),
            current: current.map(|policy| policy.tag),
            package,
            device,
        })
    }

    /// How the device can be reached, as the end of a sentence.
    pub(super) fn reach(&self) -> String {
        match (self.device.connected, self.device.seen_at) {
            (true, _) => "it is connected now".to_owned(),
            (false, Some(at)) => format!("it was last seen at {at:.0}"),
            (false, None) => "it has never been seen".to_owned(),
        }
    }
}
