//! Values: read from files and commands, captured of what steps say; secret ones are seen nowhere.

use crate::common::{CANARY, Run, Sandbox, start, wait_for};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// A project without secrets whose only environment says this.
fn project(text: &str) -> Sandbox {
    let project = Sandbox::empty();
    project.environment("dev", text);
    project
}

/// Writes a file that only its owner may read.
fn private(project: &Sandbox, name: &str, text: &str) {
    project.write(name, text);
    fs::set_permissions(project.path(name), fs::Permissions::from_mode(0o600)).unwrap();
}

fn run(project: &Sandbox, name: &str, flags: &[&str]) -> Run {
    let args: Vec<&str> = ["pipeline", "dev", name].iter().chain(flags).copied().collect();
    project.infractl(&args)
}

#[test]
fn a_value_is_read_when_first_used_and_once() {
    let project = project(
        r#"[values]
token = { file = "lab/token.txt", secret = true }
where = { command = "echo read >> reads; echo {{environment}}-lab; echo more", line = 1 }
id = { command = ["echo", "{{.Id}}"], raw = true }
second = { command = { run = ["cat"], input = '{"a": [1, {"b": "{{value.where}}!"}]}' }, json = ".a[1].b" }
version = { command = "echo app; echo v1.4 of app", match = "^v([0-9.]+) of" }
unused = { command = "touch was-read" }
[hosts.lab]
address = "{{value.where}}"
[pipelines]
show = [
  { command = ["sh", "-c", "echo $0 $1 $2 $3 > seen", "{{value.where}}", "{{value.id}}", "{{value.second}}", "{{value.version}}"] },
  { command = ["sh", "-c", "echo $0 >> seen", "{{host.lab.address}}"] },
  { command = { run = "echo token $T; printf %s \"$T\" > token-seen", env = { T = "{{value.token}}" } } },
]
none = ["echo nothing"]
"#,
    );
    private(&project, "lab/token.txt", &format!("{CANARY}lab\n"));
    run(&project, "none", &[]).code(0);
    assert!(!project.path("reads").exists());
    run(&project, "show", &[]).code(0).says("token ***").never_says("warning");
    assert_eq!(project.read("seen"), "dev-lab {{.Id}} dev-lab! 1.4\ndev-lab\n");
    assert_eq!(project.read("reads"), "read\n");
    assert_eq!(project.read("token-seen"), format!("{CANARY}lab"));
    assert!(!project.path("was-read").exists());
    fs::remove_file(project.path("token-seen")).unwrap();
    fs::remove_file(project.path("lab/token.txt")).unwrap();
    project.assert_no_canary_on_disk();
    run(&project, "show", &[])
        .code(1)
        .says("the value `token` was not found in `lab/token.txt`")
        .says("there is no such file")
        .says("give it a `default`, if it may be missing");
    fs::remove_file(project.path("reads")).unwrap();
    let shown = run(&project, "show", &["--dry-run"]).code(0);
    assert!(shown.out.contains("# <value token>: read lab/token.txt"), "{}", shown.out);
    assert!(shown.out.contains("'<value where>' '<value id>'"), "{}", shown.out);
    assert!(shown.out.contains("T='<value token>'"), "{}", shown.out);
    assert!(!project.path("reads").exists(), "a dry run reads nothing");
}

