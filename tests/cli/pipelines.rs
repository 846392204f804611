//! The project's own pipelines: what steps see, selection, retries, waits, dry runs.

use crate::common::{Run, Sandbox};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// The example project whose environment `local` (no root module) says this besides.
fn project(text: &str) -> Sandbox {
    let project = Sandbox::new();
    let mut toml = String::from(
        "[secrets]\nfiles = [\"credentials/local.enc.env\"]\nrequired = []\n\
         [outputs]\nfqdn = \"app.example\"\nport = 8080\ntoken = \"{{secret.ACR_ADMIN_PASSWORD}}\"\n\
         weird = \"a b;c\"\n",
    );
    toml.push_str(
        "[env-file]\nsections = [{ title = \"All\", values = { FQDN = { output = \"fqdn\" } } }]\n",
    );
    toml.push_str("[pipelines]\n");
    toml.push_str(text);
    project.write("environments/local/environment.toml", &toml);
    project
}

fn run(project: &Sandbox, name: &str, flags: &[&str]) -> Run {
    let args: Vec<&str> = ["pipeline", "local", name].iter().chain(flags).copied().collect();
    project.infractl(&args)
}

#[test]
fn steps_run_in_order_and_see_where_they_are() {
    let project = project(
        r#"show = [
  { name = "first", command = "echo \"$INFRACTL_ENVIRONMENT $INFRACTL_VERB $INFRACTL_STEP $INFRACTL_STEP_NUMBER $INFRACTL_OUTPUT_FQDN\" > seen", secrets = [] },
  { command = ["sh", "-c", "echo {{output.fqdn}}:{{output.port}} {{environment}} >> seen"], secrets = [] },
  { command = { run = "pwd >> ../seen; cat >> ../seen", dir = "shared", input = "in {{project}}\n", env = { X = "y" } }, secrets = [] },
]"#,
    );
    run(&project, "show", &[]).code(0).says("first");
    let seen = project.read("seen");
    let lines: Vec<&str> = seen.lines().collect();
    assert_eq!(lines[0], "local show first 2 app.example", "{seen}");
    assert_eq!(lines[1], "app.example:8080 local");
    assert!(lines[2].ends_with("/shared"));
    assert_eq!(lines[3], "in nyctaxi");
}

#[test]
fn a_line_is_a_step() {
    let project = project(
        r#"one = "echo $INFRACTL_STEP {{output.fqdn}} > seen"
many = ["echo a > seen", { command = "echo b >> seen", name = "second" }, "echo c >> seen; false"]
mend = [{ command = "false", on-failure = ["echo mended > seen"] }]
look = { effect = "reads", steps = ["true"] }
wrong = ["deploy"]
"#,
    );
    run(&project, "wrong", &[])
        .code(78)
        .says("`deploy` would be a line for the shell here")
        .says("write `{ do = \"deploy\" }`")
        .says("environments/local/environment.toml:16:10");
    let text = project.read("environments/local/environment.toml");
    project.write("environments/local/environment.toml", &text.replace("wrong = [\"deploy\"]\n", ""));
    run(&project, "one", &[]).code(0);
    assert!(project.read("seen").ends_with(" app.example\n"), "{}", project.read("seen"));
    run(&project, "many", &[]).code(1).says("second");
    assert_eq!(project.read("seen"), "a\nb\nc\n");
    run(&project, "mend", &[]).code(1);
    assert_eq!(project.read("seen"), "mended\n");
    run(&project, "look", &[]).code(0);
}

