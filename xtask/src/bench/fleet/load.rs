//! The process of simulated clients: it is given one command after the other, and what they cost the site is measured around
//! them.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::bench::stage::{Stage, with_many_files};

/// A `dray-sim` that ends with its value.
pub(super) struct Load {
    process: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Load {
    /// Starts clients of the stage's site; there are none before they enrol.
    pub(super) fn start(program: &Path, stage: &Stage) -> anyhow::Result<Self> {
        let mut command = with_many_files(program);
        command.args(["--site", stage.client_url(), "--profile"]).arg(stage.profile());
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(stage.folder().join("load.log"))?)
            .spawn()
            .context("cannot start dray-sim")?;
        let commands = process.stdin.take().context("dray-sim has no input")?;
        let answers = BufReader::new(process.stdout.take().context("dray-sim has no output")?);
        Ok(Self { process, commands, answers })
    }

    /// Has the clients do something and waits until it is done.
    pub(super) fn ask(&mut self, command: &Value) -> anyhow::Result<Value> {
        writeln!(self.commands, "{command}").context("cannot send a command to dray-sim")?;
        let mut line = String::new();
        self.answers.read_line(&mut line).context("cannot read from dray-sim")?;
        let mut answer: Value = serde_json::from_str(&line).with_context(|| format!("dray-sim ended at {command}"))?;
        match answer["error"].as_str() {
            Some(error) => bail!("{command}: {error}"),
            None => Ok(answer["done"].take()),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A number in an answer.
pub(super) fn number(answer: &Value, pointer: &str) -> anyhow::Result<f64> {
    answer.pointer(pointer).and_then(Value::as_f64).with_context(|| format!("no {pointer} in {answer}"))
}
