//! Throws bytes at the decoder of source indexes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dray_fuzz::source_index(data));
