//! `dray site status`: how the site is, and what its administrator should look at.

use dray_model::api::site::SiteStatus;

use crate::cli::Context;
use crate::error::Outcome;
use crate::output::{Fields, Shown, count, local_times, time};

/// Asks the site that the profile names.
pub(super) async fn run(context: &Context) -> Outcome {
    context.output.show(&context.api.site_status().await?)
}

impl Shown for SiteStatus {
    fn fields(&self) -> Fields {
        let mut fields = vec![
            ("site", self.name.to_string()),
            ("version", self.version.clone()),
            ("newest change", self.number.to_string()),
        ];
        if let Some(returned) = &self.returned {
            let times = if returned.times > 1 { format!(" (time {})", returned.times) } else { String::new() };
            fields
                .push(("went back", format!("noticed {}{times}: {}", time(returned.at), local_times(&returned.cause))));
            fields.push(("to", time(returned.copied_at)));
        }
        let waiting = self.waiting;
        if waiting.devices + waiting.points > 0 {
            let (devices, points) = (count(waiting.devices, "device"), count(waiting.points, "point"));
            fields.push(("waiting", format!("{devices}, {points}")));
        }
        let advice = if self.advice.is_empty() { "nothing".to_owned() } else { local_times(&self.advice.join("\n")) };
        fields.push(("to look at", advice));
        fields
    }
}