#[test]
fn a_pipeline_goes_by_its_name_like_a_verb() {
    let project = project("smoke = [{ command = \"echo smoke > seen\", secrets = [] }]\n");
    project.infractl(&["smoke", "local"]).code(0);
    assert_eq!(project.read("seen"), "smoke\n");
    project.infractl(&["smoke", "local", "--dry-run"]).code(0);
    let mut command = project.command(&["-q", "smoke"]);
    Run::of(command.env("INFRACTL_ENV", "local")).code(0).never_says("smoke");
    project
        .infractl(&["smok", "local"])
        .code(64)
        .says("unknown verb or pipeline `smok`")
        .says("did you mean `smoke`?");
    project.infractl(&["aply", "local"]).code(64).says("did you mean `apply`?");
    project.infractl(&["smoke", "local", "--jsn"]).code(64);
    project.infractl(&["smoke", "rec"]).code(64).says("unknown verb or pipeline `smoke`");
    run(&project, "smok", &[]).code(64).says("did you mean `smoke`?");
    let mut outside = project.command(&["aply", "local"]);
    Run::of(outside.current_dir("/")).code(64).says("did you mean `apply`?");
}

#[test]
fn only_secrets_that_are_named_reach_a_step() {
    let print = "env | grep =CANAR[Y]- | cut -d= -f1 | sort > names";
    let project = project(&format!(
        "all = [{{ command = \"{print}\" }}]\n\
         some = [{{ command = \"{print}\", secrets = [\"ACR_ADMIN_PASSWORD\"] }}]\n\
         none = [{{ command = \"{print}\", secrets = [] }}]\n\
         inside = [{{ do = \"all\", secrets = [\"STORAGE_ACCOUNT_KEY\"] }}]\n\
         given = [{{ command = {{ run = \"{print}\", env = {{ TOKEN = \"{{{{secret.ACR_ADMIN_PASSWORD}}}}\" }} }}, secrets = [\"ACR_ADMIN_PASSWORD\"] }}]\n\
         typo = [{{ command = \"true\", secrets = [\"ACR_ADMIN_PASWORD\"] }}]\n\
         other = [{{ command = {{ run = \"true\", env = {{ TOKEN = \"{{{{secret.ACR_ADMIN_PASSWORD}}}}\" }} }}, secrets = [\"STORAGE_ACCOUNT_KEY\"] }}]\n"
    ));
    let names = |pipeline: &str| {
        run(&project, pipeline, &[]);
        project.read("names").split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    let all = names("all");
    assert!(
        all.contains(&"POSTGRES_ADMIN_PASSWORD".to_owned())
            && all.contains(&"TF_VAR_acr_admin_password".to_owned()),
        "{all:?}"
    );
    assert_eq!(names("some"), ["ACR_ADMIN_PASSWORD", "TF_VAR_acr_admin_password"]);
    assert!(names("none").is_empty());
    assert_eq!(names("inside"), ["STORAGE_ACCOUNT_KEY", "TF_VAR_storage_account_key"]);
    assert_eq!(names("given"), ["ACR_ADMIN_PASSWORD", "TF_VAR_acr_admin_password", "TOKEN"]);
    run(&project, "other", &[]).code(65).says("ACR_ADMIN_PASSWORD");
    run(&project, "typo", &[]).code(65).says("there is no secret `ACR_ADMIN_PASWORD`").says("did you mean");
    // Without a key nothing that wants secrets starts, and what wants none does.
    std::fs::remove_file(project.path("credentials/demo-key-PROTECTS-NOTHING.txt")).unwrap();
    run(&project, "all", &[]).code(65);
    run(&project, "none", &[]);
}

#[test]
fn nothing_sensitive_becomes_an_argument() {
    let project = project("secret = [{ command = [\"echo\", \"{{secret.ACR_ADMIN_PASSWORD}}\"] }]\n");
    run(&project, "secret", &[]).code(78).says("secret").says("environments/local/environment.toml");
    let leak = "leak = [{ command = [\"echo\", \"{{output.token}}\"] }]\n";
    run(&self::project(leak), "leak", &[]).code(78).says("`output.token` holds a secret");
    let project = Sandbox::new();
    let leak = leak.replace("token", "postgres_password");
    project.write("environments/dev/environment.toml", &format!("[pipelines]\n{leak}"));
    project.infractl(&["apply", "dev"]).code(0);
    project.infractl(&["leak", "dev"]).code(78).says("sensitive");
    let project = self::project(
        "quoted = [{ command = \"echo {{output.weird}}\" }]\n\
         list = [{ command = [\"test\", \"{{output.weird}}\", \"=\", \"a b;c\"] }]\n",
    );
    run(&project, "quoted", &[]).code(78).says("mean something to the shell").says("env = ");
    run(&project, "list", &[]).code(0);
}

#[test]
fn a_failed_step_stops_the_pipeline_and_its_steps_on_failure_run() {
    let project = project(
        r#"bad = [
  { name = "breaks", command = "echo went wrong >&2; exit 3", secrets = [], on-failure = [
      { command = "echo \"$INFRACTL_FAILED_STEP: $INFRACTL_FAILURE\" > rescued", secrets = [] } ] },
  { command = "touch after", secrets = [] },
]
goes-on = [{ command = "exit 1", on-failure = "continue", secrets = [] }, { command = "touch after", secrets = [] }]
missing = [{ command = ["no-such-program"], secrets = [] }]
"#,
    );
    run(&project, "bad", &[]).code(1).says("`breaks` of `local` ended with exit code 3").says("went wrong");
    assert!(!project.path("after").exists());
    let rescued = project.read("rescued");
    assert!(rescued.contains("breaks: `breaks` of `local` ended with exit code 3: went wrong"), "{rescued}");
    run(&project, "goes-on", &[]).code(0).says("warning");
    assert!(project.path("after").exists());
    run(&project, "missing", &[]).code(69).says("no-such-program");
}

