//! Requests and answers of the administrators' API (`/api/v1`) and the clients' API (`/client/v1`), by resource.

pub mod advertisement;
pub mod client;
pub mod collection;
pub mod device;
pub mod package;
pub mod point;
pub mod why;
