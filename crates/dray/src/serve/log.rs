//! Structured logs on standard error, as text or JSON lines; `DRAY_LOG` takes filters like `debug` or `info,dray_site=debug`.

use std::io::IsTerminal as _;

use clap::{Args, ValueEnum};
use tracing_subscriber::filter::{LevelFilter, ParseError, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

/// The variable with the filters.
const VARIABLE: &str = "DRAY_LOG";

/// How a service logs.
#[derive(Debug, Args)]
pub(crate) struct LogOptions {
    /// Format of the log on standard error; set DRAY_LOG to a filter like debug for more
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    log: LogForm,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum LogForm {
    /// Text for people
    #[default]
    Text,
    /// One JSON object per line
    Json,
}

impl LogOptions {
    /// Begins to log.
    pub(in crate::serve) fn init(&self) {
        let wanted = std::env::var(VARIABLE).unwrap_or_default();
        let (filter, unreadable) = match filter(&wanted) {
            Ok(filter) => (filter, None),
            Err(error) => (Targets::new().with_default(LevelFilter::INFO), Some(error)),
        };
        let layer = fmt::layer().with_writer(std::io::stderr);
        let layer = match self.log {
            LogForm::Text => layer.with_ansi(std::io::stderr().is_terminal()).boxed(),
            LogForm::Json => layer.json().flatten_event(true).boxed(),
        };
        registry().with(layer.with_filter(filter)).init();
        if let Some(error) = unreadable {
            tracing::warn!(%error, value = %wanted, "cannot read the filters in {VARIABLE}; logging at level info");
        }
    }
}

/// The filters in a text like `debug` or `info,dray_site=debug`; nothing means `info`.
fn filter(text: &str) -> Result<Targets, ParseError> {
    if text.trim().is_empty() { Ok(Targets::new().with_default(LevelFilter::INFO)) } else { text.parse() }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn filters_say_what_is_logged() {
        let logs = |text: &str, target, level| filter(text).unwrap().would_enable(target, &level);
        assert!(logs("", "hyper", Level::INFO) && !logs("", "hyper", Level::DEBUG));
        assert!(logs("debug", "hyper", Level::DEBUG));
        assert!(logs("warn,dray_site=debug", "dray_site::job", Level::DEBUG));
        assert!(!logs("warn,dray_site=debug", "hyper", Level::INFO));
        assert!(filter("dray_site=loud").is_err());
    }
}
