//! Throws bytes at the opener of containers, and closes again what it opened.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dray_fuzz::container(data));
