//! `dray token`: administrators' tokens.

use clap::Subcommand;
use dray_model::Name;
use dray_model::api::token::{CreateToken, Issued, Token};

use super::Context;
use crate::clock;
use crate::error::Outcome;
use crate::input::Seconds;
use crate::output::{Listed, Output, time, time_or_dash};

/// Commands on administrators' tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Create a token; its secret is printed once and never shown again
    Create {
        /// Name of the token, as it will appear in the audit log
        name: Name,
        /// What it allows: administrator, publisher, operator, reader, or a role of your own
        #[arg(long)]
        role: Name,
        /// Limit it to the objects of this scope
        #[arg(long)]
        scope: Option<Name>,
        /// How long it is valid [default: 90d]
        #[arg(long, value_name = "TIME")]
        valid: Option<Seconds>,
    },
    /// List tokens, without their secrets
    List,
    /// Revoke a token, with immediate effect
    Revoke {
        /// The token
        name: Name,
    },
}

impl TokenCommand {
    /// Does what the command says.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (api, output) = (&context.api, context.output);
        match self {
            Self::Create { name, role, scope, valid } => {
                let request = CreateToken { name, role, scope, valid_s: valid.map(|valid| valid.0) };
                print(output, &api.create_token(&request).await?)
            }
            Self::List => output.list(&api.tokens().all().await?),
            Self::Revoke { name } => {
                api.revoke_token(&name).await?;
                output.remark(format!("revoked token {name}"))
            }
        }
    }
}

/// The token's text, the only time that it is shown.
pub(crate) fn print(output: Output, created: &Issued<Token>) -> Outcome {
    let until = created.token.expires_at.map_or_else(|| "forever".to_owned(), |at| format!("until {}", time(at)));
    output.remark(format!("token {}, valid {until}:", created.token.name))?;
    output.either(|| format!("{}\n", created.secret), created)
}

impl Listed for Token {
    const HEADINGS: &'static [&'static str] = &["name", "role", "scope", "state", "created", "expires"];
    const NONE: &'static str = "there are no tokens";

    fn cells(&self) -> Vec<String> {
        let state = match (self.revoked_at, self.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(expires)) if expires <= clock::now() => "expired",
            _ => "usable",
        };
        vec![
            self.name.to_string(),
            self.role.to_string(),
            self.scope.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            state.to_owned(),
            time(self.created_at),
            time_or_dash(self.expires_at),
        ]
    }
}
