//! Lines that are kept beside a shared lock, for everybody who sees it: two that add at once lose nothing.

use std::path::PathBuf;
use std::sync::Arc;

use crate::disk;
use crate::failure::{Failure, Kind};
use crate::lock::{pg, place};
use crate::net::object::Object;
use crate::steps::opened;
use crate::steps::terraform::state_place;
use crate::work::StepCx;

/// Where they are.
#[derive(Debug)]
pub(crate) enum Beside {
    S3(Arc<Object>),
    Pg(Box<pg::Server>),
    File(PathBuf),
    /// There is no shared lock.
    Nowhere,
}

/// All lines, as they were at one moment.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Each with its line end.
    pub text: String,
    /// What the store calls this version.
    etag: Option<String>,
}

impl Beside {
    /// Finds the place by the backend of the root module; `ending` is what is added to the name of the state.
    pub(crate) async fn of(step: &mut StepCx<'_>, ending: &str) -> Result<Beside, Failure> {
        if step.env.lock.shared != Some(true) || step.env.terraform.is_none() {
            return Ok(Beside::Nowhere);
        }
        opened::secrets(step).await?;
        let backend = state_place::backend(step)?;
        Ok(match backend.kind.as_str() {
            "s3" => Beside::S3(Arc::new(place::object(step, &backend, ending).await?)),
            "pg" => Beside::Pg(Box::new(place::server(step, &backend)?)),
            "local" => Beside::File(place::beside_file(step, &backend, ending)?),
            // Taking the lock says what is wrong.
            _ => Beside::Nowhere,
        })
    }

    /// What is there now; none where there is no such place.
    pub(crate) async fn read(&self) -> Result<Option<Seen>, Failure> {
        match self {
            Beside::S3(object) => {
                let answer = object.ask("GET", Vec::new(), None).await?;
                match (answer.status, answer.etag.clone()) {
                    (200, etag @ Some(_)) => {
                        let text = String::from_utf8_lossy(&answer.body).into_owned();
                        Ok(Some(Seen { text, etag }))
                    }
                    (404, _) if !String::from_utf8_lossy(&answer.body).contains("NoSuchBucket") => {
                        Ok(Some(Seen::default()))
                    }
                    _ => Err(object.refused("GET", &answer)),
                }
            }
            Beside::Pg(server) => Ok(Some(Seen { text: server.lines().await?, etag: None })),
            Beside::File(path) => {
                let text = disk::read_lossy_if_there(path)?.unwrap_or_default();
                Ok(Some(Seen { text, etag: None }))
            }
            Beside::Nowhere => Ok(None),
        }
    }

    /// Writes all lines, those that were seen first; false if others were added since.
    pub(crate) async fn write(&self, seen: &Seen, text: &str) -> Result<bool, Failure> {
        match self {
            Beside::S3(object) => {
                let condition = match &seen.etag {
                    Some(etag) => ("if-match", etag.clone()),
                    None => ("if-none-match", "*".to_owned()),
                };
                let answer = object.ask("PUT", text.as_bytes().to_vec(), Some(condition)).await?;
                match answer.status {
                    200 => Ok(true),
                    404 | 409 | 412 => Ok(false),
                    _ => Err(object.refused("PUT", &answer)),
                }
            }
            Beside::Pg(server) => {
                let new: Vec<&str> = text.strip_prefix(&seen.text).unwrap_or(text).lines().collect();
                server.add_lines(seen.text.lines().count(), &new).await
            }
            Beside::File(path) => {
                let mut is_same = true;
                disk::update(path, disk::PRIVATE, |old| {
                    let old = old.unwrap_or_default();
                    is_same = old == seen.text.as_bytes();
                    Ok::<_, Failure>(if is_same { text.as_bytes().to_vec() } else { old.to_vec() })
                })?;
                Ok(is_same)
            }
            Beside::Nowhere => Err(Failure::new(Kind::Bug, "there is no place beside a lock")),
        }
    }
}
