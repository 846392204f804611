//! Folders become repositories of a real Gitea.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::common::{Run, Sandbox, processes, send, start, wait_for};
use crate::forge::{Gitea, git, project, unique};

/// A step that publishes these folders for `boss`.
fn step(gitea: &Gitea, folders: &str, more: &str) -> String {
    let url = &gitea.url;
    format!(
        "  {{ name = \"publish\", timeout = \"2m\", publish = {{ server = \"{url}\", forge = \"gitea\", owner = \"boss\", \
         token = \"TOKEN\", folders = [{folders}]{more} }} }},"
    )
}

fn go(project: &Sandbox) -> Run {
    project.infractl(&["pipeline", "lab", "go"])
}

#[test]
fn a_folder_becomes_a_repository_and_only_differences_are_pushed() {
    let Some(gitea) = Gitea::shared() else { return };
    let name = format!("gitops-{}", unique());
    let capture = format!(
        "  {{ name = \"publish\", publish = {{ server = \"{}\", forge = \"gitea\", owner = \"boss\", token = \"TOKEN\", \
         folders = [\"infra/{name}\"], suffix = \"-helm\" }}, capture = {{ revision = {{ json = \".{name}-helm\" }} }} }},\n\
         {{ command = [\"sh\", \"-c\", \"printf %s {{{{value.revision}}}} >ignored-revision\"], secrets = [] }},",
        gitea.url
    );
    let project = project(&gitea.token, &capture);
    let repository = format!("boss/{name}-helm");
    let file = |path: &str| format!("infra/{name}/{path}");
    project.write(file("Chart.yaml"), "name: x\n");
    project.write(file("templates/a file.yaml"), "a\n");
    project.write(file("ignored.log"), "never\n");
    project.script(file("hook.sh"), "#!/bin/sh\n");
    symlink("Chart.yaml", project.path(file("link"))).unwrap();
    git(&project, &["add", "-A"]);
    git(&project, &["commit", "-qm", "first"]);
    project.write(file("new.yaml"), "not known to git\n");
    project.write(file("staged.yaml"), "staged\n");
    git(&project, &["add", &file("staged.yaml")]);
    let before = (
        git(&project, &["status", "--porcelain"]),
        git(&project, &["ls-files", "--stage"]),
        project.read(".git/config"),
    );

    let dry = project.infractl(&["pipeline", "lab", "go", "--dry-run"]).code(0);
    dry.prints(&format!("# {name}-helm: would be created, with 6 files"));
    assert_eq!(gitea.api("GET", &format!("repos/{repository}"), None).0, 404, "a dry run makes nothing");

    go(&project).code(0).says(&format!("{name}-helm: created, 6 files at "));
    let head = gitea.git(&repository, &["rev-parse", "main"]);
    assert_eq!(project.read("ignored-revision"), head);
    let listed = gitea.git(&repository, &["ls-tree", "-r", "--format=%(objectmode) %(path)", "main"]);
    assert_eq!(
        listed,
        "100644 Chart.yaml\n100755 hook.sh\n120000 link\n100644 new.yaml\n100644 staged.yaml\n100644 templates/a file.yaml"
    );
    let (status, about) = gitea.api("GET", &format!("repos/{repository}"), None);
    assert_eq!((status, &about["private"], &about["default_branch"]), (200, &true.into(), &"main".into()));

    go(&project).code(0).says(&format!("{name}-helm: unchanged at "));
    assert_eq!(gitea.git(&repository, &["rev-parse", "main"]), head);
    assert_eq!(project.read("ignored-revision"), head);

    fs::remove_file(project.path(file("new.yaml"))).unwrap();
    fs::remove_file(project.path(file("Chart.yaml"))).unwrap();
    fs::set_permissions(project.path(file("hook.sh")), fs::Permissions::from_mode(0o644)).unwrap();
    let dry = project.infractl(&["pipeline", "lab", "go", "--dry-run"]).code(0);
    dry.prints("would be updated, 3 files: Chart.yaml, hook.sh, new.yaml");
    go(&project).code(0).says("updated, 3 files at ");
    assert_eq!(gitea.git(&repository, &["log", "--format=%an %s", "main"]).lines().count(), 2);
    assert_eq!(gitea.git(&repository, &["rev-parse", "main^"]), head, "on top of what was there");
    project.write(file("Chart.yaml"), "name: x\n");
    fs::set_permissions(project.path(file("hook.sh")), fs::Permissions::from_mode(0o755)).unwrap();
    project.write(file("new.yaml"), "not known to git\n");
    let after = (
        git(&project, &["status", "--porcelain"]),
        git(&project, &["ls-files", "--stage"]),
        project.read(".git/config"),
    );
    assert!(before == after, "{before:?}\n{after:?}");
    project.assert_no_canary_on_disk();
    assert_eq!(fs::read_dir(project.path(".infractl/publish")).unwrap().count(), 0);
}

