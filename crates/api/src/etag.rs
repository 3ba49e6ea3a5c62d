//! Revisions as entity tags: an object's answer carries `ETag: "<revision>"`, a change must carry it in `If-Match`.
//! Who means to change an object whatever became of it says `If-Match: *`.
//!
//! The comparison itself is the operation's, inside its transaction: these helpers only read and write the headers.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ObjectBuilder, Required};

use crate::problem::ApiError;

/// The header for an answer about `revision`.
#[must_use]
pub fn etag(revision: u64) -> [(HeaderName, HeaderValue); 1] {
    let value = HeaderValue::from_str(&format!("\"{revision}\"")).expect("digits and quotes are legal in a header");
    [(header::ETAG, value)]
}

/// The revision that the caller saw; `None` when it doesn't matter to it (`*`). Requests without it are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IfMatch(pub Option<u64>);

impl utoipa::IntoParams for IfMatch {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new().schema_type(Type::String).pattern(Some(r#"^(\*|"(0|[1-9][0-9]{0,18})")$"#));
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some("The ETag from reading the object, or `*` to change it unconditionally"))
            .schema(Some(schema.build()))
            .build();
        vec![parameter]
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let value = parts.headers.get(header::IF_MATCH).ok_or_else(|| {
            ApiError::new(StatusCode::PRECONDITION_REQUIRED, "if_match_required", "the change has no If-Match header")
                .with_hint(
                    "send the ETag from reading the object as If-Match, or `If-Match: *` to change it unconditionally",
                )
        })?;
        parse(value.to_str().unwrap_or_default()).map(Self)
    }
}

fn parse(text: &str) -> Result<Option<u64>, ApiError> {
    if text.trim() == "*" {
        return Ok(None);
    }
    let digits = text.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).map(Some).ok_or_else(|| {
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_if_match", "If-Match is not a revision")
            .with_hint("send the ETag from reading the object, unaltered")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_reads_back_as_the_revision() {
        let [(_, value)] = etag(42);
        assert_eq!(parse(value.to_str().unwrap()).unwrap(), Some(42));
        assert_eq!(parse("*").unwrap(), None);
        for bad in ["42", "\"x\"", "W/\"1\"", "\"1\", \"2\"", "\"+1\"", "\"\"", ""] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
