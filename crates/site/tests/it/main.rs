//! The site with its content on a store that somebody else wrote.

#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

mod bucket;
mod bucket_check;
mod publish_to_bucket;
mod s3;
