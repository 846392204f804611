//! Each message of docs/troubleshooting.md is provoked, in a project as `infractl new` makes it, and is printed as the page
//! has it.

use std::os::unix::fs::symlink;

use crate::common::BIN;
use crate::cookbook::{Place, holds};

/// The title on the page; what goes before in a shell; the line that ends with the message.
const PROVOKED: &[(&str, &str, &str)] = &[
    (
        "no key opens",
        "echo x | infractl secrets set dev TOKEN; mv ~/.config/sops/age/keys.txt ~/away",
        "infractl apply dev",
    ),
    (
        "the MAC does not decrypt",
        "echo x | infractl secrets set dev TOKEN; sed -i '/^sops_mac/s/data:..../data:AAAA/' credentials/dev.enc.env",
        "infractl apply dev",
    ),
    (
        "does not decrypt: it is in clear or damaged",
        "echo x | infractl secrets set dev TOKEN; echo 'OTHER=clear' > n; cat credentials/dev.enc.env >> n; cp n credentials/dev.enc.env",
        "infractl apply dev",
    ),
    (
        "there is no file",
        r#"printf '[secrets]\nfiles = ["credentials/dev.enc.env"]\n' >> environments/defaults.toml"#,
        "infractl apply dev",
    ),
    (
        "the required secret … is missing",
        r#"echo x | infractl secrets set dev TOKEN; printf '[secrets]\nrequired = ["DB_PASSWORD"]\n' >> environments/defaults.toml"#,
        "infractl apply dev",
    ),
    (
        "a secret in … would be seen in the list of processes",
        r#"printf '[pipelines]\ndeploy = [{ command = ["login", "--password", "{{secret.TOKEN}}"] }]\n' >> environments/defaults.toml"#,
        "infractl deploy dev",
    ),
    (
        "is busy with another run",
        r#"printf '[pipelines]\nslow = ["touch started && sleep 30"]\n' >> environments/defaults.toml; infractl slow dev > log 2>&1 & until test -e started; do sleep 0.1; done"#,
        "infractl apply dev",
    ),
    (
        "wait for what that run has started",
        r#"printf '[pipelines]\nslow = ["trap \\"\\" TERM; touch started; sleep 5"]\n' >> environments/defaults.toml; infractl slow dev > log 2>&1 & until test -e started; do sleep 0.1; done; kill -9 $!"#,
        "infractl apply dev",
    ),
    (
        "Error acquiring the state lock",
        r#"infractl apply dev >/dev/null 2>&1; sed -i 's/input = .*/input = timestamp()/; /^resource/a provisioner "local-exec" { command = "exec sleep 15" }' environments/dev/main.tf; TF_VAR_project=a TF_VAR_environment=b terraform -chdir=environments/dev apply -auto-approve -replace=terraform_data.app > log 2>&1 & until test -e environments/dev/.terraform.tfstate.lock.info; do sleep 0.1; done"#,
        "infractl apply dev",
    ),
    (
        "is frozen",
        r#"printf '[pipelines]\ndeploy = ["true", "false"]\n[rollout]\non-failure = "freeze"\n' >> environments/defaults.toml; git add -A; git commit -qm x; infractl deploy dev >/dev/null 2>&1"#,
        "infractl deploy dev",
    ),
    (
        "cannot be resumed",
        r#"printf '[pipelines]\ndeploy = ["true", "false"]\n' >> environments/defaults.toml; infractl deploy dev >/dev/null 2>&1; sed -i 's/"false"/"true"/' environments/defaults.toml"#,
        "infractl deploy dev --resume",
    ),
    ("is protected, and nobody is there to ask before", "", "infractl apply prod"),
    (
        "may not be changed now",
        r#"printf '[window]\nfreeze = ["2020-01-01/2099-12-31"]\n' >> environments/dev/environment.toml"#,
        "infractl apply dev",
    ),
    (
        "which environment? None was given",
        r#"printf '[pipelines]\ndeploy = ["true"]\n' >> environments/defaults.toml; sed -i 's/^default-env.*//' environments/defaults.toml"#,
        "infractl deploy",
    ),
    ("it has to be named", "", "infractl destroy"),
    ("no project here", "cd /", "infractl plan dev"),
    ("unknown environment", "", "infractl plan dve"),
    (
        "unknown key",
        r#"printf '[terrafrom]\ndir = "x"\n' >> environments/dev/environment.toml"#,
        "infractl plan dev",
    ),
    (
        "this project asks for infractl",
        r#"sed -i 's/^name = .*/&\nminimum-version = "99.0"/' environments/defaults.toml"#,
        "infractl plan dev",
    ),
    (
        "the root module declares no variable",
        r#"sed -i 's/vars = {/vars = { regoin = "x",/' environments/defaults.toml"#,
        "infractl plan dev",
    ),
    (
        "the root module declares no output",
        r#"sed -i 's/APP_NAME = { output = "app_name" }/APP_NAME = { output = "app_nam" }/' environments/defaults.toml"#,
        "infractl apply dev",
    ),
    (
        "have one state",
        r#"printf '[terraform]\ndir = "environments/dev"\n' >> environments/prod/environment.toml"#,
        "infractl apply dev",
    ),
    (
        "environments depend on each other in a circle",
        r#"printf 'depends-on = ["prod"]\n' > x; cat x environments/dev/environment.toml > y; cp y environments/dev/environment.toml; sed -i '1i depends-on = ["dev"]' environments/prod/environment.toml"#,
        "infractl plan --all",
    ),
    ("does not say how it is deployed", "", "infractl deploy dev"),
    (
        "there is no shared lock for the backend",
        r#"printf '[lock]\nshared = true\n' >> environments/defaults.toml; printf 'terraform {\n  backend "gcs" {}\n}\n' >> environments/dev/main.tf"#,
        "infractl apply dev",
    ),
    (
        "holds characters that mean something to the shell",
        r#"printf '[pipelines]\ndeploy = ["echo {{output.app_name}}"]\n' >> environments/defaults.toml; sed -i 's/}-\${/} ${/' environments/dev/main.tf; infractl apply dev >/dev/null 2>&1"#,
        "infractl deploy dev",
    ),
    ("git does not ignore", "sed -i '/env/d' .gitignore", "infractl apply dev"),
    ("git tracks", "infractl apply dev >/dev/null 2>&1; git add -f shared/.env.dev", "infractl genenv dev"),
    ("there is no folder", "rm -r shared", "infractl apply dev"),
    (
        "is stale",
        "infractl apply dev >/dev/null 2>&1; echo >> shared/.env.dev",
        "infractl genenv dev --check",
    ),
    (
        "cannot be written for",
        r#"printf '[env-file]\ndialect = "docker"\n' > x; sed -i 's/"compose"/"docker"/; s/APP_NAME = { output = "app_name" }/APP_NAME = "a\\nb"/' environments/defaults.toml"#,
        "infractl apply dev",
    ),
    ("is not installed, or not on PATH", "", "PATH=$ALONE infractl plan dev"),
    (
        "and … is asked for",
        r#"printf '[tools]\nterraform = "0.12.0"\n' >> environments/defaults.toml"#,
        "infractl plan dev",
    ),
    (
        "Saved plan is stale",
        "infractl plan dev --out p >/dev/null 2>&1; infractl apply dev >/dev/null 2>&1",
        "infractl apply dev --plan p",
    ),
    (
        "waited in vain",
        r#"printf '[pipelines]\ndeploy = [{ wait = { tcp = "127.0.0.1:1" }, attempts = 2, every = "100ms" }]\n' >> environments/defaults.toml"#,
        "infractl deploy dev",
    ),
];

