//! `infractl new`: a project from nothing, and repositories that were there before.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{BIN, CANARY, Run, Sandbox, clean, output, path_with, wait_for};

const TEMPLATES: [&str; 5] = ["empty", "aws", "azure", "ovh", "lab"];

/// A folder with a home, in which nothing is yet.
fn nothing() -> Sandbox {
    Sandbox::empty().with_var("USER", "alice")
}

/// infractl in a folder of the sandbox.
fn inside(sandbox: &Sandbox, folder: &str, args: &[&str]) -> Command {
    let mut command = sandbox.command(args);
    command.current_dir(sandbox.path(folder));
    command
}

fn git(folder: &Path, args: &[&str]) -> String {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"];
    let mut command = clean("git", folder, folder);
    String::from_utf8(output(command.args(identity).args(args))).unwrap()
}

/// Every file below a folder with its text, but for what git and infractl keep.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut open, mut all) = (vec![folder.to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(path).unwrap().map(|entry| entry.unwrap()) {
            let name = entry.file_name();
            if entry.file_type().unwrap().is_dir() {
                if name != ".git" && name != ".infractl" {
                    open.push(entry.path());
                }
            } else {
                let shown = entry.path().strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                all.push((shown, fs::read(entry.path()).unwrap_or_default()));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn the_whole_walk_from_nothing_to_an_environment_file() {
    let sandbox = nothing();
    let given = format!("{CANARY}first\n");
    let mut new =
        sandbox.command(&["new", "my shop", "--environments", "dev,prod", "--set", "DB_PASSWORD=-"]);
    Run::with_input(&mut new, &given).code(0).says("next: infractl apply dev").never_says("warning");
    let set = Run::with_input(
        &mut inside(&sandbox, "my shop", &["secrets", "set", "dev", "API_TOKEN"]),
        &format!("{CANARY}second"),
    );
    set.code(0).says("added API_TOKEN");
    sandbox.edit("my shop/environments/defaults.toml", "# [[env-file.sections]]\n# title = \"Database\"\n# values = { DATABASE_PASSWORD = { secret = \"DATABASE_PASSWORD\" } }", "[[env-file.sections]]\ntitle = \"Database\"\nvalues = { DATABASE_PASSWORD = { secret = \"DB_PASSWORD\" } }");
    let applied = Run::of(&mut inside(&sandbox, "my shop", &["apply", "dev"])).code(0);
    applied.never_says("warning");
    let written = sandbox.read("my shop/shared/.env.dev");
    assert!(
        written.contains("APP_NAME=my-shop-dev\n")
            && written.contains(&format!("DATABASE_PASSWORD={CANARY}first\n")),
        "{written}"
    );
    Run::of(&mut inside(&sandbox, "my shop", &["genenv", "dev", "--check"])).code(0);
    // prod asks for its name, and the other one's secret is not its own.
    Run::of(&mut inside(&sandbox, "my shop", &["apply", "prod"])).code(77);
    let listed = Run::of(&mut inside(&sandbox, "my shop", &["secrets", "list", "prod"])).code(0);
    assert_eq!(listed.out.lines().collect::<Vec<_>>(), ["DB_PASSWORD"]);
    // git takes what is meant for it, and nothing else.
    let root = sandbox.path("my shop");
    git(&root, &["add", "--all"]);
    let added = git(&root, &["ls-files"]);
    for wanted in [
        ".sops.yaml",
        "credentials/common.enc.env",
        "environments/dev/main.tf",
        "shared/.gitkeep",
        "README.md",
    ] {
        assert!(added.lines().any(|line| line == wanted), "{wanted} is not in\n{added}");
    }
    for hidden in [".env.dev", ".infractl/", "tfstate", "keys.txt"] {
        assert!(!added.contains(hidden), "{hidden} is in\n{added}");
    }
}

#[test]
fn every_template_is_valid_and_applied_at_once_without_a_word_of_warning() {
    for template in TEMPLATES {
        let sandbox = nothing();
        Run::of(&mut sandbox.command(&[
            "new",
            "p",
            "--template",
            template,
            "--environments",
            "dev,rec,prod",
        ]))
        .code(0)
        .never_says("warning");
        for environment in ["dev", "rec", "prod"] {
            Run::of(&mut inside(&sandbox, "p", &["validate", environment])).code(0).never_says("warning");
        }
        Run::of(&mut inside(&sandbox, "p", &["apply", "--env", "dev,rec", "--no-input"]))
            .code(0)
            .never_says("warning");
        Run::of(&mut inside(&sandbox, "p", &["apply", "prod", "--confirm", "prod"])).code(0);
        let text = sandbox.read("p/shared/.env.rec");
        let expected = match template {
            "empty" => "APP_NAME=p-rec\n",
            "aws" => "S3_BUCKET_NAME=p-rec-data\n",
            "azure" => "AZURE_STORAGE_ACCOUNT=prec\n",
            "ovh" => "BACKEND_ADDRESS=192.0.2.10\n",
            _ => "WEB_PORT=8081\n",
        };
        assert!(text.contains(expected), "{template}: {text}");
        // What `deploy`, `up` and `down` would do is understood as well.
        Run::of(&mut inside(&sandbox, "p", &["up", "dev", "--dry-run"])).code(0);
        Run::of(&mut inside(&sandbox, "p", &["down", "dev", "--dry-run"])).code(0);
        Run::of(&mut inside(&sandbox, "p", &["destroy", "rec"])).code(0);
    }
}

#[test]
fn what_stands_in_comments_can_be_used_as_it_is() {
    for template in ["aws", "azure", "ovh"] {
        let sandbox = nothing();
        Run::of(&mut sandbox.command(&["new", "p", "--template", template])).code(0);
        let text = sandbox.read("p/environments/dev/main.tf");
        let (_, rest) = text.split_once("# --- the real one").unwrap();
        let (block, _) = rest.split_once("# ---\n").unwrap();
        let block: String = block
            .lines()
            .skip(1)
            .map(|line| line.strip_prefix("# ").or(line.strip_prefix('#')).unwrap().to_owned() + "\n")
            .collect();
        sandbox.write("real/main.tf", &block);
        let done = clean("terraform", &sandbox.path("real"), sandbox.home.root())
            .args(["fmt", "-check", "-diff"])
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{template}: {}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        );
        assert!(block.contains("output \""), "{block}");
        // The same with the keys of the project: uncommented TOML is read.
        let defaults = sandbox.read("p/environments/defaults.toml");
        let power: String =
            defaults
                .lines()
                .map(|line| {
                    if line.starts_with("# [") || line.starts_with("# provider") { &line[2..] } else { line }
                })
                .collect::<Vec<_>>()
                .join("\n");
        sandbox.write("p/environments/defaults.toml", &power.replace("[pipelines]\n# deploy", "# deploy"));
        Run::of(&mut inside(&sandbox, "p", &["env", "show", "dev"])).code(0);
    }
}

