#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| lamplighter_fuzz::run("proxy_target", input));
