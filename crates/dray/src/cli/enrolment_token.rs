//! `dray enrolment-token`: what lets computers and distribution points enrol.

use clap::Subcommand;
use dray_model::api::device::{CreateEnrolmentToken, EnrolmentFor, EnrolmentTokenView};
use dray_model::{Name, Text};

use super::Context;
use crate::clock;
use crate::error::Outcome;
use crate::input::Seconds;
use crate::output::{Listed, time};

/// Commands on enrolment tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum EnrolmentTokenCommand {
    /// Create a token; its secret is printed once and never shown again
    #[command(group = clap::ArgGroup::new("purpose").required(true))]
    Create {
        /// Allow this many computers to enrol
        #[arg(long, value_name = "NUMBER", group = "purpose")]
        devices: Option<u32>,
        /// Allow this distribution point to enrol, once
        #[arg(long, value_name = "NAME", group = "purpose")]
        point: Option<Name>,
        /// How long it is valid [default: 1d]
        #[arg(long, value_name = "TIME")]
        valid: Option<Seconds>,
        /// Comment for administrators
        #[arg(long)]
        comment: Option<String>,
    },
    /// List tokens, without their secrets
    List,
    /// Revoke a token; devices that enrolled with it stay enrolled
    Revoke {
        /// Number of the token
        id: i64,
    },
}

impl EnrolmentTokenCommand {
    /// Does what the command says.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let (api, output) = (&context.api, context.output);
        match self {
            Self::Create { devices, point, valid, comment } => {
                let purpose = match point {
                    Some(point) => EnrolmentFor::Point { point },
                    None => EnrolmentFor::Devices { count: devices.unwrap_or(1) },
                };
                let mut text = Text::default();
                super::set_text(comment, &mut text, "comment")?;
                let request = CreateEnrolmentToken { purpose, comment: text, valid_s: valid.map(|valid| valid.0) };
                let created = api.create_enrolment_token(&request).await?;
                output.remark(format!(
                    "token {}, valid until {}:",
                    created.token.id,
                    time(created.token.expires_at)
                ))?;
                output.either(|| format!("{}\n", created.secret), &created)
            }
            Self::List => output.list(&api.enrolment_tokens().all().await?),
            Self::Revoke { id } => {
                api.revoke_enrolment_token(id).await?;
                output.remark(format!("revoked enrolment token {id}"))
            }
        }
    }
}

impl Listed for EnrolmentTokenView {
    const HEADINGS: &'static [&'static str] = &["id", "for", "used", "state", "expires", "comment"];
    const NONE: &'static str = "there are no enrolment tokens";

    fn cells(&self) -> Vec<String> {
        let (purpose, of) = match &self.purpose {
            EnrolmentFor::Devices { count } => ("devices".to_owned(), *count),
            EnrolmentFor::Point { point } => (format!("point {point}"), 1),
        };
        let state = match self.revoked_at {
            Some(_) => "revoked",
            None if self.expires_at <= clock::now() => "expired",
            None if self.used >= of => "used up",
            None => "usable",
        };
        vec![
            self.id.to_string(),
            purpose,
            format!("{} of {of}", self.used),
            state.to_owned(),
            time(self.expires_at),
            self.comment.to_string(),
        ]
    }
}
