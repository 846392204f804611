//! The properties of the fuzz targets on thousands of inputs made from real files. With INFRACTL_FUZZ_SECONDS set,
//! for that long each.

use std::path::Path;
use std::time::{Duration, Instant};

use infractl::testing::sops::Format;

use crate::common::Numbers;

#[path = "../../fuzz/properties.rs"]
mod properties;

/// Real files and the bits they are made of.
fn corpus() -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for folder in ["enc", "bad", "plain"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sops/fixtures").join(folder);
        let mut paths: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        files.extend(paths.iter().filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap()));
    }
    files
}

const BITS: [&[u8]; 24] = [
    b"sops_",
    b"sops:",
    b"\"sops\":",
    b"ENC[AES256_GCM,data:",
    b",iv:",
    b",tag:",
    b",type:str]",
    b"__list_0__map_enc=",
    b"\n",
    b"\r\n",
    b"=",
    b"#",
    b": ",
    b"- ",
    b"&a ",
    b"*a",
    b"<<",
    b"{",
    b"}",
    b"[",
    b"\"",
    b"\\u0000",
    b"|-\n ",
    b"\xff",
];

fn mutate(numbers: &mut Numbers, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus[numbers.below(corpus.len())].clone();
    bytes.truncate(4000);
    for _ in 0..=numbers.below(6) {
        let at = numbers.below(bytes.len() + 1);
        match numbers.below(6) {
            0 => {
                let bit = BITS[numbers.below(BITS.len())];
                bytes.splice(at..at, bit.iter().copied());
            }
            1 if at < bytes.len() => bytes[at] = u8::try_from(numbers.below(256)).unwrap(),
            2 => {
                let end = (at + numbers.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => bytes.truncate(at),
            4 => {
                let end = (at + numbers.below(200)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                let to = numbers.below(bytes.len() + 1);
                bytes.splice(to..to, part);
            }
            _ => {
                let other = &corpus[numbers.below(corpus.len())];
                let from = numbers.below(other.len() + 1);
                let end = (from + numbers.below(300)).min(other.len());
                bytes.splice(at..at, other[from..end].iter().copied());
            }
        }
    }
    bytes
}

/// Runs for some thousand inputs, or as long as it was asked for; the input that fails is named by its number.
fn run(count: usize, seed: u64, mut check: impl FnMut(&mut Numbers, &[Vec<u8>])) {
    let asked = std::env::var("INFRACTL_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    let corpus = corpus();
    let started = Instant::now();
    let mut done = 0_u64;
    let goes_on = |done: u64| match asked {
        Some(seconds) => started.elapsed() < Duration::from_secs(seconds),
        None => done < count as u64,
    };
    while goes_on(done) {
        let mut numbers = Numbers(seed.wrapping_add(done.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        check(&mut numbers, &corpus);
        done += 1;
    }
    println!("{done} inputs in {:.1} s", started.elapsed().as_secs_f64());
}

#[test]
fn any_bytes_as_plain_text_come_back_or_are_refused() {
    run(3_000, 1, |numbers, corpus| {
        let bytes = mutate(numbers, corpus);
        for format in [Format::Dotenv, Format::Yaml, Format::Json] {
            properties::plain(&bytes, format);
        }
    });
}

/// Found by `cargo fuzz`.
#[test]
fn a_comment_at_the_end_of_brackets_comes_back() {
    let text = "{\n \"f\": [\n  {\n   \"p\": {\n    \"d\": \"e\"\n   },\n   #o\n  },\n  {\n   \"g\": \"h\"\n  }\n ]\n}\n";
    properties::plain(text.as_bytes(), Format::Yaml);
}

#[test]
fn any_bytes_as_an_encrypted_file_never_panic() {
    run(3_000, 2, |numbers, corpus| properties::encrypted(&mutate(numbers, corpus)));
}

#[test]
fn a_changed_file_gives_an_error_or_the_right_values() {
    run(2_000, 3, |numbers, _| {
        let length = 1 + 4 * (1 + numbers.below(3));
        let script: Vec<u8> = (0..length).map(|_| u8::try_from(numbers.below(256)).unwrap()).collect();
        properties::mutated(&script);
    });
}
