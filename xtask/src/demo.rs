//! `cargo xtask demo`: the demo from a release build.

use crate::process::{cargo, run};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What `dray demo` is given
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn demo(arguments: &Arguments) -> anyhow::Result<()> {
    run(cargo().args(["run", "--release", "--", "demo"]).args(&arguments.arguments))
}
