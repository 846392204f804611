//! What holds for every document: it comes back, and damage never panics.

use infractl::testing::sops::{DataKey, Encrypted, Format, Plain, SopsError, inspect, is_encrypted};
use proptest::prelude::*;

use crate::common::{Numbers, differences, key, noon, own};
use crate::random;

const FORMATS: [Format; 4] = [Format::Dotenv, Format::Json, Format::Yaml, Format::Binary];

/// There and back; then sealed again, edited without a change, rotated.
fn round_trip(seed: u64, format: Format) {
    let mut numbers = Numbers(seed);
    let source = random::document(&mut numbers, format);
    let new = random::new_file(&mut numbers, format);
    let shown = String::from_utf8_lossy(&source).into_owned();
    let mut fill = |buffer: &mut [u8]| numbers.fill(buffer);
    let plain = match Plain::create(&source, format, &new, &mut fill) {
        Ok(plain) => plain,
        Err(error) => panic!("{error}\n{shown}"),
    };
    let sealed = match plain.seal(jiff::Timestamp::UNIX_EPOCH, &mut fill) {
        Ok(sealed) => sealed.to_bytes().unwrap(),
        // What could not be read back; never in files that have only text.
        Err(SopsError::NotRepresentable { .. } | SopsError::NotEncryptable { .. }) => return,
        Err(error) => panic!("{error}\n{shown}"),
    };
    let shown = format!("{shown}\n-- {new:?}\n{}", String::from_utf8_lossy(&sealed));
    assert!(is_encrypted(&sealed, format), "{shown}");
    let keys: Vec<_> = ["a.txt", "b.txt"].iter().flat_map(|name| key(name)).collect();
    let open = |bytes: &[u8]| {
        let file = Encrypted::parse(bytes, format).unwrap_or_else(|error| panic!("{error}\n{shown}"));
        let data_key = file.data_key(&keys).unwrap();
        file.decrypt(&data_key).unwrap_or_else(|error| panic!("{error}\n{shown}"))
    };
    let mut back = open(&sealed);
    let text = plain.to_bytes(format).unwrap();
    assert_eq!(
        String::from_utf8_lossy(&back.to_bytes(format).unwrap()),
        String::from_utf8_lossy(&text),
        "{shown}"
    );
    if format == Format::Binary {
        assert_eq!(*text, source);
    }

    let again = back.seal(noon(), &mut fill).unwrap().to_bytes().unwrap();
    let (gone, added) = differences(&sealed, &again);
    assert_eq!((gone.len(), added.len()), (2, 2), "{gone:#?}\n{added:#?}\n{shown}");

    back.rotate(&mut fill).unwrap();
    let rotated = back.seal(noon(), &mut fill).unwrap().to_bytes().unwrap();
    assert_eq!(*open(&rotated).to_bytes(format).unwrap(), *text, "{shown}");

    let editor = back.to_editor().unwrap();
    back.replace(&editor)
        .unwrap_or_else(|error| panic!("{error}\n{}\n{shown}", String::from_utf8_lossy(&editor)));
    let edited = back.seal(noon(), &mut fill).unwrap().to_bytes().unwrap();
    if format == Format::Dotenv || format == Format::Binary {
        assert_eq!(
            edited.iter().filter(|&&b| b == b'\n').count(),
            rotated.iter().filter(|&&b| b == b'\n').count()
        );
        assert_eq!(*open(&edited).to_bytes(format).unwrap(), *text, "{shown}");
    }
    open(&edited);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn dotenv_comes_back(seed: u64) {
        round_trip(seed, Format::Dotenv);
    }

    #[test]
    fn json_comes_back(seed: u64) {
        round_trip(seed, Format::Json);
    }

    #[test]
    fn yaml_comes_back(seed: u64) {
        round_trip(seed, Format::Yaml);
    }

    #[test]
    fn binary_comes_back(seed: u64) {
        round_trip(seed, Format::Binary);
    }

    #[test]
    fn any_bytes_are_an_answer_or_an_error(bytes: Vec<u8>, text in "\\PC{0,80}", yaml in "[-a-c:#\\[\\]{}&*!|>'\" \\n0-9]{0,60}") {
        let mut numbers = Numbers(1);
        let new = infractl::testing::sops::NewFile::for_recipients([crate::common::public("a.txt")]);
        for format in FORMATS {
            for input in [&bytes[..], text.as_bytes(), yaml.as_bytes()] {
                let _ = inspect(input, format);
                let mut fill = |buffer: &mut [u8]| numbers.fill(buffer);
                if let Ok(plain) = Plain::create(input, format, &new, &mut fill) {
                    let _ = plain.seal(noon(), &mut fill).map(|file| file.to_bytes());
                    let _ = plain.to_editor();
                    for other in FORMATS {
                        let _ = plain.to_bytes(other);
                    }
                }
            }
        }
    }
}

/// Some bytes changed, doubled, moved or gone.
fn mutate(numbers: &mut Numbers, bytes: &mut Vec<u8>) {
    for _ in 0..=numbers.below(3) {
        let length = bytes.len().max(1);
        let (at, other) = (numbers.below(length), numbers.below(length));
        let range = at.min(other)..at.max(other).min(at.min(other) + 80).min(bytes.len());
        match numbers.below(6) {
            0 if at < bytes.len() => bytes[at] = numbers.next().to_le_bytes()[0],
            1 => drop(bytes.drain(range)),
            2 => {
                let copy = bytes[range].to_vec();
                bytes.splice(other..other, copy);
            }
            3 => bytes.insert(at, *b"\n:=[]{}\"'#-,& \r\0"[..].get(numbers.below(16)).unwrap_or(&b' ')),
            4 => bytes.truncate(at),
            _ => {
                let word = [
                    "sops_",
                    "__list_",
                    "__map_",
                    "ENC[AES256_GCM,data:",
                    "type:float]",
                    "null",
                    "- ",
                    "\n---\n",
                    "*a",
                    "&a ",
                ];
                let word = word[numbers.below(word.len())];
                bytes.splice(at..at, word.bytes());
            }
        }
    }
}

#[test]
fn damaged_files_never_panic() {
    let keys: Vec<_> = ["a.txt", "b.txt", "c.txt"].iter().flat_map(|name| key(name)).collect();
    let mut numbers = Numbers(21);
    let mut opened = 0;
    for folder in ["enc", "bad"] {
        for entry in std::fs::read_dir(own().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let format = Format::from_path(path.to_str().unwrap());
            let bytes = std::fs::read(&path).unwrap();
            let data_key = Encrypted::parse(&bytes, format).and_then(|file| file.data_key(&keys));
            let data_key = data_key.unwrap_or_else(|_| DataKey::from_bytes(&[1; 32]).unwrap());
            for round in 0..60 {
                let mut damaged = bytes.clone();
                mutate(&mut numbers, &mut damaged);
                let _ = inspect(&damaged, format);
                let Ok(file) = Encrypted::parse(&damaged, format) else { continue };
                if round % 10 == 0 {
                    let _ = file.data_key(&keys);
                }
                if let Ok(mut plain) = file.decrypt(&data_key) {
                    opened += 1;
                    let _ =
                        plain.seal(noon(), &mut |buffer| numbers.fill(buffer)).map(|file| file.to_bytes());
                    if let Ok(text) = plain.to_editor() {
                        let _ = plain.replace(&text);
                    }
                }
            }
        }
    }
    assert!(opened > 100, "some damage is harmless: {opened}");
}
