//! `dray status`: what clients reported, newest first.

use clap::Args;
use dray_model::Name;
use dray_model::api::status::StatusView;
use dray_model::program::ExitClass;
use dray_model::status::StatusEvent;

use super::Context;
use crate::error::Outcome;
use crate::output::{Listed, bytes, seconds, time};

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusCommand {
    /// Only from this device, by id or name
    #[arg(long)]
    device: Option<Name>,
    /// Only about this advertisement
    #[arg(long)]
    advertisement: Option<Name>,
    /// Maximum number of messages to print
    #[arg(long, value_name = "NUMBER", default_value_t = 50)]
    limit: usize,
}

impl StatusCommand {
    /// Prints the newest messages.
    pub(crate) async fn run(self, context: &Context) -> Outcome {
        let messages = context.api.status(self.device.as_ref(), self.advertisement.as_ref());
        context.output.list::<StatusView>(&messages.first(self.limit).await?)
    }
}

impl Listed for StatusView {
    const HEADINGS: &'static [&'static str] = &["device", "no", "at", "event", "what"];
    const NONE: &'static str = "nothing has been reported yet";

    fn cells(&self) -> Vec<String> {
        let (event, what) = words(&self.message.event);
        vec![
            self.device_name.to_string(),
            self.message.number.to_string(),
            time(self.message.at),
            event.to_owned(),
            what,
        ]
    }
}

fn words(event: &StatusEvent) -> (&str, String) {
    match event {
        StatusEvent::State { advertisement, standing, release, .. } => {
            let reason = standing.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            ("state", format!("{advertisement} {release} {}{reason}", standing.state))
        }
        StatusEvent::Delivered { package, sources, reused_bytes, duration_ms, .. } => {
            let sources: Vec<_> = sources.iter().map(|s| format!("{} from {}", bytes(s.bytes), s.source)).collect();
            let fetched = if sources.is_empty() { "nothing downloaded".to_owned() } else { sources.join(", ") };
            let took = seconds(std::time::Duration::from_millis(*duration_ms));
            ("delivered", format!("{package}: {fetched}, {} reused, in {took}", bytes(*reused_bytes)))
        }
        StatusEvent::Executed { package, program, release, exit_code, class, duration_ms, .. } => {
            let code = exit_code.map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
            let took = seconds(std::time::Duration::from_millis(*duration_ms));
            ("executed", format!("{package}/{program} {release}: {code} ({}), in {took}", class_words(*class)))
        }
        StatusEvent::Verified { package, program, present, .. } => {
            ("verified", format!("{package}/{program}: {}", if *present { "present" } else { "absent" }))
        }
        StatusEvent::Other(unknown) => (unknown.code(), unknown.to_string()),
    }
}

const fn class_words(class: ExitClass) -> &'static str {
    match class {
        ExitClass::Success => "success",
        ExitClass::SuccessRestart => "success, restart needed",
        ExitClass::Retry => "retry",
        ExitClass::Failure => "failure",
    }
}
