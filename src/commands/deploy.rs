//! Roll out to an environment; and what `check` shares with it.

use super::pipeline::{Part, go};
use super::several::{Effect, Targets};
use super::{Global, target};
use crate::config::Environment;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::many::Ended;
use crate::pipeline::plan::{self, Playbooks, Verb};
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
    let work = async |global: &Global, env: &Environment| {
        playbooks(cx, global, env, "deploy", &args.playbooks, &args.part, &args.extra.extra).await
    };
    args.target.run(cx, global, "deploy", Effect::Guarded, work).await
}

/// Runs the pipeline with its playbooks limited to what was asked for.
pub(super) async fn playbooks(
    cx: &Ctx,
    global: &Global,
    env: &Environment,
    name: &str,
    args: &PlaybookArgs,
    part: &Part,
    extra: &[String],
) -> Result<Ended, Failure> {
    let PlaybookArgs { tags, skip_tags, limit } = args.clone();
    let playbooks = Playbooks { tags, skip_tags, limit };
    let asked = !playbooks.is_empty();
    let verb = Verb::Playbooks { name: name.to_owned(), ask: false, part: playbooks };
    let is_playbook =
        |(work, _): &(&Work, Option<&[String]>)| matches!(work, Work::Ansible(_) | Work::Refused { .. });
    if asked && !plan::pipeline(env, &verb).leaves().iter().any(is_playbook) {
        let message = format!(
            "the pipeline `{name}` of `{}` has no playbook for `--tags`, `--skip-tags` or `--limit`",
            env.name
        );
        return Err(Failure::new(Kind::Usage, message).help("leave the flag out"));
    }
    go(cx, global, env, &verb, part, extra).await
}
