//! The walk of docs/secrets.md, as it is written there.

use crate::common::{BIN, Person, Repo, Run};

/// Runs every `alice$ ...` and `bob$ ...` line of the page, in order, and looks for the output lines that follow.
#[test]
fn the_walk_of_the_page_works_as_it_is_written() {
    let page = include_str!("../../docs/secrets.md");
    let repo = Repo::new();
    let (alice, bob) = (Person::new("alice"), Person::new("bob"));
    let bin = alice.home.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(BIN, bin.join("infractl")).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let walk = page.split("## A walk").nth(1).unwrap().split("\n## ").next().unwrap();
    let (mut output, mut steps, mut inside) = (String::new(), 0, false);
    for line in walk.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
            continue;
        }
        if !inside {
            continue;
        }
        let command = line.split_once("$ ").filter(|(who, _)| ["alice", "bob"].contains(who));
        if let Some((who, command)) = command {
            let person = if who == "alice" { &alice } else { &bob };
            let (command, code) = match command.rsplit_once("   # exit ") {
                Some((command, code)) => (command, code.parse().unwrap()),
                None => (command, 0),
            };
            let mut shell = person.command("bash", repo.root());
            let run = Run::in_clear(shell.args(["-c", command]).env("PATH", &path));
            output = format!("{}{}", run.out, run.err);
            assert_eq!(run.code, code, "{line}\n{output}");
            steps += 1;
        } else if !line.is_empty() {
            for part in line.split("...").filter(|part| !part.trim().is_empty()) {
                assert!(output.contains(part.trim()), "`{line}` was not printed:\n{output}");
            }
        }
    }
    assert!(steps >= 20, "{steps} steps");
}
