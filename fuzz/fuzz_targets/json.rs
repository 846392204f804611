#![no_main]

#[path = "../properties.rs"]
#[expect(dead_code, reason = "each target uses a part")]
mod properties;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| properties::plain(bytes, infractl::testing::sops::Format::Json));
