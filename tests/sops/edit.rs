//! Changes touch what they change and nothing else.

use crate::common::{self, Numbers, differences, noon, own};
use infractl::testing::sops::{Encrypted, Format, Node, PathStep, Plain, SopsError, Value, key};

fn read(name: &str) -> (Vec<u8>, Format) {
    (std::fs::read(own().join("enc").join(name)).unwrap(), Format::from_path(name))
}

fn open(bytes: &[u8], format: Format) -> Plain {
    let file = Encrypted::parse(bytes, format).unwrap();
    let keys: Vec<_> = ["a.txt", "b.txt", "c.txt", "ssh_ed25519", "ssh_rsa"]
        .iter()
        .flat_map(|name| common::key(name))
        .collect();
    file.decrypt(&file.data_key(&keys).unwrap()).unwrap()
}

fn seal(plain: &Plain) -> Vec<u8> {
    let mut numbers = Numbers(1);
    plain.seal(noon(), &mut |buffer| numbers.fill(buffer)).unwrap().to_bytes().unwrap()
}

/// The names at the start of the changed lines.
fn names(lines: &[String]) -> Vec<&str> {
    let mut names: Vec<_> = lines
        .iter()
        .map(|line| line.trim_start().split(['=', ':']).next().unwrap().trim_matches('"'))
        .collect();
    names.sort_unstable();
    names
}

fn leaf(text: &str) -> Node {
    Value::text(text).into()
}

#[test]
fn sealing_without_a_change_renews_the_date_and_the_mac_only() {
    let mut seen = 0;
    for entry in std::fs::read_dir(own().join("enc")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let (bytes, format) = read(&name);
        let file = Encrypted::parse(&bytes, format).unwrap();
        let keys: Vec<_> = ["a.txt", "b.txt", "c.txt", "ssh_ed25519", "ssh_rsa"]
            .iter()
            .flat_map(|name| common::key(name))
            .collect();
        let Ok(plain) = file.decrypt(&file.data_key(&keys).unwrap()) else { continue };
        let after = seal(&plain);
        let documents = if name == "multi-document.yaml" { 3 } else { 1 };
        let (gone, new) = differences(&bytes, &after);
        let expected = if format == Format::Dotenv {
            vec!["sops_lastmodified", "sops_mac"]
        } else {
            [vec!["lastmodified"; documents], vec!["mac"; documents]].concat()
        };
        assert_eq!(names(&gone), expected, "{name}");
        assert_eq!(names(&new), expected, "{name}");
        assert_eq!(
            *open(&after, format).to_bytes(format).unwrap(),
            *plain.to_bytes(format).unwrap(),
            "{name}"
        );
        seen += 1;
    }
    assert!(seen >= 40);
}

#[test]
fn setting_one_value_changes_three_lines_in_every_format() {
    for (name, path) in [
        ("full.env", key("QUOTED").to_vec()),
        ("eleven-recipients.env", key("K").to_vec()),
        ("types-json.json", key("string").to_vec()),
        ("types-json.json", vec![PathStep::Key(b"list".to_vec()), PathStep::Index(1)]),
        ("types.yaml", key("multi").to_vec()),
        ("types.yaml", vec![PathStep::Key(b"map".to_vec()), PathStep::Key(b"inner".to_vec())]),
        ("types.yaml", vec![PathStep::Key(b"list".to_vec()), PathStep::Index(0)]),
    ] {
        let (bytes, format) = read(name);
        let mut plain = open(&bytes, format);
        plain.set(&path, leaf("changed\ntwice")).unwrap();
        let after = seal(&plain);
        let (gone, new) = differences(&bytes, &after);
        assert_eq!((gone.len(), new.len()), (3, 3), "{name} {path:?}\n{gone:#?}\n{new:#?}");
        assert_eq!(
            bytes.iter().filter(|&&b| b == b'\n').count(),
            after.iter().filter(|&&b| b == b'\n').count()
        );
        let back = open(&after, format);
        let Some(Node::Scalar(found)) = back.get(&path) else { panic!("{name}") };
        assert!(found.value == Value::text("changed\ntwice"));
    }
}

#[test]
fn setting_the_value_that_is_there_keeps_its_ciphertext() {
    let (bytes, format) = read("types-json.json");
    let mut plain = open(&bytes, format);
    plain.set(&key("string"), leaf("hello")).unwrap();
    assert_eq!(names(&differences(&bytes, &seal(&plain)).0), ["lastmodified", "mac"]);
}

