//! `dray login`: tries a token at a site and writes the profile that the other commands use.
//!
//! The token carries the fingerprint of the site's authority, so it is shown to no other site, now and at every later command.

use std::io::Read as _;
use std::path::Path;

use clap::Args;
use dray_client::BaseUrl;

use super::context::connect;
use crate::error::{Failure, Outcome};
use crate::output::Output;
use crate::profile::Profile;

/// Longest token that is read from standard input.
const TOKEN_MAX: u64 = 4096;

/// Arguments of `login`.
#[derive(Debug, Args)]
pub(crate) struct LoginCommand {
    /// Address of the site for administrators, for example https://site.example:8440
    #[arg(long)]
    url: BaseUrl,
    /// Token; use `-` to read it from standard input and keep it out of the process list
    #[arg(long, env = "DRAY_TOKEN", hide_env_values = true)]
    token: String,
}

impl LoginCommand {
    /// Writes the profile, if the site takes the token.
    pub(crate) async fn run(self, profile: Option<&Path>, output: Output) -> Outcome {
        let path = Profile::path(profile)?;
        let token = if self.token == "-" { read_token()? } else { self.token };
        let profile = Profile { url: self.url, token: token.trim().to_owned(), ca: None };
        // An answer proves the site, the token and the address, even if it is that the role may not read packages.
        if let Err(error) = connect(&profile)?.packages().first(1).await
            && error.refusal().is_none_or(|refusal| refusal.code != "denied")
        {
            return Err(error.into());
        }
        profile.write(&path)?;
        output.remark(format!("logged in to {}; wrote the profile {}", profile.url, path.display()))
    }
}

fn read_token() -> Outcome<String> {
    let mut token = String::new();
    std::io::stdin()
        .take(TOKEN_MAX)
        .read_to_string(&mut token)
        .map_err(|error| Failure::usage("cannot read the token from standard input").because(&error))?;
    Ok(token)
}
