//! See the estate at a glance: what was done last where, what a plan found, locks, environment files.

use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::{join, join_all};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::expire::told;
use super::{Global, OutputMode, deployments, table, target};
use crate::config::chosen::joined;
use crate::config::{Environment, Project};
use crate::context::Ctx;
use crate::deployments::lease::{Lease, Term};
use crate::deployments::{self as records, Deployment, store};
use crate::disk;
use crate::failure::Failure;
use crate::history::Store;
use crate::history::estate::{Standing, estate};
use crate::history::html::{digest, estate as page};
use crate::lock;
use crate::steps::cluster::{self, Known};
use crate::steps::files::age;
use crate::text::{self, document};

/// See the estate at a glance: what was done last where, what a plan found, locks, environment files
///
/// Nothing is started and nothing is planned: runs are those that this checkout remembers, locks are looked at. `plan --all`
/// looks at what is really there.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Print JSON, as `--output json` does
    #[arg(long, conflicts_with = "html")]
    json: bool,
    /// Write it as one HTML page, which opens offline; `-` is standard output
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// So long the lock that other machines see is asked for.
const PATIENCE: Duration = Duration::from_secs(3);

/// An environment at a glance. Its JSON is a public contract (docs/status.md).
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Glance {
    /// Its name.
    pub(crate) environment: String,
    /// What changes it is asked about by name.
    pub(crate) protected: bool,
    /// Why nothing more is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<String>,
    /// What the runs say.
    #[serde(flatten)]
    pub(crate) standing: Standing,
    /// What was deployed last, by the deployment records; none if nothing was.
    pub(crate) deployed: Option<Deployment>,
    /// Why nothing may be deployed.
    pub(crate) frozen: Option<String>,
    /// How long it stays up; none without a `[ttl]` that does something.
    pub(crate) ttl: Option<Stay>,
    /// The scenario that was brought up here last; none where nothing is up.
    pub(crate) scenario: Option<String>,
    /// The cluster that was made here; none where none is.
    pub(crate) cluster: Option<Known>,
    /// Who holds the lock, in words.
    pub(crate) lock: Option<String>,
    /// The environment file is there.
    pub(crate) env_file: bool,
    /// It was written from an older state than there is; none where nobody knows without asking.
    pub(crate) env_file_stale: Option<bool>,
}

/// How long an environment stays up.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Stay {
    /// What happens at its end: `stop` or `destroy`.
    action: &'static str,
    /// When that is, UTC; none where it has none.
    end: Option<Timestamp>,
    /// The same in words.
    says: String,
    /// It is near, or was.
    is_near: bool,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &StatusArgs) -> Result<(), Failure> {
    let project = target::project(cx)?;
    let all = glances(cx, &project).await;
    if args.json || global.output == OutputMode::Json {
        return cx.ui.document(document::pretty(&all).as_bytes());
    }
    for (glance, stay) in all.iter().filter_map(|glance| Some((glance, glance.ttl.as_ref()?))) {
        if stay.is_near {
            cx.ui.warn(format!("{}: {}", glance.environment, stay.says));
        }
    }
    match &args.html {
        None => cx.ui.page(&shown(cx, &all)),
        Some(file) => {
            let page = page::page(&name(&project), &rows(cx, &all), (cx.now)());
            if file.as_os_str() == "-" {
                return cx.ui.data(page.as_bytes());
            }
            disk::write(&cx.dir.join(file), page.as_bytes(), disk::PRIVATE)?;
            cx.ui.note(format!("the estate is in {}", file.display()));
            Ok(())
        }
    }
}

fn name(project: &Project) -> String {
    let first = project.environments.first().and_then(|name| project.environment(name).ok());
    first.map_or_else(|| "project".to_owned(), |env| env.project.clone())
}

async fn glances(cx: &Ctx, project: &Project) -> Vec<Glance> {
    let standings = estate(&Store::of(&project.root), &project.environments);
    let looks = project.environments.iter().zip(standings);
    join_all(looks.map(async |(name, standing)| match project.environment(name) {
        Ok(env) => {
            let ((records, problem), lock) = join(recorded(cx, &env), holder(cx, &env)).await;
            Glance {
                environment: name.clone(),
                protected: env.protected,
                problem,
                deployed: records.last().cloned(),
                frozen: records.frozen,
                ttl: stay(&env, &records.lease, (cx.now)()),
                scenario: scenario(&env),
                cluster: cluster::known(&env),
                standing,
                lock,
                env_file: env.env_file.path.exists(),
                env_file_stale: age::is_stale(cx, &env),
            }
        }
        Err(_) => Glance {
            environment: name.clone(),
            protected: false,
            problem: Some(format!("its configuration is wrong: run `infractl validate {name}`")),
            deployed: None,
            frozen: None,
            ttl: None,
            scenario: None,
            cluster: None,
            standing,
            lock: None,
            env_file: false,
            env_file_stale: None,
        },
    }))
    .await
}

