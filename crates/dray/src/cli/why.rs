//! `dray why`: the whole chain from membership to result, for one device and one program.

use clap::Args;
use dray_model::Name;
use dray_model::api::why::{Why, WhyHolds};

use super::Context;
use crate::error::Outcome;
use crate::output::{local_times, render_table, time};

/// Arguments of `why`.
#[derive(Debug, Args)]
pub(crate) struct WhyCommand {
    /// Id or name of the device
    device: Name,
    /// PACKAGE/PROGRAM, or just the name of a program or package where that is unambiguous
    program: String,
}

impl WhyCommand {
    /// Prints the answer and the links behind it.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let why = context.api.why(&self.device, &self.program).await?;
        context.output.either(|| why_words(&why), &why)
    }
}

/// The answer for people.
pub(crate) fn why_words(why: &Why) -> String {
    let mut text = format!("{}/{} on {}: {}\n", why.package, why.program, why.device, local_times(&why.answer));
    for chain in &why.chains {
        text.push_str(&format!("\nadvertisement {}\n", chain.advertisement));
        let rows = chain.links.iter().map(|link| {
            let mut sentence = local_times(&link.sentence);
            if let Some(next) = link.next {
                sentence.push_str(&format!(" (may change {})", time(next)));
            }
            vec![mark(link.holds).to_owned(), link.link.as_str().to_owned(), sentence]
        });
        text.push_str(&render_table(&["", "link", "because"], rows, false));
    }
    text
}

const fn mark(holds: WhyHolds) -> &'static str {
    match holds {
        WhyHolds::Yes => "yes",
        WhyHolds::Waiting => "waits",
        WhyHolds::No => "no",
        WhyHolds::Unknown => "?",
    }
}
