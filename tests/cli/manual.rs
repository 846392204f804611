//! `infractl help TOPIC`: the manual that is in the program.

use crate::common::{Sandbox, Terminal};

#[test]
fn pages_are_shown_without_a_project_and_a_verb_keeps_its_help() {
    let project = Sandbox::empty();
    let page = include_str!("../../docs/locks.md");
    for topic in ["locks", "locks.md", "docs/locks.md", "LOCKS"] {
        assert_eq!(project.infractl(&["help", topic]).code(0).out, page, "{topic}");
    }
    // Flags of every verb may stand before it.
    project.infractl(&["-q", "help", "rotate-a-key"]).code(0).prints("# Rotate an age key");
    project.infractl(&["help", "signals"]).code(0).prints("Ctrl-C");
    project.infractl(&["help", "variables"]).code(0).prints("INFRACTL_AGE_KEY");
    // A verb and a page of one name.
    let verb = project.infractl(&["help", "ci"]).code(0);
    assert!(
        verb.out.contains("Usage: infractl ci") && verb.out.contains("Manual: `infractl help ci.md`"),
        "{}",
        verb.out
    );
    assert_eq!(project.infractl(&["ci", "--help"]).code(0).out, verb.out);
    project.infractl(&["help", "secrets", "set"]).code(0).prints("Usage: infractl secrets set");
    assert_eq!(project.infractl(&["help", "ci.md"]).code(0).out, include_str!("../../docs/ci.md"));
    let all = project.infractl(&["help", "topics"]).code(0);
    for topic in ["locks", "ci.md", "config.md", "rotate-a-key", "troubleshooting"] {
        assert!(
            all.out.lines().any(|line| line.split_whitespace().next() == Some(topic)),
            "{topic}: {}",
            all.out
        );
    }
    assert!(!project.path(".infractl").exists(), "reading leaves no run");
}

#[test]
fn an_unknown_topic_leads_to_one() {
    let project = Sandbox::empty();
    let run = project.infractl(&["help", "lock"]).code(64);
    run.says("no verb and no page of the manual is called `lock`").says("help: type `infractl help locks`");
    project
        .infractl(&["help", "canary"])
        .code(64)
        .says("read `infractl help traffic.md`, which speaks of it");
    project.infractl(&["help", "zzzz"]).code(64).says("list the pages: `infractl help topics`");
    project.infractl(&["help", "locks", "ci"]).code(64).says("one page at a time");
    // What was an error stays one.
    project.infractl(&["help", "secrets", "nonsense"]).code(64).says("unrecognized subcommand 'nonsense'");
    project.infractl(&["secrets", "help", "locks"]).code(64).says("unrecognized subcommand 'locks'");
    // For programs the page is a document like any other.
    let json = project.infractl(&["--output", "json", "help", "locks"]).code(0);
    assert!(json.out.contains(r##"{"event":"data","text":"# Locks\n"##), "{}", json.out);
}

#[test]
fn at_a_terminal_a_pager_gets_the_page_as_wide_as_that() {
    let mut project = Sandbox::empty();
    let pager = project.script("pager", "#!/bin/sh\ncat > shown; echo \"less is $LESS\" >> shown\n");
    project.vars.push(("PAGER".to_owned(), pager.into_os_string()));
    let run = |project: &Sandbox| {
        let mut terminal = Terminal::of(&project.command(&["help", "traffic.md"]));
        terminal.child.wait().unwrap()
    };
    assert!(run(&project).success());
    let shown = project.read("shown");
    assert!(shown.contains("Blue/green, canary, maintenance") && shown.ends_with("less is FRX\n"), "{shown}");
    assert!(!shown.contains("|---|") && !shown.contains("```"), "{shown}");
    // One that is not there costs nothing but itself.
    project.vars = vec![("PAGER".to_owned(), "no-such-pager".into())];
    let mut terminal = Terminal::of(&project.command(&["help", "locks"]));
    terminal.sees("Two runs that change the same environment");
    assert_eq!(terminal.end().0, 0);
}

#[test]
fn what_other_tools_call_things_is_a_line_that_is_understood() {
    use clap::CommandFactory as _;
    let page = include_str!("../../docs/coming-from.md");
    let placeholder = |line: &str| {
        line.replace("CMD", "true")
            .replace("KEY", "age1x")
            .replace("FILE", "credentials/dev.enc.env")
            .replace("ADDRESS", "a.b")
    };
    let mut seen = 0;
    for row in page.lines().filter(|line| line.starts_with('|')) {
        for line in row.split('`').filter(|part| part.starts_with("infractl ")) {
            let words = shell_words::split(&placeholder(line)).unwrap();
            // A pipeline of the project's own is a verb of the project.
            let read = infractl::testing::commands::Cli::command().try_get_matches_from(&words);
            let is_help = read.as_ref().is_err_and(|error| !error.use_stderr())
                || words.get(1).is_some_and(|word| word == "help");
            assert!(read.is_ok() || is_help, "{line}: {}", read.unwrap_err());
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen}");
}
