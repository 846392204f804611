//! Signs requests to S3, what is compatible with it, and other services of AWS: Signature Version 4, in headers.

use crate::text::{hex, percent};
use std::fmt::Write as _;

use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// What proves who asks.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    pub(crate) access: String,
    pub(crate) secret: SecretString,
    /// Of a session that ends.
    pub(crate) session: Option<SecretString>,
}

/// What is asked, with a path that is encoded already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request<'a> {
    /// What the service is called in signatures.
    pub(crate) service: &'a str,
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    pub(crate) path: &'a str,
    /// Encoded, in order of name, each with a `=`.
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
    /// Further headers that are signed, names in lower case.
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

/// The headers that make the request a signed one.
pub(crate) fn headers(
    request: Request<'_>,
    keys: &Keys,
    region: &str,
    now: Timestamp,
) -> Vec<(String, String)> {
    let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let day = &time[..8];
    let body = hex(&Sha256::digest(request.body));
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut signed =
        vec![own("host", request.host), own("x-amz-content-sha256", &body), own("x-amz-date", &time)];
    signed.extend(request.headers.iter().map(|(name, value)| own(name, value)));
    if let Some(session) = &keys.session {
        signed.push(own("x-amz-security-token", session.expose_secret()));
    }
    signed.sort();
    let mut canonical = format!("{}\n{}\n{}\n", request.method, request.path, request.query);
    for (name, value) in &signed {
        let _ = writeln!(canonical, "{name}:{}", value.trim());
    }
    let names = signed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(";");
    let _ = write!(canonical, "\n{names}\n{body}");
    let scope = format!("{day}/{region}/{}/aws4_request", request.service);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let mut key = mac(format!("AWS4{}", keys.secret.expose_secret()).as_bytes(), day);
    for part in [region, request.service, "aws4_request"] {
        key = mac(&key, part);
    }
    let signature = hex(&mac(&key, &text));
    let credential = format!("{}/{scope}", keys.access);
    signed.retain(|(name, _)| name != "host");
    signed.push((
        "authorization".to_owned(),
        format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"),
    ));
    signed
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    // A key of any length will do.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A key of a bucket as the path of an address.
pub(crate) fn encode(key: &str) -> String {
    key.split('/').map(percent).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From "Signature Calculations for the Authorization Header" in the reference of Amazon S3.
    #[test]
    fn the_example_of_the_reference_has_the_signature_it_gives() {
        let keys = Keys {
            access: "AKIAIOSFODNN7EXAMPLE".into(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned().into(),
            session: None,
        };
        let request = Request {
            service: "s3",
            method: "GET",
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            query: "",
            body: b"",
            headers: &[("range", "bytes=0-9")],
        };
        let signed = headers(request, &keys, "us-east-1", "2013-05-24T00:00:00Z".parse().unwrap());
        let (_, authorization) = signed.last().unwrap();
        assert_eq!(
            authorization,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }

    /// The example "GET Bucket Lifecycle" of the same page.
    #[test]
    fn a_query_is_signed_too() {
        let keys = Keys {
            access: "AKIAIOSFODNN7EXAMPLE".into(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned().into(),
            session: None,
        };
        let host = "examplebucket.s3.amazonaws.com";
        let request = Request {
            service: "s3",
            method: "GET",
            host,
            path: "/",
            query: "lifecycle=",
            body: b"",
            headers: &[],
        };
        let signed = headers(request, &keys, "us-east-1", "2013-05-24T00:00:00Z".parse().unwrap());
        let (_, authorization) = signed.last().unwrap();
        let expected = "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543";
        assert!(authorization.ends_with(expected), "{authorization}");
    }

    #[test]
    fn a_key_is_encoded_but_for_its_slashes() {
        assert_eq!(encode("env:/dev/a b+ü.tfstate"), "env%3A/dev/a%20b%2B%C3%BC.tfstate");
    }
}
