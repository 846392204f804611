//! The workflow of GitHub Actions. Pure.

use super::install;
use super::job::{Job, Says, Setting, When, Work};
use super::shell::{self, Ways};
use super::yaml::{Map, Yaml, entry, file};

/// The only actions that are used besides the one of `install`: those of GitHub, each by its commit.
const CHECKOUT: (&str, &str) = ("actions/checkout@de0fac2e4500dabe0009e67214ff5f5447ce83dd", "v6.0.2");
const UPLOAD: (&str, &str) = ("actions/upload-artifact@b7c566a772e6b6bfb58ed0dc250532a479d7789f", "v6.0.0");
const DOWNLOAD: (&str, &str) =
    ("actions/download-artifact@37930b1c2abaa49bbe596cd826c3c89aef350131", "v7.0.0");
const RESTORE: (&str, &str) = ("actions/cache/restore@27d5ce7f107fe9357f9df03efb73ab90386fccae", "v5.0.5");
const SAVE: (&str, &str) = ("actions/cache/save@27d5ce7f107fe9357f9df03efb73ab90386fccae", "v5.0.5");

const WAYS: Ways = Ways {
    handed: "$RUNNER_TEMP/handed",
    own: "$RUNNER_TEMP/infractl",
    shard: "$SHARD",
    number: "${SHARD%%/*}",
    parts: "$RUNNER_TEMP/parts",
    known: "$RUNNER_TEMP/known",
    // The token of the request comes on standard input: arguments can be read by everybody.
    token: "printf 'authorization: bearer %s' \"$ACTIONS_ID_TOKEN_REQUEST_TOKEN\" | curl -sSf --retry 3 -H @- \
            \"$ACTIONS_ID_TOKEN_REQUEST_URL&audience=sts.amazonaws.com\" | sed 's/.*\"value\":\"\\([^\"]*\\)\".*/\\1/'",
};

const PARTS: &str = "${{ runner.temp }}/parts";
const NIGHT: &str = "17 3 * * *";
const WEEK: &str = "47 4 * * 0";

/// The whole workflow.
pub(super) fn workflow(setting: &Setting, jobs: &[Job]) -> String {
    let mut run = vec![entry("shell", "bash")];
    if !setting.folder.is_empty() {
        run.push(entry("working-directory", text(&setting.folder)));
    }
    let mut all: Map = Vec::new();
    if jobs.iter().any(|job| job.when == When::Proposed && job.reaches) {
        all.push(entry("fork", fork(setting)));
    }
    all.extend(jobs.iter().map(|one| (one.name.clone(), Yaml::Map(job(setting, one)))));
    file(&[
        entry("name", "infractl"),
        entry("on", triggers(setting, jobs)),
        entry("permissions", Map::new()),
        entry("defaults", vec![entry("run", run)]),
        entry("jobs", all),
    ])
}

fn triggers(setting: &Setting, jobs: &[Job]) -> Map {
    let branch = || vec![entry("branches", vec![setting.branch.clone()])];
    let is_any = |when| jobs.iter().any(|job| job.when == when);
    let mut on = Vec::new();
    if is_any(When::Proposed) {
        on.push(entry("pull_request", branch()));
    }
    let mut push = if is_any(When::Merged) { branch() } else { Vec::new() };
    if is_any(When::Tagged) {
        // No pre-releases.
        let tags = format!("{}[0-9]+.[0-9]+.[0-9]+", setting.tag_prefix);
        push.push(entry("tags", vec![tags]));
    }
    if !push.is_empty() {
        on.push(entry("push", push));
    }
    let times = [(When::Nightly, NIGHT), (When::Weekly, WEEK)];
    let times = times.into_iter().filter(|(when, _)| is_any(*when));
    let times: Vec<Yaml> = times.map(|(_, time)| Yaml::from(vec![entry("cron", time)])).collect();
    if !times.is_empty() {
        on.push(entry("schedule", times));
    }
    on
}

