//! How long it takes; run with `cargo test --release --test sops speed -- --ignored --nocapture`.

use std::time::Instant;

use crate::common::{Numbers, key, noon, public};
use infractl::testing::sops::{Encrypted, Format, NewFile, Plain, Value, key as top};

fn create(count: usize, format: Format) -> Vec<u8> {
    let mut numbers = Numbers(11);
    let lines = (0..count).map(|at| match format {
        Format::Yaml => format!("KEY_{at}: value-{at}-{:x}\n", numbers.next()),
        _ => format!("KEY_{at}=value-{at}-{:x}\n", numbers.next()),
    });
    let text: String = lines.collect();
    let new = NewFile::for_recipients([public("a.txt")]);
    let mut fill = |buffer: &mut [u8]| numbers.fill(buffer);
    let plain = Plain::create(text.as_bytes(), format, &new, &mut fill).unwrap();
    plain.seal(noon(), &mut fill).unwrap().to_bytes().unwrap()
}

/// The best of some runs, in milliseconds.
fn best(mut run: impl FnMut()) -> f64 {
    let time = |run: &mut dyn FnMut()| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64() * 1e3
    };
    (0..10).map(|_| time(&mut run)).fold(f64::INFINITY, f64::min)
}

#[test]
#[ignore = "measures; needs --release"]
fn files_open_and_close_fast() {
    let keys = key("a.txt");
    let small = [create(20, Format::Dotenv), create(20, Format::Dotenv)];
    let open = |bytes: &[u8], format| {
        let file = Encrypted::parse(bytes, format).unwrap();
        file.decrypt(&file.data_key(&keys).unwrap()).unwrap()
    };
    let two = best(|| small.iter().for_each(|bytes| drop(open(bytes, Format::Dotenv))));
    println!("2 files of 20 values opened in {two:.2} ms (limit 3)");
    for (format, limits) in [(Format::Dotenv, (60.0, 100.0)), (Format::Yaml, (600.0, 1000.0))] {
        let large = create(10_000, format);
        let opened = best(|| drop(open(&large, format)));
        let set = best(|| {
            let mut numbers = Numbers(12);
            let mut plain = open(&large, format);
            plain.set(&top("KEY_5000"), Value::text("changed").into()).unwrap();
            plain.seal(noon(), &mut |buffer| numbers.fill(buffer)).unwrap().to_bytes().unwrap();
        });
        let all = best(|| drop(create(10_000, format)));
        println!(
            "{format}: 10,000 values opened in {opened:.1} ms, one set in {set:.1} ms, all encrypted in {all:.1} ms"
        );
        assert!(opened < limits.0 && set < limits.1, "{format}");
    }
    assert!(two < 3.0);
}
