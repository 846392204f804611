//! The files of `ci generate`, checked by what people check them with, and run: by act (GitHub Actions) and gitlab-ci-local.
//! Nothing runs Azure Pipelines outside of Azure: there is only its schema. What act would fetch from GitHub, three actions,
//! are stand-ins here; the forge that gets the comment is a fake.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::common::{Asked, BIN, CANARY, Run, Sandbox, clean, need, output, path_with};

/// A project with two environments, one of them protected, whose states are beside it.
fn project(forge: &str, more: &str) -> Sandbox {
    let token = format!("{CANARY}token");
    let project = Sandbox::empty().with_secrets(&[("TOKEN", &token)]);
    let sum = format!("{:x}", Sha256::digest(std::fs::read(BIN).unwrap()));
    let states = project.home.path("states");
    std::fs::create_dir(&states).unwrap();
    let states = states.display();
    project.write(
        "environments/defaults.toml",
        &format!(
            r#"[project]
name = "shop"
[secrets]
files = ["all.enc.env"]
[terraform.backend]
path = "{states}/{{{{environment}}}}.tfstate"
[ci]
forge = "{forge}"
infractl = {{ version = "0.1.0", sha256 = "{sum}" }}
merge-request = ["fmt --all --check", "ci generate --check", "validate --all", "plan --all"]
main = [
  {{ env = "dev", run = ["apply"] }},
  {{ env = "prod", run = ["apply --plan", "verify"], approval = true }},
]
nightly = ["drift --all"]
{more}
[pipelines]
verify = [{{ command = ["test", "-f", "{states}/{{{{environment}}}}.tfstate"] }}]
"#
        ),
    );
    for name in ["dev", "prod"] {
        project.environment(name, if name == "prod" { "protected = true\n" } else { "" });
        let module = format!(
            "terraform {{\n  backend \"local\" {{}}\n}}\nvariable \"token\" {{\n  sensitive = true\n}}\n\
             resource \"terraform_data\" \"x\" {{\n  input = sensitive(\"{name}-${{var.token}}\")\n}}\n"
        );
        project.write(format!("environments/{name}/main.tf"), &module);
    }
    project.write(".gitignore", "key.txt\n.infractl/\n.terraform/\n");
    project.write("shared/.gitignore", "*\n!.gitignore\n");
    project
}

fn commit(project: &Sandbox) {
    let git = |args: &[&str]| {
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
        output(clean("git", project.root(), project.home.root()).args(who).args(args));
    };
    if !project.path(".git").exists() {
        git(&["init", "-q"]);
        git(&["remote", "add", "origin", "https://github.com/acme/shop.git"]);
    }
    git(&["add", "-A"]);
    git(&["commit", "-qm", "all"]);
}

fn key(project: &Sandbox) -> String {
    let file = project.read("key.txt");
    file.lines().find(|line| line.starts_with("AGE-SECRET-KEY")).unwrap().to_owned()
}

const GITHUB: &str = ".github/workflows/infractl.yml";

