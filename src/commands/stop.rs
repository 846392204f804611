//! Stop machines and databases.

use super::part::Part;
use super::planned::{planned, runs};
use super::several::Targets;
use super::{Global, target};
use crate::config::Environment;
use crate::config::model::Provider;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::pipeline::plan::Verb;

/// Stop the machines and databases of an environment, and keep their data
///
/// Machines first. Waits until all are stopped, and says what is billed from now on. What is stopped already is left
/// alone. `--only databases` stops nothing but databases.
#[derive(Debug, clap::Args)]
pub struct StopArgs {
    #[command(flatten)]
    target: Targets,
    /// Give the machines back and keep a snapshot, which alone is billed then (openstack)
    #[arg(long)]
    shelve: bool,
    #[command(flatten)]
    pub(super) part: Part,
}

/// Runs it.
pub(crate) async fn run(cx: &Ctx, global: &Global, args: &StopArgs) -> Result<(), Failure> {
    let options = target::options(global, &[]);
    let plan = |env: &Environment| {
        if args.shelve {
            can_shelve(env)?;
        }
        planned(cx, env, &Verb::Stop { shelve: args.shelve }, &args.part, &options)
    };
    args.target.run(cx, global, "stop", plan, runs(cx, &args.part, &[])).await
}

fn can_shelve(env: &Environment) -> Result<(), Failure> {
    let name = &env.name;
    if env.pipelines.contains_key("stop") {
        return Err(Failure::new(
            Kind::Usage,
            format!("`{name}` has a pipeline `stop` of its own, which knows no `--shelve`"),
        )
        .help("leave `--shelve` out"));
    }
    if env.power.as_ref().and_then(|power| power.provider) != Some(Provider::Openstack) {
        return Err(Failure::new(Kind::Usage, format!("`{name}` has no machines that can be shelved"))
            .help("leave `--shelve` out: it is for `provider = \"openstack\"`"));
    }
    Ok(())
}