#[test]
fn a_retry_is_for_what_goes_away_by_itself() {
    let count = "echo x >> tries; echo";
    let project = project(&format!(
        "transient = [{{ command = \"{count} connection refused; test $(wc -l < tries) -ge 3\", secrets = [], retry = {{ attempts = 5, every = \"50ms\" }} }}]\n\
         other = [{{ command = \"{count} syntax error; exit 1\", secrets = [], retry = {{ attempts = 5, every = \"50ms\" }} }}]\n\
         own = [{{ command = \"{count} quota; exit 1\", secrets = [], retry = {{ attempts = 2, every = \"50ms\", on = [\"quota\"] }} }}]\n\
         any = [{{ name = \"n\", command = \"echo $INFRACTL_ATTEMPT >> tries; exit 1\", secrets = [], retry = {{ attempts = 3, every = \"10ms\", on = [\"any\"] }} }}]\n\
         group = [{{ do = \"flaky\", retry = {{ attempts = 4, every = \"10ms\", on = [\"any\"] }} }}]\n\
         flaky = [{{ command = \"{count} x\", secrets = [] }}, {{ command = \"test $(wc -l < tries) -ge 3\", secrets = [] }}]\n"
    ));
    let tries = |name: &str, code: i32| {
        let _ = std::fs::remove_file(project.path("tries"));
        let run = run(&project, name, &[]).code(code);
        (project.read("tries"), run.err)
    };
    let (lines, err) = tries("transient", 0);
    assert_eq!((lines.lines().count(), err.contains("at try 3 of 5")), (3, true), "{err}");
    let (lines, err) = tries("other", 1);
    assert_eq!((lines.lines().count(), err.contains("not tried again")), (1, true), "{err}");
    let (lines, err) = tries("own", 1);
    assert_eq!((lines.lines().count(), err.contains("tried 2 times")), (2, true), "{err}");
    assert_eq!(tries("any", 1).0, "1\n2\n3\n");
    assert_eq!(tries("group", 0).0.lines().count(), 3);
}

