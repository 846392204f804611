//! A service as lines of bash, and what a dry run says of it.

use crate::config::model::{Argument, Ecs, Task};
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::work::StepCx;
use crate::work::marked::marked;
use crate::work::script::{Script, literal};
use crate::work::values::Known;

/// Stand in a command for what only the run of the script knows.
const DEFINITION: &str = "INFRACTL_TASK_DEFINITION";

/// The program for a service, with these values.
struct Aws {
    cluster: String,
    region: Option<String>,
    service: String,
}

impl Aws {
    fn of(step: &StepCx<'_>, known: &Known, ecs: &Ecs, task: Option<&Task>) -> Result<Aws, Failure> {
        let one = |own: &Option<Argument>, of_task: Option<&Argument>| {
            own.as_ref().or(of_task).map(|argument| known.argument(step, &argument.0)).transpose()
        };
        let cluster = one(&ecs.cluster, task.and_then(|task| task.cluster.as_ref()))?;
        Ok(Aws {
            cluster: cluster.unwrap_or_else(|| "default".to_owned()),
            region: one(&ecs.region, task.and_then(|task| task.region.as_ref()))?,
            service: one(&ecs.service, None)?.unwrap_or_default(),
        })
    }

    fn cmd(&self, verb: &[&str], flag: &str) -> Cmd {
        let region = self.region.iter().flat_map(|region| ["--region", region.as_str()]);
        let words = ["--cluster", &self.cluster, flag, &self.service];
        Cmd::new("aws")
            .arg("ecs")
            .args(verb.iter().copied())
            .args(region)
            .args(words)
            .args(["--output", "text"])
    }

    fn update(&self, is_forced: bool) -> Cmd {
        let cmd = self.cmd(&["update-service"], "--service");
        if is_forced { cmd.arg("--force-new-deployment") } else { cmd }
    }
}

/// What a dry run says.
pub(in crate::steps::ecs) fn described(
    step: &StepCx<'_>,
    ecs: &Ecs,
    task: Option<(&str, &Task)>,
) -> Result<Vec<String>, Failure> {
    let known = Known::shown(step, ecs);
    let aws = Aws::of(step, &known, ecs, task.map(|(_, task)| task))?;
    let mut lines = Vec::new();
    let mut update = aws.update(ecs.force || task.is_none());
    if let Some((name, task)) = task {
        if let Some(path) = &task.definition_file {
            let shown = crate::work::relative(step, &path.0);
            lines.push(format!(
                "aws ecs register-task-definition --cli-input-json file://{shown}  # if it means something else than the service runs"
            ));
        }
        update = update.args(["--task-definition", name]);
    }
    lines.push(crate::work::shown_in(&update));
    if !ecs.detach {
        lines.push(format!("# follow this deployment of {} to its end", aws.service));
    }
    Ok(lines)
}

/// The same as lines of bash: deployed at every run, and waited for; another deployment in its place is a failure.
pub(in crate::steps::ecs) fn script(
    step: &StepCx<'_>,
    script: &mut Script,
    ecs: &Ecs,
    task: Option<(&str, &Task)>,
) -> Result<Vec<String>, Failure> {
    let known = marked(step, ecs);
    let aws = Aws::of(step, &known, ecs, task.map(|(_, task)| task))?;
    let mut lines = Vec::new();
    let mut update = aws.update(ecs.force || task.is_none());
    if let Some((name, task)) = task {
        let register = Ecs { register: ecs.task.clone(), ..Ecs::default() };
        lines.extend(script.task(step, &register, &register.asked(name, task, &[]))?);
        let has_file = task.definition_file.is_some();
        let family = task.definition.as_ref().map(|family| known.argument(step, &family.0)).transpose()?;
        let family = family.unwrap_or_else(|| name.to_owned());
        update = update.args(["--task-definition", if has_file { DEFINITION } else { &family }]);
    }
    let id = |list: &str| format!("{list}.deployments[?status=='PRIMARY'].id | [0]");
    let update = script.command(step, &update.args(["--query", &id("service")]));
    lines.push(format!("deployment=$( {} )", update.replace(DEFINITION, "\"$task_definition\"")));
    if ecs.detach {
        return Ok(lines);
    }
    lines.push(script.command(step, &aws.cmd(&["wait", "services-stable"], "--services")));
    let now = aws.cmd(&["describe-services"], "--services").args(["--query", &id("services[0]")]);
    lines.push(format!("now=$( {} )", script.command(step, &now)));
    let says = literal("another deployment has taken its place");
    lines.push(format!("{{ [ \"$now\" = \"$deployment\" ] || {{ echo {says} >&2; false; }}; }}"));
    Ok(lines)
}