/// Says why there is no plan where there are no secrets.
fn fork(setting: &Setting) -> Map {
    vec![
        entry(
            "if",
            "github.event_name == 'pull_request' && github.event.pull_request.head.repo.full_name != github.repository",
        ),
        entry("runs-on", runner(setting)),
        entry(
            "steps",
            vec![Yaml::from(vec![
                entry(
                    "run",
                    "echo '::notice::this comes from a fork, which gets no secrets: nothing is planned'",
                ),
                // The folder of the project is not there: nothing is checked out.
                entry("working-directory", "."),
            ])],
        ),
    ]
}

fn runner(setting: &Setting) -> String {
    text(setting.ci.runner.as_deref().unwrap_or("ubuntu-24.04"))
}

fn job(setting: &Setting, job: &Job) -> Map {
    let mut map = vec![entry("if", condition(job))];
    if let Some(before) = &job.needs {
        map.push(entry("needs", before.as_str()));
    }
    map.push(entry("runs-on", runner(setting)));
    if let Some(environment) = &job.environment {
        // Whoever approves looks at the plan before: it is made in an environment that waits for nobody.
        let place = match job.changes {
            // Going back waits for nobody either.
            true if job.goes_back => format!("{environment}-rollback"),
            true => environment.clone(),
            false => format!("{environment}-plan"),
        };
        map.push(entry("environment", place));
        if job.changes {
            let mut group =
                vec![entry("group", format!("infractl-{environment}")), entry("cancel-in-progress", false)];
            if setting.ci.queue {
                group.push(entry("queue", "max"));
            }
            map.push(entry("concurrency", group));
        }
    }
    map.push(entry("permissions", permissions(job)));
    if job.shards > 1 {
        let shards: Vec<Yaml> = (1..=job.shards).map(Yaml::from).collect();
        let matrix = vec![entry("shard", shards)];
        map.push(entry("strategy", vec![entry("fail-fast", false), entry("matrix", matrix)]));
    }
    map.push(entry("steps", steps(setting, job)));
    map
}

/// When a job runs.
fn condition(job: &Job) -> String {
    const FROM_HERE: &str = "github.event.pull_request.head.repo.full_name == github.repository";
    let event = match job.when {
        When::Proposed if job.reaches || job.comments() => {
            format!("github.event_name == 'pull_request' && {FROM_HERE}")
        }
        When::Proposed => "github.event_name == 'pull_request'".to_owned(),
        When::Merged => "github.event_name == 'push' && !startsWith(github.ref, 'refs/tags/')".to_owned(),
        When::Tagged => "github.event_name == 'push' && startsWith(github.ref, 'refs/tags/')".to_owned(),
        When::Nightly => format!("github.event_name == 'schedule' && github.event.schedule == '{NIGHT}'"),
        When::Weekly => format!("github.event_name == 'schedule' && github.event.schedule == '{WEEK}'"),
    };
    match (&job.needs, &job.says) {
        (Some(before), _) if job.goes_back => {
            format!("failure() && needs.{before}.result == 'failure' && {event}")
        }
        // What is there is said, whatever became of the others.
        (_, Says::Joined { .. }) => format!("!cancelled() && {event}"),
        _ => event,
    }
}

fn permissions(job: &Job) -> Map {
    let mut all = vec![entry("contents", "read")];
    if job.role.is_some() {
        all.push(entry("id-token", "write"));
    }
    if job.comments() {
        all.push(entry("pull-requests", "write"));
    }
    if job.is_issue() {
        all.push(entry("issues", "write"));
    }
    all
}

/// A step that runs although one before has failed.
fn always(step: Yaml) -> Yaml {
    match step {
        Yaml::Map(map) => {
            Yaml::from(std::iter::once(entry("if", "!cancelled()")).chain(map).collect::<Map>())
        }
        other => other,
    }
}

