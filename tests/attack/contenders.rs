//! Many at once on the same files and the same lock.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Stdio};

use crate::common::{BIN, CANARY, Person, Repo, Sandbox, start, wait_for};
use crate::rounds::count;

/// So many on a small machine with others at work.
const FEW: u64 = 12;

fn started(person: &Person, repo: &Repo, words: &str) -> Child {
    let mut command = person.command(BIN, repo.root());
    command.args(words.split(' ')).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn contenders_for_files_lose_nothing() {
    let (repo, alice) = Repo::with_secrets();
    let many = count(FEW);
    let keys: Vec<String> = (0..many)
        .map(|number| {
            let file = alice.home.path().join(format!("key{number}"));
            let words = format!("secrets keygen --no-rules --key-file {}", file.display());
            let words: Vec<&str> = words.split(' ').collect();
            alice.infractl(&repo, &words).code(0).out.trim().to_owned()
        })
        .collect();
    let words = |number: u64| match number % 6 {
        0 => format!("secrets set dev N{number} --value v{number}"),
        1 => format!("secrets keygen --append --name k{number}"),
        2 => format!("secrets recipients add {}", keys[usize::try_from(number).unwrap()]),
        3 => "secrets rotate dev common".to_owned(),
        4 => format!("secrets set credentials/new/x.enc.env N{number} --value v{number}"),
        _ => "secrets updatekeys".to_owned(),
    };
    let all: Vec<(u64, Child)> =
        (0..many).map(|number| (number, started(&alice, &repo, &words(number)))).collect();
    for (number, child) in all {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}: {said}", words(number));
    }
    let of = |kind: u64| (0..many).filter(move |number| number % 6 == kind);
    for number in of(0) {
        assert_eq!(alice.get(&repo, "dev", &format!("N{number}")), format!("v{number}"));
    }
    for number in of(4) {
        assert_eq!(
            alice.get(&repo, "credentials/new/x.enc.env", &format!("N{number}")),
            format!("v{number}")
        );
    }
    assert_eq!(alice.get(&repo, "dev", "API_KEY"), format!("{CANARY}dev-API_KEY"));
    let own = fs::read_to_string(alice.home.path().join(".config/sops/age/keys.txt")).unwrap();
    assert_eq!(own.matches("AGE-SECRET-KEY-1").count() as u64, 1 + of(1).count() as u64);
    alice.infractl(&repo, &["secrets", "updatekeys"]).code(0);
    let added = of(2).map(|number| keys[usize::try_from(number).unwrap()].as_str());
    let made = own.lines().filter_map(|line| line.strip_prefix("# public key: "));
    for key in added.chain(made) {
        for file in [
            ".sops.yaml",
            "credentials/dev.enc.env",
            "credentials/common.enc.env",
            "credentials/new/x.enc.env",
        ] {
            assert!(repo.read(file).contains(key), "{key} is not in {file}");
        }
    }
    alice.infractl(&repo, &["secrets", "check", "--deep"]).code(0);
    println!("{many} at once, nothing lost");
}

/// A stand-in for terraform that works until it may end.
const TOOL: &str = r#"#!/bin/sh
case "$1" in
  state) echo '{"version":4,"serial":1,"outputs":{"x":{"value":"1","type":"string"}}}' ;;
  apply)
    echo run >>"$PLACE/runs"
    for i in $(seq 3000); do [ -e "$PLACE/go" ] && break; sleep 0.02; done ;;
esac
"#;

#[test]
fn contenders_for_the_lock_are_busy_but_one() {
    let project = Sandbox::empty();
    project.write("environments/dev/main.tf", "output \"x\" { value = 1 }\n");
    let tool = project.script("tool", TOOL);
    project.write("environments/defaults.toml", &format!("[terraform]\nprogram = \"{}\"\n", tool.display()));
    project.write(".gitignore", "shared/\n");
    fs::create_dir(project.path("shared")).unwrap();
    let place = project.root().to_owned();
    let project = project.with_var("PLACE", place);
    let many = usize::try_from(count(FEW)).unwrap();
    let mut all: Vec<Child> = (0..many).map(|_| start(&mut project.command(&["apply", "dev"]))).collect();
    let over = |all: &mut Vec<Child>| all.iter_mut().filter_map(|child| child.try_wait().unwrap()).count();
    wait_for("all but one", || over(&mut all) == many - 1);
    project.write("go", "");
    let mut codes = BTreeMap::<Option<i32>, usize>::new();
    for mut child in all {
        *codes.entry(child.wait().unwrap().code()).or_default() += 1;
    }
    assert_eq!(codes, [(Some(0), 1), (Some(75), many - 1)].into());
    assert_eq!(project.read("runs"), "run\n");
    assert!(project.read("shared/.env.dev").contains("X=1"));
    project.infractl(&["apply", "dev"]).code(0).never_says("left behind");
    println!("1 of {many} had the lock");
}