#[test]
fn a_step_is_ended_at_its_time_limit() {
    let project = project(
        "slow = [{ command = \"sleep 30\", timeout = \"300ms\", secrets = [] }]\n\
         group = [{ do = \"slow2\", timeout = \"400ms\" }]\n\
         slow2 = [{ command = \"sleep 0.2\", secrets = [] }, { command = \"sleep 30\", secrets = [] }]\n\
         waits = [{ wait = { command = \"false\" }, timeout = \"500ms\", every = \"100ms\", attempts = 100, secrets = [] }]\n",
    );
    let begun = Instant::now();
    run(&project, "slow", &[]).code(1).says("took longer than 300 ms");
    run(&project, "group", &[]).code(1).says("took longer than");
    run(&project, "waits", &[]).code(1).says("`timeout` was over").says("exit code 1");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn when_decides() {
    let project = project(
        r#"steps = [
  { name = "here", command = "echo here >> seen", secrets = [], when = { environment = ["lo*"] } },
  { name = "there", command = "echo there >> seen", secrets = [], when = { not-environment = ["local"] } },
  { name = "file", command = "echo file >> seen", secrets = [], when = { exists = "seen", missing = "nothing" } },
  { name = "variable", command = "echo var >> seen", secrets = [], when = { var = "WANTED" } },
  { name = "output", command = "echo output >> seen", secrets = [], when = { output = "fqdn" } },
  { name = "no output", command = "echo none >> seen", secrets = [], when = { output = "nothing" } },
  { name = "changed", command = "echo changed >> seen", secrets = [], when = { changed = ["watched"] } },
]"#,
    );
    project.write("watched", "1");
    run(&project, "steps", &[]).code(0).says("not for local").says("WANTED is not set");
    assert_eq!(project.read("seen"), "here\nfile\noutput\nchanged\n");
    let mut command = project.command(&["pipeline", "local", "steps"]);
    Run::of(command.env("WANTED", "1")).code(0).says("nothing changed");
    assert_eq!(project.read("seen"), "here\nfile\noutput\nchanged\nhere\nfile\nvar\noutput\n");
    project.write("watched", "2");
    run(&project, "steps", &["--only", "changed"]).code(0);
    assert!(project.read("seen").ends_with("output\nchanged\n"));
}

#[test]
fn part_of_a_pipeline_is_selected_by_name() {
    let step =
        |name: &str| format!("{{ name = \"{name}\", command = \"echo {name} >> seen\", secrets = [] }}");
    let project = project(&format!(
        "inner = [{}, {}]\nouter = [{}, {{ do = \"inner\" }}, {}]\n",
        step("one"),
        step("two"),
        step("zero"),
        step("three")
    ));
    let seen = |flags: &[&str]| {
        let _ = std::fs::remove_file(project.path("seen"));
        run(&project, "outer", flags).code(0);
        project.read("seen").split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(seen(&[]), "zero one two three");
    assert_eq!(seen(&["--from", "two"]), "two three");
    assert_eq!(seen(&["--from", "inner"]), "one two three");
    assert_eq!(seen(&["--only", "inner", "--skip", "inner/one"]), "two");
    assert_eq!(seen(&["--skip", "inner"]), "zero three");
    assert_eq!(seen(&["--only", "zero", "--only", "three"]), "zero three");
    run(&project, "outer", &["--from", "tow"]).code(64).says("has no step `tow`").says("did you mean `two`?");
    run(&project, "outer", &["--only", "one", "--skip", "one"]).code(64).says("no step of `outer` is left");
}

#[test]
fn a_run_is_resumed_where_it_failed_unless_something_changed() {
    let project = project(
        r#"inner = [
  { name = "one", command = "echo one >> seen", secrets = [] },
  { name = "two", command = "echo two >> seen; test -e ready", secrets = [] },
]
outer = [{ do = "inner" }, { name = "three", command = "echo three >> seen", secrets = [] }]
"#,
    );
    run(&project, "outer", &["--resume"]).code(64).says("nothing to resume");
    run(&project, "outer", &[]).code(1);
    let note = project.path(".infractl/resume/local/outer.json");
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&note).unwrap().permissions()) & 0o777,
        0o600
    );
    run(&project, "outer", &["--resume"]).code(1).says("goes on at `inner/two`");
    assert_eq!(project.read("seen"), "one\ntwo\ntwo\n");
    let old = project.read("environments/local/environment.toml");
    project.write("environments/local/environment.toml", &old.replace("8080", "8081"));
    run(&project, "outer", &["--resume"])
        .code(64)
        .says("the configuration was changed")
        .says("infractl outer local --from inner/two");
    project.write("environments/local/environment.toml", &old);
    project.write("ready", "");
    run(&project, "outer", &["--resume", "--", "extra"]).code(64).says("other arguments");
    project.secrets("local", &[("ACR_ADMIN_PASSWORD", "again")]);
    run(&project, "outer", &["--resume"]).code(64).says("credentials/local.enc.env was changed");
    run(&project, "outer", &["--from", "two", "--skip", "three"]).code(0);
    run(&project, "outer", &["--resume"]).code(64).says("nothing to resume");
    std::fs::remove_file(project.path("ready")).unwrap();
    run(&project, "outer", &["--skip", "one"]).code(1);
    project.write("ready", "");
    run(&project, "outer", &["--resume"]).code(0);
    assert!(project.read("seen").ends_with("two\ntwo\nthree\n"), "{}", project.read("seen"));
    run(&project, "outer", &["--resume"]).code(64);
    run(&project, "outer", &["--resume", "--from", "one"]).code(64);
    project.assert_no_canary_on_disk();
}

