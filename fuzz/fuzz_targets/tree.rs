//! Throws bytes at the decoder of trees.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dray_fuzz::tree(data));
