//! Roll out to an environment; and what `check` shares with it.

use super::part::Part;
use super::planned::{Planned, planned};
use super::rollout::runs;
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::Leaf;
use crate::pipeline::engine::Options;
use crate::pipeline::plan::{Playbooks, Verb};
use crate::steps::Work;

/// Roll out to an environment
///
/// The pipeline `deploy` of the project, else the playbook of `[ansible]`.
#[derive(Debug, clap::Args)]
pub struct DeployArgs {
    #[command(flatten)]
    target: Targets,
    #[command(flatten)]
    playbooks: PlaybookArgs,
    #[command(flatten)]
    pub(super) part: Part,
    #[command(flatten)]
    extra: target::Extra,
}

/// What playbooks are limited to.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct PlaybookArgs {
    /// Run only tasks with these tags
    #[arg(long, value_name = "TAGS", value_delimiter = ',', help_heading = PLAYBOOKS)]
    tags: Vec<String>,
    /// Leave out tasks with these tags
    #[arg(long, value_name = "TAGS", value_delimiter = ',', help_heading = PLAYBOOKS)]
    skip_tags: Vec<String>,
    /// Work on these hosts only: hosts of `[hosts]`, groups, patterns of ansible
    #[arg(long, value_name = "HOSTS", value_delimiter = ',', help_heading = PLAYBOOKS)]
    limit: Vec<String>,
}

const PLAYBOOKS: &str = "Playbooks";

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &DeployArgs) -> Result<(), Failure> {
    let (part, extra) = (&args.part, &args.extra.extra);
    let options = target::options(global, extra);
    let plan = |env: &Environment| limited(cx, env, "deploy", &args.playbooks, part, &options);
    args.target.run(cx, global, "deploy", plan, runs(cx, part, extra)).await
}

/// Plans a pipeline with its playbooks limited to what was asked for.
pub(super) fn limited(
    cx: &Ctx,
    env: &Environment,
    name: &str,
    args: &PlaybookArgs,
    part: &Part,
    options: &Options,
) -> Result<Planned, Failure> {
    let PlaybookArgs { tags, skip_tags, limit } = args.clone();
    let playbooks = Playbooks { tags, skip_tags, limit };
    let asked = !playbooks.is_empty();
    let planned =
        planned(cx, env, &Verb::Playbooks { name: name.to_owned(), part: playbooks }, part, options)?;
    let is_playbook = |leaf: &Leaf<'_>| matches!(leaf.work, Work::Ansible(_) | Work::Refused(_));
    if asked && !planned.whole.leaves().iter().any(is_playbook) {
        let message = format!(
            "the pipeline `{name}` of `{}` has no playbook for `--tags`, `--skip-tags` or `--limit`",
            env.name
        );
        return Err(Failure::new(Kind::Usage, message).help("leave the flag out"));
    }
    Ok(planned)
}
