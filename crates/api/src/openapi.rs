//! The API's description: made from the handlers, served at `/api/v1/openapi.json`, committed as `docs/openapi.json`.

mod strict;

use axum::Router;
use axum::routing::get;
use dray_model::api::problem::{PROBLEM_JSON, Problem, Span};
use utoipa::PartialSchema as _;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Ref, ResponseBuilder, path::Operation,
};

use crate::router::{self, Api};

const SCHEME: &str = "administrator_token";

/// What stands above all resources.
pub(crate) fn head() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Dray")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Administrators' API of a Dray site. Failures are RFC 9457 problems with a stable code."))
        .build();
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
pub fn document() -> OpenApi {
    let mut document = router::described().into_openapi();
    for item in document.paths.paths.values_mut() {
        operations(item).for_each(add_problem);
    }
    strict::close_requests(&mut document);
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// Every operation may fail, and all failures have one form.
fn add_problem(operation: &mut Operation) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let problem = ResponseBuilder::new().description("A problem").content(PROBLEM_JSON, content).build();
    operation.responses.responses.entry("default".to_owned()).or_insert(problem.into());
}

/// Serves the description, to everybody: it tells nothing about the site.
pub(crate) fn routes() -> Router<Api> {
    let text = document().to_json().expect("the description serialises");
    let answer = ([(http::header::CONTENT_TYPE, "application/json")], text);
    Router::new().route("/api/v1/openapi.json", get(async move || answer.clone()))
}
