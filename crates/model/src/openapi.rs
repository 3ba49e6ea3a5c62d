//! Schemas of the types that are texts with rules.

macro_rules! text_schema {
    ($type:ty, $description:expr, $key:ident = $value:expr) => {
        impl utoipa::PartialSchema for $type {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                let object = utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .description(Some($description));
                crate::openapi::$key(object, $value).into()
            }
        }

        impl utoipa::ToSchema for $type {}
    };
}

macro_rules! bounded_text_schema {
    () => {
        impl<const MAX: usize> utoipa::PartialSchema for Text<MAX> {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .max_length(Some(MAX))
                    // No control characters but tabs and line breaks.
                    .pattern(Some("^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]*$"))
                    .into()
            }
        }

        impl<const MAX: usize> utoipa::ToSchema for Text<MAX> {
            fn name() -> std::borrow::Cow<'static, str> {
                std::borrow::Cow::Owned(format!("Text{MAX}"))
            }
        }
    };
}

pub(crate) use {bounded_text_schema, text_schema};

use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::schema::SchemaFormat;

pub(crate) fn pattern(object: ObjectBuilder, pattern: &str) -> ObjectBuilder {
    object.pattern(Some(pattern))
}

pub(crate) fn format(object: ObjectBuilder, format: &str) -> ObjectBuilder {
    object.format(Some(SchemaFormat::Custom(format.to_owned())))
}
