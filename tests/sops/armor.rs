//! The test vectors of age, as entries of a SOPS file: what age refuses gives no data key.

use crate::common::own;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use infractl::testing::sops::{Encrypted, Format, SopsError};

/// A file whose only entry is this text.
fn file(enc: &str, format: Format) -> Vec<u8> {
    let enc = match format {
        Format::Dotenv => enc.replace('\n', "\\n"),
        _ => serde_json::to_string(enc).unwrap(),
    };
    let text = match format {
        Format::Dotenv => format!(
            "A=\nsops_age__list_0__map_enc={enc}\nsops_age__list_0__map_recipient=age1x\nsops_lastmodified=2026-01-01T00:00:00Z\nsops_version=3.13.2\n"
        ),
        _ => format!(
            "{{\"A\": \"\", \"sops\": {{\"age\": [{{\"recipient\": \"age1x\", \"enc\": {enc}}}], \"lastmodified\": \"2026-01-01T00:00:00Z\", \"version\": \"3.13.2\"}}}}"
        ),
    };
    text.into_bytes()
}

/// True when the entry opens; its text need not be a data key.
fn opens(enc: &str, identity: &str, name: &str) -> bool {
    let answers: Vec<bool> = [Format::Dotenv, Format::Json, Format::Yaml]
        .map(|format| {
            let file = Encrypted::parse(&file(enc, format), format).unwrap();
            let identity: age::x25519::Identity = identity.parse().unwrap();
            match file.data_key(&[Box::new(identity)]) {
                Ok(_) | Err(SopsError::DataKey { .. }) => true,
                Err(SopsError::NoDataKey { .. }) => false,
                Err(error) => panic!("{name}: {error}"),
            }
        })
        .to_vec();
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{name}: {answers:?} differ by format");
    answers[0]
}

#[test]
fn vectors_of_age_open_when_they_should() {
    let (mut seen, mut lenient) = (0, Vec::new());
    for entry in std::fs::read_dir(own().parent().unwrap().join("vectors")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        let Some(end) = bytes.windows(2).position(|pair| pair == b"\n\n") else { continue };
        let header = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let field = |name: &str| header.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        let (Some(expect), Some(identity)) = (field("expect"), field("identity")) else { continue };
        let body = &bytes[end + 2..];
        let enc = if field("armored").is_some() {
            String::from_utf8_lossy(body).into_owned()
        } else {
            let lines: Vec<_> = STANDARD
                .encode(body)
                .into_bytes()
                .chunks(64)
                .map(|line| String::from_utf8_lossy(line).into_owned())
                .collect();
            format!(
                "-----BEGIN AGE ENCRYPTED FILE-----\n{}\n-----END AGE ENCRYPTED FILE-----\n",
                lines.join("\n")
            )
        };
        if opens(&enc, identity, &name) != (expect == "success") {
            lenient.push(name);
        }
        seen += 1;
    }
    lenient.sort_unstable();
    assert!(seen >= 50, "{seen}");
    assert_eq!(lenient, Vec::<String>::new());
}