#[test]
fn twice_is_once_and_nothing_is_written_over() {
    let sandbox = nothing();
    Run::of(&mut sandbox.command(&["new", "p", "--template", "aws"])).code(0);
    sandbox.write("p/environments/dev/main.tf", "# mine\n");
    sandbox.write("p/README.md", "mine\n");
    let before = files(&sandbox.path("p"));
    let again = Run::of(&mut inside(&sandbox, "p", &["new"])).code(0);
    again.says("left as it is  environments/dev/environment.toml").never_says("written ");
    assert_eq!(files(&sandbox.path("p")), before);
    // A further environment comes beside the others.
    Run::of(&mut inside(&sandbox, "p", &["new", ".", "--environments", "dev,qa"]))
        .code(0)
        .says("written  environments/qa/environment.toml");
    Run::of(&mut inside(&sandbox, "p", &["env", "list"])).code(0).prints("qa");
}

#[test]
fn a_run_that_was_killed_is_completed_by_the_next() {
    let whole = nothing();
    Run::of(&mut whole.command(&["new", "p", "--template", "ovh", "--environments", "dev,rec,prod"])).code(0);
    let expected: Vec<String> = files(&whole.path("p")).into_iter().map(|(name, _)| name).collect();
    for wanted in
        ["credentials/common.enc.env.example", "environments/rec/main.tf", "README.md", ".sops.yaml"]
    {
        let sandbox = nothing();
        let mut child = sandbox
            .command(&["new", "p", "--template", "ovh", "--environments", "dev,rec,prod"])
            .spawn()
            .unwrap();
        let watched = sandbox.path("p").join(wanted);
        wait_for("a file", || watched.exists() || child.try_wait().unwrap().is_some());
        let _ = child.kill();
        child.wait().unwrap();
        // Not a word of what was wanted: that is known from before.
        Run::of(&mut inside(&sandbox, "p", &["new", "."])).code(0);
        let found: Vec<String> = files(&sandbox.path("p")).into_iter().map(|(name, _)| name).collect();
        assert_eq!(found, expected, "killed after {wanted}");
        Run::of(&mut inside(&sandbox, "p", &["apply", "rec"])).code(0);
    }
}

