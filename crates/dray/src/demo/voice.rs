//! What the demonstration says while it runs: lines for people, and a spinner where a person watches; nothing with `--json`.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::output::{print, seconds};

/// The demonstration's voice.
pub(super) struct Voice {
    silent: bool,
    screen: Option<MultiProgress>,
}

/// A line at the bottom of the terminal that changes, or nothing. Gone when dropped.
pub(super) struct LiveLine(Option<ProgressBar>);

impl Voice {
    /// One that speaks, or a silent one.
    pub(super) fn new(silent: bool) -> Self {
        let watched = !silent && std::io::stdout().is_terminal() && std::io::stderr().is_terminal();
        Self { silent, screen: watched.then(MultiProgress::new) }
    }

    /// Whether to print nothing.
    pub(super) const fn is_silent(&self) -> bool {
        self.silent
    }

    /// Whether lines that change are shown, so that each change needs no line of its own.
    pub(super) fn is_live(&self) -> bool {
        self.screen.is_some()
    }

    /// Says a line.
    pub(super) fn say(&self, text: impl AsRef<str>) {
        if self.silent {
            return;
        }
        let line = format!("{}\n", text.as_ref());
        // A reader that went away changes nothing: the result is in the exit code.
        let _ = match &self.screen {
            Some(screen) => screen.suspend(|| print(&line)),
            None => print(&line),
        };
    }

    /// Says that a step is done.
    pub(super) fn step(&self, what: &str, took: Duration, detail: &str) {
        let separator = if detail.is_empty() { "" } else { ": " };
        self.say(format!("{:>8}  {what}{separator}{detail}", seconds(took)));
    }

    /// A line that changes while something goes on.
    pub(super) fn live(&self, text: &str) -> LiveLine {
        LiveLine(self.screen.as_ref().map(|screen| {
            let bar = screen.add(ProgressBar::new_spinner());
            let style = ProgressStyle::with_template("{elapsed:>8}  {wide_msg}");
            bar.set_style(style.expect("the template is one that indicatif reads"));
            bar.set_message(text.to_owned());
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        }))
    }
}

impl LiveLine {
    /// Changes the line.
    pub(super) fn set(&self, text: String) {
        if let Some(bar) = &self.0 {
            bar.set_message(text);
        }
    }
}

impl Drop for LiveLine {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}
