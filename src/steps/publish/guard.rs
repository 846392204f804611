//! What is never published: what infractl writes with secrets in it, keys, and values of secrets. Pure.

use crate::secrets::leaks::Search;

/// Why a file is not published; none when it may be.
pub(super) fn why_not(bytes: &[u8], secrets: Option<&Search>) -> Option<String> {
    if has(bytes, b"AGE-SECRET-KEY-1") {
        return Some("it holds a private key of age".to_owned());
    }
    if has_private_key(bytes) {
        return Some("it holds a private key".to_owned());
    }
    let leak = secrets?.find(bytes).into_iter().next()?;
    let line = leak.line.map(|line| format!(", in line {line}")).unwrap_or_default();
    Some(format!("it holds the value of the secret `{}`{line}", leak.name))
}

fn has(bytes: &[u8], word: &[u8]) -> bool {
    memchr::memmem::find(bytes, word).is_some()
}

/// `-----BEGIN … PRIVATE KEY-----` at the start of a line, as a file has it.
fn has_private_key(bytes: &[u8]) -> bool {
    memchr::memmem::find_iter(bytes, b"-----BEGIN ").any(|at| {
        let line = &bytes[at..];
        let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
        line.trim_ascii_end().ends_with(b"PRIVATE KEY-----")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_of_secrets_are_found() {
        let search = Search::new([("TOKEN", &b"CANARY-token-value"[..])]);
        let why = |bytes: &[u8]| why_not(bytes, search.as_ref());
        assert_eq!(
            why(b"a: 1\nb: CANARY-token-value\n").unwrap(),
            "it holds the value of the secret `TOKEN`, in line 2"
        );
        assert!(why(b"# AGE-SECRET-KEY-1ABC").unwrap().contains("age"));
        assert!(why(b"-----BEGIN RSA PRIVATE KEY-----\nabc").unwrap().contains("private key"));
        assert!(why(b"  key: |\r\n    -----BEGIN PRIVATE KEY-----\r\n").is_some());
        assert_eq!(why(b"-----BEGIN PUBLIC KEY-----\n-----BEGIN CERTIFICATE-----\n"), None);
        assert_eq!(why(b"ENC[AES256_GCM,data:abc]"), None);
    }
}