#[test]
fn what_a_killed_run_left_beside_a_file_that_is_there_goes() {
    let sandbox = nothing();
    Run::of(&mut sandbox.command(&["new", "p"])).code(0);
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    let left = format!("p/environments/dev/.main.tf.infractl-{}-x1dsfF", ended.id());
    sandbox.write(format!("{left}/.gitignore"), "*\n");
    Run::of(&mut inside(&sandbox, "p", &["new", "."])).code(0);
    assert!(!sandbox.path(&left).exists());
}

#[test]
fn a_dry_run_lists_everything_and_writes_nothing() {
    let sandbox = nothing();
    let run = Run::of(&mut sandbox.command(&["new", "p", "--dry-run", "--template", "aws"])).code(0);
    for line in ["environments/dev/main.tf", ".sops.yaml", ".git/hooks/pre-commit", "would make a key"] {
        assert!(run.err.contains(line), "{line} is not in\n{}", run.err);
    }
    assert!(!sandbox.path("p").exists() && !sandbox.home.path(".config").exists());
    let run = sandbox.infractl(&["new", "p", "--output", "json"]).code(0);
    let event: serde_json::Value = serde_json::from_str(run.out.lines().next().unwrap()).unwrap();
    let told = &event["value"];
    assert_eq!((told["project"].as_str(), told["key"]["new"].as_bool()), (Some("p"), Some(true)));
    assert!(
        told["files"]
            .as_array()
            .unwrap()
            .iter()
            .any(|file| file["path"] == "environments/prod/main.tf" && file["fate"] == "written")
    );
    assert!(sandbox.path("p/environments/prod/main.tf").exists());
}

/// Makes an age key at the usual place; its recipient.
fn key_of(sandbox: &Sandbox) -> String {
    Run::of(&mut sandbox.command(&["secrets", "keygen", "--no-rules"])).code(0);
    let keys = sandbox.home.read(".config/sops/age/keys.txt");
    keys.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap().to_owned()
}

#[test]
fn a_key_that_is_there_is_used() {
    // An age key of the usual place, then an SSH key, then one that a variable names.
    let sandbox = nothing();
    let recipient = key_of(&sandbox);
    Run::of(&mut sandbox.command(&["new", "p"])).code(0).says("your key is the one of");
    assert!(sandbox.read("p/.sops.yaml").contains(&recipient));
    let sandbox = nothing();
    fs::create_dir_all(sandbox.home.path(".ssh")).unwrap();
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(sandbox.home.path(".ssh/id_ed25519"))
        .status();
    if made.is_ok_and(|status| status.success()) {
        let mut new = sandbox.command(&["new", "p", "--set", "A=-"]);
        Run::with_input(&mut new, &format!("{CANARY}a")).code(0).says(".ssh/id_ed25519");
        assert!(sandbox.read("p/.sops.yaml").contains("- ssh-ed25519 "));
        assert!(!sandbox.home.path(".config/sops").exists(), "no second key");
        let opened = Run::in_clear(&mut inside(&sandbox, "p", &["secrets", "get", "common", "A"]));
        assert_eq!((opened.code, opened.out.trim_end()), (0, format!("{CANARY}a").as_str()));
    }
}

