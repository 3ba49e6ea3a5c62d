//! A bar for long work, on standard error, only where a person watches; elsewhere it costs nothing and prints nothing but what is
//! said.

use std::io::{self, Write as _};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Shows how far something is. Gone without a trace once dropped.
pub(crate) struct Progress {
    bar: ProgressBar,
    speaks: bool,
}

impl Progress {
    /// `speaks`: whether there are people to say things to; `visible`: whether they see a bar.
    pub(super) fn new(message: &str, speaks: bool, visible: bool) -> Self {
        let bar = if visible { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if visible {
            bar.set_message(message.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
        }
        Self { bar, speaks }
    }

    /// Shows that `done` of `total` bytes are done, in a step with this name; without a total only the step.
    pub(crate) fn bytes(&self, step: &str, done: u64, total: Option<u64>) {
        self.bar.set_message(step.to_owned());
        match total {
            Some(total) if total > 0 => {
                if self.bar.length() != Some(total) {
                    self.bar.set_length(total);
                    self.bar.set_style(bar_style());
                }
                self.bar.set_position(done.min(total));
            }
            _ => self.bar.set_position(done),
        }
    }

    /// Says something that stays, in a line of its own.
    pub(crate) fn say(&self, line: &str) {
        if self.speaks {
            // Nobody to read it: nothing to do about it.
            let _ = self.bar.suspend(|| writeln!(io::stderr(), "{line}"));
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template("{msg:24} [{bar:30}] {bytes} of {total_bytes}, {bytes_per_sec}")
        .expect("the template is one that indicatif reads")
        .progress_chars("=> ")
}
