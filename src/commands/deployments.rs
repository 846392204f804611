//! See what was deployed where, of the records, and whether they are whole.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::table::{shown, table, when};
use super::target;
use crate::config::Environment;
use crate::context::Ctx;
use crate::deployments::Deployment;
use crate::deployments::store::{self, Records};
use crate::failure::{Failure, Kind};
use crate::history::{Run, State};
use crate::text::document;
use crate::text::list;
use crate::work::{Facts, StepCx};

/// See what was deployed: which release, which images, whether it was verified
///
/// Exit code 1 when records were changed or cut: each carries the hash of the one before.
#[derive(Debug, clap::Args)]
pub(super) struct DeploymentsArgs {
    #[command(flatten)]
    target: target::Target,
    /// Show so many deployments
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20)]
    limit: usize,
    /// Print JSON, as `--output json` does
    #[arg(long)]
    pub(super) json: bool,
}

/// The records of an environment, as everybody knows them.
pub(super) async fn records(cx: &Ctx, env: &Environment) -> Result<Records, Failure> {
    let mut facts = Facts::default();
    let mut step = StepCx::new(cx, env, "records", &[], &mut facts);
    Box::pin(store::all(&mut step)).await
}

/// What was deployed to an environment.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Deployed {
    /// The newest first.
    deployments: Vec<Deployment>,
    /// Why nothing may be deployed.
    frozen: Option<String>,
    /// What was changed or cut in the records, in words.
    broken: Vec<String>,
}

/// Shows those of an environment.
pub(super) async fn run(cx: &Ctx, args: &DeploymentsArgs, as_json: bool) -> Result<(), Failure> {
    let env = args.target.environment(cx)?;
    let Records { standing, broken } = records(cx, &env).await?;
    let found: Vec<&Deployment> = standing.deployments.iter().rev().take(args.limit).collect();
    if as_json {
        let deployments = found.into_iter().cloned().collect();
        let all = Deployed { deployments, frozen: standing.frozen, broken: broken.clone() };
        cx.ui.document(document::pretty(&all).as_bytes())?;
    } else if found.is_empty() && broken.is_empty() {
        cx.ui.note(format!("nothing was deployed to `{}` yet, as far as its records tell", env.name));
    } else {
        cx.ui.page(&rows(&found))?;
        if let Some(why) = &standing.frozen {
            cx.ui.note(format!("`{}` is frozen: {why}", env.name));
        }
    }
    check(&env.name, &broken)
}

/// An error when records were changed or cut.
pub(super) fn check(environment: &str, broken: &[String]) -> Result<(), Failure> {
    if broken.is_empty() {
        return Ok(());
    }
    let what = broken.join("; ");
    Err(Failure::new(
        Kind::Failed,
        format!("the deployment records of `{environment}` are not whole: {what}"),
    )
    .help("find out who changed them: infractl only adds to `.infractl/deployments`")
    .help(format!("deploy `{environment}` anew before you rely on what they say")))
}

fn rows(all: &[&Deployment]) -> String {
    let mut table = table(["number", "when", "who", "verb", "release", "outcome", "verified", "images"]);
    for deployment in all {
        table.add_row([
            deployment.number.to_string(),
            when(deployment.began),
            format!("{}@{}", deployment.by, deployment.host),
            deployment.verb.clone(),
            deployment.name.clone(),
            outcome(deployment),
            if deployment.verified.is_some() { "yes" } else { "no" }.to_owned(),
            images(deployment),
        ]);
    }
    shown(&table)
}

/// How it ended.
pub(super) fn outcome(deployment: &Deployment) -> String {
    match (deployment.outcome, deployment.is_left) {
        (State::Running, _) => "no end".to_owned(),
        (State::Done, true) => "done, left".to_owned(),
        (outcome, _) => outcome.word().to_owned(),
    }
}

/// `etl 1a2b3c4d5e6f`.
pub(super) fn images(deployment: &Deployment) -> String {
    let short = |(name, reference): (&String, &String)| {
        let digest = reference.rsplit_once("sha256:").map_or(reference.as_str(), |(_, digest)| digest);
        format!("{name} {digest:.12}")
    };
    deployment.images.iter().map(short).collect::<Vec<_>>().join(", ")
}

/// A deployment in a few words, for `status`.
pub(super) fn brief(deployment: &Deployment) -> String {
    let mut text = deployment.name.clone();
    if !deployment.images.is_empty() {
        let _ = write!(text, " ({})", images(deployment));
    }
    let verified = match (deployment.outcome, deployment.verified) {
        (State::Done, Some(_)) => ", verified".to_owned(),
        (State::Done, None) => ", not verified".to_owned(),
        _ => format!(", {}", outcome(deployment)),
    };
    text + &verified
}

/// What a run deployed, for `history show`.
pub(super) fn of_run(root: &std::path::Path, run: &Run) -> String {
    let mut text = String::new();
    for lane in &run.environments {
        let Ok(records) = store::here(root, &lane.environment) else { continue };
        let is_its = |deployment: &&Deployment| deployment.run == run.run && deployment.host == run.host;
        for deployment in records.standing.deployments.iter().filter(is_its) {
            let _ = writeln!(
                text,
                "\n{}: deployment {}: {}",
                lane.environment,
                deployment.number,
                brief(deployment)
            );
            for (name, reference) in &deployment.images {
                let _ = writeln!(text, "      {name}: {reference}");
            }
        }
    }
    text
}

/// Warns about records of this project that are not whole.
pub(super) fn warn(cx: &Ctx, root: &std::path::Path, environments: &[String]) {
    let is_broken =
        |name: &&String| store::here(root, name).map_or(true, |records| !records.broken.is_empty());
    let broken: Vec<&String> = environments.iter().filter(is_broken).collect();
    if let Some(first) = broken.first() {
        cx.ui.warn(format!(
            "the deployment records of {} are not whole: run `infractl history deployments {first}`",
            list(&broken, "and")
        ));
    }
}
