// What holds for any bytes. Shared by the fuzz targets and by tests/secrets/mutations.rs.

use infractl::testing::sops::{Encrypted, Format, NewFile, Plain, inspect, is_encrypted};

/// A key of nobody, known to everybody.
pub(crate) const IDENTITY: &str =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

pub(crate) const FORMATS: [Format; 4] = [Format::Dotenv, Format::Yaml, Format::Json, Format::Binary];

fn identity() -> age::x25519::Identity {
    IDENTITY.parse().expect("a valid identity")
}

fn new() -> NewFile {
    NewFile::for_recipients([identity().to_public().to_string()])
}

/// Repeatable numbers in place of random ones.
fn numbers() -> impl FnMut(&mut [u8]) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move |buffer| {
        for byte in buffer {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = state.to_be_bytes()[0];
        }
    }
}

/// A plain text that can be encrypted decrypts to itself.
pub(crate) fn plain(bytes: &[u8], format: Format) {
    let mut fill = numbers();
    let Ok(plain) = Plain::create(bytes, format, &new(), &mut fill) else { return };
    let Ok(sealed) = plain.seal(jiff::Timestamp::UNIX_EPOCH, &mut fill) else { return };
    let Ok(file) = sealed.to_bytes() else { return };
    let again = Encrypted::parse(&file, format).expect("what was written is read");
    let opened = again.decrypt(plain.data_key()).expect("what was written decrypts");
    let text = |plain: &Plain| plain.to_bytes(format).map(|text| text.to_vec());
    // A comment of a YAML file may come back in another place, as it does in sops; never another one, never none.
    let is_the_same = opened.says_the_same(&plain) || text(&opened) == text(&plain);
    assert!(is_the_same, "what was written is what was meant");
    let mut replaced = opened.clone();
    if let Ok(editor) = opened.to_editor() {
        replaced.replace(&editor).expect("what an editor gets is read");
        // Go prints the number -0.0 as `-0`, which is read as the whole number 0: so it is in sops.
        let same = |plain: &Plain| text(plain).map(|text| String::from_utf8_lossy(&text).replace("-0", "0"));
        assert!(
            replaced.says_the_same(&opened) || same(&replaced) == same(&opened),
            "an editor that changes nothing changes nothing"
        );
    }
}

/// Any bytes as an encrypted file: an answer, never a panic.
pub(crate) fn encrypted(bytes: &[u8]) {
    for format in FORMATS {
        let _ = is_encrypted(bytes, format);
        let _ = inspect(bytes, format);
        if let Ok(file) = Encrypted::parse(bytes, format) {
            let _ = file.recipients();
            let _ = file.to_bytes();
            if let Ok(key) = file.data_key(&[Box::new(identity()) as Box<dyn age::Identity>]) {
                let _ = file.decrypt(&key);
            }
        }
    }
}

/// Names and values.
type Values = Vec<(Vec<u8>, Vec<u8>)>;

/// A good file of each format, and the values in it.
fn good(format: Format) -> (Vec<u8>, Values) {
    let text: &[u8] = match format {
        Format::Dotenv => {
            b"# note\nA=value one\nB=two\\nlines\nLONG=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nEMPTY=\n"
        }
        Format::Yaml => {
            b"# note\na: value one\nb: 17\nc: \"true\"\nd: 1.5\nlong: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
        }
        Format::Json => b"{\"a\": \"value one\", \"b\": 17, \"c\": \"true\", \"d\": null}",
        Format::Binary => b"any bytes \x00\x01",
    };
    let mut fill = numbers();
    let plain = Plain::create(text, format, &new(), &mut fill).expect("a good text");
    let file = plain.seal(jiff::Timestamp::UNIX_EPOCH, &mut fill).and_then(|sealed| sealed.to_bytes());
    (file.expect("a good file"), values(&plain))
}

/// Names and values that are not empty.
fn values(plain: &Plain) -> Values {
    plain
        .values()
        .filter_map(Result::ok)
        .map(|(name, value)| (name.to_vec(), value.to_vec()))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// A good file with changes: an error, or the right values.
pub(crate) fn mutated(script: &[u8]) {
    let Some((first, rest)) = script.split_first() else { return };
    let format = FORMATS[usize::from(*first) % FORMATS.len()];
    let (mut file, expected) = good(format);
    for step in rest.chunks_exact(4) {
        let at = usize::from(u16::from_be_bytes([step[1], step[2]])) % file.len().max(1);
        let end = (at + usize::from(step[3])).min(file.len());
        match step[0] % 7 {
            0 if at < file.len() => file[at] = step[3],
            1 if at < file.len() => file[at] ^= 1 << (step[3] % 8),
            2 => file.insert(at, step[3]),
            3 => drop(file.drain(at..end)),
            4 => {
                let part = file[at..end].to_vec();
                file.splice(at..at, part);
            }
            5 => file.truncate(at),
            _ => {
                // A whole line goes to another place.
                let start = file[..at].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
                let stop = file[at..].iter().position(|&b| b == b'\n').map_or(file.len(), |to| at + to + 1);
                let line: Vec<u8> = file.drain(start..stop).collect();
                let to = usize::from(step[3]).min(file.len());
                file.splice(to..to, line);
            }
        }
        if file.is_empty() {
            return;
        }
    }
    let Ok(parsed) = Encrypted::parse(&file, format) else { return };
    let Ok(key) = parsed.data_key(&[Box::new(identity()) as Box<dyn age::Identity>]) else { return };
    if let Ok(opened) = parsed.decrypt(&key) {
        assert_eq!(values(&opened), expected, "a changed file gave other values");
    }
}