#[test]
fn what_a_step_said_is_known_to_those_after_it() {
    let project = project(
        r#"[pipelines]
build = [
  { name = "all", command = "printf 'one line\n'", capture = { all = {} } },
  { name = "parts", command = "echo first; echo second sha256:0123 x; echo on-error-7 >&2",
    capture = { line = { line = 1 }, image = { match = "sha256:[0-9]+" }, log = { log = "on-error-([0-9])" } } },
  { name = "json", command = ["echo", '{"items": [{"id": 12345678901234567890123}]}'], capture = { id = { json = ".items[0].id" } } },
  { name = "file", command = "echo written > out.txt", capture = { file = { file = "out.txt" }, none = { match = "nope", default = "fallback" } } },
  { command = ["sh", "-c", 'printf "%s|" "$@" > seen', "sh", "{{value.all}}", "{{value.line}}", "{{value.image}}", "{{value.log}}", "{{value.id}}", "{{value.file}}", "{{value.none}}"] },
]
"#,
    );
    run(&project, "build", &[]).code(0).says("second sha256:0123 x").says("id: 12345678901234567890123");
    assert_eq!(
        project.read("seen"),
        "one line|first|sha256:0123|7|12345678901234567890123|written|fallback|"
    );
    let shown = run(&project, "build", &["--dry-run"]).code(0);
    assert!(shown.out.contains("# <value image> is taken of what it says"), "{}", shown.out);
    assert!(shown.out.contains("# <value file> is taken of out.txt"), "{}", shown.out);
}

#[test]
fn a_secret_is_masked_in_the_output_it_is_taken_of_and_kept_nowhere() {
    let project = project(&format!(
        r#"[pipelines]
login = [
  {{ name = "login", command = "echo before; echo token {CANARY}first; echo again {CANARY}first; echo oh {CANARY}first >&2", capture = {{ token = {{ match = "token (.*)", secret = true }} }} }},
  {{ name = "use", command = {{ run = "echo it is $T", env = {{ T = "{{{{value.token}}}}" }} }} }},
]
"#
    ));
    // The text of the command is the user's own.
    project.environment("dev", &project.read("environments/dev/environment.toml").replace(CANARY, "${C}"));
    let project = project.with_var("C", CANARY);
    run(&project, "login", &["--log-file", "log"])
        .code(0)
        .says("before")
        .says("token ***")
        .says("again ***")
        .says("oh ***")
        .says("it is ***")
        .says("token is known");
    project.assert_no_canary_on_disk();
    assert!(project.read("log").contains("again ***"));
}

#[test]
fn what_cannot_be_masked_is_not_shown() {
    let project = project(
        r#"[pipelines]
short = [
  { name = "pin", command = "echo the pin is; echo 7; echo seven >&2", capture = { pin = { line = 2, secret = true } } },
  { command = { run = "cat > seen; echo 17 of 77", input = "{{value.pin}}" } },
]
missing = [{ name = "token", command = "echo secret-looking text; echo why not >&2", capture = { token = { match = "token=(.*)", secret = true } } }]
broken = [{ name = "token", command = "echo token=hidden-in-vain; echo why not >&2; exit 3", capture = { token = { match = "token=(.*)", secret = true } } }]
dead = [{ name = "token", command = "echo not this; echo why not >&2; exit 3", capture = { token = { match = "token=(.*)", secret = true } } }]
"#,
    );
    run(&project, "short", &[])
        .code(0)
        .says("`pin` is shorter than 4 characters")
        .says("(2 lines not shown: a secret is taken of them that cannot be masked)")
        .says("seven")
        .says("17 of 77")
        .never_says("the pin is");
    assert_eq!(project.read("seen"), "7");
    run(&project, "missing", &[])
        .code(1)
        .says("`token` could not be taken of the output of `token`")
        .says("why not")
        .never_says("secret-looking");
    run(&project, "broken", &[]).code(1).says("token=***").says("why not").never_says("hidden-in-vain");
    run(&project, "dead", &[]).code(1).says("exit code 3").says("why not").never_says("not this");
}

