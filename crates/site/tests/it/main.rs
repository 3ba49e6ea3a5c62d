//! The site from outside: with its content on a store that somebody else wrote, and with damaged files.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod bucket;
mod bucket_check;
mod damage;
mod publish_to_bucket;
mod s3;
