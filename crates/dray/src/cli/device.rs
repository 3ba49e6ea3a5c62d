//! `dray device`: the computers that enrolled, what they report, and shutting one out.

mod facts;
mod waiting;

use clap::Subcommand;
use dray_client::site_api::DeviceFilter;
use dray_model::api::device::DeviceView;
use dray_model::device::DeviceState;
use dray_model::{DeviceId, Name};

use super::Context;
use crate::error::Outcome;
use crate::output::{Fields, Format, Listed, Shown, time, time_or_dash};

/// Commands on devices. A device is named by its id or its name.
#[derive(Debug, Subcommand)]
pub(crate) enum DeviceCommand {
    /// List devices
    List {
        /// Only devices whose name begins with this
        #[arg(long, value_name = "PREFIX")]
        name: Option<String>,
        /// Only members of this collection
        #[arg(long)]
        collection: Option<Name>,
        /// Only devices that need a newer agent for something
        #[arg(long)]
        needs_upgrade: bool,
    },
    /// Show a device, its facts and its collections
    Show {
        /// Id or name of the device
        device: Name,
    },
    /// Revoke a device: from now on the site and the points reject it
    Revoke {
        /// Id or name of the device
        device: Name,
    },
    /// Delete a revoked device
    Delete {
        /// Id or name of the device
        device: Name,
    },
    /// List devices and points that enrolled after the copy was made from which the site went on
    Waiting,
    /// Let such a device or point in again; it goes on by itself
    Accept(waiting::Which),
    /// Shut such a device or point out for good
    Refuse(waiting::Which),
}

impl DeviceCommand {
    /// Does what the command says.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (api, output) = (&context.api, context.output);
        match self {
            Self::List { name, collection, needs_upgrade } => {
                let is_all = name.is_none() && collection.is_none() && !needs_upgrade;
                output.list(&api.devices(&DeviceFilter { name, collection, needs_upgrade }).all().await?)?;
                if is_all { remark_on_waiting(context).await } else { Ok(()) }
            }
            Self::Show { device } => output.show(&api.device(&device).await?),
            Self::Revoke { device } => {
                api.revoke_device(&device).await?;
                output.remark(format!("revoked device {device}"))
            }
            Self::Delete { device } => {
                api.delete_device(&device).await?;
                output.remark(format!("deleted device {device}"))
            }
            Self::Waiting => waiting::list(context).await,
            Self::Accept(which) => waiting::accept(context, which).await,
            Self::Refuse(which) => waiting::refuse(context, which).await,
        }
    }
}

/// Devices that wait aren't in the list, so it says that there are some.
async fn remark_on_waiting(context: &Context) -> Outcome {
    if context.output.format() != Format::Table {
        return Ok(());
    }
    // Whoever may not see that sees the list all the same.
    let waiting = context.api.site_status().await.map_or(0, |status| status.waiting.devices);
    if waiting == 0 {
        return Ok(());
    }
    context.output.remark(format!("{} to be accepted: see dray device waiting", waits(waiting)))
}

fn waits(devices: u64) -> String {
    if devices == 1 { "1 more device waits".to_owned() } else { format!("{devices} more devices wait") }
}

/// The id of a device that is given by its id or name.
pub(super) async fn device_id(context: &Context, device: &Name) -> Outcome<DeviceId> {
    match device.as_str().parse() {
        Ok(id) => Ok(id),
        Err(_) => Ok(context.api.device(device).await?.id),
    }
}

fn state_words(device: &DeviceView) -> &'static str {
    match device.state {
        DeviceState::Revoked => "revoked",
        DeviceState::Enrolled if device.connected => "connected",
        DeviceState::Enrolled => "enrolled",
    }
}

impl Listed for DeviceView {
    const HEADINGS: &'static [&'static str] = &["name", "id", "state", "seen"];
    const NONE: &'static str = "no device has enrolled";

    fn cells(&self) -> Vec<String> {
        vec![self.name.to_string(), self.id.to_string(), state_words(self).to_owned(), time_or_dash(self.seen_at)]
    }
}

impl Shown for DeviceView {
    fn fields(&self) -> Fields {
        let mut fields = vec![
            ("name", self.name.to_string()),
            ("id", self.id.to_string()),
            ("state", state_words(self).to_owned()),
            ("enrolled", time(self.enrolled_at)),
            ("seen", time_or_dash(self.seen_at)),
        ];
        if let Some(collections) = &self.collections {
            let names: Vec<_> = collections.iter().map(Name::as_str).collect();
            fields.push(("collections", if names.is_empty() { "none".to_owned() } else { names.join(", ") }));
        }
        if !self.features.is_empty() {
            let features: Vec<_> = self.features.iter().map(Name::as_str).collect();
            fields.push(("features", features.join(", ")));
        }
        if self.needs_upgrade {
            fields.push(("upgrade", "something needs a newer agent; dray why says what".to_owned()));
        }
        match &self.facts {
            Some(known) => fields.extend(facts::fields(known)),
            None => fields.push(("facts", "none reported yet".to_owned())),
        }
        fields.push(("facts collected", self.facts_at.map_or_else(String::new, time)));
        fields
    }
}