#[test]
fn what_is_not_there_is_said_with_what_was_searched() {
    let project = project(
        r#"[values]
big = { command = "head -c 70000 /dev/zero | tr '\\0' x" }
nul = { command = "printf 'a\\0b'" }
latin = { command = "printf '\\377'" }
html = { command = "echo '<html>'", json = ".a" }
fails = { command = "echo no such lab >&2; exit 4", default = "x" }
empty = { command = "true" }
folder = { file = "environments" }
pipe = { file = "pipe" }
device = { file = "/dev/zero" }
far = { command = "head -c 5000000 /dev/zero | tr '\\0' x; echo; echo here 42", match = "here ([0-9]+)" }
[pipelines]
use-big = [{ command = { run = "true", env = { X = "{{value.big}}" } } }]
use-nul = [{ command = { run = "true", env = { X = "{{value.nul}}" } } }]
use-latin = [{ command = { run = "true", env = { X = "{{value.latin}}" } } }]
use-html = [{ command = { run = "true", env = { X = "{{value.html}}" } } }]
use-fails = [{ command = { run = "true", env = { X = "{{value.fails}}" } } }]
use-empty = [{ command = { run = "true", env = { X = "{{value.empty}}" } } }]
use-folder = [{ command = { run = "true", env = { X = "{{value.folder}}" } } }]
use-pipe = [{ command = { run = "true", env = { X = "{{value.pipe}}" } } }]
use-device = [{ command = { run = "true", env = { X = "{{value.device}}" } } }]
use-far = [{ command = ["sh", "-c", "echo $0 > seen", "{{value.far}}"] }]
step = [{ name = "s", command = "seq 1 9; echo '<html>'", capture = { id = { json = ".id" } } }]
step-far = [{ name = "s", command = "head -c 5000000 /dev/zero | tr '\\0' x; echo; echo '{\"id\":'; echo 7}", capture = { id = { log = "id\":\n([0-9])" } } }, { command = ["sh", "-c", "echo $0 > seen", "{{value.id}}"] }]
"#,
    );
    let mkfifo = std::process::Command::new("mkfifo").arg(project.path("pipe")).status().unwrap();
    assert!(mkfifo.success());
    let fails = |name: &str, why: &str| {
        run(&project, name, &[]).code(1).says(why);
    };
    fails("use-big", "it has 70000 bytes, and a value has 64 KiB at most");
    fails("use-nul", "it holds a NUL");
    fails("use-latin", "it is not UTF-8");
    fails("use-html", "it is not JSON");
    fails("use-html", "| <html>");
    // That it cannot be told is not that it is not there: no default.
    fails("use-fails", "no such lab");
    fails("use-empty", "it is empty");
    fails("use-folder", "is a directory");
    fails("use-pipe", "it is a device, a pipe or a socket");
    fails("use-device", "it is a device, a pipe or a socket");
    run(&project, "step", &[]).code(1).says("it is not JSON").says("| 1\n").says("| 5\n").never_says("| 6\n");
    run(&project, "use-far", &[]).code(0);
    assert_eq!(project.read("seen"), "42\n");
    run(&project, "step-far", &["-q"]).code(0);
    assert_eq!(project.read("seen"), "7\n");
}

#[test]
fn a_file_that_others_may_read_is_warned_about() {
    let project = project(
        r#"[values]
token = { file = "token.txt", secret = true }
open = { file = "open.txt" }
[pipelines]
use = [{ command = { run = "true", env = { A = "{{value.token}}", B = "{{value.open}}" } } }]
"#,
    );
    project.write("open.txt", "x\n");
    project.write("token.txt", &format!("{CANARY}open\n"));
    run(&project, "use", &[])
        .code(0)
        .says("`token.txt` holds a secret and others may read it: run `chmod 600 token.txt`")
        .never_says("open.txt");
    private(&project, "token.txt", &format!("{CANARY}open\n"));
    run(&project, "use", &[]).code(0).never_says("warning");
}

