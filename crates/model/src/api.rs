//! Requests and answers of the administrators' API (`/api/v1`) and the clients' API (`/client/v1`), by resource.

pub mod advertisement;
pub mod audit;
pub mod client;
pub mod collection;
pub mod content;
pub mod device;
pub mod job;
pub mod package;
pub mod page;
pub mod point;
pub mod problem;
pub mod quarantine;
pub mod role;
pub mod scope;
pub mod site;
pub mod status;
pub mod token;
pub mod why;