#[test]
fn what_people_check_these_files_with_finds_nothing() {
    let (Some(actionlint), Some(zizmor), Some(schema)) =
        (need("actionlint"), need("zizmor"), need("check-jsonschema"))
    else {
        return;
    };
    let odd = "queue = true\nshards = 3\nweekly = [\"snapshot verify prod\"]\nsecrets = [\"INFRACTL_AGE_KEY\", \"ARM_CLIENT_ID\"]\n";
    let role = "identity = { aws = \"arn:aws:iam::123456789012:role/ci\" }\n";
    let issue = "drift-issue = true\n";
    for (forge, file, more) in [
        ("github", GITHUB, [odd, role, issue].concat()),
        (
            "gitlab",
            ".gitlab-ci.yml",
            [odd, role, issue, "image = \"registry.example.com/tools:1\"\n"].concat(),
        ),
        ("azure", "azure-pipelines.yml", odd.to_owned()),
    ] {
        let project = project(forge, &more);
        for name in ["1e3", "no", "on"] {
            project.environment(name, "");
        }
        let stages = "main = [\n  { env = \"1e3\", run = [\"apply\"] },\n  { env = \"no\", run = [\"apply -- '-var=a=${{ x }}' $HOME\"] },";
        project.edit("environments/defaults.toml", "main = [", stages);
        let tag = "[lock]\nshared = true\n[snapshots.data]\ncreate = \"true\"\nlist = \"true\"\n[ci]\n\
            tag = [{ env = \"prod\", run = [\"promote dev\", \"apply --plan\"], approval = true, snapshot = \"create\", rollback = true }]";
        project.edit("environments/defaults.toml", "[ci]", tag);
        project.edit("environments/defaults.toml", "drift --all", "drift --all --new");
        project.infractl(&["ci", "generate"]).code(0);
        let run = |program: &OsString, args: &[&str]| {
            let mut command = clean(program, project.root(), project.home.root());
            Run::of(command.args(args).arg(file)).code(0)
        };
        match forge {
            "github" => {
                // What is text stands in single quotes: `$HOME` is meant so.
                run(&actionlint, &["-ignore", "SC2016"]);
                run(&zizmor, &["--offline", "--no-progress"]);
                run(&schema, &["--builtin-schema", "vendor.github-workflows"]);
            }
            "gitlab" => drop(run(&schema, &["--builtin-schema", "vendor.gitlab-ci"])),
            // Its patterns are none that every reader of patterns takes.
            _ => drop(run(
                &schema,
                &["--regex-variant", "python", "--builtin-schema", "vendor.azure-pipelines"],
            )),
        }
    }
}

/// Stand-ins for the actions of GitHub: the files are there already, and artefacts are files in a folder.
fn stand_ins(project: &Sandbox) -> Vec<String> {
    let keep = "mkdir -p \"$HANDED/$NAME\" && cp \"$FROM\" \"$HANDED/$NAME/\"";
    let take = "mkdir -p \"$FROM\" && cp \"$HANDED/$NAME\"/* \"$FROM/\"";
    let actions = [("checkout", "true"), ("upload-artifact", keep), ("download-artifact", take)];
    let file = project.read(GITHUB);
    let known = actions.into_iter().filter(|(name, _)| file.contains(&format!("actions/{name}@")));
    let known = known.map(|(name, script)| {
        let inputs =
            ["name", "path", "fetch-depth", "persist-credentials", "if-no-files-found", "retention-days"];
        let inputs: Value = inputs
            .into_iter()
            .map(|input| (input.to_owned(), json!({ "default": "" })))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let env = json!({ "NAME": "${{ inputs.name }}", "FROM": "${{ inputs.path }}" });
        let steps = json!([{ "run": script, "shell": "bash", "env": env }]);
        let action =
            json!({ "name": name, "inputs": inputs, "runs": { "using": "composite", "steps": steps } });
        let folder = format!("stand-ins/{name}");
        project.home.write(format!("{folder}/action.yml"), &action.to_string());
        let used = file.split("uses: ").find(|rest| rest.starts_with(&format!("actions/{name}@"))).unwrap();
        let used = used.split_whitespace().next().unwrap();
        format!("--local-repository={used}={}", project.home.path(folder).display())
    });
    known.collect()
}

/// `act EVENT` on this machine: each job works in a copy of the project.
fn act(project: &Sandbox, act: &OsString, event: &str, more: &[String]) -> Run {
    let mut command = clean(act, project.root(), project.home.root());
    command
        .env("PATH", path_with([Path::new(BIN)]))
        .args([event, "-P", "ubuntu-24.04=-self-hosted", "--env"])
        .arg(format!("HANDED={}", project.home.path("handed").display()))
        .arg(format!("--secret=INFRACTL_AGE_KEY={}", key(project)))
        .args(stand_ins(project))
        .args(more);
    Run::of(&mut command)
}

