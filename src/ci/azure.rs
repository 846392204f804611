//! The pipeline of Azure Pipelines. Pure.

use super::install;
use super::job::{Job, Setting, When};
use super::shell::{self, Ways};
use super::yaml::{Map, Yaml, entry, file};

const WAYS: Ways = Ways {
    handed: "$AGENT_TEMPDIRECTORY/handed",
    own: "$AGENT_TEMPDIRECTORY/infractl",
    shard: "$SYSTEM_JOBPOSITIONINPHASE/$SYSTEM_TOTALJOBSINPHASE",
    number: "$SYSTEM_JOBPOSITIONINPHASE",
    parts: "$AGENT_TEMPDIRECTORY/parts",
    known: "$AGENT_TEMPDIRECTORY/known",
    // `[ci] identity` is refused for this forge.
    token: "false",
};

/// What the repository with the template is called in the file.
const TEMPLATES: &str = "infractl";

/// The whole file.
pub(super) fn pipeline(setting: &Setting, jobs: &[Job]) -> String {
    let is_any = |when| jobs.iter().any(|job| job.when == when);
    let branches = || vec![entry("branches", vec![entry("include", vec![setting.branch.clone()])])];
    let mut pushed = if is_any(When::Merged) { branches() } else { Vec::new() };
    if is_any(When::Tagged) {
        if pushed.is_empty() {
            pushed.push(entry("branches", vec![entry("exclude", vec!["*".to_owned()])]));
        }
        let tags = |pattern: &str| vec![format!("{}{pattern}", setting.tag_prefix)];
        // No pre-releases.
        pushed.push(entry("tags", vec![entry("include", tags("*")), entry("exclude", tags("*-*"))]));
    }
    let on = |trigger: Map| if trigger.is_empty() { Yaml::from("none") } else { Yaml::from(trigger) };
    let proposed = if is_any(When::Proposed) { branches() } else { Vec::new() };
    let mut map = vec![entry("trigger", on(pushed)), entry("pr", on(proposed))];
    let times = [(When::Nightly, "17 3 * * *"), (When::Weekly, "47 4 * * 0")];
    let times = times.into_iter().filter(|(when, _)| is_any(*when));
    let times = times.map(|(when, time)| {
        let mut timed = vec![entry("cron", time), entry("displayName", when.key())];
        timed.extend(branches());
        timed.push(entry("always", "true"));
        Yaml::from(timed)
    });
    let times: Vec<Yaml> = times.collect();
    if !times.is_empty() {
        map.push(entry("schedules", times));
    }
    if let Some(template) = install::place(&setting.ci.infractl) {
        let repository = vec![
            entry("repository", TEMPLATES),
            entry("type", "git"),
            entry("name", template.name),
            entry("ref", template.version),
        ];
        map.push(entry("resources", vec![entry("repositories", vec![Yaml::from(repository)])]));
    }
    // With an exclusive lock as check of the environment runs wait for each other, in their order.
    map.push(entry("lockBehavior", "sequential"));
    let image = setting.ci.runner.as_deref().unwrap_or("ubuntu-24.04");
    map.push(entry("pool", vec![entry("vmImage", text(image))]));
    let all: Vec<Yaml> = jobs
        .iter()
        .filter(|one| !one.goes_back)
        .map(|one| {
            let back = jobs.iter().find(|job| job.goes_back && job.needs.as_ref() == Some(&one.name));
            Yaml::from(job(setting, one, back))
        })
        .collect();
    map.push(entry("jobs", all));
    file(&map)
}

/// A job, with the one that goes back when it fails: that is a part of it here, so that nobody has to let it begin.
fn job(setting: &Setting, job: &Job, back: Option<&Job>) -> Map {
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
        When::Tagged => {
            "and(succeeded(), startsWith(variables['Build.SourceBranch'], 'refs/tags/'))".to_owned()
        }
        When::Nightly | When::Weekly => format!(
            "and(succeeded(), {}, eq(variables['Build.CronSchedule.DisplayName'], '{}'))",
            is("Schedule"),
            job.when.key()
        ),
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
        let mut once = vec![entry("deploy", vec![entry("steps", steps)])];
        if let Some(back) = back {
            let steps = vec![entry("steps", self::steps(setting, back))];
            once.push(entry("on", vec![entry("failure", steps)]));
        }
        map.push(entry("strategy", vec![entry("runOnce", once)]));
        return map;
    }
    if job.shards > 1 {
        map.push(entry("strategy", vec![entry("parallel", job.shards.to_string())]));
    }
    map.push(entry("steps", steps));
    map
}

/// The step that gets infractl.
fn program(setting: &Setting) -> Yaml {
    if setting.ci.infractl.install.is_some() {
        let inputs = install::inputs(&setting.ci.infractl, text);
        return Yaml::from(vec![
            entry("template", format!("ci/azure/infractl.yml@{TEMPLATES}")),
            entry("parameters", inputs),
        ]);
    }
    let mut program = shell::program(setting, &WAYS);
    if setting.ci.infractl.url.is_some() {
        program.push(format!("echo \"##vso[task.prependpath]{}/bin\"", WAYS.own));
    }
    script(setting, "infractl", program, Vec::new())
}

fn steps(setting: &Setting, job: &Job) -> Vec<Yaml> {
    let checkout =
        vec![entry("checkout", "self"), entry("fetchDepth", "0"), entry("persistCredentials", "false")];
    let mut steps = vec![Yaml::from(checkout), program(setting)];
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
    if job.remembers() {
        // A cache is never written twice: each run has its own, and reads the newest.
        let key = format!("infractl | {} | $(Build.BuildId)", job.name);
        let inputs = vec![
            entry("key", key),
            entry("restoreKeys", format!("infractl | {}", job.name)),
            entry("path", "$(Agent.TempDirectory)/known"),
        ];
        steps.push(Yaml::from(vec![entry("task", "Cache@2"), entry("inputs", inputs)]));
    }
    for work in &job.work {
        let mut lines = shell::work(job, work, &WAYS);
        if let (true, Some(last)) = (job.remembers(), lines.last_mut()) {
            // A job that failed keeps no cache.
            *last = format!(
                "{last} || {{ code=$?; [ \"$code\" = 2 ] || exit \"$code\"; \
                 echo '##vso[task.complete result=SucceededWithIssues;]something changed'; }}"
            );
        }
        steps.push(script(setting, &job.name, lines, vars.clone()));
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