fn stay(env: &Environment, lease: &Lease, now: Timestamp) -> Option<Stay> {
    let ttl = env.ttl.as_ref()?;
    let action = ttl.action()?.verb();
    let term = lease.term(ttl, now);
    let end = match term {
        Term::Until(end) | Term::Over(end) => Some(end),
        _ => None,
    };
    let given = if lease.is_extended() && end.is_some() { ", extended" } else { "" };
    let says = told::words(&term, ttl, now) + given;
    Some(Stay { action, end, says, is_near: told::is_near(&term, ttl, now) })
}

/// The scenario that is up, as far as this checkout knows.
fn scenario(env: &Environment) -> Option<String> {
    env.scenario.as_ref()?.up.as_deref().filter(|names| !names.is_empty()).map(joined)
}

/// What the deployment records come to, and what is wrong with them.
async fn recorded(cx: &Ctx, env: &Environment) -> (records::Standing, Option<String>) {
    let found = tokio::time::timeout(PATIENCE, deployments::records(cx, env)).await;
    let records = match found {
        Ok(Ok(records)) => records,
        // Those that were copied here; the lock says why there is no answer.
        Ok(Err(_)) | Err(_) => store::here(&env.root, &env.name).unwrap_or_default(),
    };
    let problem = deployments::check(&env.name, &records.broken).err();
    (records.standing, problem.map(|failure| failure.error.to_string()))
}

/// Who holds the lock, here or where other machines see it.
async fn holder(cx: &Ctx, env: &Environment) -> Option<String> {
    let found = match tokio::time::timeout(PATIENCE, lock::look(cx, env)).await {
        Err(_) => return Some(format!("unknown: no answer within {}", text::duration(PATIENCE))),
        Ok(Err(failure)) => return Some(format!("unknown: {}", failure.error)),
        Ok(Ok(found)) => found,
    };
    let now = (cx.now)();
    if let Some((owner, true)) = &found.local {
        return Some(owner.describe(now));
    }
    let shared = found.shared?;
    let who =
        shared.owner.map_or_else(|| "somebody who does not say".to_owned(), |owner| owner.describe(now));
    Some(if shared.is_stale { format!("left behind: {who}") } else { who })
}

/// What is shown of the environments.
fn rows(cx: &Ctx, all: &[Glance]) -> Vec<page::Row> {
    let now = (cx.now)();
    all.iter().map(|glance| row(glance, now)).collect()
}

fn row(glance: &Glance, now: Timestamp) -> page::Row {
    let Standing { last, changed, planned, drift, machines } = &glance.standing;
    let ago = |then: Timestamp| text::ago(Duration::try_from(now.duration_since(then)).unwrap_or_default());
    let seen = last
        .as_ref()
        .map(|seen| format!("{} {}, {} by {}", seen.verb, seen.outcome.word(), ago(seen.started), seen.user));
    let changed = changed.as_ref().filter(|seen| last.as_ref() != Some(seen));
    let before = changed
        .map(|seen| format!("{} {}, {} by {}", seen.verb, seen.outcome.word(), ago(seen.started), seen.user));
    let plan = planned.as_ref().map(|plan| format!("{}, {}", digest(&plan.changes), ago(plan.started)));
    let found = |is_found| if is_found { "found" } else { "none" };
    let drift = drift.as_ref().map(|drift| format!("{}, {}", found(drift.is_found), ago(drift.started)));
    let machines = machines.as_ref().map(|known| format!("{}, {}", known.summary, ago(known.started)));
    page::Row {
        environment: glance.environment.clone(),
        protected: glance.protected,
        outcome: last.as_ref().map(|seen| seen.outcome),
        last: glance.problem.clone().or(seen),
        changed: before,
        plan,
        drift,
        machines,
        env_file: match (glance.env_file, glance.env_file_stale) {
            (false, _) => "missing",
            (true, Some(true)) => "stale",
            (true, _) => "there",
        },
        lock: glance.lock.clone(),
    }
}

fn shown(cx: &Ctx, all: &[Glance]) -> String {
    let mut table = table::table(["environment", "last run", "last change", "plan", "env file"]);
    let (mut more, mut locks) = (String::new(), String::new());
    for (row, glance) in rows(cx, all).into_iter().zip(all) {
        let name =
            if row.protected { format!("{} (protected)", row.environment) } else { row.environment.clone() };
        let or = |text: Option<String>, none: &str| text.unwrap_or_else(|| none.to_owned());
        table.add_row([
            name,
            or(row.last, "never"),
            or(row.changed, ""),
            or(row.plan, ""),
            row.env_file.to_owned(),
        ]);
        let deployed = glance.deployed.as_ref().map(deployments::brief);
        let frozen = glance.frozen.clone();
        let ttl = glance.ttl.as_ref().map(|stay| stay.says.clone());
        let cluster = glance.cluster.as_ref().map(Known::words);
        let all = [
            ("deployed", deployed),
            ("frozen", frozen),
            ("ttl", ttl),
            ("scenario", glance.scenario.clone()),
            ("cluster", cluster),
            ("drift", row.drift),
            ("machines", row.machines),
        ];
        for (what, text) in all {
            if let Some(text) = text {
                more.push_str(&format!("{}: {what}: {text}\n", row.environment));
            }
        }
        if let Some(lock) = row.lock {
            locks.push_str(&format!("{} is locked: {lock}\n", row.environment));
        }
    }
    table::shown(&table) + &more + &locks
}
