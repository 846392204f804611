//! A container on its way: the engine is asked, the image pulled, and whatever is left removed.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::process::getuid;
use tokio::sync::Mutex;

use super::container::outside;
use crate::context::Ctx;
use crate::exec::{Cmd, Container, Done, RunError};
use crate::text::{last_line, plain};
use crate::tools::docker;

/// Codes of docker itself: the engine refused, the program cannot be started, there is none.
const NOT_STARTED: [i32; 3] = [125, 126, 127];
/// Images that were found on this machine, or pulled, in this process; and whether its engine is rootless.
static READY: LazyLock<Mutex<(HashSet<String>, Option<bool>)>> = LazyLock::new(Mutex::default);
static STARTED: AtomicUsize = AtomicUsize::new(0);

/// A container on its way.
pub(super) struct Started {
    /// The command that runs it.
    pub(super) cmd: Cmd,
    name: String,
    image: String,
}

/// Who is told what is being done.
type Says<'a> = &'a (dyn Fn(String) + Send + Sync);

/// Makes sure that the engine answers and that the image is here, and gives the command that runs the container.
pub(super) async fn start(
    cx: &Ctx,
    says: Says<'_>,
    cmd: &Cmd,
    container: &Container,
) -> Result<Started, RunError> {
    let is_rootless = ready(cx, says, &container.image).await?;
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    let name = format!("infractl-{}-{}-{number}", container.environment, std::process::id());
    let cmd = outside(cmd, container, Some(&name), is_rootless);
    Ok(Started { cmd, name, image: container.image.clone() })
}

/// Whether the engine is rootless. One asks, and pulls, for all that wait.
async fn ready(cx: &Ctx, says: Says<'_>, image: &str) -> Result<bool, RunError> {
    let mut ready = READY.lock().await;
    let (images, is_rootless) = &mut *ready;
    if !images.contains(image) {
        let found = cx.runner.run(&docker::image(image), &|_, _| ()).await?;
        if found.code != 0 {
            pull(cx, says, image, &found).await?;
        }
        images.insert(image.to_owned());
    }
    if is_rootless.is_none() {
        let asks = !getuid().is_root();
        let told =
            if asks { cx.runner.run(&docker::security(), &|_, _| ()).await?.stdout } else { Vec::new() };
        *is_rootless = Some(String::from_utf8_lossy(&told).contains("rootless"));
    }
    Ok(is_rootless.unwrap_or_default())
}

async fn pull(cx: &Ctx, says: Says<'_>, image: &str, found: &Done) -> Result<(), RunError> {
    if docker::engine_trouble(&found.tail).is_some() {
        return Err(not_started(image, &found.tail));
    }
    says(format!("pulls the image {image}"));
    let done = cx.runner.run(&docker::pull(image), &|_, _| ()).await?;
    if done.interrupted {
        return Err(RunError::Cancelled { program: "docker".to_owned() });
    }
    if done.code == 0 { Ok(()) } else { Err(not_started(image, &done.tail)) }
}

fn not_started(image: &str, tail: &str) -> RunError {
    let said = plain(tail);
    let is_told = |line: &&str| {
        !line.trim().is_empty() && !line.starts_with("Run 'docker") && !line.starts_with("See '")
    };
    let last = said.lines().rev().find(is_told).unwrap_or_else(|| last_line(&said)).trim();
    let (why, help) = match docker::advice(tail) {
        Some((why, help)) => (format!("{why}: {last}"), vec![help.to_owned()]),
        None if last.is_empty() => ("docker did not start it".to_owned(), Vec::new()),
        None => (last.to_owned(), Vec::new()),
    };
    let usual = [
        format!(
            "see whether the image is here: `docker image inspect {image}`; load it: `docker pull`, `docker load`"
        ),
        "or correct `image`; without one the program of this machine is used".to_owned(),
    ];
    RunError::Container {
        text: format!("no container of the image `{image}` could be started: {why}"),
        help: help.into_iter().chain(usual).collect(),
    }
}

/// What came of it. A container whose docker program was ended is removed: it would go on.
pub(super) async fn ended(
    cx: &Ctx,
    started: &Started,
    result: Result<Done, RunError>,
) -> Result<Done, RunError> {
    if !matches!(&result, Ok(done) if !done.interrupted) {
        let _ = cx.runner.run(&docker::remove(&started.name).even_if_interrupted(), &|_, _| ()).await;
    }
    match result {
        Ok(done) if NOT_STARTED.contains(&done.code) && !done.interrupted => {
            Err(not_started(&started.image, &done.tail))
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_it_did_not_start_and_what_to_do() {
        for (tail, why, help) in [
            (
                "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n",
                "no docker engine answers",
                "start it",
            ),
            (
                "docker: Error response from daemon: exec: \"terraform\": executable file not found in $PATH: unknown\n\nRun 'docker run --help' for more information\n",
                "executable file not found",
                "docker image inspect tf:1",
            ),
            ("", "docker did not start it", "docker image inspect tf:1"),
        ] {
            let RunError::Container { text, help: all } = not_started("tf:1", tail) else { panic!("{tail}") };
            assert!(text.contains("`tf:1`") && text.contains(why), "{text}");
            assert!(all[0].contains(help) && !text.contains("Run 'docker"), "{all:?}");
        }
    }
}
