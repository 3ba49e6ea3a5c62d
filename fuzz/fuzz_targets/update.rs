//! Throws bytes at the decoder of updates, behind their compression and the wanted tree.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dray_fuzz::update(data));
