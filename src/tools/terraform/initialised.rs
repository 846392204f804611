//! What the data folder of a root module says about the backend that the last init connected to.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value as Json;

use super::backend::Backend;

#[derive(Deserialize)]
struct File {
    backend: Option<Kept>,
    state_store: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Kept {
    #[serde(rename = "type")]
    kind: String,
    config: Option<BTreeMap<String, Json>>,
}

/// Whether it is the one that the configuration names, setting by setting; if not, or if that is in doubt, why. `text` is
/// the data folder's `terraform.tfstate`, if there is one.
pub(crate) fn agrees(named: &Backend, text: Option<&[u8]>) -> Result<(), &'static str> {
    let kept = match text.map(serde_json::from_slice::<File>) {
        None => None,
        Some(Ok(File { state_store: Some(_), .. })) => return Err("the state is in the store of a provider"),
        Some(Ok(file)) => file.backend,
        Some(Err(_)) => return Err("the data folder cannot be read"),
    };
    let Some(kept) = kept else {
        let is_usual = named.kind == "local" && named.settings.is_empty();
        return if is_usual { Ok(()) } else { Err("the backend was not initialised") };
    };
    let mut found = Backend { kind: kept.kind, ..Backend::default() };
    for (name, value) in kept.config.iter().flatten() {
        if value.as_array().is_some_and(|items| !items.is_empty()) {
            return Err("the backend has a setting that only terraform understands");
        }
        found.set(name, value);
    }
    let mut named = named.clone();
    named.settings.sort_unstable_keys();
    found.settings.sort_unstable_keys();
    if found == named { Ok(()) } else { Err("the backend that was initialised is another one") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backend(kind: &str, settings: &[(&str, &str)]) -> Backend {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Backend { kind: kind.to_owned(), settings: settings.collect() }
    }

    #[test]
    fn a_backend_is_the_same_in_all_its_settings_or_in_doubt() {
        let kept = br#"{"version":3,"backend":{"type":"s3","config":{"bucket":"b","key":"k","encrypt":true,"role":null,
            "endpoints":{"s3":"http://x","iam":null},"allowed":[]},"hash":1}}"#;
        let all = [("encrypt", "true"), ("key", "k"), ("bucket", "b"), ("endpoints.s3", "http://x")];
        assert_eq!(agrees(&backend("s3", &all), Some(kept)), Ok(()));
        assert!(agrees(&backend("s3", &all[1..]), Some(kept)).is_err());
        assert!(agrees(&backend("gcs", &all), Some(kept)).is_err());
        assert!(agrees(&backend("local", &[]), Some(kept)).is_err());
        assert!(agrees(&backend("s3", &all), None).is_err());
        assert!(agrees(&backend("s3", &all), Some(b"{")).is_err());
        let odd = br#"{"backend":{"type":"s3","config":{"assume_role":[{"role_arn":"x"}]}}}"#;
        assert!(agrees(&backend("s3", &[]), Some(odd)).is_err());
        assert_eq!(agrees(&backend("local", &[]), None), Ok(()));
        assert_eq!(agrees(&backend("local", &[]), Some(br#"{"version":3,"modules":[]}"#)), Ok(()));
        assert!(agrees(&backend("local", &[("path", "x")]), None).is_err());
        let store = br#"{"version":3,"state_store":{"type":"x_local","config":{}}}"#;
        assert!(agrees(&backend("local", &[]), Some(store)).is_err());
    }
}
