//! Throws bytes at the decoder of manifest differences, behind their compression.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dray_fuzz::manifest_difference(data));
