//! `dray site token`: an administrator's token for anyone who has the site's folder, without any token and whether or not the site is
//! served.
//!
//! It is the way back in when all tokens are lost or expired. The folder holds the site's keys, so who can read it may do everything
//! anyway; the audit log records each token created this way.

use std::path::PathBuf;

use clap::Args;
use dray_model::Name;
use dray_model::access::PredefinedRole;
use dray_model::api::token::CreateToken;
use dray_site::{Actor, Site};

use crate::cli::print_token;
use crate::error::{Exit, Failure, Outcome};
use crate::input::Seconds;
use crate::output::Output;

/// Arguments of `site token`.
#[derive(Debug, Args)]
pub(crate) struct SiteToken {
    /// Folder of the site, on the server itself
    dir: PathBuf,
    /// Name of the token, as it will appear in the audit log
    #[arg(long)]
    name: Name,
    /// How long it is valid [default: 90d]
    #[arg(long, value_name = "TIME")]
    valid: Option<Seconds>,
}

impl SiteToken {
    pub(super) async fn run(self, output: Output) -> Outcome {
        let attempt = || format!("cannot create a token for the site in {}", self.dir.display());
        let site = Site::open(&self.dir).await.map_err(|error| Failure::failed(attempt()).because(&error))?;
        let request = CreateToken {
            name: self.name.clone(),
            role: PredefinedRole::Administrator.name(),
            scope: None,
            valid_s: self.valid.map(|valid| valid.0),
        };
        let created = dray_site::token::create(&site, &Actor::System, request).await;
        site.close().await;
        print_token(output, &created.map_err(|error| refused(attempt(), &error))?)
    }
}

fn refused(attempt: String, error: &dray_site::token::TokenError) -> Failure {
    let exit = match dray_site::Failure::class(error) {
        dray_site::Class::Conflict => Exit::Conflict,
        _ => Exit::Failed,
    };
    let failure = Failure::new(exit, attempt).because(error);
    match dray_site::Failure::hint(error) {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}
