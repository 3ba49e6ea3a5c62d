//! Content from sources.