#[test]
fn a_new_key_adds_one_line_at_the_end_and_unset_takes_it_away() {
    for name in ["full.env", "types.yaml", "types-json.json", "comments-map.yaml", "mac-only-encrypted.env"] {
        let (bytes, format) = read(name);
        let mut plain = open(&bytes, format);
        plain.set(&key("BRAND_NEW"), leaf("x")).unwrap();
        let added = seal(&plain);
        let (gone, new) = differences(&bytes, &added);
        assert_eq!((gone.len(), new.len()), (2, 3), "{name}\n{gone:#?}\n{new:#?}");
        let text = String::from_utf8_lossy(&added).into_owned();
        assert!(
            text.find("BRAND_NEW").unwrap() < text.find("lastmodified").unwrap(),
            "{name}: before the metadata"
        );

        let mut plain = open(&added, format);
        plain.unset(&key("BRAND_NEW")).unwrap();
        assert_eq!(differences(&bytes, &seal(&plain)).1.len(), 2, "{name}");
        assert!(matches!(plain.unset(&key("BRAND_NEW")), Err(SopsError::NoSuchKey { .. })));
    }
}

#[test]
fn paths_into_lists_and_maps_are_followed_and_made() {
    let (bytes, format) = read("types-json.json");
    let mut plain = open(&bytes, format);
    let at = |steps: &[&str]| -> Vec<PathStep> {
        steps
            .iter()
            .map(|step| {
                step.parse().map_or_else(|_| PathStep::Key(step.as_bytes().to_vec()), PathStep::Index)
            })
            .collect()
    };
    plain.set(&at(&["new", "deep", "er"]), leaf("v")).unwrap();
    plain.set(&at(&["list", "5"]), leaf("sixth")).unwrap();
    assert!(matches!(plain.set(&at(&["list", "9"]), leaf("x")), Err(SopsError::BadPath { .. })));
    assert!(matches!(plain.set(&at(&["list", "key"]), leaf("x")), Err(SopsError::BadPath { .. })));
    assert!(matches!(plain.set(&at(&["string", "key"]), leaf("x")), Err(SopsError::BadPath { .. })));
    assert!(matches!(plain.set(&[], leaf("x")), Err(SopsError::BadPath { .. })));
    plain.unset(&at(&["list", "0"])).unwrap();
    plain.unset(&at(&["map", "x"])).unwrap();
    assert!(plain.unset(&at(&["map", "x"])).is_err());
    let back = open(&seal(&plain), format);
    let Some(Node::List(items)) = back.get(&at(&["list"])) else { panic!() };
    assert_eq!(items.len(), 5);
    assert!(back.get(&at(&["new", "deep", "er"])).is_some());
    assert!(back.get(&at(&["map", "x"])).is_none());
}

#[test]
fn an_edit_keeps_every_line_that_stays() {
    for (name, from, to, changed) in [
        ("full.env", "", "", 2),
        ("duplicate-keys.env", "", "", 2),
        ("types-json.json", "\"hello\"", "\"hallo\"", 3),
        ("crlf.env", "", "", 2),
    ] {
        let (bytes, format) = read(name);
        let mut plain = open(&bytes, format);
        let text = plain.to_editor().unwrap();
        let text = String::from_utf8_lossy(&text).replace(from, to);
        if from.is_empty() {
            plain.replace(&plain.to_editor().unwrap()).unwrap();
        } else {
            plain.replace(text.as_bytes()).unwrap();
        }
        let (gone, new) = differences(&bytes, &seal(&plain));
        assert_eq!((gone.len(), new.len()), (changed, changed), "{name}: {gone:#?} {new:#?}");
    }
    let (bytes, format) = read("full.env");
    let mut plain = open(&bytes, format);
    assert!(matches!(plain.replace(b"sops_x=1\n"), Err(SopsError::AlreadyEncrypted { .. })));
    assert!(matches!(plain.replace(b"no line\n"), Err(SopsError::InvalidInput { line: 1, .. })));
}

