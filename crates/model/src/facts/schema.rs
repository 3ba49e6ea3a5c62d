//! Facts in the API's description, made from the catalogue.

use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, Schema, Type};
use utoipa::openapi::{KnownFormat, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use super::{Facts, TEXT_BYTES_MAX, VERSION_BYTES_MAX};
use crate::inventory::{Class, Kind, Property};

impl PartialSchema for Facts {
    fn schema() -> RefOr<Schema> {
        let description = "What a client reports about itself, by class and property. Anything unknown is left out.";
        let object = ObjectBuilder::new().description(Some(description));
        Class::all().fold(object, |object, class| object.property(class.info().name, of_class(class))).into()
    }
}

impl ToSchema for Facts {}

fn of_class(class: Class) -> Schema {
    let row = ObjectBuilder::new();
    let row = class.facts().fold(row, |row, property| row.property(property.info().name, of_property(property)));
    let description = Some(class.info().description);
    if !class.is_list() {
        return Schema::Object(row.description(description).build());
    }
    let rows = ArrayBuilder::new().items(row.build()).max_items(Some(class.info().rows_max));
    Schema::Array(rows.description(description).build())
}

fn of_property(property: Property) -> Object {
    let object = ObjectBuilder::new().description(Some(property.info().description));
    match property.kind() {
        Kind::Integer => object
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(0.0)),
        Kind::Version => object.schema_type(Type::String).max_length(Some(VERSION_BYTES_MAX)),
        Kind::Text | Kind::Ip => object.schema_type(Type::String).max_length(Some(TEXT_BYTES_MAX)),
    }
    .build()
}
