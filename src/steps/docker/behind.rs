//! What the registry has behind a tag or a digest.

use secrecy::SecretString;

use crate::net::dial::Dial;
use crate::net::manifest::{Asking, Manifest, Tagged};
use crate::net::proxies::Proxies;
use crate::steps::docker::image::Names;
use crate::work::StepCx;

/// Asks the registry: none if it has nothing there; why, where it does not say. Without a registry there is nothing.
pub(super) async fn tag(
    step: &StepCx<'_>,
    names: &Names,
    tag: &str,
    login: Option<(String, SecretString)>,
) -> Result<Option<Manifest>, String> {
    let Some(registry) = names.registry.as_deref() else { return Ok(None) };
    digest(step, &format!("{registry}/{}", names.repository), tag, login).await
}

/// The same for a tag or digest of `HOST/REPOSITORY`.
pub(super) async fn digest(
    step: &StepCx<'_>,
    place: &str,
    digest: &str,
    login: Option<(String, SecretString)>,
) -> Result<Option<Manifest>, String> {
    let (host, repository) = place.split_once('/').unwrap_or((place, ""));
    // The API of Docker's own registry has another name.
    let api = if host == "docker.io" { "registry-1.docker.io" } else { host };
    let tagged =
        Tagged { host: api.to_owned(), repository: repository.to_owned(), tag: digest.to_owned(), login };
    let dial = Dial { proxies: Proxies::of(|name| step.cx.vars.get(name)), at: None };
    let asking = Asking { dial, now: (step.cx.now)() };
    let found = tokio::task::spawn_blocking(move || tagged.manifest(&asking)).await;
    let found = found.unwrap_or_else(|error| Err(error.to_string()));
    found.map_err(|why| format!("`{host}` was not asked what it has behind a tag: {why}"))
}
