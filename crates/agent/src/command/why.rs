//! `why`: the chain from an advertisement to its result, link by link.

use std::fmt::Write;

use clap::Args;
use dray_model::api::why::{Why as Answer, WhyHolds, WhyLink};

use super::Shown;
use crate::control::Request;

/// Arguments of `why`.
#[derive(Debug, Args)]
pub struct Why {
    /// Name of the program, or package/program.
    #[arg(value_name = "PROGRAM")]
    program: String,
    #[command(flatten)]
    shown: Shown,
}

impl Why {
    pub(super) fn carry_out(self) -> anyhow::Result<()> {
        let program = self.program.clone();
        self.shown.ask(&Request::Why { name: self.program }, |answers: &Vec<Answer>| table(&program, answers))
    }
}

fn table(program: &str, answers: &[Answer]) -> String {
    if answers.is_empty() {
        return format!("no program {program} is advertised to this device");
    }
    let mut text = String::new();
    for answer in answers {
        put(&mut text, &format!("{}/{}: {}", answer.package, answer.program, answer.answer));
        for chain in &answer.chains {
            put(&mut text, &format!("  through advertisement {}", chain.advertisement));
            chain.links.iter().for_each(|link| put(&mut text, &line(link)));
        }
    }
    text
}

fn line(link: &WhyLink) -> String {
    let holds = match link.holds {
        WhyHolds::Yes => "yes",
        WhyHolds::Waiting => "waiting",
        WhyHolds::No => "no",
        WhyHolds::Unknown => "unknown",
    };
    let since = link.since.map_or_else(String::new, |since| format!(", since {since:.0}"));
    let next = link.next.map_or_else(String::new, |next| format!(", next at {next:.0}"));
    let stage = link.link.as_str();
    format!("    {stage:12}  {holds:7}  {}{since}{next}", link.sentence)
}

fn put(text: &mut String, line: &str) {
    writeln!(text, "{line}").expect("a String takes everything");
}
