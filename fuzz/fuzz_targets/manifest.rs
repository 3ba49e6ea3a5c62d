//! Throws bytes at the decoder of manifests, behind their digests.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dray_fuzz::manifest(data));