#[test]
fn what_cannot_be_done_is_said_before_anything_is() {
    let project = project(
        r#"task = [{ command = "touch done", secrets = [] }, { docker = { push = "image" } }]
[images.image]
"#,
    );
    run(&project, "task", &[]).code(78).says("there is no `[registry]`").says("environment.toml:");
    assert!(!project.path("done").exists());
    run(&project, "task", &["--skip", "docker push image"]).code(0);
    assert!(project.path("done").exists());
    let text = "[release]\nsnapshots = [\"database\"]\n[snapshots.database]\nkind = \"docker\"\nof = \"v\"\n";
    let project = self::project(&format!("a = []\n{text}"));
    let said = run(&project, "a", &[]).code(78);
    said.says("`release.snapshots` is refused until it works").says("environment.toml:");
    let project = self::project("");
    project.infractl(&["deploy", "local"]).code(78).says("no pipeline `deploy`").says("[pipelines]");
}

#[test]
fn a_pipeline_cannot_do_itself() {
    let project = project("a = [{ do = \"b\" }]\nb = [{ do = \"a\" }]\n");
    run(&project, "a", &[]).code(78).says("without end");
    let project = self::project("up = [{ do = \"recreate\" }]\n");
    project.infractl(&["up", "local"]).code(78).says("without end");
    // Not even through a program.
    let bin = crate::common::BIN;
    let project = self::project(&format!("a = [{{ command = [\"{bin}\", \"a\"], secrets = [] }}]\n"));
    run(&project, "a", &[]).code(1).says("would do itself without end");
}

#[test]
fn up_down_and_recreate_are_there_and_can_be_replaced() {
    let project = project("deploy = [{ command = \"cp shared/.env.local deployed\", secrets = [] }]\n");
    project.infractl(&["up", "local"]).code(0).says("environment file");
    assert!(project.read("deployed").contains("FQDN=app.example"));
    project.infractl(&["down", "local"]).code(0);
    assert!(!project.path("shared/.env.local").exists());
    project.infractl(&["recreate", "local"]).code(0);
    let said = project.infractl(&["refresh", "local"]).code(64);
    said.says("infractl recreate ENV").says("infractl plan ENV -- -refresh-only");
    assert!(project.path("shared/.env.local").exists());
    let project = self::project("up = [{ command = \"touch mine\", secrets = [] }]\n");
    project.infractl(&["up", "local"]).code(0);
    assert!(project.path("mine").exists() && !project.path("shared/.env.local").exists());
    let project = self::project("smoke = []\n");
    project.infractl(&["up", "local"]).code(0).says("nothing to deploy");
}

