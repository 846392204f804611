//! The pipeline of Azure Pipelines. Pure.

use super::jobs::{Job, Setting, When};
use super::shell::{self, Ways};
use super::yaml::{Map, Yaml, entry, file};

const WAYS: Ways = Ways {
    handed: "$AGENT_TEMPDIRECTORY/handed",
    own: "$AGENT_TEMPDIRECTORY/infractl",
    shard: "$SYSTEM_JOBPOSITIONINPHASE/$SYSTEM_TOTALJOBSINPHASE",
    // `[ci] identity` is refused for this forge.
    token: "false",
};

/// The whole file.
pub(super) fn pipeline(setting: &Setting, jobs: &[Job]) -> String {
    let is_any = |when| jobs.iter().any(|job| job.when == when);
    let branches = || vec![entry("branches", vec![entry("include", vec![setting.branch.clone()])])];
    let on = |when, trigger: Map| if is_any(when) { Yaml::from(trigger) } else { Yaml::from("none") };
    let mut map =
        vec![entry("trigger", on(When::Merged, branches())), entry("pr", on(When::Proposed, branches()))];
    if is_any(When::Nightly) {
        let mut nightly = vec![entry("cron", "17 3 * * *"), entry("displayName", "infractl")];
        nightly.extend(branches());
        nightly.push(entry("always", "true"));
        map.push(entry("schedules", vec![Yaml::from(nightly)]));
    }
    // With an exclusive lock as check of the environment runs wait for each other, in their order.
    map.push(entry("lockBehavior", "sequential"));
    let image = setting.ci.runner.as_deref().unwrap_or("ubuntu-24.04");
    map.push(entry("pool", vec![entry("vmImage", text(image))]));
    let jobs: Vec<Yaml> = jobs.iter().map(|one| Yaml::from(job(setting, one))).collect();
    map.push(entry("jobs", jobs));
    file(&map)
}

fn job(setting: &Setting, job: &Job) -> Map {
    let is = |reason: &str| format!("eq(variables['Build.Reason'], '{reason}')");
    let condition = match job.when {
        // A fork gets no secrets.
        When::Proposed if job.reaches => {
            format!(
                "and(succeeded(), {}, ne(variables['System.PullRequest.IsFork'], 'True'))",
                is("PullRequest")
            )
        }
        When::Proposed => format!("and(succeeded(), {})", is("PullRequest")),
        When::Merged => format!(
            "and(succeeded(), eq(variables['Build.SourceBranch'], 'refs/heads/{}'), not({}))",
            setting.branch.replace('\'', "''"),
            is("Schedule")
        ),
        When::Nightly => format!("and(succeeded(), {})", is("Schedule")),
    };
    let name = job.name.replace('-', "_");
    let mut map = vec![entry(if job.changes { "deployment" } else { "job" }, name)];
    if let Some(before) = &job.needs {
        map.push(entry("dependsOn", before.replace('-', "_")));
    }
    map.push(entry("condition", condition));
    let steps = steps(setting, job);
    if job.changes {
        map.push(entry("environment", job.environment.clone().unwrap_or_default()));
        let once = vec![entry("deploy", vec![entry("steps", steps)])];
        map.push(entry("strategy", vec![entry("runOnce", once)]));
        return map;
    }
    if job.shards > 1 {
        map.push(entry("strategy", vec![entry("parallel", job.shards.to_string())]));
    }
    map.push(entry("steps", steps));
    map
}

fn steps(setting: &Setting, job: &Job) -> Vec<Yaml> {
    let checkout =
        vec![entry("checkout", "self"), entry("fetchDepth", "0"), entry("persistCredentials", "false")];
    let mut steps = vec![Yaml::from(checkout)];
    let mut program = shell::program(setting, &WAYS);
    if setting.ci.infractl.url.is_some() {
        program.push(format!("echo \"##vso[task.prependpath]{}/bin\"", WAYS.own));
    }
    steps.push(script(setting, "infractl", program, Vec::new()));
    steps.extend(shell::tools(setting).map(|line| script(setting, "tools", vec![line], Vec::new())));
    if let Some(environment) = job.takes() {
        steps.push(Yaml::from(vec![
            entry("download", "current"),
            entry("artifact", format!("plan-{environment}")),
        ]));
        let from = format!("\"$PIPELINE_WORKSPACE/plan-{environment}/{environment}.tfplan\"");
        let lines = vec![format!("mkdir -p \"{}\"", WAYS.handed), format!("cp {from} \"{}/\"", WAYS.handed)];
        steps.push(script(setting, "plan", lines, Vec::new()));
    }
    let names = setting.secrets.iter().filter(|_| job.reaches);
    let vars: Map = names.map(|name| entry(name, format!("$({name})"))).collect();
    for work in &job.work {
        steps.push(script(setting, &job.name, shell::work(job, work, &WAYS), vars.clone()));
    }
    if let Some(environment) = job.keeps() {
        steps.push(Yaml::from(vec![
            entry("publish", format!("$(Agent.TempDirectory)/handed/{environment}.tfplan")),
            entry("artifact", format!("plan-{environment}")),
        ]));
    }
    steps
}

fn script(setting: &Setting, name: &str, lines: Vec<String>, vars: Map) -> Yaml {
    // A script ends with the code of its last line otherwise.
    let lines: Vec<String> = std::iter::once("set -eu".to_owned()).chain(lines).collect();
    let mut step = vec![entry("bash", text(&lines.join("\n"))), entry("displayName", text(name))];
    if !setting.folder.is_empty() {
        step.push(entry("workingDirectory", text(&setting.folder)));
    }
    if !vars.is_empty() {
        step.push(entry("env", vars));
    }
    Yaml::from(step)
}

/// Text that Azure leaves as it is: it would read `${{` as the beginning of an expression.
fn text(text: &str) -> String {
    text.replace("${{", "${{ '${{' }}")
}