#[test]
fn twenty_are_published_side_by_side_and_the_token_is_seen_nowhere() {
    let Some(gitea) = Gitea::shared() else { return };
    let names: Vec<String> = (0..20).map(|_| format!("many-{}", unique())).collect();
    let folders = names.iter().map(|name| format!("\"apps/{name}\"")).collect::<Vec<_>>().join(", ");
    let project = project(&gitea.token, &step(gitea, &format!("{folders}, \"apps/empty\""), ""))
        .with_var("GIT_TRACE_CURL", "1")
        .with_var("GIT_TRACE_CURL_NO_DATA", "0")
        .with_var("GIT_CURL_VERBOSE", "1")
        .with_var("GIT_TRACE", "1");
    for name in &names {
        project.write(format!("apps/{name}/values.yaml"), &format!("name: {name}\n"));
    }
    project.write("apps/empty/ignored", "");
    let is_over = AtomicBool::new(false);
    let encoded = base64_of(&format!("oauth2:{}", gitea.token));
    let project = project.hiding(&[&encoded]);
    let seen = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut seen = BTreeSet::new();
            while !is_over.load(Ordering::Relaxed) {
                seen.extend(processes(&gitea.token));
                seen.extend(processes(&encoded));
                std::thread::sleep(Duration::from_millis(1));
            }
            seen
        });
        let run = go(&project)
            .code(1)
            .says("`apps/empty` has no files that git would take")
            .says("could not be published");
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(run.err.matches(": created, 1 file at ").count(), 20, "{}", run.err);
        watcher.join().unwrap()
    });
    assert!(seen.is_empty(), "the token is in an argument: {seen:?}");
    for name in &names {
        assert_eq!(
            gitea.git(&format!("boss/{name}"), &["show", "main:values.yaml"]),
            format!("name: {name}")
        );
    }
    assert_eq!(
        gitea.api("GET", "repos/boss/empty", None).0,
        404,
        "what cannot be published leaves nothing behind"
    );
    project.assert_no_canary_on_disk();
    // Once more, with nothing new.
    project.write("apps/empty/x", "");
    let again = go(&project).code(0);
    assert_eq!(again.err.matches(": unchanged at ").count(), 20, "{}", again.err);
}

fn base64_of(text: &str) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(text)
}

#[test]
fn two_runs_at_once_end_well_and_lose_nothing() {
    let Some(gitea) = Gitea::shared() else { return };
    let name = format!("race-{}", unique());
    let text = step(gitea, &format!("\"{name}\""), "");
    let projects: Vec<Sandbox> = (0..4).map(|_| project(&gitea.token, &text)).collect();
    for (at, project) in projects.iter().enumerate() {
        // Two of them have the same files.
        project.write(format!("{name}/file"), &format!("{}\n", at / 2));
    }
    let running: Vec<_> =
        projects.iter().map(|project| start(&mut project.command(&["pipeline", "lab", "go"]))).collect();
    for (project, child) in projects.iter().zip(running) {
        project.ended(Run::ended(child.wait_with_output().unwrap()), 0);
    }
    let commits = gitea.git(&format!("boss/{name}"), &["log", "--format=%T", "main"]);
    let trees: Vec<&str> = commits.lines().collect();
    assert!((2..=4).contains(&trees.len()), "{trees:?}");
    assert!(trees.windows(2).all(|pair| pair[0] != pair[1]), "a commit without a difference: {trees:?}");
}

