//! Throws bytes at the applier of differences.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dray_fuzz::difference(data));