#[test]
fn the_example_goes_up_is_deployed_and_goes_down() {
    let project = Sandbox::new();
    project
        .infractl(&["up", "dev"])
        .code(0)
        .says("the database has an address")
        .says("up of dev is done")
        .says("tell");
    assert!(project.path(".infractl/deployed-dev").exists() && project.path("shared/.env.dev").exists());
    project.infractl(&["smoke", "dev"]).code(0);
    project.infractl(&["down", "dev"]).code(0);
    assert!(!project.path("shared/.env.dev").exists());
    project.infractl(&["smoke", "dev"]).code(1);
    project.assert_no_canary_on_disk();
}

#[test]
fn a_protected_environment_asks_whatever_the_verb() {
    let project = Sandbox::new();
    project.edit(
        "environments/prod/environment.toml",
        "protected = true",
        "protected = true\n[pipelines]\nrelease-all = [{ do = \"apply\" }]\n#",
    );
    project.infractl(&["up", "prod"]).code(77).says("--confirm prod");
    project.infractl(&["release-all", "prod"]).code(77).says("--confirm prod");
    project.infractl(&["recreate", "prod"]).code(77);
    project.infractl(&["up", "prod", "--confirm", "dev"]).code(77);
}

#[test]
fn a_protected_environment_is_not_asked_about_looks() {
    let project = Sandbox::new();
    project.edit(
        "environments/prod/environment.toml",
        "protected = true",
        r#"protected = true
[pipelines]
plain = [{ command = "touch plain", secrets = [] }]
step = [{ command = "touch step", secrets = [], effect = "reads" }]
whole = { effect = "reads", steps = [{ command = "touch whole", secrets = [] }, { do = "step" }] }
liar = { effect = "reads", steps = [{ command = "touch liar", secrets = [] }, { do = "apply" }] }
check = [{ wait = { file = "README.md" }, attempts = 1 }]
deploy = [{ command = "touch deployed", secrets = [] }]
#"#,
    );
    project.write("README.md", "");
    project.infractl(&["plain", "prod"]).code(77).says("--confirm prod");
    project.infractl(&["deploy", "prod"]).code(77).says("--confirm prod");
    project.infractl(&["step", "prod"]).code(0);
    project.infractl(&["whole", "prod"]).code(0);
    project.infractl(&["check", "prod"]).code(0);
    project.infractl(&["whole", "--env", "prod,dev"]).code(64);
    project.infractl(&["liar", "prod", "--confirm", "prod"]).code(78).says("is said to read only");
    assert!(project.path("step").exists() && project.path("whole").exists());
    assert!(["plain", "deployed", "liar"].iter().all(|name| !project.path(name).exists()));
}

#[test]
fn what_stops_or_destroys_does_not_take_the_default_environment() {
    let project = Sandbox::new();
    project.edit(
        "environments/defaults.toml",
        "[project]",
        "[pipelines]\nnuke = [{ do = \"destroy\" }]\n[project]",
    );
    for verb in ["destroy", "down", "recreate", "stop", "nuke"] {
        let said = project.infractl(&[verb]).code(64);
        said.says("it has to be named");
    }
    project.infractl(&["pipeline", "nuke"]).code(64).says("it has to be named");
    project.infractl(&["plan", "--dry-run"]).code(0);
    let mut named = project.command(&["destroy", "--dry-run"]);
    Run::of(named.env("INFRACTL_ENV", "dev")).code(0);
}

