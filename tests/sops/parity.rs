//! The same documents through a second implementation, both ways.
//!
//! Needs `INFRACTL_ORACLE_PYTHON`, a python with pyrage, pycryptodome and pyyaml; `INFRACTL_ORACLE_CASES`
//! sets how many files go each way (300).

use std::io::Write;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use infractl::testing::sops::{Encrypted, Format, Node, Plain, Value, key as top};
use serde_json::json;

use crate::common::{Numbers, key, noon, own, shared, skip};
use crate::random;

/// The answers to these jobs; none when there is no oracle.
#[expect(clippy::disallowed_methods, reason = "a test runs a program of its own")]
fn ask(jobs: &[serde_json::Value]) -> Option<Vec<serde_json::Value>> {
    let tools = shared("tools")?;
    let Some(python) = std::env::var_os("INFRACTL_ORACLE_PYTHON") else {
        skip("INFRACTL_ORACLE_PYTHON is not set");
        return None;
    };
    let driver = own().parent().unwrap().join("oracle_driver.py");
    let mut command = Command::new(python);
    command
        .arg(driver)
        .arg(tools)
        .args(["a.txt", "b.txt", "c.txt"].map(|name| own().join("keys").join(name)));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let text: String = jobs.iter().map(|job| format!("{job}\n")).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let done = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(done.status.success());
    let answers: Vec<_> = String::from_utf8(done.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), jobs.len());
    Some(answers)
}

#[expect(clippy::disallowed_methods, reason = "how much work the tests are to do")]
fn cases() -> u64 {
    std::env::var("INFRACTL_ORACLE_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(300)
}

fn name(format: Format) -> &'static str {
    match format {
        Format::Dotenv => "dotenv",
        Format::Yaml => "yaml",
        Format::Json => "json",
        Format::Binary => "binary",
    }
}

/// How both sides print the plain text.
fn printed(plain: &Plain) -> Option<Vec<u8>> {
    let format = if plain.format() == Format::Yaml { Format::Json } else { plain.format() };
    plain.to_bytes(format).ok().map(|text| text.to_vec())
}

/// YAML goes through JSON, where the oracle keeps what JSON lacks as it is.
fn same(format: Format, ours: &[u8], theirs: &[u8]) -> bool {
    if format != Format::Yaml {
        return ours == theirs;
    }
    let data = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
    data(ours) == data(theirs)
}

#[test]
fn the_oracle_reads_what_we_write() {
    let mut jobs = Vec::new();
    let mut expected = Vec::new();
    for seed in 0..cases() {
        let format = [Format::Dotenv, Format::Json, Format::Yaml, Format::Dotenv, Format::Binary]
            [usize::try_from(seed % 5).unwrap()];
        let mut numbers = Numbers(seed ^ 0x5eed);
        let source = random::document(&mut numbers, format);
        let mut new = random::new_file(&mut numbers, format);
        // The oracle sees no comments in YAML.
        new.rule = new.rule.filter(|rule| format != Format::Yaml || !rule.field().0.contains("comment"));
        let mut fill = |buffer: &mut [u8]| numbers.fill(buffer);
        let mut plain = Plain::create(&source, format, &new, &mut fill).unwrap();
        let Ok(mut sealed) = plain.seal(noon(), &mut fill) else { continue };
        if seed % 3 == 0 && format != Format::Binary {
            // Opened, changed and written again.
            let data_key = plain.data_key().clone();
            plain =
                Encrypted::parse(&sealed.to_bytes().unwrap(), format).unwrap().decrypt(&data_key).unwrap();
            plain.set(&top("ADDED"), Node::from(Value::text("later\non"))).unwrap();
            sealed = plain.seal(noon(), &mut fill).unwrap();
        }
        let Some(text) = printed(&plain) else { continue };
        let file = sealed.to_bytes().unwrap();
        jobs.push(json!({"do": "decrypt", "format": name(format), "file": STANDARD.encode(&file)}));
        expected.push((format, source, file, text));
    }
    let Some(answers) = ask(&jobs) else { return };
    let mut wrong = Vec::new();
    for (answer, (format, source, file, text)) in answers.iter().zip(&expected) {
        let theirs = answer["plain"].as_str().map(|plain| STANDARD.decode(plain).unwrap());
        if !theirs.as_ref().is_some_and(|theirs| same(*format, text, theirs)) {
            let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            let theirs = theirs.as_deref().map_or_else(|| answer.to_string(), show);
            wrong.push(format!(
                "== source\n{}\n== file\n{}\n== ours\n{}\n== oracle\n{theirs}",
                show(source),
                show(file),
                show(text)
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}; the first:\n{}", wrong.len(), jobs.len(), wrong[0]);
    println!("the oracle read {} files", jobs.len());
}

#[test]
fn we_read_what_the_oracle_writes() {
    let mut jobs = Vec::new();
    for seed in 0..cases() {
        let format = [Format::Dotenv, Format::Json, Format::Binary][usize::try_from(seed % 3).unwrap()];
        let mut numbers = Numbers(seed ^ 0xfeed);
        let source = random::document(&mut numbers, format);
        let new = random::new_file(&mut numbers, format);
        let rule: serde_json::Map<_, _> =
            new.rule.iter().map(|rule| (rule.field().0.to_owned(), json!(rule.field().1))).collect();
        jobs.push(json!({
            "do": "encrypt", "format": name(format), "plain": STANDARD.encode(&source), "age": new.recipients.groups,
            "threshold": new.recipients.threshold, "rule": rule, "mac_only": new.mac_only_encrypted,
        }));
    }
    let Some(answers) = ask(&jobs) else { return };
    let keys: Vec<_> = ["a.txt", "b.txt"].iter().flat_map(|name| key(name)).collect();
    let mut read = 0;
    for (job, answer) in jobs.iter().zip(&answers) {
        let Some(file) = answer["file"].as_str() else { panic!("{answer} for {job}") };
        let (file, theirs) =
            (STANDARD.decode(file).unwrap(), STANDARD.decode(answer["plain"].as_str().unwrap()).unwrap());
        let format = match job["format"].as_str().unwrap() {
            "dotenv" => Format::Dotenv,
            "json" => Format::Json,
            _ => Format::Binary,
        };
        let opened = Encrypted::parse(&file, format).and_then(|parsed| {
            let data_key = parsed.data_key(&keys)?;
            parsed.decrypt(&data_key)
        });
        let plain = match opened {
            Ok(plain) => plain,
            // A clear dotenv value with a backslash before an n: sops writes it and cannot read it.
            Err(error) => panic!("{error}\n{}", String::from_utf8_lossy(&file)),
        };
        let ours = printed(&plain).unwrap();
        assert!(
            same(format, &ours, &theirs),
            "{}\n{}\n{}",
            String::from_utf8_lossy(&file),
            String::from_utf8_lossy(&ours),
            String::from_utf8_lossy(&theirs)
        );
        // What the other wrote is what we write: only the date and the MAC change.
        let mut numbers = Numbers(1);
        let again = plain.seal(noon(), &mut |buffer| numbers.fill(buffer)).unwrap().to_bytes().unwrap();
        let (gone, new) = crate::common::differences(&file, &again);
        assert_eq!((gone.len(), new.len()), (2, 2), "{gone:#?}\n{new:#?}");
        read += 1;
    }
    println!("{read} files of the oracle read");
}