fn state(project: &Sandbox, environment: &str) -> PathBuf {
    project.home.path(format!("states/{environment}.tfstate"))
}

/// The plan that was handed over.
#[track_caller]
fn is_encrypted(plan: &Path) {
    let plan = std::fs::read_to_string(plan).unwrap();
    assert!(plan.starts_with('{') && plan.contains("ENC[AES256_GCM"), "{plan}");
    assert!(!plan.contains(CANARY));
}

#[test]
fn act_plans_and_comments_on_what_is_proposed_and_applies_what_is_merged() {
    let Some(program) = need("act") else { return };
    let project = project("github", "");
    project.infractl(&["ci", "generate"]).code(0);
    commit(&project);
    let forge = fake_forge();
    let event = json!({ "number": 7, "pull_request": { "number": 7, "base": { "ref": "main" },
        "head": { "ref": "x", "repo": { "full_name": "acme/shop" } } } });
    project.home.write("event.json", &event.to_string());
    let proposed = [
        format!("--eventpath={}", project.home.path("event.json").display()),
        format!("--env=GITHUB_API_URL={}", forge.0),
        "--env=GITHUB_REF=refs/pull/7/merge".to_owned(),
        "--secret=GITHUB_TOKEN=token-of-the-job".to_owned(),
    ];
    act(&project, &program, "pull_request", &proposed).code(0).prints("Job succeeded");
    let said = forge.1.lock().unwrap().clone();
    let [(line, comment)] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!(line, "POST /repos/acme/shop/issues/7/comments");
    assert!(
        comment.starts_with("<!-- infractl: plan -->\n") && comment.contains("| ✅ | prod | 1 | 0 | 0 | 0 |"),
        "{comment}"
    );
    assert!(!comment.contains(CANARY) && !state(&project, "dev").exists());

    act(&project, &program, "push", &[]).code(0).prints("Job succeeded");
    assert!(state(&project, "dev").exists() && state(&project, "prod").exists());
    is_encrypted(&project.home.path("handed/plan-prod/prod.tfplan"));

    // What comes from a fork is not planned.
    let fork = event.to_string().replace("acme/shop", "mallory/shop");
    project.home.write("event.json", &fork);
    let run = act(&project, &program, "pull_request", &proposed).code(0).prints("gets no secrets");
    assert!(!run.out.contains("terraform plan"), "{}", run.out);
    assert_eq!(forge.1.lock().unwrap().len(), 1);
}

/// Every deployment writes a line, and the one that finds `broken` fails once.
fn releases(forge: &str) -> Sandbox {
    let project = project(forge, "");
    let states = project.home.path("states");
    let states = states.display();
    let main = "main = [\n  { env = \"dev\", run = [\"deploy\", \"verify\"] },\n]\n\
        tag = [{ env = \"prod\", run = [\"ready\", \"promote dev\", \"verify\"], approval = true, snapshot = \"create\", rollback = true }]\nrest = [";
    let file = project.read("environments/defaults.toml");
    let (before, rest) = file.split_once("main = [").unwrap();
    let rest = rest.split_once("\n]\n").unwrap().1;
    let main = main.split_once("rest = [").unwrap().0;
    let steps = format!(
        "deploy = [{{ command = [\"sh\", \"-c\", \"if rm {states}/broken; then exit 1; fi; cat VERSION >> {states}/{{{{environment}}}}-runs\"] }}]\n\
         ready = [{{ command = [\"test\", \"!\", \"-e\", \"{states}/early\"] }}]\n\
         verify = {{ steps = [{{ command = [\"test\", \"-e\", \"{states}/{{{{environment}}}}-runs\"], effect = \"reads\" }}] }}\n\
         [lock]\nshared = true\n[snapshots.data]\ncreate = \"echo $INFRACTL_SNAPSHOT >> {states}/copies\"\n\
         list = \"cat {states}/copies\"\nverify = \"test -s {states}/copies\"\nrestore = \"true\"\nremove = \"true\"\n"
    );
    let rest = rest.split_once("[pipelines]\n").unwrap().0;
    project.write("environments/defaults.toml", &format!("{before}{main}{rest}[pipelines]\n{steps}"));
    project.infractl(&["ci", "generate"]).code(0);
    release(&project, "v1.0.0");
    project
}

