//! Enrolment: how a computer or point that holds nothing but a token becomes a member of a site.

use ::http::Method;
use dray_model::api::client::{EnrolRequest, Enrolled, MemberKind};
use dray_trust::token::InvalidToken;
use dray_trust::{Fingerprint, NewIdentity, TlsSettings, Token, TokenKind};

use crate::address::BaseUrl;
use crate::error::ClientError;
use crate::http::HttpClient;
use crate::limits::HttpLimits;

/// What came of an enrolment: keep both parts, the key readable by its owner alone.
pub struct Enrolment {
    /// The private key, made here, PEM. It was never sent.
    pub key_pem: String,
    /// The site's answer, checked: its authority is the one that the token names, its certificate is for our key.
    pub enrolled: Enrolled,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolment").field("enrolled", &self.enrolled).finish_non_exhaustive()
    }
}

/// Why an enrolment failed. The token is used up only when the site let us in.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The token can't be one.
    #[error("cannot use the enrolment token")]
    Token(#[from] InvalidToken),
    /// The request failed.
    #[error(transparent)]
    Request(#[from] ClientError),
}

/// Enrols at `site` as a `member` with the text of an enrolment token. The connection is made only to a server of the authority that the token
/// names, so the secret goes to nobody else.
///
/// # Errors
/// [`EnrolError`]; [`ClientError::Denied`] when the token is unknown, used up, expired or for another kind of member.
pub async fn enrol(
    site: &BaseUrl,
    token: &str,
    (member, host_name): (MemberKind, &str),
    limits: HttpLimits,
) -> Result<Enrolment, EnrolError> {
    let parsed = Token::parse(TokenKind::Enrolment, token)?;
    let http = HttpClient::pinned(parsed.authority, limits)?;
    let new = NewIdentity::generate();
    let request = EnrolRequest { token: parsed.reveal(), csr: new.csr_pem, member, host_name: host_name.to_owned() };
    let url = site.join("/client/v1/enrol")?;
    let answer = http.call(Method::POST, url).json(&request).send().await?;
    let address = answer.url().to_owned();
    let enrolled: Enrolled = answer.json().await?;
    check(&enrolled, &new.key_pem, parsed.authority).map_err(|what| ClientError::Damaged { url: address, what })?;
    Ok(Enrolment { key_pem: new.key_pem, enrolled })
}

fn check(enrolled: &Enrolled, key_pem: &str, authority: Fingerprint) -> Result<(), String> {
    if Fingerprint::of_pem(&enrolled.authority).ok() != Some(authority) {
        return Err("the certificate authority is not the one named in the token".to_owned());
    }
    let identity = Some((enrolled.certificate.as_str(), key_pem));
    dray_trust::client_config(&enrolled.authority, identity, &TlsSettings::without_alpn())
        .map_err(|error| format!("cannot use the certificate: {}", dray_model::cause::in_full(&error)))?;
    Ok(())
}
