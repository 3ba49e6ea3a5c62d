//! `/api/v1/packages`: packages, their releases and their distribution.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use dray_model::Name;
use dray_model::api::content::{PackageObjects, PackageUpdates};
use dray_model::api::package::{
    ChangePackage, CreatePackage, DistributePackage, JobStarted, PackageView, ReleaseView, UpdatePackage,
};
use dray_model::api::page::Page;
use dray_model::api::point::PointPackageView;
use dray_site::content::ContentError;
use dray_site::package::{self, PackageError};
use dray_site::point::{self, PointError};
use http::StatusCode;
use serde::Deserialize;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::authentication::Caller;
use crate::etag::{IfMatch, etag};
use crate::extract::{Given, Json, PageQuery, Paging, Path, Query, page};
use crate::openapi::failing;
use crate::problem::ApiError;
use crate::state::Api;

pub(crate) fn routes() -> OpenApiRouter<Api> {
    failing::<PackageError>(
        OpenApiRouter::new()
            .routes(routes!(list, create))
            .routes(routes!(show, change, delete))
            .routes(routes!(update))
            .routes(routes!(improve))
            .routes(routes!(updates))
            .routes(routes!(releases))
            .routes(routes!(points)),
    )
    .merge(failing::<ContentError>(OpenApiRouter::new().routes(routes!(objects))))
    .merge(failing::<PointError>(OpenApiRouter::new().routes(routes!(distribute))))
}

/// List packages by name.
#[utoipa::path(get, path = "/packages", tag = "packages", operation_id = "list_packages", params(PageQuery), responses((status = 200, body = Page<PackageView>)))]
async fn list(
    State(api): State<Api>,
    Caller(actor): Caller,
    Paging(request): Paging,
) -> Result<Json<Page<PackageView>>, ApiError> {
    Ok(page(package::list(&api.site, &actor, &request).await?))
}

/// Create a package. If it has a source folder, the job in `publishing` publishes its first release.
#[utoipa::path(post, path = "/packages", tag = "packages", operation_id = "create_package", request_body = CreatePackage, responses((status = 201, body = PackageView)))]
async fn create(
    State(api): State<Api>,
    Caller(actor): Caller,
    Json(command): Json<CreatePackage>,
) -> Result<Response, ApiError> {
    let made = package::create(&api.site, &actor, command).await?;
    Ok((StatusCode::CREATED, etag(made.revision), Json(made)).into_response())
}

/// Show a package.
#[utoipa::path(get, path = "/packages/{name}", tag = "packages", operation_id = "show_package", params(("name" = Name, Path)), responses((status = 200, body = PackageView)))]
async fn show(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<impl IntoResponse, ApiError> {
    let found = package::find(&api.site, &actor, &name).await?;
    Ok((etag(found.revision), Json(found)))
}

/// Change a package. New programs or properties are published at once, as a release of the same content.
#[utoipa::path(patch, path = "/packages/{name}", tag = "packages", operation_id = "change_package", params(("name" = Name, Path), IfMatch), request_body = ChangePackage, responses((status = 200, body = PackageView)))]
async fn change(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    IfMatch(revision): IfMatch,
    Json(command): Json<ChangePackage>,
) -> Result<impl IntoResponse, ApiError> {
    let changed = package::change(&api.site, &actor, &name, revision, command).await?;
    Ok((etag(changed.revision), Json(changed)))
}

/// Delete a package. Nothing may depend on it.
#[utoipa::path(delete, path = "/packages/{name}", tag = "packages", operation_id = "delete_package", params(("name" = Name, Path)), responses((status = 204)))]
async fn delete(State(api): State<Api>, Caller(actor): Caller, Path(name): Path<Name>) -> Result<StatusCode, ApiError> {
    package::delete(&api.site, &actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Read the source folder again and publish what changed as the next source version.
#[utoipa::path(post, path = "/packages/{name}/update", tag = "packages", operation_id = "update_package", params(("name" = Name, Path)), request_body = Option<UpdatePackage>, responses((status = 202, body = JobStarted)))]
async fn update(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    Given(how): Given<UpdatePackage>,
) -> Result<(StatusCode, Json<JobStarted>), ApiError> {
    Ok((StatusCode::ACCEPTED, Json(package::update(&api.site, &actor, &name, how).await?)))
}

/// Improve the updates to the newest content as far as possible, in the background.
#[utoipa::path(post, path = "/packages/{name}/improve", tag = "packages", operation_id = "improve_package", params(("name" = Name, Path)), responses((status = 202, body = JobStarted)))]
async fn improve(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<(StatusCode, Json<JobStarted>), ApiError> {
    Ok((StatusCode::ACCEPTED, Json(package::improve(&api.site, &actor, &name).await?)))
}

/// List the updates to a package's newest content, smallest first.
#[utoipa::path(get, path = "/packages/{name}/updates", tag = "packages", operation_id = "list_package_updates", params(("name" = Name, Path)), responses((status = 200, body = PackageUpdates)))]
async fn updates(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
) -> Result<Json<PackageUpdates>, ApiError> {
    Ok(Json(package::updates(&api.site, &actor, &name).await?))
}

/// Which version.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct Version {
    /// The source version; if absent, the newest that has files.
    source_version: Option<u32>,
}

/// List the objects of a source version that a store or a point needs, each after the objects that it depends on.
#[utoipa::path(get, path = "/packages/{name}/objects", tag = "packages", operation_id = "list_package_objects", params(("name" = Name, Path), Version), responses((status = 200, body = PackageObjects)))]
async fn objects(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    Query(version): Query<Version>,
) -> Result<Json<PackageObjects>, ApiError> {
    Ok(Json(dray_site::content::objects(&api.site, &actor, &name, version.source_version).await?))
}

/// List a package's releases, newest first.
#[utoipa::path(get, path = "/packages/{name}/releases", tag = "packages", operation_id = "list_releases", params(("name" = Name, Path), PageQuery), responses((status = 200, body = Page<ReleaseView>)))]
async fn releases(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    Paging(request): Paging,
) -> Result<Json<Page<ReleaseView>>, ApiError> {
    Ok(page(package::releases(&api.site, &actor, &name, &request).await?))
}

/// List the distribution points that a package is assigned to, and their state.
#[utoipa::path(get, path = "/packages/{name}/points", tag = "packages", operation_id = "list_package_points", params(("name" = Name, Path), PageQuery), responses((status = 200, body = Page<PointPackageView>)))]
async fn points(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    Paging(request): Paging,
) -> Result<Json<Page<PointPackageView>>, ApiError> {
    Ok(page(package::points(&api.site, &actor, &name, &request).await?))
}

/// Assign a package to distribution points: to all of them, or to none if one does not exist.
#[utoipa::path(post, path = "/packages/{name}/distribute", tag = "packages", operation_id = "distribute_package", params(("name" = Name, Path)), request_body = DistributePackage, responses((status = 204)))]
async fn distribute(
    State(api): State<Api>,
    Caller(actor): Caller,
    Path(name): Path<Name>,
    Json(command): Json<DistributePackage>,
) -> Result<StatusCode, ApiError> {
    point::distribute(&api.site, &actor, &name, &command.points).await?;
    Ok(StatusCode::NO_CONTENT)
}
