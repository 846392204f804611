//! Configurations that were torn, misspelt, turned inside out: refused with their place, or right; never a panic.

use std::fs::{self, File};
use std::process::Stdio;
use std::time::{Duration, Instant};

use regex::Regex;

use crate::common::Sandbox;
use crate::rounds::rounds;

mod mutation;

/// An answer that takes longer is none.
const LONGEST: Duration = Duration::from_secs(20);

/// Verbs that read the configuration and do nothing of what stands in it.
const LOOKS: &[&[&str]] = &[
    &["deploy", "dev", "--dry-run"],
    &["deploy", "dev", "--print"],
    &["up", "dev", "--dry-run"],
    &["env", "list"],
    &["env", "show", "dev", "--origin"],
    &["validate", "dev"],
    &["genenv", "dev", "--print"],
    &["output", "dev"],
    &["stop", "dev", "--dry-run"],
    &["secrets", "check"],
];

#[test]
fn mutated() {
    let place = Regex::new(r"environments/(dev/environment|defaults)\.toml:\d+:\d+").unwrap();
    let whole = look(&project(&mutation::whole()), &["env", "show", "dev"]);
    assert_eq!(whole.0, 0, "{}", whole.1);
    let (mut refused, mut right) = (0, 0);
    rounds(60, |_, numbers| {
        let files = mutation::mutated(numbers);
        let project = project(&files);
        let show = look(&project, &["env", "show", "dev"]);
        let other = LOOKS[numbers.below(LOOKS.len())];
        let looked = look(&project, other);
        let texts =
            files.iter().map(|file| String::from_utf8_lossy(file)).collect::<Vec<_>>().join("\n---\n");
        let told = |(code, said): &(i32, String)| format!("exit {code}:\n{said}\n--- of\n{texts}");
        for (looked, words) in [(&show, &["env", "show", "dev"][..]), (&looked, other)] {
            assert!([0, 1, 64, 65, 69, 78].contains(&looked.0), "{words:?}: {}", told(looked));
            assert!(!looked.1.contains("has a bug"), "{words:?}: {}", told(looked));
        }
        if show.0 == 78 {
            refused += 1;
            assert!(place.is_match(&show.1), "no place: {}", told(&show));
            assert!(
                looked.0 != 0 || ["env", "secrets"].contains(&other[0]),
                "{other:?} is content: {}",
                told(&show)
            );
        } else {
            right += 1;
            assert!([0, 64].contains(&show.0), "{}", told(&show));
        }
    });
    println!("{refused} were refused, {right} were right");
}

fn project(files: &[Vec<u8>; 2]) -> Sandbox {
    let project = Sandbox::empty();
    project.write("environments/defaults.toml", &files[0]);
    project.write("environments/dev/environment.toml", &files[1]);
    project.write("docker-compose.yml", "services: {}\n");
    project.write("ansible/site.yml", "[]\n");
    project.write(".gitignore", "shared/\n");
    fs::create_dir(project.path("shared")).unwrap();
    project
}

/// How it ends, and all it says.
fn look(project: &Sandbox, words: &[&str]) -> (i32, String) {
    let said = project.home.path("said");
    let file = File::create(&said).unwrap();
    let mut command = project.command(words);
    command.stdout(Stdio::from(file.try_clone().unwrap())).stderr(file);
    let (mut child, begun) = (command.spawn().unwrap(), Instant::now());
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > LONGEST {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(1));
    };
    (status.code().unwrap_or(-1), String::from_utf8_lossy(&fs::read(said).unwrap()).into_owned())
}