#[test]
fn secrets_come_from_variables_and_standard_input_and_never_from_arguments() {
    let sandbox = nothing();
    let refused = Run::of(&mut sandbox.command(&["new", "p", "--set", &format!("A={CANARY}")]));
    refused.code(64).says("would stay in the history of the shell");
    assert!(!sandbox.path("p").exists());
    let mut new =
        sandbox.command(&["new", "p", "--set", "A=env:OTHER", "--set", "dev:B", "--set", "prod:B=-"]);
    new.env("OTHER", format!("{CANARY}a")).env("B", format!("{CANARY}b"));
    Run::with_input(&mut new, &format!("{CANARY}c\n")).code(0);
    for (target, name, end) in [("common", "A", "a"), ("dev", "B", "b"), ("prod", "B", "c")] {
        let got = Run::in_clear(&mut inside(&sandbox, "p", &["secrets", "get", target, name]));
        assert_eq!(got.out.trim_end(), format!("{CANARY}{end}"), "{target} {name}: {}", got.err);
    }
    sandbox.assert_no_canary_on_disk();
    for (args, said) in [
        (vec!["new", "q", "--set", "A"], "the variable A is not set"),
        (vec!["new", "q", "--set", "A=-", "--set", "B=-"], "two secrets want it"),
        (vec!["new", "q", "--set", "qa:A=-"], "for an environment that is not to be made"),
        (vec!["new", "q", "--set", "A=-"], "standard input is empty"),
    ] {
        Run::of(&mut sandbox.command(&args)).code(64).says(said);
        assert!(!sandbox.path("q").exists(), "{args:?}");
    }
    // What is there is not changed; the line to type is said.
    let mut again = inside(&sandbox, "p", &["new", ".", "--set", "NEW=-"]);
    Run::with_input(&mut again, "x").code(64).says("infractl secrets set credentials/common.enc.env NEW");
}

#[test]
fn everything_in_the_way_is_told_at_once_and_nothing_is_written() {
    let sandbox = nothing();
    fs::create_dir_all(sandbox.path("p/README.md")).unwrap();
    sandbox.write("p/shared", "a file\n");
    sandbox.write("p/environments/dev", "a file\n");
    let before = files(&sandbox.path("p"));
    let run = Run::of(&mut sandbox.command(&["new", "p"])).code(1);
    let run =
        run.says("`README.md` is a folder").says("`shared` is a file").says("`environments/dev` is a file");
    assert!(run.err.contains("nothing was written"));
    assert_eq!(files(&sandbox.path("p")), before);
    assert!(!sandbox.home.path(".config").exists() && !sandbox.path("p/.git").exists());
    sandbox.write("file", "x");
    Run::of(&mut sandbox.command(&["new", "file"])).code(64).says("is no folder");
    Run::of(&mut sandbox.command(&["new", "q", "--environments", "dev,../x,common,DEV"]))
        .code(64)
        .says("`../x`")
        .says("`common`")
        .says("`DEV` is there twice");
    assert!(!sandbox.path("q").exists());
}

#[test]
fn a_project_is_not_begun_inside_another_and_a_full_folder_has_to_be_named() {
    let sandbox = nothing();
    Run::of(&mut sandbox.command(&["new", "p"])).code(0);
    for folder in ["environments/x", "sub/deep"] {
        Run::of(&mut inside(&sandbox, "p", &["new", folder])).code(64).says("is a project already");
    }
    sandbox.write("q/app.py", "print()\n");
    Run::of(&mut inside(&sandbox, "q", &["new"])).code(64).says("infractl new .");
    Run::of(&mut inside(&sandbox, "q", &["new", "."])).code(0);
    assert_eq!(sandbox.read("q/app.py"), "print()\n");
    Run::of(&mut inside(&sandbox, "q", &["apply", "dev"])).code(0);
}

