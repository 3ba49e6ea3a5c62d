//! Structured logs on standard error, as text or JSON lines; `DRAY_LOG` takes filters like `debug` or `info,dray_site=debug`.

use std::io::IsTerminal as _;

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// How a service logs.
#[derive(Debug, Args)]
pub(crate) struct LogOptions {
    /// The form of the log on standard error; the variable DRAY_LOG takes filters like debug
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    log: LogForm,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum LogForm {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

impl LogOptions {
    /// Begins to log.
    pub(in crate::serve) fn init(&self) {
        let filter = EnvFilter::builder()
            .with_default_directive(LevelFilter::INFO.into())
            .with_env_var("DRAY_LOG")
            .from_env_lossy();
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        match self.log {
            LogForm::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
            LogForm::Json => log.json().flatten_event(true).init(),
        }
    }
}
