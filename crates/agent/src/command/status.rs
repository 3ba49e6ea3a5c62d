//! `status`: who this device is and how it stands with its site.

use clap::Args;
use dray_model::Timestamp;
use dray_model::count::counted;
use serde::Deserialize;

use super::{Shown, output};
use crate::control::Request;
use crate::state::Refusals;
use crate::sync::Health;

/// Arguments of `status`.
#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    shown: Shown,
}

/// What is shown of the answer.
#[derive(Debug, Deserialize)]
struct View {
    device: String,
    name: String,
    site: String,
    site_url: String,
    agent_version: String,
    certificate_expires: Timestamp,
    waiting_messages: Option<u64>,
    #[serde(default)]
    refused_messages: Option<Refusals>,
    #[serde(flatten)]
    health: Option<Health>,
    policy: Option<Policy>,
    programs: usize,
}

/// What is shown of the policy.
#[derive(Debug, Deserialize)]
struct Policy {
    number: u64,
    issued_at: Timestamp,
    expires_at: Timestamp,
    missing_documents: Vec<serde_json::Value>,
}

impl Status {
    pub(super) fn carry_out(self) -> anyhow::Result<()> {
        self.shown.ask(&Request::Status, table)
    }
}

fn table(view: &View) -> String {
    let mut rows = vec![
        ("device", format!("{} ({})", view.name, view.device)),
        ("site", format!("{} at {}", view.site, view.site_url)),
        ("link", link(view.health.as_ref())),
        ("policy", view.policy.as_ref().map_or_else(|| "none yet".to_owned(), policy)),
        ("programs", view.programs.to_string()),
        ("messages to send", view.waiting_messages.map_or_else(|| "unknown".to_owned(), |count| count.to_string())),
        ("certificate", format!("until {}", view.certificate_expires)),
        ("agent", view.agent_version.clone()),
    ];
    rows.extend(view.refused_messages.iter().filter(|refusals| refusals.count > 0).map(refused));
    output::pairs(&rows)
}

fn link(health: Option<&Health>) -> String {
    match health {
        None => "the agent is not running".to_owned(),
        Some(Health::Unknown) => "not contacted yet".to_owned(),
        Some(Health::Reachable { since }) => format!("reachable since {since:.0}"),
        Some(Health::Unreachable { since, error }) => format!("unreachable since {since:.0}: {error}"),
        Some(Health::Denied { since, error }) => format!("the site has denied access since {since:.0}: {error}"),
    }
}

fn refused(refusals: &Refusals) -> (&'static str, String) {
    let last = refusals.last.as_ref().map_or_else(String::new, |last| {
        format!(", the last at {:.0}: message {}: {}", last.at, last.number, last.why)
    });
    ("messages refused", format!("{}{last}", refusals.count))
}

fn policy(policy: &Policy) -> String {
    let missing = match policy.missing_documents.len() {
        0 => String::new(),
        count => format!(", waiting for {}", counted(count as u64, "document")),
    };
    format!(
        "number {}, issued at {:.0}, valid until {:.0}{missing}",
        policy.number, policy.issued_at, policy.expires_at
    )
}
