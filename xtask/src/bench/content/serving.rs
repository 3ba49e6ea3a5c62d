//! Serving: what a GB and a request cost a point's service, beside nginx on the same object with the same client.
//!
//! Processor time is that of the server alone, while four connections are kept busy by curl; the least of three rounds counts, each
//! of them with both servers. Without TLS, where nginx has sendfile, and with TLS 1.3 and client certificates, as points serve
//! (`docs/design/0008-serving-and-first-download.md`).

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, bail};

use super::super::report::Figure;
use super::super::stage::{Process, free_address, until};
use super::{bars, tools};
use crate::process::{SHIPPED, build_shipped, shown, target_folder};

/// The one object.
const OBJECT: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const OBJECT_BYTES: u64 = 256 << 20;
/// What an agent asks for at a time, and what it asks for when one chunk is missing.
const LARGE: u64 = 32 << 20;
const SMALL: u64 = 16 << 10;
/// Connections that are kept busy.
const CONNECTIONS: u64 = 4;
const ROUNDS: usize = 3;
/// Requests on each connection in a round: enough that ticks of 10 ms don't count.
const LARGE_REQUESTS: u64 = 64;
const LARGE_REQUESTS_TLS: u64 = 16;
const SMALL_REQUESTS: u64 = 5000;
/// The one cipher, so that both do the same work.
pub(super) const CIPHER: &str = "TLS_AES_256_GCM_SHA384";

/// Who serves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Plain,
    Tls,
}

/// A server at work.
pub(super) struct Server {
    process: Process,
    pub(super) url: String,
}

/// All figures, or none when a program is missing.
pub(super) fn measure() -> anyhow::Result<Vec<Figure>> {
    if !tools::are_there(&["nginx", "curl"], "serving") {
        return Ok(Vec::new());
    }
    build()?;
    let scratch = tempfile::Builder::new().prefix("dray-bench-").tempdir()?;
    let objects = scratch.path().join("objects");
    make_object(&objects)?;
    let mut figures = Vec::new();
    for door in [Door::Plain, Door::Tls] {
        eprintln!("measuring {}", door.word());
        let credentials = scratch.path().join("credentials");
        let credentials = (door == Door::Tls).then_some(credentials.as_path());
        let ours = Server::ours(&objects, credentials, scratch.path())?;
        let theirs = Server::nginx(&objects, credentials, scratch.path())?;
        figures.extend(figures_of(door, &ours, &theirs, credentials, scratch.path())?);
    }
    Ok(figures)
}

/// The program that serves with a point's code.
pub(super) fn build() -> anyhow::Result<()> {
    build_shipped(&["--package", "dray-point", "--example", "serving"]).map(drop)
}

fn figures_of(
    door: Door,
    ours: &Server,
    theirs: &Server,
    credentials: Option<&Path>,
    scratch: &Path,
) -> anyhow::Result<Vec<Figure>> {
    let mut figures = Vec::new();
    let large = if door == Door::Plain { LARGE_REQUESTS } else { LARGE_REQUESTS_TLS };
    for (what, range, count) in [("GB", LARGE, large), ("request", SMALL, SMALL_REQUESTS)] {
        let (mut our_s, mut their_s) = (f64::MAX, f64::MAX);
        for _ in 0..ROUNDS {
            their_s = their_s.min(theirs.cpu_s_for(range, count, credentials, scratch)?);
            our_s = our_s.min(ours.cpu_s_for(range, count, credentials, scratch)?);
        }
        let (unit, divisor) = match what {
            "GB" => ("ms", to_f64(range * count * CONNECTIONS) / 1e9 / 1e3),
            _ => ("µs", to_f64(count * CONNECTIONS) / 1e6),
        };
        let named = |name: &str| format!("{}/{what}, {name}", door.word());
        figures.push(Figure::told(named("CPU"), our_s / divisor, unit));
        figures.push(Figure::told(named("nginx, CPU"), their_s / divisor, unit));
        let (against, factor) = (named("CPU against nginx"), our_s / their_s);
        figures.push(match (door, what) {
            // With sendfile no byte passes through the server; a point, which encrypts them all, can't have that.
            (Door::Plain, "GB") => Figure::told(format!("{against} with sendfile"), factor, "×"),
            _ => Figure::at_most(against, factor, bars::SERVING_AGAINST_NGINX, "×"),
        });
    }
    Ok(figures)
}

#[expect(clippy::cast_precision_loss, reason = "sizes and counts are far below 2^53")]
fn to_f64(number: u64) -> f64 {
    number as f64
}

impl Door {
    const fn word(self) -> &'static str {
        match self {
            Self::Plain => "serving",
            Self::Tls => "serving with TLS",
        }
    }
}

impl Server {
    /// Our service over `objects`; with `credentials` over TLS, and they are written there.
    pub(super) fn ours(objects: &Path, credentials: Option<&Path>, scratch: &Path) -> anyhow::Result<Self> {
        let name = if credentials.is_some() { "serving-tls" } else { "serving" };
        let mut command = Command::new(target_folder().join(SHIPPED).join("examples/serving"));
        command.arg(objects).args(credentials);
        let process = Process::start(&mut command, scratch, name)?;
        let log = scratch.join(format!("{name}.log"));
        let mut address = String::new();
        until("the service to listen", || {
            let said = fs::read_to_string(&log)?;
            let line = said.split_once('\n').map(|(line, _)| line);
            address = line.unwrap_or_default().to_owned();
            Ok(line.is_some())
        })?;
        let scheme = if credentials.is_some() { "https" } else { "http" };
        Ok(Self { process, url: format!("{scheme}://{address}/v1/packs") })
    }