#[test]
fn what_is_wrong_is_said_when_the_files_are_read() {
    let wrong = |text: &str, says: &[&str]| {
        let project = project(text);
        let ended = project.infractl(&["env", "show", "dev"]).code(78);
        says.iter().fold(ended, |ended, text| ended.says(text));
    };
    wrong(
        "[values]\nlab = { command = \"true\" }\n[pipelines]\nx = [{ command = \"echo {{value.lap}}\" }]\n",
        &["environments/dev/environment.toml:4:", "there is no value `lap`", "did you mean `lab`?"],
    );
    wrong(
        "[pipelines]\nx = [\n  { command = \"echo {{value.rev}}\" },\n  { command = \"true\", capture = { rev = {} } },\n]\n",
        &[
            "environments/dev/environment.toml:3:",
            "`{{value.rev}}` is used before a step captures it",
            "environments/dev/environment.toml:4:",
            "`rev` is captured here, after a step has used it",
        ],
    );
    wrong(
        "[pipelines]\nx = [\n  { command = \"true\", capture = { rev = {} } },\n  { do = \"y\" },\n]\ny = [\n  { command = \"true\", capture = { rev = {} } },\n]\n",
        &[
            "environments/dev/environment.toml:3:",
            "`rev` is captured by two steps: first here",
            "environments/dev/environment.toml:7:",
            "`rev` is captured by two steps: again here",
        ],
    );
    wrong(
        "[values]\nrev = { command = \"true\" }\n[pipelines]\nx = [{ command = \"true\", capture = { rev = {} } }]\n",
        &["`rev` is a value of `[values]` already", "`rev` is captured by a step as well"],
    );
    wrong(
        "[values]\na = { command = \"echo {{value.b}}\" }\nb = { command = \"echo {{value.a}}\" }\n",
        &["the value `a` would be read with itself"],
    );
    wrong(
        "[values]\nt = { file = \"t\", secret = true }\n[pipelines]\nx = [{ command = \"echo {{value.t}}\" }]\n",
        &["`value.t` is secret, and in `command` it would be seen in the list of processes"],
    );
    wrong(
        "[values]\nt = { file = \"t\", json = \"a.b\" }\n",
        &["`a.b` is not the way to a value of a JSON document"],
    );
    wrong("[values]\nt = { file = \"t\", json = \".a\", line = 2 }\n", &["`line` beside `json`"]);
    wrong("[values]\nt = { file = \"t\", command = \"true\" }\n", &["`command` beside `file`"]);
    wrong(
        "[values]\nt = { secret = true }\n",
        &["nothing says where `t` comes from", "add `file`, `command`, `http` or `route`"],
    );
    wrong(
        "[values]\nt = { command = { run = \"true\", interactive = true } }\n",
        &["what owns the terminal says nothing"],
    );
    wrong(
        "[pipelines]\nx = [{ wait = { tcp = \"a:1\" }, capture = { t = {} } }]\n",
        &["this step says nothing of which a value could be taken"],
    );
    wrong(
        "[pipelines]\nx = [{ command = \"true\", capture = { t = { header = \"location\" } } }]\n",
        &["`header` means nothing here"],
    );
    wrong(
        "[values]\nt = { command = \"true\" }\n[terraform]\nbackend = { key = \"{{value.t}}\" }\n",
        &["`backend` is needed before `value.t` is known"],
    );
    wrong(
        "[outputs]\na = \"{{value.t}}\"\n[values]\nt = { command = \"true\" }\n",
        &["is given by hand, and `value.t` may come from it"],
    );
}

#[test]
fn steps_whose_conditions_exclude_each_other_may_share_a_name() {
    let project = project(
        r#"[pipelines]
x = [
  { name = "a", command = "echo here", when = { exists = "there" }, capture = { rev = {} } },
  { name = "b", command = "echo gone", when = { missing = "there" }, capture = { rev = {} } },
  { name = "c", command = "echo never", when = { environment = ["prod"] }, capture = { rev = {} } },
  { command = ["sh", "-c", "echo $0 > seen", "{{value.rev}}"] },
]
skipped = [
  { name = "a", command = "echo here", when = { exists = "there" }, capture = { old = {} } },
  { name = "b", command = ["echo", "{{value.old}}"] },
]
fallback = [
  { name = "a", command = "echo here", when = { exists = "there" }, capture = { new = { default = "none yet" } } },
  { command = ["sh", "-c", "echo $0 > seen", "{{value.new}}"] },
]
done = [
  { name = "make", command = "echo token > made", unless = { file = "made" }, capture = { made = { file = "made" } } },
  { command = ["sh", "-c", "echo $0 >> seen", "{{value.made}}"] },
]
"#,
    );
    run(&project, "x", &[]).code(0);
    assert_eq!(project.read("seen"), "gone\n");
    run(&project, "skipped", &[])
        .code(1)
        .says("`old` is not known, named by `{{value.old}}`")
        .says("the step that captures it: it was skipped");
    run(&project, "fallback", &[]).code(0);
    assert_eq!(project.read("seen"), "none yet\n");
    run(&project, "done", &[]).code(0);
    run(&project, "done", &[]).code(0).says("nothing to do");
    assert_eq!(project.read("seen"), "none yet\ntoken\ntoken\n");
}

