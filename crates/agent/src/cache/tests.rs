//! Cache tests come with the content they need.