    fn nginx(objects: &Path, credentials: Option<&Path>, scratch: &Path) -> anyhow::Result<Self> {
        let address = free_address()?;
        let own = scratch.join(if credentials.is_some() { "nginx-tls" } else { "nginx" });
        fs::create_dir_all(&own)?;
        fs::write(own.join("conf"), nginx_conf(&own, objects, &address, credentials))?;
        let program = tools::find("nginx").context("nginx was there a moment ago")?;
        let mut command = Command::new(program);
        command.arg("-p").arg(&own).arg("-c").arg(own.join("conf")).arg("-e").arg(own.join("error.log"));
        let process = Process::start(&mut command, &own, "nginx")?;
        until("nginx to listen", || Ok(std::net::TcpStream::connect(&address).is_ok()))?;
        let scheme = if credentials.is_some() { "https" } else { "http" };
        Ok(Self { process, url: format!("{scheme}://{address}/packs") })
    }

    /// Processor time for `count` ranges of `length` bytes on each connection.
    fn cpu_s_for(&self, length: u64, count: u64, credentials: Option<&Path>, scratch: &Path) -> anyhow::Result<f64> {
        let before = self.process.cpu_s()?;
        let mut clients = Vec::new();
        for number in 0..CONNECTIONS {
            let config = scratch.join(format!("curl-{number}"));
            let places = OBJECT_BYTES / length;
            let ranges = (0..count).map(|n| (number * count + n) * 7 % places * length);
            write_config(&config, &self.url, ranges, length, credentials)?;
            clients.push(Client::start(&config)?);
        }
        clients.into_iter().try_for_each(Client::wait)?;
        Ok(self.process.cpu_s()? - before)
    }
}

/// A curl at work.
struct Client(Child, String);

impl Client {
    fn start(config: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new("curl");
        command.arg("--config").arg(config).stdin(Stdio::null()).stdout(Stdio::null());
        let name = shown(&command);
        Ok(Self(command.spawn().with_context(|| format!("cannot start {name}"))?, name))
    }

    fn wait(mut self) -> anyhow::Result<()> {
        let status = self.0.wait()?;
        if !status.success() {
            bail!("{} ended with {status}", self.1);
        }
        Ok(())
    }
}

/// What curl is to ask for, one after the other on one connection.
fn write_config(
    path: &Path,
    url: &str,
    starts: impl Iterator<Item = u64>,
    length: u64,
    credentials: Option<&Path>,
) -> anyhow::Result<()> {
    let mut config = std::io::BufWriter::new(fs::File::create(path)?);
    for (number, start) in starts.enumerate() {
        if number > 0 {
            writeln!(config, "next")?;
        }
        writeln!(config, "url = {url}/{OBJECT}\nrange = {start}-{}\noutput = /dev/null", start + length - 1)?;
        write!(config, "{}", how_to_ask(credentials))?;
    }
    config.flush()?;
    Ok(())
}

/// Settings that curl needs for every request.
pub(super) fn how_to_ask(credentials: Option<&Path>) -> String {
    let mut lines = "silent\nshow-error\nfail\nhttp1.1\n".to_owned();
    if let Some(folder) = credentials {
        let file = |name: &str| folder.join(name).display().to_string();
        let (ca, chain, key) = (file("ca.pem"), file("client.pem"), file("client.key"));
        lines += &format!("cacert = \"{ca}\"\ncert = \"{chain}\"\nkey = \"{key}\"\ntls13-ciphers = {CIPHER}\n");
    }
    lines
}

/// One process that serves as nginx is set up for large files.
fn nginx_conf(own: &Path, objects: &Path, address: &str, credentials: Option<&Path>) -> String {
    let file = |folder: &Path, name: &str| folder.join(name).display().to_string();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary: String = temporary.iter().map(|kind| format!("{kind}_temp_path {};\n", file(own, kind))).collect();
    let tls = credentials.map_or_else(String::new, |folder| {
        let (chain, key, ca) = (file(folder, "server.pem"), file(folder, "server.key"), file(folder, "ca.pem"));
        format!(
            "ssl_certificate {chain};\nssl_certificate_key {key};\nssl_client_certificate {ca};\nssl_verify_client on;\n\
             ssl_protocols TLSv1.3;\nssl_session_tickets off;\n"
        )
    });
    let listen = if credentials.is_some() { format!("{address} ssl") } else { address.to_owned() };
    let (pid, objects) = (file(own, "pid"), objects.display());
    format!(
        "daemon off;\nmaster_process off;\npid {pid};\nevents {{ worker_connections 512; }}\nhttp {{\n{temporary}\
         access_log off;\nsendfile on;\ntcp_nopush on;\ntcp_nodelay on;\nkeepalive_requests 1000000;\n\
         default_type application/octet-stream;\n{tls}server {{ listen {listen}; root {objects}; }}\n}}\n"
    )
}

/// Noise, where both servers look for it.
fn make_object(objects: &Path) -> anyhow::Result<()> {
    let packs: PathBuf = objects.join("packs");
    fs::create_dir_all(&packs)?;
    let mut file = fs::File::create(packs.join(OBJECT))?;
    let mut noise = super::noise::Noise::new();
    let mut bytes = vec![0; 1 << 20];
    for _ in 0..OBJECT_BYTES >> 20 {
        noise.fill(&mut bytes);
        file.write_all(&bytes)?;
    }
    Ok(())
}
