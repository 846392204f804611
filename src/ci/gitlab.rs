//! The pipeline of GitLab CI. It has no `stages` and no `default`, so that another file may include it. Pure.

use super::install;
use super::job::{Job, Says, Setting, When, Work};
use super::shell::{self, Ways};
use super::yaml::{Map, Yaml, entry, file};

const WAYS: Ways = Ways {
    // Artefacts come from the folder of the repository; git ignores this one.
    handed: "$CI_PROJECT_DIR/.infractl/handed",
    own: "$CI_PROJECT_DIR/.infractl/own",
    shard: "$CI_NODE_INDEX/$CI_NODE_TOTAL",
    number: "$CI_NODE_INDEX",
    parts: "$CI_PROJECT_DIR/.infractl/parts",
    known: "$CI_PROJECT_DIR/.infractl/known",
    token: "printf %s \"$AWS_ID_TOKEN\"",
};

/// What all jobs have.
const BASE: &str = ".infractl";
/// What the component of `install` has for jobs that extend it.
const COMPONENT: &str = ".infractl-install";
const FROM_FORK: &str = "$CI_PIPELINE_SOURCE == \"merge_request_event\" && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID != $CI_MERGE_REQUEST_PROJECT_ID";
const FROM_HERE: &str = "$CI_PIPELINE_SOURCE == \"merge_request_event\" && $CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_MERGE_REQUEST_PROJECT_ID";

/// The whole file.
pub(super) fn pipeline(setting: &Setting, jobs: &[Job]) -> String {
    let mut all: Map = Vec::new();
    if let Some(component) = install::place(&setting.ci.infractl) {
        let inputs = install::inputs(&setting.ci.infractl, str::to_owned);
        let included = vec![entry("component", component.whole), entry("inputs", inputs)];
        all.push(entry("include", vec![Yaml::from(included)]));
    }
    all.push(entry(BASE, base(setting)));
    if jobs.iter().any(|job| job.when == When::Proposed && job.reaches) {
        all.push(entry(
            "fork",
            vec![
                entry("stage", "test"),
                entry("rules", rules(FROM_FORK, Vec::new())),
                entry("variables", vec![entry("GIT_STRATEGY", "none")]),
                entry(
                    "script",
                    vec![Yaml::from(
                        "echo 'this comes from a fork, which gets no secrets: nothing is planned'",
                    )],
                ),
            ],
        ));
    }
    all.extend(jobs.iter().map(|one| (one.name.clone(), Yaml::Map(job(setting, one)))));
    file(&all)
}

fn rules(when: &str, more: Map) -> Vec<Yaml> {
    let mut rule = vec![entry("if", when)];
    rule.extend(more);
    vec![Yaml::from(rule)]
}

fn base(setting: &Setting) -> Map {
    let mut map = Vec::new();
    if let Some(image) = &setting.ci.image {
        // An image may have an entry point that is no shell.
        let table = vec![entry("name", image.as_str()), entry("entrypoint", vec![Yaml::from("")])];
        map.push(entry("image", table));
    }
    if let Some(tag) = &setting.ci.runner {
        map.push(entry("tags", vec![tag.clone()]));
    }
    map.push(entry("interruptible", false));
    map.push(entry("variables", vec![entry("GIT_DEPTH", "0")]));
    if setting.ci.infractl.install.is_some() {
        // Its `before_script` and its cache are inherited.
        map.push(entry("extends", COMPONENT));
        return map;
    }
    let mut before = shell::program(setting, &WAYS);
    if setting.ci.infractl.url.is_some() {
        before.push(format!("export PATH=\"{}/bin:$PATH\"", WAYS.own));
    }
    before.extend(at_the_project(setting));
    map.push(entry("before_script", before));
    map
}

/// Goes to the project, and gets its programs.
fn at_the_project(setting: &Setting) -> Vec<String> {
    let mut lines = Vec::new();
    if !setting.folder.is_empty() {
        lines.push(format!("cd -- {}", shell_words::quote(&setting.folder)));
    }
    lines.extend(shell::tools(setting));
    lines
}

