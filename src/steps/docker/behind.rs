//! What the registry has behind a tag or a digest.

use secrecy::SecretString;

use crate::net::manifest::{Manifest, Tagged};
use crate::steps::docker::image::Names;

/// Asks the registry: none if it has nothing there; why, where it does not say. Without a registry there is nothing.
pub(super) async fn tag(
    names: &Names,
    tag: &str,
    login: Option<(String, SecretString)>,
) -> Result<Option<Manifest>, String> {
    let Some(registry) = names.registry.as_deref() else { return Ok(None) };
    digest(&format!("{registry}/{}", names.repository), tag, login).await
}

/// The same for a tag or digest of `HOST/REPOSITORY`.
pub(super) async fn digest(
    place: &str,
    digest: &str,
    login: Option<(String, SecretString)>,
) -> Result<Option<Manifest>, String> {
    let (host, repository) = place.split_once('/').unwrap_or((place, ""));
    // The API of Docker's own registry has another name.
    let api = if host == "docker.io" { "registry-1.docker.io" } else { host };
    let tagged =
        Tagged { host: api.to_owned(), repository: repository.to_owned(), tag: digest.to_owned(), login };
    let found = tokio::task::spawn_blocking(move || tagged.manifest()).await;
    let found = found.unwrap_or_else(|error| Err(error.to_string()));
    found.map_err(|why| format!("`{host}` was not asked what it has behind a tag: {why}"))
}