/// Commits a version, and tags it.
fn release(project: &Sandbox, version: &str) {
    project.write("VERSION", &format!("{version}\n"));
    commit(project);
    output(clean("git", project.root(), project.home.root()).args(["tag", version]));
}

/// What was deployed to production, one after the other.
fn runs(project: &Sandbox) -> String {
    std::fs::read_to_string(project.home.path("states/prod-runs")).unwrap_or_default()
}

#[test]
fn act_releases_by_tag_and_goes_back_once_when_that_fails() {
    let Some(program) = need("act") else { return };
    let project = releases("github");
    let pushed = |name: &str, run: &str| {
        project.home.write("event.json", &json!({ "ref": name }).to_string());
        let more = [
            format!("--eventpath={}", project.home.path("event.json").display()),
            format!("--env=GITHUB_RUN_ID={run}"),
        ];
        act(&project, &program, "push", &more)
    };
    let tagged = |version: &str, run: &str| pushed(&format!("refs/tags/{version}"), run);
    let merged = || pushed("refs/heads/main", "1").code(0);
    merged();
    assert_eq!(runs(&project), "", "only a tag begins it");
    let run = tagged("v1.0.0", "2").code(0);
    assert!(!run.out.contains("goes back"), "{}", run.out);
    assert_eq!(runs(&project), "v1.0.0\n");
    let copies = std::fs::read_to_string(project.home.path("states/copies")).unwrap();
    assert_eq!(copies.lines().count(), 1, "made and verified before");

    // What fails before anything is deployed takes nothing back.
    release(&project, "v1.1.0");
    merged();
    std::fs::write(project.home.path("states/early"), "").unwrap();
    tagged("v1.1.0", "3").code(1).prints("this run deployed nothing since");
    assert_eq!(runs(&project), "v1.0.0\n");
    std::fs::remove_file(project.home.path("states/early")).unwrap();

    std::fs::write(project.home.path("states/broken"), "").unwrap();
    tagged("v1.1.0", "4").code(1).prints("`prod` goes back to v1.0.0");
    assert_eq!(runs(&project), "v1.0.0\nv1.1.0\n", "the pipeline with the configuration that is checked out");
}

/// What GitLab says of a merge request.
const PROPOSED: [&str; 7] = [
    "GITLAB_CI=true",
    "CI_PIPELINE_SOURCE=merge_request_event",
    "CI_MERGE_REQUEST_IID=7",
    "CI_PROJECT_ID=12",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_ID=12",
    "CI_MERGE_REQUEST_PROJECT_ID=12",
    "GITLAB_TOKEN=token-of-the-bot",
];

/// Runs the jobs of these variables, each in a copy of its own, as at GitLab: side by side in one folder, what one of them just
/// makes or moves would fail another.
fn gitlab_runs(program: &OsStr, project: &Sandbox, variables: &[&str], args: &[&str]) -> Run {
    let mut command = clean(program, project.root(), project.home.root());
    command.env("PATH", path_with([Path::new(BIN)])).args(args);
    command.args(["--force-shell-executor", "--shell-isolation", "--no-artifacts-to-source"]);
    command.arg(format!("--variable=INFRACTL_AGE_KEY={}", key(project)));
    Run::of(command.args(variables.iter().map(|variable| format!("--variable={variable}"))))
}