/// A title, the lines below it, and the exit code.
struct Entry<'a> {
    title: &'a str,
    lines: Vec<&'a str>,
    code: i32,
}

fn entries(page: &str) -> Vec<Entry<'_>> {
    let parts = page.split("\n### ").skip(1);
    parts
        .map(|part| {
            let (title, rest) = part.split_once('\n').unwrap();
            let block = rest.split("```text\n").nth(1).unwrap().split("\n```").next().unwrap();
            let (lines, code) = block.rsplit_once("\n[exit code ").unwrap();
            Entry { title, lines: lines.lines().collect(), code: code.trim_end_matches(']').parse().unwrap() }
        })
        .collect()
}

fn provoke(entry: &Entry) {
    let (_, before, line) = PROVOKED
        .iter()
        .find(|(title, ..)| *title == entry.title)
        .unwrap_or_else(|| panic!("nothing provokes `{}`", entry.title));
    let mut place = Place::new();
    let begun = place.run("you", "infractl new shop --environments dev,prod && cd shop");
    assert_eq!(begun.code, 0, "{}", begun.err);
    // A PATH with nothing but infractl on it.
    let alone = place.folder.path("alone");
    std::fs::create_dir(&alone).unwrap();
    symlink(BIN, alone.join("infractl")).unwrap();
    let script = format!(
        "ALONE={}\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n{{ :\n{before}\n}} > ../before 2>&1\n{line}",
        alone.display()
    );
    let run = place.run("you", &script);
    let said = format!("{}{}", run.out, run.err);
    let before = place.folder.read("work/before");
    assert_eq!(run.code, entry.code, "{}: {said}\n{before}", entry.title);
    for line in &entry.lines {
        assert!(holds(&said, line), "{}: `{line}` was not printed:\n{said}\n{before}", entry.title);
    }
}

#[test]
fn every_message_of_the_page_is_printed_when_it_is_provoked() {
    let all = entries(include_str!("../../docs/troubleshooting.md"));
    assert!(all.len() > 30 && all.len() == PROVOKED.len(), "{} and {}", all.len(), PROVOKED.len());
    std::thread::scope(|scope| {
        for some in all.chunks(all.len().div_ceil(4)) {
            scope.spawn(move || some.iter().for_each(provoke));
        }
    });
}
