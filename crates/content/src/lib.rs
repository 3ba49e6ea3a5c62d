//! Content: trees, chunks, packs and manifests; what to fetch for a tree and how to rebuild it.
//!
//! Pure and synchronous: it touches only the folders and bytes that it is given, and knows no network, database or clock.
//! A [`Tree`] is the identity of content; chunking, packing and compression are how its bytes travel. Nothing that is read here
//! is believed: every decoder has [`Limits`], every chunk is checked against its digest before it is kept.
//!
//! - A site publishes: [`scan::probe`], then [`ingest::ingest`] turns a source folder into staged packs and a [`Manifest`].
//! - A store in a folder: [`store::FolderStore`], [`store::Objects`]; one elsewhere: [`ObjectName::check`], [`mend::mend`] for packs that are damaged.
//! - A point holds objects: [`ObjectName`], [`Manifest::decode`], [`Manifest::packs`], [`pack::verify`].
//! - A client receives: [`plan::plan`], then an [`assemble::Assembly`] takes fetched ranges and makes the folder;
//!   [`verify::verify_tree`] tells later whether it is still whole.
//!
//! The formats are described byte by byte in `docs/formats.md` and frozen by `tests/golden`.
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on should stop"))]

pub mod assemble;
pub mod attributes;
pub mod chunker;
pub mod codec;
mod compress;
pub mod container;
mod deflate;
pub mod difference;
pub mod durable;
mod frame;
pub mod identify;
pub mod ingest;
pub mod limits;
pub mod manifest;
pub mod mend;
mod native;
pub mod object;
mod open_files;
pub mod pack;
pub mod packed;
pub mod path;
pub mod plan;
pub mod progress;
pub mod read_at;
pub mod rebuild;
pub mod relocation;
pub mod requirement;
pub mod scan;
pub mod store;
pub mod tree;
pub mod update;
pub mod verify;

pub use attributes::{FileMode, FolderMode, ModifiedAt};
pub use codec::DecodeError;
pub use limits::Limits;
pub use manifest::Manifest;
pub use object::ObjectName;
pub use path::{LinkTarget, OutsideTarget, TreePath};
pub use progress::Progress;
pub use tree::{Entry, Extension, FileNode, FolderNode, Node, Tree};
pub use update::Update;