#[test]
fn hooks_ignored_files_and_rules_of_others_stay() {
    let sandbox = nothing();
    let root = sandbox.path("p");
    sandbox.write("p/.gitignore", "/build\r\n.terraform/");
    sandbox.write("p/.sops.yaml", "creation_rules:\n  - path_regex: ^secrets/\n    age: age1ajzmgfhalrqmnpw5g24zduuwz22knxsfkfe3un38w8apu3hy8flq3ejkz2\n");
    git(&root, &["init", "--quiet"]);
    sandbox.script("p/.git/hooks/pre-commit", "#!/bin/sh\necho mine\n");
    let mut new = sandbox.command(&["new", "p", "--set", "A=-"]);
    Run::with_input(&mut new, "value-of-a").code(0).says("a hook `pre-commit` of its own");
    assert_eq!(sandbox.read("p/.git/hooks/pre-commit"), "#!/bin/sh\necho mine\n");
    let ignored = sandbox.read("p/.gitignore");
    assert!(
        ignored.starts_with("/build\r\n.terraform/\r\n# infractl")
            && !ignored.replace("\r\n", "").contains('\n'),
        "{ignored:?}"
    );
    for path in [
        "shared/.env.dev",
        ".infractl/locks/x",
        "environments/dev/terraform.tfstate",
        "environments/dev/.terraform/x",
    ] {
        git(&root, &["check-ignore", "--no-index", path]);
    }
    let rules = sandbox.read("p/.sops.yaml");
    assert!(
        rules.starts_with("creation_rules:\n  - path_regex: ^secrets/\n")
            && rules.contains("path_regex: ^credentials/"),
        "{rules}"
    );
    Run::of(&mut inside(&sandbox, "p", &["secrets", "check"])).code(0);
    Run::of(&mut inside(&sandbox, "p", &["apply", "dev"])).code(0);
    // Written so that nobody but a person should change it: the lines are said.
    sandbox.write("q/.sops.yaml", "creation_rules: [{ path_regex: ^secrets/, age: age1ajzmgfhalrqmnpw5g24zduuwz22knxsfkfe3un38w8apu3hy8flq3ejkz2 }]\n");
    Run::of(&mut sandbox.command(&["new", "q"]))
        .code(0)
        .says("add these lines")
        .says("- path_regex: ^credentials/");
}

