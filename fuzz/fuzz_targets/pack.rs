//! Throws bytes at the reader of packs, behind their digests.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dray_fuzz::pack(data));
