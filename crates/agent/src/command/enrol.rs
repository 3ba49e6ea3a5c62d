//! `enrol`: makes this computer a member of a site.

use clap::Args;
use dray_client::BaseUrl;

use super::{AtFolder, output, runtime};
use crate::identity;

/// Arguments of `enrol`.
#[derive(Debug, Args)]
pub struct Enrol {
    #[command(flatten)]
    at: AtFolder,
    /// Address at which the site serves clients, for example https://site.example:8441.
    #[arg(long, value_name = "URL")]
    site: BaseUrl,
    /// Enrolment token, from `dray enrolment-token create`.
    #[arg(long, value_name = "TOKEN", env = "DRAY_ENROLMENT_TOKEN", hide_env_values = true)]
    token: String,
}

impl Enrol {
    pub(super) fn carry_out(self) -> anyhow::Result<()> {
        let folder = self.at.open()?;
        let identity = runtime()?.block_on(identity::enrol(&folder, &self.site, &self.token))?;
        output::print(&format!("enrolled with {} as {} ({})", identity.site, identity.name, identity.device))
    }
}
