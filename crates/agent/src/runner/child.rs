//! A started program and every process below it.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::output::Output;
use crate::platform::{self, Ended};

/// The program's process and its tree.
pub(super) struct Child {
    news: Receiver<News>,
}

/// What the thread that waits for processes has to tell.
enum News {
    /// The program itself ended.
    Ended(Ended),
    /// No process below the runner is left.
    AllGone,
}

/// Starts `program` as the leader of a process group, with no input and both outputs in one pipe.
///
/// An error is a sentence for people.
pub(super) fn start(
    program: &Path,
    words: &[String],
    place: &Path,
    environment: &[(&'static str, OsString)],
) -> Result<(Child, Output), String> {
    let pipe_error = |error| format!("cannot create a pipe for its output: {error}");
    let (reader, writer) = std::io::pipe().map_err(pipe_error)?;
    let mut command = Command::new(program);
    platform::lead_group(&mut command, &words[0]);
    command
        .args(&words[1..])
        .current_dir(place)
        .env_clear()
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(writer.try_clone().map_err(pipe_error)?)
        .stderr(writer);
    let child = command.spawn().map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    // The command holds the pipe's other end, which would keep it open forever.
    drop(command);
    let (sender, news) = channel();
    let main = child.id();
    std::thread::spawn(move || reap(main, &sender));
    Ok((Child { news }, Output::read(reader)))
}

/// Collects every process that ends, so that none stays as a zombie however long the program runs.
fn reap(main: u32, news: &Sender<News>) {
    loop {
        // Nobody listens any more when the runner is about to end.
        match platform::wait_any() {
            Ok(Some((pid, ended))) if pid == main => {
                let _ = news.send(News::Ended(ended));
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => {
                let _ = news.send(News::AllGone);
                return;
            }
        }
    }
}

impl Child {
    /// How the program ended; `None` when it has not ended within `limit`.
    pub(super) fn ended_within(&mut self, limit: Duration) -> Option<Ended> {
        match self.news.recv_timeout(limit) {
            Ok(News::Ended(ended)) => Some(ended),
            Ok(News::AllGone) | Err(_) => None,
        }
    }

    /// Whether every process of the tree is gone within `limit`; waits for it no longer.
    pub(super) fn gone_within(&mut self, limit: Duration) -> bool {
        let end = Instant::now() + limit;
        loop {
            match self.news.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(News::Ended(_)) => {}
                Ok(News::AllGone) | Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return true,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => return false,
            }
        }
    }
}
