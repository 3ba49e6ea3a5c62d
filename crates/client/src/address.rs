//! Addresses of sites and points, and the writing of paths and queries below them.
//!
//! Only `https` is spoken. What comes from outside goes into a query percent-encoded; path segments are names, ids and digests,
//! which need no encoding.

use std::fmt;
use std::str::FromStr;

use ::http::Uri;
use serde::{Deserialize, Deserializer, Serialize};

use crate::ClientError;

/// `https://host[:port][/path]`, without a slash at its end, a query or user information.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct BaseUrl(String);

/// A text that is no [`BaseUrl`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the address of a site or point; write it like https://host:port")]
pub struct InvalidBaseUrl(String);

impl BaseUrl {
    /// The address of `path`, which begins with a slash and may hold a query.
    ///
    /// # Errors
    /// [`ClientError::Address`] when the two together are not an address.
    pub fn join(&self, path: &str) -> Result<Uri, ClientError> {
        let address = format!("{}{path}", self.0);
        address.parse().map_err(|_| ClientError::Address(InvalidBaseUrl(address)))
    }

    /// A base further down, like the content below a site.
    ///
    /// # Errors
    /// [`ClientError::Address`] when the two together are not an address.
    pub fn below(&self, path: &str) -> Result<Self, ClientError> {
        format!("{}{path}", self.0).parse().map_err(ClientError::Address)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host without its port, for messages and certificates. Brackets around an IPv6 address are taken off.
    #[must_use]
    pub fn host(&self) -> &str {
        let authority = self.0.trim_start_matches("https://").split('/').next().unwrap_or_default();
        match authority.strip_prefix('[') {
            Some(six) => six.split(']').next().unwrap_or_default(),
            None => authority.split(':').next().unwrap_or_default(),
        }
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidBaseUrl> {
        let invalid = || InvalidBaseUrl(text.to_owned());
        let trimmed = text.trim().trim_end_matches('/');
        let uri: Uri = trimmed.parse().map_err(|_| invalid())?;
        let authority = uri.authority().ok_or_else(invalid)?;
        let plain = uri.scheme_str() == Some("https")
            && trimmed.starts_with("https://")
            && !trimmed.contains(['?', '#'])
            && !authority.as_str().contains('@')
            && !authority.host().is_empty();
        if plain { Ok(Self(trimmed.to_owned())) } else { Err(invalid()) }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl<'de> Deserialize<'de> for BaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A path with a query, written one parameter after the other.
#[derive(Debug, Clone)]
pub(crate) struct PathAndQuery {
    text: String,
    separator: char,
}

impl PathAndQuery {
    pub(crate) fn new(path: impl Into<String>) -> Self {
        Self { text: path.into(), separator: '?' }
    }

    /// Adds `name=value`; the value is percent-encoded, the name is ours.
    pub(crate) fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.text.push(self.separator);
        self.separator = '&';
        self.text.push_str(name);
        self.text.push('=');
        for byte in value.to_string().bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
                self.text.push(char::from(byte));
            } else {
                self.text.push_str(&format!("%{byte:02X}"));
            }
        }
        self
    }

    /// As [`query`](Self::query), where there is a value.
    pub(crate) fn maybe(self, name: &str, value: Option<impl fmt::Display>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_plain_https_addresses_are_taken() {
        for good in
            ["https://site", "https://site:8443", "https://[::1]:8443/v1", "https://10.0.0.1/client/v1/content/"]
        {
            assert!(good.parse::<BaseUrl>().is_ok(), "{good}");
        }
        for bad in
            ["", "site", "http://site", "https://", "https://a@site", "https://site?x=1", "https://site#x", "/v1"]
        {
            assert!(bad.parse::<BaseUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_slash_at_the_end_makes_no_difference() {
        let (with, without): (BaseUrl, BaseUrl) =
            ("https://site/v1/".parse().unwrap(), "https://site/v1".parse().unwrap());
        assert_eq!(with, without);
        assert_eq!(with.join("/packs/x").unwrap(), "https://site/v1/packs/x");
    }

    #[test]
    fn the_host_is_read_without_port_and_brackets() {
        let host = |text: &str| text.parse::<BaseUrl>().unwrap().host().to_owned();
        assert_eq!(host("https://site.example:8443/v1"), "site.example");
        assert_eq!(host("https://[::1]:8443"), "::1");
    }

    proptest! {
        #[test]
        fn a_value_in_a_query_never_breaks_out_of_it(value in "\\PC{0,40}") {
            let path = PathAndQuery::new("/why").query("device", &value).query("program", "a/b");
            let base: BaseUrl = "https://site".parse().unwrap();
            let uri = base.join(path.as_str()).unwrap();
            prop_assert_eq!(uri.path(), "/why");
            prop_assert_eq!(uri.query().unwrap().matches(['&', '=', '#', '?']).count(), 3);
        }
    }
}
