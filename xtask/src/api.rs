//! `cargo xtask api`: the API of a real site held against its description, by schemathesis.
//!
//! A site of its own with a package, a collection, an advertisement, a point and a device is served from a debug build. Every operation
//! is called with data that its description allows and forbids, and along the links between them; any answer that the description
//! doesn't know is a failure. What counts as one is said in `schemathesis.toml`.

use std::process::Command;

use anyhow::Context;

use crate::bench::stage::{Stage, until};
use crate::process::{cargo, run, target_folder};
use crate::wheel;

/// The release from PyPI that judges; another one may find other things.
const VERSION: &str = "4.32.5";
/// Examples of each operation in each phase.
const EXAMPLES: &str = "50";

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// What schemathesis is given beside, like --seed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn api(arguments: &Arguments) -> anyhow::Result<()> {
    let judge = wheel::install("schemathesis", VERSION, "schemathesis")?;
    run(cargo().args(["build", "--quiet", "--package", "dray"]))?;
    let dray = target_folder().join("debug/dray");
    let stage = Stage::start_with(dray.clone(), dray)?;
    furnish(&stage)?;
    let token = stage.dray(["token", "create", "judge", "--role", "administrator"])?;
    let token = token["secret"].as_str().context("the new token has no secret")?;
    let authority = stage.folder().join("authority.pem");
    std::fs::write(&authority, stage.authority()?)?;
    run(Command::new(judge)
        // It leaves what it learns in the folder that it runs in.
        .current_dir(stage.folder())
        .arg("--config-file")
        .arg(crate::root().join("schemathesis.toml"))
        .args(["run", &format!("{}/api/v1/openapi.json", stage.admin_url())])
        .arg("--tls-verify")
        .arg(&authority)
        .arg(format!("--header=Authorization: Bearer {token}"))
        .args(["--phases=coverage,fuzzing,stateful", "--generation-database=none", "--max-examples", EXAMPLES])
        .args(&arguments.arguments))
}

/// One object of each kind, so that lists and links have something to show.
fn furnish(stage: &Stage) -> anyhow::Result<()> {
    let source = stage.folder().join("source");
    std::fs::create_dir(&source)?;
    std::fs::write(source.join("install.sh"), "#!/bin/sh\nexit 0\n")?;
    let source = source.to_str().context("the temporary folder's path is not UTF-8")?;
    stage.dray(["package", "create", "editor", "--source", source, "--program", "install=sh install.sh"])?;
    stage.dray(["collection", "create", "some", "--all"])?;
    stage.dray(["point", "create", "berlin", "--url", "https://localhost:1"])?;
    stage.dray(["package", "distribute", "editor", "--to", "berlin"])?;
    let terms = ["--package", "editor", "--program", "install", "--collection", "some"];
    stage.dray(["advertisement", "create", "editor"].into_iter().chain(terms))?;
    stage.enrol_device("kiosk")?;
    until("the package to be published", || Ok(stage.dray(["package", "show", "editor"])?["release"].is_object()))
}
