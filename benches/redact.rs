//! How fast output is masked: MB/s with 50 secrets, against the same without masking, and how long a
//! chunk (so a line) is held. `cargo bench --bench redact`

#![expect(clippy::print_stdout, clippy::format_push_string, reason = "a benchmark")]

use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

use infractl::testing::redact::{Lines, Masks, Weight};

const TOTAL: usize = 256 << 20;
const CHUNK: usize = 64 << 10;

fn main() {
    let plain = log(None);
    let secret = log(Some("hunter-0042-Zq9xWv7u"));
    println!(
        "{} MB per run, chunks of {} KiB, CPU time, best of 5; 50 secrets unless said",
        TOTAL >> 20,
        CHUNK >> 10
    );

    let copy = best(|| copy(&plain));
    report("memcpy", copy, copy);
    let split = best(|| split(&plain));
    report("split into lines, no masking", split, split);
    for (what, masks, log) in [
        ("no secret known", masks(0, 20), &plain),
        ("nothing to mask", masks(50, 20), &plain),
        ("nothing to mask, secrets of 4 to 53 characters", masks(50, 4), &plain),
        ("nothing to mask, 500 secrets", masks(500, 20), &plain),
        ("nothing to mask, a key of 50 lines", key(masks(50, 20)), &plain),
        ("a secret in every 10th line", masks(50, 20), &secret),
    ] {
        let mut holds = Vec::new();
        let took = best(|| redact(&masks, log, &mut holds));
        report(what, took, split);
        holds.sort_unstable();
        let hold = holds[holds.len() / 100 * 99].as_secs_f64() * 1e3;
        println!("    99 of 100 chunks take less than {hold:.2} ms; {masks:?}");
    }
    for count in [50, 10_000] {
        let started = Instant::now();
        let masks = masks(count, 20);
        let added = started.elapsed();
        black_box(masks.redactor());
        let (added, all) = (added.as_secs_f64() * 1e3, started.elapsed().as_secs_f64() * 1e3);
        println!("{count} secrets: {added:.2} ms to add, {:.2} ms to make ready", all - added);
    }
}

/// Like terraform's output: 1 MiB of it, repeated.
fn log(secret: Option<&str>) -> Vec<u8> {
    let mut text = String::new();
    for n in 0..20_000 {
        let end = if n % 10 == 0 { secret.unwrap_or("https://example.org/x") } else { "known after apply" };
        text.push_str(&match n % 4 {
            0 => format!("aws_instance.web[{n}]: Still creating... [{}m{}s elapsed] {end}\n", n / 60, n % 60),
            1 => format!("      + arn = \"arn:aws:iam::123456789012:role/service-{n}\" ({end})\n"),
            2 => format!(
                "ok: [host-{n}] => {{\"changed\": false, \"checksum\": \"{:032x}\"}} {end}\n",
                n * 7919
            ),
            _ => format!("  # module.network.aws_subnet.private[{n}] will be created {end}\n"),
        });
    }
    text.truncate(1 << 20);
    text.into_bytes()
}

fn masks(count: usize, shortest: usize) -> Masks {
    let masks = Masks::new();
    let mut random = 0x9E37_79B9_7F4A_7C15u64;
    for n in 0..count {
        let value = if n == 42 {
            "hunter-0042-Zq9xWv7u".to_owned()
        } else {
            let letter = |_| {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                char::from(
                    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                        [(random >> 58) as usize],
                )
            };
            (0..shortest + n % 50).map(letter).collect()
        };
        assert_eq!(masks.add(&n.to_string(), &value), Weight::Added);
    }
    masks
}

fn key(masks: Masks) -> Masks {
    let lines: Vec<String> =
        (0..50u64).map(|n| format!("{:064x}", u128::from(n) << 70 | 0x00AB_CDEF)).collect();
    let value = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"));
    assert_eq!(masks.add("key", &value), Weight::Added);
    masks
}

fn best(mut run: impl FnMut()) -> Duration {
    (0..5)
        .map(|_| {
            let started = cpu();
            run();
            cpu().saturating_sub(started)
        })
        .min()
        .unwrap_or_default()
}

/// The CPU time of this thread so far (else the time): others may be using the core.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let time = stat.split(' ').next().and_then(|time| time.parse().ok());
    time.map_or_else(|| SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default(), Duration::from_nanos)
}

fn chunks(log: &[u8]) -> impl Iterator<Item = &[u8]> {
    log.chunks(CHUNK).cycle().take(TOTAL / CHUNK)
}

fn copy(log: &[u8]) {
    let mut buffer = vec![0; CHUNK];
    for chunk in chunks(log) {
        buffer[..chunk.len()].copy_from_slice(chunk);
        black_box(&buffer);
    }
}

fn split(log: &[u8]) {
    for chunk in chunks(log) {
        let text = String::from_utf8_lossy(chunk);
        for line in text.split('\n') {
            black_box(line);
        }
    }
}

fn redact(masks: &Masks, log: &[u8], holds: &mut Vec<Duration>) {
    let mut lines = Lines::new(masks);
    for chunk in chunks(log) {
        let started = Instant::now();
        lines.push(chunk, &mut |line| {
            black_box(line);
        });
        holds.push(started.elapsed());
    }
    lines.finish(&mut |line| {
        black_box(line);
    });
}

fn report(what: &str, took: Duration, base: Duration) {
    let rate = f64::from(u32::try_from(TOTAL >> 20).unwrap_or(u32::MAX)) / took.as_secs_f64();
    println!(
        "{what:<50} {rate:>7.0} MB/s {:>6.2} x the time of splitting",
        took.as_secs_f64() / base.as_secs_f64()
    );
}