#[test]
fn rotate_changes_every_ciphertext_and_no_value() {
    for name in
        ["full.env", "types.yaml", "types-json.json", "binary.bin", "shamir-2-of-3.env", "ssh-ed25519.env"]
    {
        let (bytes, format) = read(name);
        let mut plain = open(&bytes, format);
        let mut numbers = Numbers(2);
        plain.rotate(&mut |buffer| numbers.fill(buffer)).unwrap();
        let after = seal(&plain);
        let back = open(&after, format);
        assert_eq!(*back.to_bytes(format).unwrap(), *plain.to_bytes(format).unwrap(), "{name}");
        assert_eq!(back.metadata().recipients(), plain.metadata().recipients());
        let (_, new) = differences(&bytes, &after);
        let sealed = |text: &[u8]| String::from_utf8_lossy(text).matches("ENC[").count();
        assert_eq!(new.iter().filter(|line| line.contains("ENC[")).count(), sealed(&bytes), "{name}");
        let old = Encrypted::parse(&bytes, format).unwrap();
        let key = old
            .data_key(
                &["a.txt", "b.txt", "ssh_ed25519"]
                    .iter()
                    .flat_map(|name| common::key(name))
                    .collect::<Vec<_>>(),
            )
            .unwrap();
        assert!(
            Encrypted::parse(&after, format).unwrap().decrypt(&key).is_err(),
            "{name}: the old data key is of no use"
        );
    }
}

#[test]
fn what_sops_writes_and_cannot_read_is_refused() {
    let (bytes, format) = read("full.env");
    let mut plain = open(&bytes, format);
    for name in ["A=B", "A\nB", "#A"] {
        assert!(
            matches!(plain.set(&key(name), leaf("x")), Err(SopsError::NotRepresentable { .. })),
            "{name}"
        );
    }
    assert!(matches!(plain.set(&key("sops_x"), leaf("x")), Err(SopsError::AlreadyEncrypted { .. })));
    plain.set(&key("sops"), leaf("x")).unwrap();
    plain.set(&key("Q_unencrypted"), leaf("a\\nb")).unwrap();
    let error = plain.seal(noon(), &mut |buffer| buffer.fill(1)).unwrap_err();
    assert!(matches!(&error, SopsError::NotRepresentable { key, .. } if key == "Q_unencrypted"), "{error}");
    // Values with types go through as what the MAC covers.
    for (value, read_back) in [
        (Value::Bool(true), "True"),
        (Value::Float(1.0), "1"),
        (Value::Int(7), "7"),
        (Value::Null, ""),
        (Value::Time("2001-12-14T00:00:00Z".to_owned()), "2001-12-14T00:00:00Z"),
    ] {
        plain.set(&key("Q_unencrypted"), value.clone().into()).unwrap();
        plain.set(&key("Q"), value.into()).unwrap();
        let back = open(&seal(&plain), format);
        let found = back.values().map(Result::unwrap).find(|(name, _)| *name == b"Q_unencrypted").unwrap();
        assert_eq!(found.1, read_back.as_bytes());
    }
}

#[test]
fn only_flat_documents_become_an_environment() {
    let (bytes, format) = read("types-json.json");
    let plain = open(&bytes, format);
    let nested: Vec<_> = plain.values().filter_map(Result::err).map(|error| error.to_string()).collect();
    assert!(nested[0].contains("list") && nested[1].contains("map"), "{nested:?}");
    let (bytes, format) = read("full.env");
    let plain = open(&bytes, format);
    assert!(plain.values().all(|value| value.is_ok()));
    assert!(matches!(
        open(&read("types.yaml").0, Format::Yaml).to_bytes(Format::Dotenv),
        Err(SopsError::NotRepresentable { .. })
    ));
    let flat = open(&read("shamir-2-of-3-yaml.yaml").0, Format::Yaml);
    assert_eq!(*flat.to_bytes(Format::Dotenv).unwrap(), b"A=1\nB=two\n");
    assert_eq!(*flat.to_bytes(Format::Json).unwrap(), b"{\n\t\"A\": 1,\n\t\"B\": \"two\"\n}\n");
}

#[test]
fn nothing_secret_is_in_debug_texts() {
    let (bytes, format) = read("full.env");
    let plain = open(&bytes, format);
    let text = format!("{plain:?}");
    for (_, value) in plain.values().map(Result::unwrap) {
        let value = String::from_utf8_lossy(&value).into_owned();
        assert!(value.len() < 4 || !text.contains(&value), "{text}");
    }
    assert!(!text.contains("AGE-SECRET"));
}