#[test]
fn a_dry_run_prints_every_command_in_order_and_runs_none() {
    let project = project(
        r#"all = [
  { command = ["touch", "{{output.fqdn}}", "a b"], secrets = [], timeout = "5m" },
  { command = { run = "cat > {{environment}}", env = { TOKEN = "{{secret.ACR_ADMIN_PASSWORD}}" }, dir = "shared" } },
  { wait = { tcp = "{{output.fqdn}}:443" }, attempts = 4, every = "2s" },
  { copy = { files = [".gitignore"], to = "copies" } },
  { git = { tag = "v1", push = true } },
]"#,
    );
    let out = run(&project, "all", &["--dry-run"])
        .code(0)
        .out
        .replace(&project.root().display().to_string(), "ROOT");
    let expected = [
        "# open credentials/local.enc.env",
        "(5m 00s at most)",
        "touch {{output.fqdn}} 'a b'",
        "cd ROOT/shared && TOKEN=*** sh -c 'cat > local'",
        "# wait for {{output.fqdn}}:443 to accept a connection: 4 times, every 2.0 s, 10 s each",
        "mkdir -p copies",
        "cp -RL .gitignore copies/",
        "git tag -- v1",
        "git push --quiet -- origin HEAD",
        "git push --quiet -- origin refs/tags/v1",
    ];
    let mut rest = out.as_str();
    for line in expected {
        let at = rest.find(line).unwrap_or_else(|| panic!("`{line}` is not there, or not in order:\n{out}"));
        rest = &rest[at..];
    }
    assert!(!project.path("copies").exists());
}

#[test]
fn files_are_copied_and_git_tags_and_pushes_once() {
    let project = project(
        r#"all = [
  { copy = { files = ["from", "one.txt"], to = "to", mode = "0640", delete = true } },
  { name = "commit", git = { commit = "copied", add = ["to"] } },
  { git = { tag = "v1-{{environment}}", push = true, message = "first" } },
]"#,
    );
    project.write("from/deep/a", "1");
    project.write("one.txt", "2");
    project.write("to/old", "x");
    let git = |args: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.args(args).current_dir(project.root());
        let out = command.output().unwrap();
        assert!(out.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    git(&["config", "user.email", "test@example.org"]);
    git(&["config", "user.name", "Test"]);
    git(&["init", "-q", "--bare", "remote.git"]);
    git(&["remote", "add", "origin", "remote.git"]);
    run(&project, "all", &[]).code(0).says("1 removed").says("tag v1-local").says("pushed to origin");
    assert_eq!(project.read("to/from/deep/a"), "1");
    assert_eq!(git(&["show", "--stat", "--format=%s", "HEAD"]).lines().next(), Some("copied"));
    assert!(git(&["ls-remote", "origin"]).contains("refs/tags/v1-local"));
    run(&project, "all", &[]).code(0).says("nothing to commit").says("tag v1-local is there");
    git(&["commit", "-q", "--allow-empty", "-m", "next"]);
    run(&project, "all", &["--from", "git tag v1-{{environment}}"]).code(1).says("names another commit");
}

#[test]
fn a_wait_counts_and_ends_as_soon_as_something_answers() {
    let place = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = place.local_addr().unwrap().port();
    drop(place);
    let project = project(&format!(
        "late = [{{ wait = {{ http = \"http://127.0.0.1:{port}/health\", body = \"ready\" }}, attempts = 60, every = \"100ms\", secrets = [] }}]\n\
         never = [{{ wait = {{ tcp = \"127.0.0.1:1\" }}, attempts = 3, every = \"100ms\" }}]\n"
    ));
    let server = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
        for body in ["starting", "ready"] {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 2048]);
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    run(&project, "late", &["-v"])
        .code(0)
        .says("1/60, last: connection refused")
        .says("last: status 200, but the answer does not match `ready`: `starting`")
        .says("status 200, matches `ready`, at try ");
    server.join().unwrap();
    let run = run(&project, "never", &[]).code(1);
    let run = run.says("waited in vain for 127.0.0.1:1 to accept a connection").says("tried 3 times in 2");
    run.says("every 100 ms; last answer: connection refused").says("help: check that the service is started");
}

#[test]
fn ctrl_c_ends_a_wait_at_once() {
    let project = project("w = [{ wait = { tcp = \"127.0.0.1:1\" }, attempts = 100, every = \"60s\" }]\n");
    let mut child = project
        .command(&["pipeline", "local", "w"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    let begun = Instant::now();
    let pid = i32::try_from(child.id()).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::INT)
        .unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
}

/// A service that answers each request with the next of these (status line and body), the last one for ever.
fn service(answers: &'static [(&'static str, &'static str)]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let (status, body) = answers[number.min(answers.len() - 1)];
            let head =
                format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + body).as_bytes());
        }
    });
    port
}