#[test]
fn a_protected_branch_takes_no_push_and_that_is_said() {
    let Some(gitea) = Gitea::shared() else { return };
    let name = format!("kept-{}", unique());
    let project = project(&gitea.token, &step(gitea, &format!("\"{name}\""), ""));
    project.write(format!("{name}/file"), "one\n");
    go(&project).code(0);
    let rule = "{\"rule_name\":\"main\",\"enable_push\":false}";
    assert_eq!(gitea.api("POST", &format!("repos/boss/{name}/branch_protections"), Some(rule)).0, 201);
    go(&project).code(0).says("unchanged");
    project.write(format!("{name}/file"), "two\n");
    go(&project).code(1).says("protected branch main").says("let the owner of the token push to `main`");
    assert_eq!(gitea.git(&format!("boss/{name}"), &["show", "main:file"]), "one");
    let other = step(gitea, &format!("\"{name}\""), ", branch = \"next\"");
    project.environment("lab", &format!("[pipelines]\ngo = [\n{other}\n]\n"));
    go(&project).code(0).says("created");
    let (_, about) = gitea.api("GET", &format!("repos/boss/{name}"), None);
    assert_eq!(about["default_branch"], "main", "what was the default stays so");
    let default = step(gitea, &format!("\"{name}\""), ", branch = \"next\", default-branch = true");
    project.environment("lab", &format!("[pipelines]\ngo = [\n{default}\n]\n"));
    go(&project).code(0).says("unchanged");
    assert_eq!(gitea.api("GET", &format!("repos/boss/{name}"), None).1["default_branch"], "next");
}

#[test]
fn a_token_that_may_not_is_told_what_it_lacks() {
    let Some(gitea) = Gitea::shared() else { return };
    let user = format!("ada{}", unique());
    let body = format!(
        "{{\"username\":\"{user}\",\"email\":\"{user}@example.org\",\"password\":\"first-{user}\",\"must_change_password\":false}}"
    );
    assert_eq!(gitea.api("POST", "admin/users", Some(&body)).0, 201);
    let owned = |token: &str, owner: &str| {
        let text = step(gitea, "\"app\"", "").replace("\"boss\"", &format!("\"{owner}\""));
        let project = project(token, &text);
        project.write("app/file", "x\n");
        project
    };
    // Nobody's.
    go(&owned("0123456789abcdef0123456789abcdef01234567", &user))
        .code(1)
        .says("does not know the token")
        .says("write:repository");
    // One that reads.
    let (reads, _) = gitea.token(&user, "\"read:repository\",\"read:user\"");
    go(&owned(&reads, &user)).code(1).says("does not let this token make").says("write:repository");
    // One that was revoked after it had worked.
    let (good, name) = gitea.token(&user, "\"write:repository\",\"write:user\"");
    let project = owned(&good, &user);
    go(&project).code(0).says("created, 1 file");
    gitea.revoke(&user, &name);
    go(&project).code(1).says("does not know the token").says("revoked");
    let (good, _) = gitea.token(&user, "\"write:repository\",\"write:user\"");
    // With one user's token for another, and for nobody.
    go(&owned(&good, "boss")).code(1).says("`boss/app`");
    go(&owned(&gitea.token, &format!("nobody{user}"))).code(1).says("finds nothing to make");
    // An administrator makes it for somebody else.
    let other = owned(&gitea.token, &user);
    other.write(
        "environments/lab/environment.toml",
        &other.read("environments/lab/environment.toml").replace("folders", "name = \"given\", folders"),
    );
    go(&other).code(0).says("given: created");
    assert_eq!(gitea.api("GET", &format!("repos/{user}/given"), None).0, 200);
}

#[test]
fn an_organisation_owns_what_is_published_for_it() {
    let Some(gitea) = Gitea::shared() else { return };
    let owner = format!("org{}", unique());
    assert_eq!(gitea.api("POST", "orgs", Some(&format!("{{\"username\":\"{owner}\"}}"))).0, 201);
    let text =
        step(gitea, "\"app\"", ", visibility = \"public\"").replace("\"boss\"", &format!("\"{owner}\""));
    let project = project(&gitea.token, &text);
    project.write("app/file", "x\n");
    go(&project).code(0).says("created, 1 file");
    let (_, about) = gitea.api("GET", &format!("repos/{owner}/app"), None);
    assert_eq!((&about["private"], &about["owner"]["login"]), (&false.into(), &owner.as_str().into()));
}

