//! The state: is it reached, and does anybody hold it?

use std::path::Path;
use std::time::Duration;

use super::finding::Finding;
use super::network;
use crate::disk;
use crate::exec::Io;
use crate::lock;
use crate::steps::terraform::{self as steps, state_place};
use crate::text::{last_line, plain, plural};
use crate::tools::terraform::backend::Backend;
use crate::tools::terraform::{self as tool, State};
use crate::work::{StepCx, relative};

const GROUP: &str = "state";
/// A state that has not come by then is told as out of reach.
const LIMIT: Duration = Duration::from_secs(10);

/// Looks at it. Its outputs are known from then on.
pub(crate) async fn check(step: &mut StepCx<'_>) -> Vec<Finding> {
    let mut findings = locks(step).await;
    if step.env.terraform.is_none() {
        // Those by hand are known without a program.
        if let Err(failure) = steps::read::outputs(step).await {
            findings.push(Finding::failed(GROUP, failure));
        }
        return findings;
    }
    let found = match read(step).await {
        Ok((finding, state)) => {
            if let Some(state) = state {
                steps::known::sensitive(step, state.outputs.iter());
                step.facts.outputs = Some(state.outputs);
            }
            finding
        }
        Err(finding) => vec![finding],
    };
    findings.extend(found);
    findings
}

type Read = Result<(Vec<Finding>, Option<State>), Finding>;

async fn read(step: &StepCx<'_>) -> Read {
    let failed = |failure| Finding::failed(GROUP, failure);
    let root = steps::root(step).map_err(failed)?;
    let backend = state_place::backend(step).map_err(failed)?;
    if backend.kind == "local" {
        return local(step, &backend.file(&root.dir, &root.workspace));
    }
    if !is_reachable(step, &backend) {
        return Err(Finding::warning(GROUP, "the state was not asked for: there is no network")
            .help("connect this machine to a network"));
    }
    let place = format!("backend {}", backend.kind);
    // Without a program, where that is possible.
    let directly = tokio::time::timeout(LIMIT, steps::state::directly(step, &root)).await;
    if let Some(state) = directly.ok().transpose().map_err(failed)?.flatten() {
        return Ok((vec![told(&state, &place)], Some(state)));
    }
    let name = &step.env.name;
    if !root.dir.join(".terraform").is_dir() {
        let what =
            format!("`{name}` was never initialised here: its state ({}) was not asked for", backend.kind);
        return Err(Finding::warning(GROUP, what).help(format!("run `infractl init {name}`")));
    }
    let cmd = steps::equip(step, root.state_pull()).map_err(failed)?.io(Io::Capture).timeout(Some(LIMIT));
    let done = step.quietly(&cmd).await.map_err(|error| failed(step.unanswered(error)))?;
    if done.code != 0 {
        return Err(failed(steps::failed(step, &root, "state pull", done.code, &done.tail)));
    }
    match tool::parse_state(&done.stdout) {
        Ok(state) => Ok((vec![told(&state, &place)], Some(state))),
        Err(_) => Err(Finding::error(GROUP, format!("the state ({}) is not one of terraform", backend.kind))
            .why(plain(last_line(&done.tail)).into_owned())
            .help(format!("look at it: `{} state pull`", root.by_hand()))),
    }
}

/// A store of Amazon is out of reach without a network; where others are, who knows.
fn is_reachable(step: &StepCx<'_>, backend: &Backend) -> bool {
    let is_set = |name: &&str| step.cx.vars.get(name).is_some();
    let is_elsewhere = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"].iter().any(is_set)
        || backend.get("endpoints.s3").is_some()
        || backend.get("endpoint").is_some();
    backend.kind != "s3" || is_elsewhere || network::is_there()
}

/// A state on this disk: no program is needed for it.
fn local(step: &StepCx<'_>, file: &Path) -> Read {
    let shown = relative(step, file);
    let mut findings = Vec::new();
    let lock =
        file.with_file_name(format!(".{}.lock.info", file.file_name().unwrap_or_default().to_string_lossy()));
    if lock.exists() {
        findings.push(
            Finding::warning(
                GROUP,
                format!("terraform holds the lock of `{shown}`, or was killed while it did"),
            )
            .help(format!("remove `{}`, if no terraform runs", relative(step, &lock))),
        );
    }
    let bytes = disk::read_if_there(file).map_err(|error| Finding::failed(GROUP, error.into()))?;
    let Some(bytes) = bytes else {
        findings.push(Finding::ok(GROUP, format!("nothing was applied yet (`{shown}` is not there)")));
        return Ok((findings, None));
    };
    match tool::parse_state(&bytes) {
        Ok(state) => {
            findings.push(told(&state, &shown));
            Ok((findings, Some(state)))
        }
        Err(error) => Err(Finding::error(GROUP, format!("`{shown}` is not a state of terraform"))
            .why(format!("it cannot be read from line {} on", error.line()))
            .help(format!("take the last good one: `{shown}.backup`"))),
    }
}

fn told(state: &State, place: &str) -> Finding {
    let resources = plural(state.resources().len(), "resource");
    Finding::ok(GROUP, format!("{resources}, {} ({place})", plural(state.outputs.len(), "output")))
}

/// The locks of infractl itself. Those that others see are looked at when the secrets are open, which they may need.
async fn locks(step: &StepCx<'_>) -> Vec<Finding> {
    let mut env = step.env.clone();
    if step.facts.secrets.is_none() && !env.secrets.files.is_empty() {
        env.lock.shared = None;
    }
    let (name, now) = (env.name.clone(), (step.cx.now)());
    let looked = tokio::time::timeout(LIMIT, lock::look(step.cx, &env)).await;
    let locks = match looked {
        Ok(Ok(locks)) => locks,
        Ok(Err(failure)) => return vec![Finding::failed(GROUP, failure)],
        Err(_) => {
            return vec![
                Finding::error(GROUP, "the shared lock does not answer").help("look at the network"),
            ];
        }
    };
    let mut findings = Vec::new();
    match &locks.local {
        Some((owner, true)) => findings.push(
            Finding::warning(GROUP, format!("`{name}` is locked: {}", owner.describe(now)))
                .help("wait for it, or use `--lock-wait 10m`"),
        ),
        Some((owner, false)) => findings.push(Finding::ok(
            GROUP,
            format!("the next run takes over a lock that was left behind: {}", owner.describe(now)),
        )),
        None => {}
    }
    if let Some(shared) = &locks.shared {
        let who = shared.owner.as_ref().map_or_else(|| "somebody".to_owned(), |owner| owner.describe(now));
        let help = if shared.is_stale {
            format!("release it: `infractl unlock {name}`")
        } else {
            "wait for it, or use `--lock-wait 10m`".to_owned()
        };
        findings.push(
            Finding::warning(GROUP, format!("`{name}` is locked at {}: {who}", shared.place)).help(help),
        );
    }
    findings
}
