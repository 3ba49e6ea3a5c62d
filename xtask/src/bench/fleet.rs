//! What a fleet costs its site: simulated clients that speak the real protocol over TLS, in a process of their own, on SQLite and
//! on PostgreSQL.
//!
//! CPU times are the site's process alone, PostgreSQL's beside them. A change's cost is taken over many changes, until the site
//! rests again. Each part is a file: what devices cost one by one, what changes cost while all hold, status messages, and a
//! database of a million devices.

mod changes;
mod clients;
mod ground;
mod load;
mod postgres;
mod status;
mod stored;

use super::report::{Figure, Report};
use ground::Ground;

/// What `cargo xtask bench fleet` is asked.
#[derive(clap::Args)]
#[group(id = "fleet")]
pub(super) struct Options {
    /// fleet: clients that enrol and hold their policy requests [default: 10000]
    #[arg(long, value_name = "NUMBER")]
    devices: Option<u32>,
    /// fleet: devices in the database when lists are read [default: 1000000]
    #[arg(long, value_name = "NUMBER")]
    stored: Option<u32>,
    /// fleet: where the site keeps its data [default: both]
    #[arg(long, value_enum)]
    database: Option<Database>,
}

/// Databases to measure on.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
    /// One after the other
    Both,
}

impl Options {
    /// Whether anything was asked that only this benchmark understands.
    pub(super) const fn is_given(&self) -> bool {
        self.devices.is_some() || self.stored.is_some() || self.database.is_some()
    }
}

pub(super) fn measure(options: &Options) -> anyhow::Result<Report> {
    let programs = ground::build()?;
    let (devices, stored) = (options.devices.unwrap_or(10_000), options.stored.unwrap_or(1_000_000));
    let mut figures = Vec::new();
    for (database, name) in [(Database::Sqlite, "sqlite"), (Database::Postgres, "postgres")] {
        if options.database.is_some_and(|only| only != Database::Both && only != database) {
            continue;
        }
        let mut ground = Ground::start(&programs, database == Database::Postgres, devices)?;
        let measured = on(&mut ground, stored).map_err(|error| ground.explain(error))?;
        figures.extend(measured.into_iter().map(|figure| figure.below(name)));
    }
    Ok(Report::new("fleet", figures))
}

fn on(ground: &mut Ground, stored: u32) -> anyhow::Result<Vec<Figure>> {
    let mut figures = clients::measure(ground)?;
    figures.extend(changes::measure(ground)?);
    figures.extend(status::measure(ground)?);
    figures.extend(stored::measure(ground, stored)?);
    Ok(figures)
}