#[test]
fn a_run_that_was_stopped_or_killed_is_done_to_its_end_by_the_next() {
    let Some(gitea) = Gitea::shared() else { return };
    for (at, signal) in [(1, Signal::INT), (3, Signal::KILL), (9, Signal::TERM), (6, Signal::KILL)] {
        let names: Vec<String> = (0..12).map(|_| format!("cut-{}", unique())).collect();
        let folders = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let project = project(&gitea.token, &step(gitea, &folders, ""));
        for name in &names {
            project.write(format!("{name}/file"), name);
        }
        let child = start(&mut project.command(&["pipeline", "lab", "go"]));
        wait_for("some are there", || {
            let is_there = |name: &&String| gitea.api("GET", &format!("repos/boss/{name}"), None).0 == 200;
            names.iter().filter(is_there).count() >= at
        });
        send(&child, signal);
        let ended = child.wait_with_output().unwrap();
        if signal == Signal::INT {
            assert!(matches!(ended.status.code(), Some(130 | 0)), "{ended:?}");
        }
        // What a killed run has started ends by itself, and is waited for.
        project.infractl(&["pipeline", "lab", "go", "--lock-wait", "1m"]).code(0);
        for name in &names {
            let repository = format!("boss/{name}");
            assert_eq!(gitea.git(&repository, &["show", "main:file"]), *name);
            assert_eq!(gitea.git(&repository, &["rev-list", "--count", "main"]), "1");
        }
        project.assert_no_canary_on_disk();
    }
}

#[test]
fn what_is_secret_is_not_published() {
    let Some(gitea) = Gitea::shared() else { return };
    let name = format!("safe-{}", unique());
    let project = project(&gitea.token, &step(gitea, &format!("\"{name}\""), ""));
    for (file, text, why) in [
        ("values.yaml", format!("a: 1\ntoken: {}\n", gitea.token), "value of the secret `TOKEN`, in line 2"),
        ("key.pem", "-----BEGIN PRIVATE KEY-----\nabc\n".to_owned(), "a private key"),
        (".infractl/history", "x".to_owned(), ""),
    ] {
        project.write(format!("{name}/{file}"), &text);
        if why.is_empty() {
            // Ignored, as everywhere.
            project.write(format!("{name}/good"), "x\n");
            go(&project).code(0).says("created, 1 file");
        } else {
            go(&project).code(1).says(why).says(&format!("allow = [\"{name}/{file}\"]"));
            assert_eq!(gitea.api("GET", &format!("repos/boss/{name}"), None).0, 404);
        }
        fs::remove_file(project.path(format!("{name}/{file}"))).unwrap();
    }
    project.write(format!("{name}/test.pem"), "-----BEGIN PRIVATE KEY-----\nfor tests\n");
    let allowed = step(gitea, &format!("\"{name}\""), &format!(", allow = [\"{name}/test.pem\"]"));
    project.environment("lab", &format!("[pipelines]\ngo = [\n{allowed}\n]\n"));
    go(&project).code(0).says("updated, 1 file");
    git(&project, &["init", "-q", &format!("{name}/inner")]);
    project.write(format!("{name}/inner/file"), "x\n");
    go(&project).code(1).says("inner` is a repository of its own");
}

#[test]
fn a_folder_of_this_machine_takes_repositories_without_a_forge() {
    let text = "  { publish = { forge = \"none\", server = \"served\", owner = \"lab\", folders = [\"app\"] }, capture = { at = { json = \".app\" } } },\n\
                  { command = [\"sh\", \"-c\", \"printf %s {{value.at}} >at\"], secrets = [] },";
    let project = project("CANARY-7f3a-none", text);
    project.write("app/file", "x\n");
    project
        .infractl(&["pipeline", "lab", "go", "--dry-run"])
        .code(0)
        .prints("# app: would be created, with 1 file");
    assert!(!project.path("served").exists());
    go(&project).code(0).says("created, 1 file");
    let served = format!("--git-dir={}", project.path("served/lab/app.git").display());
    let head = git(&project, &[&served, "rev-parse", "HEAD"]);
    assert_eq!(head, project.read("at"));
    go(&project).code(0).says("unchanged");
    project.write("app/file", "y\n");
    go(&project).code(0).says("updated, 1 file");
    assert_eq!(git(&project, &[&served, "show", "HEAD:file"]), "y");
    // Outside of git too.
    fs::remove_dir_all(project.path(".git")).unwrap();
    project.write("app/.gitignore", "drop\n");
    project.write("app/drop", "x\n");
    go(&project).code(0).says("updated, 1 file");
    let listed = git(&project, &[&served, "ls-tree", "--name-only", "HEAD"]);
    assert_eq!(listed, ".gitignore\nfile");
}
