//! Throws bytes at the decoder of layouts, and opens a file by those that pass.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dray_fuzz::container_layout(data));
