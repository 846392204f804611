//! What the registry has behind a tag.

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
    let (host, folder) = registry.split_once('/').unwrap_or((registry, ""));
    let repository = format!("{folder}/{}", names.repository).trim_start_matches('/').to_owned();
    // The API of Docker's own registry has another name.
    let api = if host == "docker.io" { "registry-1.docker.io" } else { host };
    let tagged = Tagged { host: api.to_owned(), repository, tag: tag.to_owned(), login };
    let found = tokio::task::spawn_blocking(move || tagged.manifest()).await;
    let found = found.unwrap_or_else(|error| Err(error.to_string()));
    found.map_err(|why| format!("`{host}` was not asked what it has behind a tag: {why}"))
}