fn uses((action, version): (&str, &'static str), with: Map) -> Yaml {
    Yaml::from(vec![entry("uses", Yaml::Noted(action.to_owned(), version)), entry("with", with)])
}

/// The step that gets infractl.
fn program(setting: &Setting) -> Yaml {
    if let Some(action) = install::place(&setting.ci.infractl) {
        let with = install::inputs(&setting.ci.infractl, text);
        return Yaml::from(vec![entry("uses", action.whole), entry("with", with)]);
    }
    let mut program = shell::program(setting, &WAYS);
    if setting.ci.infractl.url.is_some() {
        program.push(format!("echo \"{}/bin\" >> \"$GITHUB_PATH\"", WAYS.own));
    }
    run("infractl", &program, Vec::new())
}

fn steps(setting: &Setting, job: &Job) -> Vec<Yaml> {
    let checkout = vec![entry("fetch-depth", 0_u16), entry("persist-credentials", false)];
    let mut steps = vec![uses(CHECKOUT, checkout), program(setting)];
    steps.extend(shell::tools(setting).map(|line| run("tools", &[line], Vec::new())));
    let folder = "${{ runner.temp }}/handed";
    if let Some(environment) = job.takes() {
        let with = vec![entry("name", format!("plan-{environment}")), entry("path", folder)];
        steps.push(uses(DOWNLOAD, with));
    }
    let mut vars = variables(setting, job);
    if job.comments() || job.is_issue() {
        vars.push(entry("GITHUB_TOKEN", "${{ github.token }}"));
    }
    match &job.says {
        Says::Log => {}
        Says::Joined { of, shards } => {
            let with = vec![
                entry("pattern", format!("{of}-part-*")),
                entry("path", PARTS),
                entry("merge-multiple", true),
            ];
            steps.push(uses(DOWNLOAD, with));
            steps.push(run(&job.name, &shell::joined(of, *shards, &WAYS), vars));
            return steps;
        }
        Says::Comment | Says::Part => {
            steps.push(run(&job.name, &shell::commented(job, &WAYS), vars));
            if job.says == Says::Part {
                let with = vec![
                    entry("name", format!("{}-part-${{{{ matrix.shard }}}}", job.name)),
                    entry("path", PARTS),
                    entry("if-no-files-found", "ignore"),
                    entry("retention-days", 1_u16),
                ];
                steps.push(always(uses(UPLOAD, with)));
            }
            return steps;
        }
    }
    let known = || {
        // A cache is never written twice: each run has its own, and reads the newest.
        let key = format!("infractl-{}-${{{{ github.run_id }}}}-${{{{ github.run_attempt }}}}", job.name);
        vec![entry("path", "${{ runner.temp }}/known"), entry("key", key)]
    };
    if job.remembers() {
        let mut with = known();
        with.push(entry("restore-keys", format!("infractl-{}-", job.name)));
        steps.push(uses(RESTORE, with));
    }
    steps.extend(job.work.iter().map(|work| run(&title(work), &shell::work(job, work, &WAYS), vars.clone())));
    if job.remembers() {
        steps.push(always(uses(SAVE, known())));
    }
    if let Some(environment) = job.keeps() {
        let with = vec![
            entry("name", format!("plan-{environment}")),
            entry("path", format!("{folder}/{environment}.tfplan")),
            entry("if-no-files-found", "error"),
            entry("retention-days", 1_u16),
        ];
        steps.push(uses(UPLOAD, with));
    }
    steps
}

fn title(work: &Work) -> String {
    match work {
        Work::Run(command) | Work::Apply { command, .. } | Work::Watch { command, .. } => {
            command.words.first().cloned().unwrap_or_default()
        }
        Work::Keep { .. } => "plan".to_owned(),
    }
}

fn variables(setting: &Setting, job: &Job) -> Map {
    let names = setting.secrets.iter().filter(|_| job.reaches);
    let mut all: Map = names.map(|name| entry(name, format!("${{{{ secrets.{name} }}}}"))).collect();
    if job.shards > 1 {
        all.push(entry("SHARD", format!("${{{{ matrix.shard }}}}/{}", job.shards)));
    }
    all
}

fn run(name: &str, lines: &[String], vars: Map) -> Yaml {
    let mut step = vec![entry("name", text(name))];
    if !vars.is_empty() {
        step.push(entry("env", vars));
    }
    step.push(entry("run", text(&lines.join("\n"))));
    Yaml::from(step)
}

/// Text that GitHub leaves as it is: it would read `${{` as the beginning of an expression, in quotes too.
fn text(text: &str) -> String {
    text.replace("${{", "${{ '${{' }}")
}