#[test]
fn the_hook_refuses_a_secret_in_clear_also_in_a_worktree() {
    let sandbox = nothing();
    Run::of(&mut sandbox.command(&["new", "p"])).code(0);
    let root = sandbox.path("p");
    let commit = |folder: &Path| {
        let mut command = clean("git", folder, sandbox.home.root());
        command
            .args(["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "x"])
            .output()
            .unwrap()
            .status
            .success()
    };
    git(&root, &["add", "--all"]);
    assert!(commit(&root));
    sandbox.write("p/credentials/dev.enc.env", "TOKEN=in-clear\n");
    git(&root, &["add", "--all"]);
    assert!(!commit(&root), "the hook let it pass");
    git(&root, &["reset", "--quiet", "--hard"]);
    git(&root, &["worktree", "add", "--quiet", "../tree"]);
    fs::remove_file(sandbox.path("p/.git/hooks/pre-commit")).unwrap();
    Run::of(&mut inside(&sandbox, "tree", &["new", "."])).code(0);
    sandbox.write("tree/credentials/dev.enc.env", "TOKEN=in-clear\n");
    git(&sandbox.path("tree"), &["add", "--all"]);
    assert!(!commit(&sandbox.path("tree")), "the hook let it pass in the worktree");
}

const ROOT: &str = "variable \"size\" {\n  type = string\n}\nresource \"terraform_data\" \"a\" {\n  input = var.size\n}\noutput \"size\" {\n  value = terraform_data.a.output\n}\n";

#[test]
fn a_folder_per_environment_is_adopted() {
    let sandbox = nothing();
    for (name, size) in [("dev", "1"), ("prod", "9")] {
        sandbox.write(format!("p/terraform/{name}/main.tf"), ROOT);
        sandbox.write(format!("p/terraform/{name}/{name}.tfvars"), &format!("size = \"{size}\"\n"));
    }
    sandbox.write("p/terraform/modules/net/main.tf", "# a module\n");
    sandbox.write("p/Makefile", "plan:\n\tcd terraform && terraform plan\n");
    let before = files(&sandbox.path("p"));
    Run::of(&mut inside(&sandbox, "p", &["new", "."]))
        .code(0)
        .never_says("warning")
        .says("next: infractl plan dev");
    let defaults = sandbox.read("p/environments/defaults.toml");
    assert!(defaults.contains("dir = \"terraform/{{environment}}\"\nvar-files = [\"terraform/{{environment}}/{{environment}}.tfvars\"]\n"), "{defaults}");
    Run::of(&mut inside(&sandbox, "p", &["apply", "dev"])).code(0).never_says("warning");
    Run::of(&mut inside(&sandbox, "p", &["apply", "prod", "--confirm", "prod"])).code(0);
    assert!(
        sandbox.read("p/shared/.env.dev").contains("SIZE=1\n")
            && sandbox.read("p/shared/.env.prod").contains("SIZE=9\n")
    );
    for (name, text) in before {
        assert_eq!(fs::read(sandbox.path("p").join(&name)).unwrap(), text, "{name} was changed");
    }
}

#[test]
fn one_root_module_with_files_of_variables_is_adopted() {
    let sandbox = nothing();
    sandbox.write("p/infra/main.tf", ROOT);
    sandbox.write("p/infra/vars/dev.tfvars", "size = \"1\"\n");
    sandbox.write("p/infra/vars/staging.tfvars", "size = \"5\"\n");
    sandbox.write("p/.env", "DB_PASSWORD=something\nDEBUG=1\n");
    sandbox.write("p/.env.example", "DB_PASSWORD=\n");
    let run = Run::of(&mut inside(&sandbox, "p", &["new", ".", "--no-git"])).code(0);
    let run = run
        .says("a workspace of its name")
        .says("`.env` holds what look like secrets in clear (`DB_PASSWORD`)");
    assert!(!run.err.contains("something"), "{}", run.err);
    for (name, size) in [("dev", "1"), ("staging", "5")] {
        Run::of(&mut inside(&sandbox, "p", &["apply", name])).code(0);
        assert!(sandbox.read(format!("p/shared/.env.{name}")).contains(&format!("SIZE={size}\n")));
    }
    // The line that was said works as it is.
    let line = [
        "secrets",
        "encrypt",
        "./.env",
        "--filename-override",
        "credentials/common.enc.env",
        "--output",
        "credentials/common.enc.env",
    ];
    Run::of(&mut inside(&sandbox, "p", &line)).code(0);
    Run::of(&mut inside(&sandbox, "p", &["secrets", "list", "common"])).code(0).prints("DB_PASSWORD");
}

#[test]
fn environments_with_backends_and_files_of_sops_are_adopted() {
    let sandbox = nothing();
    let recipient = key_of(&sandbox);
    sandbox.write("p/.sops.yaml", &format!("creation_rules:\n  - age: {recipient}\n"));
    sandbox.write("p/tf/main.tf", &format!("terraform {{\n  backend \"local\" {{}}\n}}\n{ROOT}"));
    for name in ["dev", "prod"] {
        sandbox.write(format!("p/tf/{name}.tfbackend"), &format!("path = \"{name}.tfstate\"\n"));
        sandbox.write(format!("p/secrets/{name}.yaml"), &format!("size: {CANARY}{name}\n"));
        Run::of(&mut inside(
            &sandbox,
            "p",
            &["secrets", "encrypt", "--in-place", &format!("secrets/{name}.yaml")],
        ))
        .code(0);
    }
    let run = Run::of(&mut inside(&sandbox, "p", &["new", "."])).code(0).never_says("warning");
    assert!(!run.err.contains("workspace"), "{}", run.err);
    let dev = sandbox.read("p/environments/dev/environment.toml");
    assert!(dev.contains("[terraform.backend]\npath = \"dev.tfstate\"\n"), "{dev}");
    assert!(
        sandbox.read("p/environments/defaults.toml").contains("files = [\"secrets/{{environment}}.yaml\"]\n")
    );
    for name in ["dev", "prod"] {
        Run::of(&mut inside(&sandbox, "p", &["apply", name, "--confirm", name])).code(0);
        assert!(sandbox.read(format!("p/shared/.env.{name}")).contains(&format!("SIZE={CANARY}{name}\n")));
        assert!(sandbox.path(format!("p/tf/{name}.tfstate")).exists());
    }
}

#[test]
fn every_file_names_a_schema_that_is_there() {
    let sandbox = nothing();
    Run::of(&mut sandbox.command(&["new", "p"])).code(0);
    for file in [
        "environments/defaults.toml",
        "environments/dev/environment.toml",
        "environments/prod/environment.toml",
    ] {
        let text = sandbox.read(format!("p/{file}"));
        let schema = text.lines().next().unwrap().strip_prefix("#:schema ").unwrap().to_owned();
        let path = sandbox.path(format!("p/{file}")).parent().unwrap().join(schema);
        let schema: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        assert!(schema["properties"]["terraform"].is_object(), "{file}");
    }
}

/// What a person types in a minute who is no typist.
const A_MINUTE: usize = 60 * 5;

/// In a shell at a terminal: two environments, one secret, an environment file, typed within a minute.
#[test]
fn a_newcomer_answers_three_questions() {
    let sandbox = nothing();
    let value = format!("{CANARY}x");
    let walk = [
        ("> ", "infractl new shop"),
        ("begin with", ""),
        ("Environments", ""),
        ("first secret", "DB_PASSWORD"),
        ("Value of", &value),
        ("> ", "cd shop"),
        ("> ", "infractl apply dev"),
        ("> ", "exit"),
    ];
    let keys: usize = walk.iter().map(|(_, typed)| typed.len() + 1).sum();
    assert!(keys < A_MINUTE, "{keys} keys");
    let (code, screen) = typed(&sandbox, &walk);
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains(CANARY), "{screen}");
    assert!(sandbox.read("shop/shared/.env.dev").contains("APP_NAME=shop-dev\n"));
    let listed = Run::of(&mut inside(&sandbox, "shop", &["env", "list"])).code(0);
    assert!(listed.out.contains("dev") && listed.out.contains("prod"), "{}", listed.out);
    let got = Run::in_clear(&mut inside(&sandbox, "shop", &["secrets", "get", "common", "DB_PASSWORD"]));
    assert_eq!(got.out.trim_end(), value, "{}", got.err);
    // Nothing is left to be done by hand before the other one, which wants its name.
    Run::of(&mut inside(&sandbox, "shop", &["apply", "prod", "--confirm", "prod"])).code(0);
}

/// Types each line in a shell once what it answers stands on the screen, behind what was answered before.
fn typed(sandbox: &Sandbox, walk: &[(&str, &str)]) -> (i32, String) {
    use std::io::{Read as _, Write as _};
    use std::process::Stdio;
    let mut child = clean("script", sandbox.root(), sandbox.home.root())
        .args(["-qec", "sh -i", "/dev/null"])
        .env("PATH", path_with([BIN]))
        .env("PS1", "> ")
        .env("USER", "alice")
        .env("TERM", "xterm-256color")
        .env_remove("CI")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keys, mut out) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (mut screen, mut seen) = (String::new(), 0);
    let mut bytes = [0; 4096];
    let mut left = walk.iter().peekable();
    while let Ok(count @ 1..) = out.read(&mut bytes) {
        screen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        while let Some((question, answer)) = left.next_if(|(question, _)| screen[seen..].contains(question)) {
            seen += screen[seen..].find(question).unwrap() + question.len();
            std::thread::sleep(std::time::Duration::from_millis(300));
            keys.write_all(format!("{answer}\n").as_bytes()).unwrap();
        }
    }
    (child.wait().unwrap().code().unwrap_or(-1), screen)
}
