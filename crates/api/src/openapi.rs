//! The API's description: made from the handlers, served at `/api/v1/openapi.json`, committed as `docs/openapi.json`.
//!
//! Handlers say what they take and what comes of success. Everything else is added here for all operations alike, so that a new one
//! can't lack it: the failures that each may end with ([`failures`]), what schemas leave unsaid ([`schemas`]), and where its answer
//! leads ([`links`]).

mod failures;
mod links;
mod schemas;

use axum::Router;
use axum::routing::get;
use dray_model::api::problem::{Problem, Span};
use dray_site::Limits;
use serde_json::{Map, Value};
use utoipa::PartialSchema as _;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, InfoBuilder, OpenApi, OpenApiBuilder};

pub(crate) use failures::failing;

use crate::router;
use crate::state::Api;

const SCHEME: &str = "administrator_token";
const DESCRIPTION: &str = "Administrators' API of a Dray site.

Failures are RFC 9457 problems with a stable code; each operation lists the codes that it may return. 400 means that a request does not \
match the schema, 422 that it does but its values cannot be accepted, and 409 that it conflicts with the current state.

A POST may carry an `Idempotency-Key` of 1 to 255 printable ASCII characters. Repeated with the same key, it gets the first answer again. Any \
request may carry an `X-Request-Id`, which is repeated in the answer and in the server's log.";

/// What stands above all resources.
pub(crate) fn head() -> OpenApi {
    let info =
        InfoBuilder::new().title("Dray").version(env!("CARGO_PKG_VERSION")).description(Some(DESCRIPTION)).build();
    let mut components = Components::new();
    components.add_security_scheme(SCHEME, SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    components.schemas.insert("Problem".to_owned(), Problem::schema());
    components.schemas.insert("Span".to_owned(), Span::schema());
    OpenApiBuilder::new()
        .info(info)
        .components(Some(components))
        .security(Some([SecurityRequirement::new(SCHEME, Vec::<String>::new())]))
        .build()
}

/// The whole description.
#[must_use]
pub fn document() -> Value {
    let handlers = router::described(&Limits::default()).into_openapi();
    let mut document = serde_json::to_value(handlers).expect("the description serialises");
    schemas::complete(&mut document);
    failures::complete(&mut document);
    links::complete(&mut document);
    document
}

/// Serves the description, to everybody: it tells nothing about the site.
pub(crate) fn routes() -> Router<Api> {
    let answer = ([(http::header::CONTENT_TYPE, "application/json")], document().to_string());
    Router::new().route("/api/v1/openapi.json", get(async move || answer.clone()))
}

/// One operation of the description.
struct Operation<'a> {
    path: &'a str,
    method: &'a str,
    body: &'a mut Map<String, Value>,
}

impl Operation<'_> {
    /// Its parameters as (where, name).
    fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.body.get("parameters").and_then(Value::as_array).into_iter().flatten();
        all.filter_map(|one| Some((one["in"].as_str()?, one["name"].as_str()?)))
    }

    fn takes(&self, place: &str, name: &str) -> bool {
        self.parameters().any(|one| one == (place, name))
    }

    /// Media type of the body that it takes.
    fn takes_body(&self) -> Option<&str> {
        self.body.get("requestBody")?["content"].as_object()?.keys().next().map(String::as_str)
    }
}

/// All operations, by path.
fn operations(document: &mut Value) -> impl Iterator<Item = Operation<'_>> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object_mut().into_iter().flatten();
        operations.filter_map(move |(method, body)| {
            let body = body.as_object_mut().filter(|body| body.contains_key("responses"))?;
            Some(Operation { path, method, body })
        })
    })
}