#[test]
fn what_is_true_already_is_not_done_again() {
    let there = service(&[("404 Not Found", ""), ("200 OK", "there")]);
    let shy = service(&[("403 Forbidden", "")]);
    let project = project(&format!(
        r#"file = [{{ command = "echo made >> shared/made", unless = {{ file = "shared/made" }} }}]
command = [{{ command = "echo made >> seen", unless = {{ command = "test -e seen" }} }}]
http = [{{ command = "echo made >> posted", unless = {{ http = "http://127.0.0.1:{there}/" }} }}]
shy = [{{ command = "touch wrong", unless = {{ http = "http://127.0.0.1:{shy}/" }} }}]
gone = [{{ command = "touch wrong", unless = {{ http = "http://127.0.0.1:1/" }} }}]
lost = [{{ command = "touch wrong", unless = {{ command = "no-such-program-at-all" }} }}]
group = [{{ do = "gone", unless = {{ file = "seen" }} }}]
"#
    ));
    for name in ["file", "command", "http"] {
        run(&project, name, &[]).code(0).never_says("nothing to do");
        run(&project, name, &[]).code(0).says("nothing to do");
    }
    for file in ["shared/made", "seen", "posted"] {
        assert_eq!(project.read(file), "made\n", "{file}");
    }
    run(&project, "group", &[]).code(0).says("nothing to do");
    for (name, why) in [("shy", "status 403"), ("gone", "connection refused"), ("lost", "exit code 127")] {
        run(&project, name, &[]).code(1).says("it cannot be told whether there is something to do").says(why);
        assert!(!project.path("wrong").exists(), "{name}: nothing may be done when nobody knows");
    }
    run(&project, "file", &["--dry-run"]).code(0).prints("# nothing to do when this is true already: ");
}

#[test]
fn a_step_that_cannot_be_verified_has_failed() {
    let slow = service(&[("503 Service Unavailable", ""), ("503 Service Unavailable", ""), ("200 OK", "")]);
    let project = project(&format!(
        r#"good = [{{ command = "true", verify = {{ http = "http://127.0.0.1:{slow}/", every = "50ms" }} }}]
bad = [
  {{ name = "made", command = "echo made >> seen", verify = {{ file = "never", attempts = 2, every = "50ms" }}, on-failure = ["touch mended"] }},
  "touch after",
]
again = [{{ command = "echo x >> tries", retry = {{ attempts = 3, every = "50ms", on = ["any"] }}, verify = {{ command = "test $(wc -l < tries) = 2", attempts = 1 }} }}]
"#
    ));
    run(&project, "good", &[]).code(0).says("verified: status 200, at try 3 of 30");
    run(&project, "bad", &[]).code(1).says("`made` was done, and cannot be verified").says("tried 2 times");
    assert_eq!(project.read("seen"), "made\n");
    assert!(project.path("mended").exists() && !project.path("after").exists());
    run(&project, "again", &[]).code(0).says("at try 2 of 3");
}

#[test]
fn unless_and_verify_are_in_the_printed_script() {
    let project = project(
        r#"make = [{ command = "echo made >> seen", secrets = [], unless = { file = "seen" }, verify = { command = "grep -q made seen", attempts = 1 } }]
"#,
    );
    let script = run(&project, "make", &["--print"]).code(0).out;
    project.write("script", &script);
    for _ in 0..2 {
        let output =
            std::process::Command::new("bash").arg("script").current_dir(project.root()).output().unwrap();
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(project.read("seen"), "made\n");
    project.write("seen", "other\n");
    std::fs::remove_file(project.path("seen")).unwrap();
    project.write("script", &script.replace("echo made", "echo other"));
    let output =
        std::process::Command::new("bash").arg("script").current_dir(project.root()).output().unwrap();
    assert!(!output.status.success(), "what cannot be verified has failed");
}
