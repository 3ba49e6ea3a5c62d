//! What the command line says when its clock and the site's disagree by years.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use dray_model::Timestamp;
use dray_trust::{CertificateAuthority, ClientAuth, Identity, NewIdentity, TlsSettings, server_config};
use tokio_rustls::TlsAcceptor;

use crate::fleet::{Fleet, dray};

const DAY: Duration = Duration::from_secs(86_400);
/// 2001-09-09 and 2065-01-24, in seconds since 1970.
const PAST_S: i64 = 1_000_000_000;
const FUTURE_S: i64 = 3_000_000_000;

/// What is printed when the site's certificate is good for a day from then on, and the exit code.
fn said(made_at_s: i64) -> (String, Option<i32>) {
    let made_at = Timestamp::from_secs(made_at_s);
    let authority = CertificateAuthority::generate(&"acme".parse().unwrap(), made_at).unwrap();
    let site = NewIdentity::generate();
    let addresses = ["127.0.0.1".parse().unwrap()];
    let certificate = authority.issue(&site.csr_pem, &Identity::Site, &addresses, DAY, made_at).unwrap();
    let tls =
        server_config(&certificate.chain_pem, &site.key_pem, &ClientAuth::None, &TlsSettings::without_alpn()).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    listener.set_nonblocking(true).unwrap();

    let fleet = Fleet::new();
    let mut profile: toml::Table = toml::from_str(&std::fs::read_to_string(fleet.profile()).unwrap()).unwrap();
    profile.insert("url".to_owned(), url.into());
    profile.insert("ca".to_owned(), authority.ca_pem().into());
    std::fs::write(fleet.profile(), toml::to_string(&profile).unwrap()).unwrap();

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let output = runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                assert!(acceptor.accept(stream).await.is_err(), "nobody takes such a certificate");
            }
        });
        let listing = move || dray().arg("--profile").arg(fleet.profile()).args(["package", "list"]).output().unwrap();
        let output = tokio::task::spawn_blocking(listing).await.unwrap();
        serving.abort();
        output
    });
    (String::from_utf8(output.stderr).unwrap(), output.status.code())
}

#[test]
fn a_clock_that_is_wrong_by_years_is_named_as_a_reason_with_the_certificates_times() {
    for (made_at_s, word, day) in [(PAST_S, "expired", "2001-09-10T"), (FUTURE_S, "not valid yet", "2065-01-2")] {
        let (text, code) = said(made_at_s);
        assert!(text.contains(word) && text.contains(day) && text.contains("this computer's clock says 20"), "{text}");
        assert!(text.contains("hint: the profile is for another site, a clock is wrong, or"), "{text}");
        assert_eq!(code, Some(1), "{text}");
    }
}
