//! A point's service over a folder, without a site: what `cargo xtask bench content` holds against nginx.
//!
//! `serving FOLDER` serves `FOLDER/{manifests,packs,updates}/<digest>` without TLS. `serving FOLDER CREDENTIALS` serves over TLS to
//! who shows a certificate, as a point does, and writes into the folder CREDENTIALS what others need to do the same and to ask:
//! `ca.pem`, `server.pem`, `server.key`, `client.pem`, `client.key`. The address is printed as the first line.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that speaks to its caller")]

use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use dray_model::{DeviceId, Timestamp};
use dray_point::serve::FolderServer;
use dray_trust::{CertificateAuthority, ClientAuth, Identity, NewIdentity, TlsSettings};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Longer than any measurement takes.
const VALID: Duration = Duration::from_secs(86_400);

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let Some(folder) = arguments.next() else {
        eprintln!("usage: serving FOLDER [CREDENTIALS]");
        return ExitCode::from(2);
    };
    match run(&folder, arguments.next().as_deref()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(folder: &Path, credentials: Option<&Path>) -> Outcome<()> {
    let tls = credentials.map(tls).transpose()?;
    let server = FolderServer::listen(folder, SocketAddr::from(([127, 0, 0, 1], 0)), tls).await?;
    println!("{}", server.address());
    server.run().await;
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "the one clock of a program: certificates need the time")]
fn now() -> Outcome<Timestamp> {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    Ok(Timestamp::from_secs(i64::try_from(since_1970.as_secs())?))
}

/// An authority of its own, a server of it and a device, all of them written down but the authority's key.
fn tls(folder: &Path) -> Outcome<rustls::ServerConfig> {
    let now = now()?;
    let authority = CertificateAuthority::generate(&"measured".parse()?, now)?;
    fs::create_dir_all(folder)?;
    fs::write(folder.join("ca.pem"), authority.ca_pem())?;
    let write = |name: &str, identity: &Identity, addresses: &[_]| -> Outcome<(String, String)> {
        let new = NewIdentity::generate();
        let chain = authority.issue(&new.csr_pem, identity, addresses, VALID, now)?.chain_pem;
        fs::write(folder.join(name).with_extension("pem"), &chain)?;
        fs::write(folder.join(name).with_extension("key"), &new.key_pem)?;
        Ok((chain, new.key_pem))
    };
    write("client", &Identity::Device(DeviceId::from_random(1)), &[])?;
    let (chain, key) = write("server", &Identity::Point("measured".parse()?), &["127.0.0.1".parse()?])?;
    let callers = ClientAuth::Required(authority.ca_pem().to_owned());
    let settings = TlsSettings::without_alpn().with_alpn([b"http/1.1".as_slice()]);
    Ok(dray_trust::server_config(&chain, &key, &callers, &settings)?)
}
