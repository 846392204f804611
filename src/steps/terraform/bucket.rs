//! Where the s3 backend keeps a state, and who asks for it.

use secrecy::SecretString;

use super::equip;
use super::seen::Seen;
use super::state_place;
use crate::failure::{Failure, Kind};
use crate::net::object::{self, Object};
use crate::net::roots;
use crate::net::sign::{self, Keys};
use crate::steps::aws::credentials;
use crate::tools::aws;
use crate::tools::terraform::backend::Backend;
use crate::work::StepCx;

/// The state, or what lies beside it under its name and an ending.
pub(crate) fn object(
    step: &StepCx<'_>,
    backend: &Backend,
    seen: &Seen,
    ending: &str,
    keys: Keys,
) -> Result<Object, Failure> {
    let missing = |what: &str| {
        Failure::new(Kind::Config, format!("the s3 backend of `{}` has no `{what}`", step.env.name))
            .help(format!("set `{what}` in `[terraform.backend]`"))
    };
    let bucket = backend.get("bucket").ok_or_else(|| missing("bucket"))?;
    let key = backend.get("key").ok_or_else(|| missing("key"))?;
    let workspace = state_place::workspace(step)?;
    let key = if workspace == "default" {
        format!("{key}{ending}")
    } else {
        format!("{}/{workspace}/{key}{ending}", backend.get("workspace_key_prefix").unwrap_or("env:"))
    };
    let region = region(backend, seen).unwrap_or_else(|| "us-east-1".to_owned());
    let endpoint = endpoint(backend, seen);
    let wants_path =
        ["use_path_style", "force_path_style"].iter().any(|name| backend.get(name) == Some("true"));
    let key = sign::encode(&key);
    let (scheme, server, wants_path) = match &endpoint {
        Some(endpoint) => {
            let (scheme, server) = endpoint.split_once("://").unwrap_or(("https", endpoint));
            let name = server.split(['/', ':']).next().unwrap_or_default();
            let is_number = name == "localhost" || name.parse::<std::net::Ipv4Addr>().is_ok();
            (format!("{scheme}://"), server.trim_end_matches('/').to_owned(), wants_path || is_number)
        }
        // A certificate for one more label does not cover a bucket with a dot in its name.
        None => {
            ("https://".to_owned(), format!("s3.{region}.amazonaws.com"), wants_path || bucket.contains('.'))
        }
    };
    let (host, path) = if wants_path {
        (server, format!("/{}/{key}", sign::encode(bucket)))
    } else {
        (format!("{bucket}.{server}"), format!("/{key}"))
    };
    let roots = if scheme == "https://" {
        let file = backend.get("custom_ca_bundle").map(str::to_owned).or_else(|| seen.get("AWS_CA_BUNDLE"));
        let found = roots::of(file.as_deref())?;
        ureq::tls::RootCerts::from(found.iter().map(|der| ureq::tls::Certificate::from_der(der).to_owned()))
    } else {
        ureq::tls::RootCerts::WebPki
    };
    Ok(Object { agent: object::agent(roots), scheme, host, path, region, keys, now: step.cx.now })
}

/// The region, if somebody says it.
pub(crate) fn region(backend: &Backend, seen: &Seen) -> Option<String> {
    let named = backend.get("region").map(str::to_owned);
    named.or_else(|| seen.first(&["AWS_REGION", "AWS_DEFAULT_REGION"]))
}

/// Where the store is, if it is not Amazon's.
pub(crate) fn endpoint(backend: &Backend, seen: &Seen) -> Option<String> {
    let named = backend.get("endpoints.s3").or(backend.get("endpoint")).map(str::to_owned);
    named.or_else(|| seen.first(&["AWS_ENDPOINT_URL_S3", "AWS_S3_ENDPOINT", "AWS_ENDPOINT_URL"]))
}

/// Keys that stand in the settings of the backend or in variables.
pub(crate) fn keys(backend: &Backend, seen: &Seen) -> Option<Keys> {
    let setting = |name: &str| backend.get(name).map(str::to_owned);
    let secret = |name: &str| setting(name).map(SecretString::from);
    if let (Some(access), Some(secret_key)) = (setting("access_key"), secret("secret_key")) {
        return Some(Keys { access, secret: secret_key, session: secret("token") });
    }
    if setting("profile").is_some() {
        return None;
    }
    credentials::of_variables(&|name: &str| seen.secret(name))
}

/// Who asks: the backend's settings, then variables, then files of profiles, then what the cloud's own program says.
pub(crate) async fn credentials(step: &StepCx<'_>, backend: &Backend, seen: &Seen) -> Result<Keys, Failure> {
    if let Some(keys) = keys(backend, seen) {
        return Ok(keys);
    }
    let profile = backend.get("profile").map(str::to_owned).or_else(|| seen.get("AWS_PROFILE"));
    let var = |name: &str| seen.secret(name);
    if let Some(keys) = credentials::of_files(&var, profile.as_deref().unwrap_or("default")) {
        return Ok(keys);
    }
    let cmd = equip(step, aws::export_credentials(profile.as_deref()))?;
    let told = credentials::of_program(step, &cmd).await.ok().and_then(Result::ok);
    told.map(|lent| lent.keys).ok_or_else(|| {
        Failure::new(Kind::Secrets, format!("no credentials for the bucket of `{}`", step.env.name))
            .help("add AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to the credentials, or set AWS_PROFILE")
            .help("install the AWS CLI 2 for profiles with single sign-on or roles")
    })
}
