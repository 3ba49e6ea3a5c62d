//! Finds out what an error of the HTTP library means: not there, too slow, not trusted, not let in, or broken off.

use std::error::Error;
use std::io;

use dray_model::Timestamp;
use hyper_util::client::legacy;
use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError};

use super::connect::ConnectTimeout;
use crate::error::{ClientError, Refusal};
use crate::limits::HttpLimits;

/// A certificate that isn't good now, by our clock. In words and times that people read; rustls counts seconds.
#[derive(Debug, thiserror::Error)]
enum OutOfTime {
    #[error("its certificate expired at {not_after}, and this computer's clock says {now}")]
    Expired { not_after: Timestamp, now: Timestamp },
    #[error("its certificate is not valid yet: it is valid from {not_before}, and this computer's clock says {now}")]
    NotYet { not_before: Timestamp, now: Timestamp },
}

impl OutOfTime {
    fn of(error: &rustls::Error) -> Option<Self> {
        let at = |time: UnixTime| Timestamp::from_secs(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
        match *error {
            rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { time, not_after }) => {
                Some(Self::Expired { not_after: at(not_after), now: at(time) })
            }
            rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext { time, not_before }) => {
                Some(Self::NotYet { not_before: at(not_before), now: at(time) })
            }
            _ => None,
        }
    }
}

/// An error before the head of an answer was there.
pub(super) fn of_request(url: String, error: legacy::Error, limits: &HttpLimits) -> ClientError {
    if find::<ConnectTimeout>(&error).is_some() {
        return ClientError::Timeout { url, after: limits.connect_timeout };
    }
    match find::<rustls::Error>(&error) {
        Some(rustls::Error::AlertReceived(alert)) if is_about_us(*alert) => not_let_in(url, *alert),
        Some(
            tls @ (rustls::Error::InvalidCertificate(_)
            | rustls::Error::NoCertificatesPresented
            | rustls::Error::General(_)),
        ) => match OutOfTime::of(tls) {
            Some(out_of_time) => ClientError::Untrusted { url, source: out_of_time.into() },
            None => ClientError::Untrusted { url, source: error.into() },
        },
        _ if error.is_connect() => ClientError::Unreachable { url, source: error.into() },
        _ => ClientError::Interrupted { url, source: error.into() },
    }
}

/// An error in the middle of an answer.
pub(super) fn of_body(url: String, error: hyper::Error) -> ClientError {
    match find::<rustls::Error>(&error) {
        Some(rustls::Error::AlertReceived(alert)) if is_about_us(*alert) => not_let_in(url, *alert),
        _ => ClientError::Interrupted { url, source: error.into() },
    }
}

/// In TLS 1.3 a server says what it thinks of a client's certificate only after the handshake, by an alert.
fn is_about_us(alert: AlertDescription) -> bool {
    use AlertDescription as A;
    matches!(
        alert,
        A::CertificateRequired
            | A::BadCertificate
            | A::UnsupportedCertificate
            | A::CertificateRevoked
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnknownCA
            | A::AccessDenied
            // A certificate signed by somebody who only calls himself our authority.
            | A::DecryptError
    )
}

fn not_let_in(url: String, alert: AlertDescription) -> ClientError {
    let refusal = Refusal {
        code: "certificate_refused".to_owned(),
        ..Refusal::bare(0, &format!("it does not accept our certificate ({alert:?})"), None)
    };
    ClientError::Denied { url, refusal: Box::new(refusal) }
}

/// Looks for a cause of type `E`; also inside I/O errors, which don't name what they hold as their source.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tls_error_is_found_inside_nested_io_errors() {
        let tls = rustls::Error::AlertReceived(AlertDescription::CertificateRevoked);
        let nested = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls.clone()));
        assert_eq!(find::<rustls::Error>(&nested), Some(&tls));
        assert_eq!(find::<rustls::Error>(&io::Error::other("else")), None);
    }
}