#[test]
fn gitlab_ci_local_does_the_same() {
    let Some(program) = need("gitlab-ci-local") else { return };
    let project = project("gitlab", "");
    project.infractl(&["ci", "generate"]).code(0);
    commit(&project);
    let forge = fake_forge();
    let run = |variables: &[&str], args: &[&str]| gitlab_runs(&program, &project, variables, args).code(0);
    let api = format!("CI_API_V4_URL={}", forge.0);
    let proposed = [&PROPOSED[..], &[&api]].concat();
    run(&proposed, &[]);
    let said = forge.1.lock().unwrap().clone();
    let [(line, comment)] = said.as_slice() else { panic!("{said:?}") };
    assert_eq!(line, "POST /projects/12/merge_requests/7/notes");
    assert!(comment.contains("| ✅ | prod | 1 | 0 | 0 | 0 |") && !comment.contains(CANARY), "{comment}");

    let merged = ["CI_PIPELINE_SOURCE=push", "CI_COMMIT_BRANCH=main"];
    assert!(project.read(".gitlab-ci.yml").contains("      when: manual\n      allow_failure: false\n"));
    run(&merged, &["--manual", "to-prod"]);
    assert!(state(&project, "dev").exists() && state(&project, "prod").exists());
}

#[test]
fn gitlab_ci_local_goes_back_and_joins_the_shares_of_a_plan() {
    let Some(program) = need("gitlab-ci-local") else { return };
    let project = releases("gitlab");
    project.edit("environments/defaults.toml", "forge = \"gitlab\"", "forge = \"gitlab\"\nshards = 2");
    // It works in a copy that git takes for changed: nothing can be promoted from there.
    project.edit("environments/defaults.toml", "promote dev", "deploy");
    project.infractl(&["ci", "generate"]).code(0);
    commit(&project);
    let forge = fake_forge();
    let run = |variables: &[&str], args: &[&str]| gitlab_runs(&program, &project, variables, args);
    let api = format!("CI_API_V4_URL={}", forge.0);
    let proposed = [&PROPOSED[..], &[&api]].concat();
    run(&proposed, &[]).code(0);
    let said = forge.1.lock().unwrap().clone();
    let [(_, comment)] = said.as_slice() else { panic!("one comment: {said:?}") };
    assert!(comment.contains("| dev |") && comment.contains("| prod |"), "{comment}");

    let merged = ["CI_PIPELINE_SOURCE=push", "CI_COMMIT_BRANCH=main", "GITLAB_CI=true", "CI_PROJECT_ID=12"];
    run(&merged, &[]).code(0);
    let tagged = [
        "CI_PIPELINE_SOURCE=push",
        "CI_COMMIT_BRANCH=",
        "CI_COMMIT_TAG=v1.0.0",
        "GITLAB_CI=true",
        "CI_PROJECT_ID=12",
    ];
    run(&tagged, &["--manual", "to-prod"]).code(0);
    assert_eq!(runs(&project), "v1.0.0\n");
    std::fs::write(project.home.path("states/early"), "").unwrap();
    let failed = run(&tagged, &["--manual", "to-prod"]);
    assert_ne!(failed.code, 0);
    let said = failed.out + &failed.err;
    assert!(said.contains("rollback-prod") && said.contains("`prod` stays as it is"), "{said}");
    assert_eq!(runs(&project), "v1.0.0\n");
}

/// What was written to a forge: the line of each request, and the comment.
type Written = Arc<Mutex<Vec<(String, String)>>>;

/// A fake forge without comments: its address, and what is written to it.
fn fake_forge() -> (String, Written) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let said = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&said);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let Some(asked) = Asked::read(&stream) else { continue };
            let text = if asked.method == "GET" { "[]" } else { "{}" };
            if text == "{}" {
                let body: Value = serde_json::from_slice(&asked.body).unwrap();
                let text = body["body"].as_str().unwrap().to_owned();
                kept.lock().unwrap().push((format!("{} {}", asked.method, asked.address), text));
            }
            let length = text.len();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}"
            );
        }
    });
    (url, said)
}