fn job(setting: &Setting, job: &Job) -> Map {
    let merged =
        format!("$CI_COMMIT_BRANCH == {} && $CI_PIPELINE_SOURCE != \"schedule\"", quoted(&setting.branch));
    // No pre-releases.
    let tagged = format!("$CI_COMMIT_TAG =~ /^{}[0-9]+\\.[0-9]+\\.[0-9]+$/", pattern(&setting.tag_prefix));
    let when = match job {
        _ if job.goes_back => vec![entry("when", "on_failure")],
        _ if job.approval => vec![entry("when", "manual"), entry("allow_failure", false)],
        _ if matches!(job.says, Says::Joined { .. }) => vec![entry("when", "always")],
        _ => Vec::new(),
    };
    let rules = match job.when {
        When::Proposed if job.reaches || job.comments() => rules(FROM_HERE, when),
        When::Proposed => rules("$CI_PIPELINE_SOURCE == \"merge_request_event\"", when),
        When::Merged => rules(&merged, when),
        When::Tagged => rules(&tagged, when),
        // Its schedules are no part of the file: one of them has this variable.
        When::Nightly => {
            rules("$CI_PIPELINE_SOURCE == \"schedule\" && $INFRACTL_SCHEDULE != \"weekly\"", when)
        }
        When::Weekly => {
            rules("$CI_PIPELINE_SOURCE == \"schedule\" && $INFRACTL_SCHEDULE == \"weekly\"", when)
        }
    };
    let stage = if matches!(job.when, When::Merged | When::Tagged) { "deploy" } else { "test" };
    let mut map = vec![entry("extends", BASE), entry("stage", stage), entry("rules", rules)];
    let needs: Vec<Yaml> = job.needs.iter().map(|before| Yaml::from(before.as_str())).collect();
    map.push(entry("needs", needs));
    if let Some(environment) = &job.environment {
        let mut place = vec![entry("name", environment.as_str())];
        // Its variables, without being a deployment to it that somebody would have to let begin.
        if job.goes_back {
            place.push(entry("action", "access"));
        } else if !job.changes {
            place.push(entry("action", "prepare"));
        }
        map.push(entry("environment", place));
        if job.changes {
            map.push(entry("resource_group", environment.as_str()));
        }
    }
    if job.role.is_some() {
        map.push(entry("id_tokens", vec![entry("AWS_ID_TOKEN", vec![entry("aud", "sts.amazonaws.com")])]));
    }
    if job.shards > 1 {
        map.push(entry("parallel", job.shards));
    }
    if let Some(environment) = job.keeps() {
        let path = format!(".infractl/handed/{environment}.tfplan");
        map.push(entry("artifacts", vec![entry("paths", vec![path]), entry("expire_in", "1 day")]));
    }
    if job.says == Says::Part {
        let paths = vec![".infractl/parts/".to_owned()];
        let kept = vec![entry("paths", paths), entry("expire_in", "1 day"), entry("when", "always")];
        map.push(entry("artifacts", kept));
    }
    if job.remembers() {
        let paths = vec![".infractl/known/".to_owned()];
        let key = format!("infractl-{}", job.name);
        let known = vec![entry("key", key), entry("paths", paths), entry("when", "always")];
        map.push(entry("cache", caches(setting, known)));
    }
    map.push(entry("script", script(setting, job)));
    map
}

/// A cache of a job takes the place of the one that it would inherit: that of the component is named again.
fn caches(setting: &Setting, own: Map) -> Yaml {
    let program = &setting.ci.infractl;
    if program.install.is_none() {
        return Yaml::from(own);
    }
    let kept = vec![
        entry("key", format!("infractl-{}-{}", program.version, program.sha256)),
        entry("paths", vec![".infractl/kept/".to_owned()]),
    ];
    Yaml::from(vec![Yaml::from(kept), Yaml::from(own)])
}

fn script(setting: &Setting, job: &Job) -> Vec<String> {
    let mut lines = Vec::new();
    if setting.ci.infractl.install.is_some() {
        lines.extend(at_the_project(setting));
    }
    let compares = |work: &Work| matches!(work, Work::Run(command) if command.compares());
    if job.work.iter().any(compares) {
        // A runner fetches only what the pipeline is about.
        let branch = &setting.branch;
        let spec = format!("+refs/heads/{branch}:refs/remotes/origin/{branch}");
        lines.push(format!("git fetch --quiet origin {}", shell_words::quote(&spec)));
    }
    match &job.says {
        Says::Log => lines.extend(job.work.iter().map(|work| shell::work(job, work, &WAYS).join("\n"))),
        Says::Comment | Says::Part => lines.push(shell::commented(job, &WAYS).join("\n")),
        Says::Joined { of, shards } => lines.push(shell::joined(of, *shards, &WAYS).join("\n")),
    }
    lines
}

/// Text in a pattern of GitLab.
fn pattern(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    text.chars().flat_map(|c| (!plain(c)).then_some('\\').into_iter().chain([c])).collect()
}

/// Text in an expression of GitLab.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