const CAPTURING: &str = r#"[pipelines]
ship = [
  { name = "build", command = "echo built >> did; echo image-7", capture = { image = {} } },
  { name = "login", effect = "reads", command = "echo logged in >> did; echo $C-login", capture = { token = { secret = true } } },
  { name = "push", command = "echo pushed >> did; echo $C-push", capture = { key = { secret = true } } },
  { name = "plain", command = { run = "echo plain {{value.image}} >> did" } },
  { name = "read", command = { run = "test \"$T\" = $C-login; echo used >> did", env = { T = "{{value.token}}" } } },
  { name = "changed", command = { run = "test \"$T\" = $C-push; echo keyed >> did", env = { T = "{{value.key}}" } } },
]
other = [{ name = "alone", command = ["echo", "{{value.image}}"] }]
"#;

#[test]
fn a_run_that_begins_behind_a_capture_has_its_value() {
    let project = project(CAPTURING).with_var("C", CANARY);
    let from = |step: &str| {
        project.write("did", "");
        run(&project, "ship", &["--from", step])
    };
    // Nothing is known of an earlier run.
    from("plain").code(64).says("no run has captured it yet").says("infractl ship dev --from build");
    run(&project, "ship", &[]).code(0);
    project.assert_no_canary_on_disk();
    let kept = project.read(".infractl/resume/dev/ship.values.json");
    assert!(kept.contains("\"image\": \"image-7\"") && !kept.contains("token"), "{kept}");
    from("plain")
        .code(64)
        .says("`push`, which captures it, is left out: secret values are kept nowhere")
        .says("--from push");
    project.write("did", "");
    run(&project, "ship", &["--from", "plain", "--skip", "changed"])
        .code(0)
        .says("`image`: as of the run at");
    assert_eq!(project.read("did"), "logged in\nplain image-7\nused\n");
    from("push").code(0);
    assert_eq!(project.read("did"), "logged in\npushed\nplain image-7\nused\nkeyed\n");
    run(&project, "ship", &["--only", "plain"]).code(0);
    let script = run(&project, "ship", &["--only", "plain", "--print"]).code(0);
    assert!(script.out.contains("value_image=image-7"), "{}", script.out);
    run(&project, "other", &[])
        .code(78)
        .says("`alone` uses `{{value.image}}`, which no step of `other` captures")
        .says("other = [{ name = ")
        .says("`ship` captures it");
}

#[test]
fn a_run_that_was_killed_between_capture_and_use_goes_on() {
    let project = project(
        r#"[pipelines]
ship = [
  { name = "build", command = "echo built >> did; echo image-7", capture = { image = {} } },
  { name = "login", effect = "reads", command = "echo logged in >> did; echo $C-login", capture = { token = { secret = true } } },
  { name = "hang", command = "echo hung >> did; until test -e go; do sleep 0.1; done" },
  { name = "use", command = { run = "test \"$T\" = $C-login; echo {{value.image}} >> did", env = { T = "{{value.token}}" } } },
]
"#,
    )
    .with_var("C", CANARY);
    let mut child = start(&mut project.command(&["pipeline", "dev", "ship"]));
    wait_for("the third step", || project.path("did").exists() && project.read("did").contains("hung"));
    child.kill().unwrap();
    child.wait().unwrap();
    project.assert_no_canary_on_disk();
    project.write("go", "");
    run(&project, "ship", &["--resume", "--lock-wait", "20s"])
        .code(0)
        .says("goes on at `hang`")
        .says("`image`: as of the run at");
    assert_eq!(project.read("did"), "built\nlogged in\nhung\nlogged in\nhung\nimage-7\n");
    run(&project, "ship", &["--resume"]).code(64).says("nothing to resume");
}

#[test]
fn secrets_come_from_elsewhere_as_well() {
    let project = project(
        r#"[secrets]
required = ["VAULT_TOKEN"]
from = { VAULT_TOKEN = { file = "token" }, DATABASE = { command = { run = "printf '{\"p\": \"%s\"}' $C-db-$T", env = { T = "{{secret.VAULT_TOKEN}}" } }, json = ".p" } }
[pipelines]
see = [{ command = "test \"$DATABASE\" = $C-db-$C-vault; test \"$TF_VAR_database\" = $DATABASE; echo $VAULT_TOKEN $DATABASE" }]
named = [{ command = { run = "echo $X", env = { X = "{{secret.VAULT_TOKEN}}" } }, secrets = ["VAULT_TOKEN"] }]
none = [{ command = "echo ${VAULT_TOKEN:-unset}", secrets = [] }]
"#,
    )
    .with_var("C", CANARY);
    private(&project, "token", &format!("{CANARY}-vault\n"));
    fs::write(project.path("token"), format!("{CANARY}-vault\n")).unwrap();
    run(&project, "see", &[]).code(0).says("*** ***");
    run(&project, "named", &[]).code(0).says("***");
    run(&project, "none", &[]).code(0).says("unset");
    fs::remove_file(project.path("token")).unwrap();
    project.assert_no_canary_on_disk();
    run(&project, "none", &[]).code(0);
    run(&project, "see", &[]).code(1).says("the value `VAULT_TOKEN` was not found in `token`");
    let text =
        project.read("environments/dev/environment.toml").replace("{{secret.VAULT_TOKEN}}", "{{output.x}}");
    project.environment("dev", &text);
    run(&project, "see", &[]).code(78).says("a secret is needed before `output.x` is known");
}

#[test]
fn variables_of_the_root_module_take_values() {
    let project = project(
        "[values]\ntoken = { file = \"token\", secret = true }\nname = { command = \"echo read >> reads; echo lab-1\" }\n\
         [terraform]\nvars = { token = \"{{value.token}}\", name = \"{{value.name}}\" }\n\
         [pipelines]\nmake = [{ command = \"echo made\", capture = { extra = {} } }, { do = \"apply\" }]\n",
    );
    private(&project, "token", &format!("{CANARY}tf\n"));
    project.write(
        "environments/dev/main.tf",
        "variable \"token\" {\n  sensitive = true\n}\nvariable \"name\" {}\n\
         resource \"terraform_data\" \"x\" {\n  input = sha256(var.token)\n}\n\
         output \"name\" {\n  value = var.name\n}\noutput \"digest\" {\n  value = nonsensitive(terraform_data.x.output)\n}\n",
    );
    project.write(".gitignore", "/shared/\n.infractl/\n");
    fs::create_dir(project.path("shared")).unwrap();
    project.infractl(&["apply", "dev"]).code(0);
    let name = project.infractl(&["output", "dev", "name", "--raw"]).code(0);
    assert_eq!(name.out.trim(), "lab-1");
    let digest = project.infractl(&["output", "dev", "digest", "--raw"]).code(0);
    assert_eq!(digest.out.trim().len(), 64);
    assert_eq!(project.read("reads"), "read\n", "outputs are read without it");
    project.infractl(&["exec", "dev", "--", "sh", "-c", "test $TF_VAR_name = lab-1"]).code(0);
    let plan = project.infractl(&["plan", "dev"]).code(0);
    plan.never_says(CANARY);
    let text = project.read("environments/dev/environment.toml").replace("{{value.name}}", "{{value.extra}}");
    project.environment("dev", &text);
    project.infractl(&["make", "dev"]).code(0);
    project
        .infractl(&["plan", "dev"])
        .code(78)
        .says("uses `{{value.extra}}`, which no step of `plan` captures")
        .says("`make` captures it");
}

#[test]
fn the_environment_file_takes_values() {
    let project = project(
        "[outputs]\nx = 1\n[values]\nrev = { command = \"echo abc\" }\n\
         [env-file]\nsections = [{ title = \"All\", values = { REV = \"{{value.rev}}\" } }]\n",
    );
    project.write(".gitignore", "/shared/\n.infractl/\n");
    fs::create_dir(project.path("shared")).unwrap();
    project.infractl(&["genenv", "dev"]).code(0);
    assert!(project.read("shared/.env.dev").contains("REV=abc\n"), "{}", project.read("shared/.env.dev"));
    project.infractl(&["genenv", "dev", "--check"]).code(0);
}

#[test]
fn a_script_reads_and_takes_the_same_values() {
    let project = project(
        r#"[secrets]
from = { VAULT = { file = "token" } }
[values]
token = { file = "token", secret = true }
where = { command = "echo read >> reads; echo lab; echo more", line = 1 }
[pipelines]
all = [
  { name = "image", command = "echo pushed; echo sha256:0123 x", capture = { image = { match = "sha256:([0-9]+)" }, whole = {} } },
  { name = "file", command = "echo written > out.txt", capture = { file = { file = "out.txt" }, none = { match = "nope", default = "fall back" } } },
  { name = "secret", command = "echo $C-captured", capture = { key = { secret = true } } },
  { name = "use", command = { run = ["sh", "-c", 'printf "%s|" "$@" $T $K $VAULT > seen', "sh", "{{value.image}}", "{{value.file}}", "{{value.none}}", "{{value.where}}"], env = { T = "{{value.token}}", K = "{{value.key}}" } } },
  { name = "again", command = ["sh", "-c", "echo $0 >> seen", "{{value.where}}"] },
]
"#,
    )
    .with_var("C", CANARY);
    private(&project, "token", &format!("{CANARY}file\n"));
    let printed = run(&project, "all", &["--print"]).code(0).out;
    assert!(printed.contains("value_token=$(cat -- token)"), "{printed}");
    assert!(!project.path("reads").exists());
    project.write("script", &printed);
    let mut bash = std::process::Command::new("bash");
    let ran =
        bash.arg(project.path("script")).env("PROJECT", project.root()).env("C", CANARY).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr).into_owned();
    assert!(ran.status.success(), "{said}\n{printed}");
    assert!(!said.contains(CANARY), "{said}");
    assert_eq!(
        project.read("seen"),
        format!("0123|written|fall back|lab|{CANARY}file|{CANARY}-captured|{CANARY}file|lab\n")
    );
    let by_script = project.read("seen");
    run(&project, "all", &[]).code(0);
    assert_eq!(project.read("seen"), by_script);
    assert_eq!(project.read("reads"), "read\nread\n");
}

/// The first example of a page of the documentation.
pub(crate) fn example(page: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let text = fs::read_to_string(page).unwrap();
    text.split("```toml\n").nth(1).unwrap().split("```").next().unwrap().to_owned()
}

#[test]
fn the_example_of_the_page_is_true() {
    let project = project(&example("values.md"));
    private(&project, "lab/token.txt", &format!("{CANARY}8\n"));
    project.write("VERSION", "1.4.2\n");
    project
        .infractl(&["publish", "dev"])
        .code(0)
        .says("image: sha256:8d3f")
        .says(&format!("pushed sha256:8d3f with {} letters", CANARY.len() + 1))
        .says("sha256:8d3f is 1.4.2");
    let script = project.infractl(&["publish", "dev", "--print"]).code(0).out;
    assert!(script.contains("value_token=$(cat -- lab/token.txt)"), "{script}");
}
