//! `promote`, `rollback` and `[rollout]`, as far as no registry is needed.

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Sandbox, send, start, wait_for};
use crate::deployments::{commit, deployments, git, project};

/// What runs is written down where it stays, wherever the files of the release are.
const DEFAULTS: &str = "[pipelines]\n\
    deploy = [\"test ! -e $LEFT/slow || exec sleep 60\", \"if test -e $LEFT/broken; then rm -f $LEFT/once && test ! -e $LEFT/always && rm $LEFT/broken; exit 1; fi\", \"cp VERSION $LEFT/{{environment}}\", \"pwd > $LEFT/where; test ! -e $LEFT/late || exec sleep 60\"]\n\
    verify = { steps = [{ command = \"test ! -e $LEFT/sick\", effect = \"reads\" }] }\n";

/// `dev` and `rec`, which takes releases from it.
fn chain(more: &str, promotion: &str) -> Sandbox {
    let project = project("");
    project.environment("rec", "");
    let defaults = format!("{DEFAULTS}[promotion]\nrec = {{ from = \"dev\"{promotion} }}\n{more}");
    project.write("environments/defaults.toml", &defaults);
    project.write("left/.keep", "");
    let left = project.path("left");
    project.with_var("LEFT", left)
}

/// Private folders with the files of a release that are there.
fn laid_out(project: &Sandbox) -> usize {
    let entries = std::fs::read_dir(project.path(".infractl/releases")).into_iter().flatten().flatten();
    // One that was killed before anything was in it goes later.
    let has_files = |folder: std::path::PathBuf| folder.read_dir().is_ok_and(|mut all| all.next().is_some());
    let folders = entries.filter(|entry| has_files(entry.path())).count();
    let known = git(project, &["worktree", "list", "--porcelain"]).matches("worktree ").count();
    assert_eq!(known, folders + 1, "git knows of those that are there");
    folders
}

/// Commits and tags a release.
fn release(project: &Sandbox, version: &str) -> String {
    project.write("VERSION", version);
    let id = commit(project, &format!("feat: what {version} brings"));
    git(project, &["tag", "-a", "-m", version, version]);
    id
}

fn deploy(project: &Sandbox, environment: &str) {
    project.infractl(&["deploy", environment]).code(0);
    project.infractl(&["verify", environment]).code(0);
}

#[test]
fn a_release_goes_on_when_it_may() {
    let project = chain("", ", needs = [\"verify\"]");
    release(&project, "v1.0.0");
    project.infractl(&["promote", "dev", "rec"]).code(1).says("nothing was deployed to `dev` yet");
    project.infractl(&["promote", "rec", "rec"]).code(64);
    project.infractl(&["promote", "rec", "dev"]).code(1).says("nothing was deployed to `rec` yet");
    project.infractl(&["deploy", "dev"]).code(0);
    project.infractl(&["promote", "dev", "rec"]).code(1).says("v1.0.0 is not verified in `dev`");
    let check = project.infractl(&["promote", "dev", "rec", "--check"]).code(2);
    check.prints("dev has v1.0.0").says("not yet: v1.0.0 is not verified");
    project.infractl(&["verify", "dev"]).code(0);
    project.infractl(&["promote", "dev", "rec"]).code(0);
    assert_eq!(project.read("left/rec"), "v1.0.0");
    let record = &deployments(&project, "rec")[0];
    assert_eq!(
        (&record["from"], &record["verb"], &record["release"]),
        (&"dev".into(), &"promote".into(), &"v1.0.0".into())
    );
    project.infractl(&["history"]).code(0).prints("promote");
    project.infractl(&["promote", "dev", "rec", "--check"]).code(0);
    project.infractl(&["promote", "dev", "rec"]).code(0).says("`rec` runs v1.0.0 already");
    assert_eq!(deployments(&project, "rec").len(), 1);

    let two = release(&project, "v1.1.0");
    deploy(&project, "dev");
    let check = project.infractl(&["promote", "dev", "rec", "--check"]).code(2);
    check.prints("rec has v1.0.0: 1 commit").prints(&format!("{} feat: what v1.1.0 brings", &two[..12]));
    let json = project.infractl(&["promote", "dev", "rec", "--check", "--output", "json"]).code(2);
    let json: Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (&json["behind"], &json["runs"], &json["release"]),
        (&true.into(), &"v1.0.0".into(), &"v1.1.0".into())
    );
    // Its configuration has to be there.
    project.write("VERSION", "v1.2.0");
    project.infractl(&["promote", "dev", "rec"]).code(1).says("git checkout v1.1.0");
    release(&project, "v1.2.0");
    project.infractl(&["promote", "dev", "rec"]).code(1).says("v1.2.0 is checked out, not v1.1.0");
    git(&project, &["checkout", "--quiet", "v1.1.0"]);
    project.infractl(&["promote", "dev", "rec"]).code(0);
    // What is newer there is not replaced by something older.
    git(&project, &["checkout", "--quiet", "main"]);
    project.infractl(&["deploy", "rec"]).code(0);
    project.infractl(&["promote", "dev", "rec"]).code(1).says("infractl rollback rec --to v1.1.0");
    // Nor does what has failed go on, or what nobody knows.
    project.write("left/broken", "");
    project.infractl(&["deploy", "dev"]).code(1);
    project.infractl(&["promote", "dev", "rec"]).code(1).says("the last deployment to `dev` (v1.2.0) failed");
    let file = project.path(".infractl/deployments/dev.jsonl");
    let text = std::fs::read_to_string(&file).unwrap().replacen(
        "\"event\":\"verified\"",
        "\"event\":\"blessed\"",
        1,
    );
    std::fs::write(&file, text).unwrap();
    project.infractl(&["promote", "dev", "rec"]).code(1).says("records of `dev` are not whole");
}

#[test]
fn age_snapshot_and_the_way_are_asked_for() {
    let project = chain("", ", needs = [\"snapshot\"], age = \"1h\"");
    release(&project, "v1.0.0");
    deploy(&project, "dev");
    let run = project.infractl(&["promote", "dev", "rec"]).code(1);
    run.says("made no snapshot").says("must run in `dev` for 1h");
    project.environment("prod", "protected = true\n[promotion]\nprod = { from = \"rec\" }\n");
    project.infractl(&["promote", "dev", "prod"]).code(64).says("infractl promote rec prod");
    project.environment("prod", "protected = true\n");
    commit(&project, "chore: prod");
    deploy(&project, "dev");
    project.infractl(&["promote", "dev", "prod"]).code(77).says("--confirm prod");
    project.infractl(&["promote", "dev", "prod", "--confirm", "prod"]).code(0);
    for wrong in ["needs = [\"luck\"]", "age = \"soon\"", "form = \"dev\""] {
        project.environment("rec", &format!("[promotion]\nrec = {{ from = \"dev\", {wrong} }}\n"));
        project.infractl(&["promote", "dev", "rec"]).code(78).says("environments/rec/environment.toml:2:");
    }
}

#[test]
fn one_promotion_at_a_time() {
    let project = chain("", "");
    release(&project, "v1.0.0");
    deploy(&project, "dev");
    project.write("left/slow", "");
    let mut first = start(&mut project.command(&["promote", "dev", "rec"]));
    let records = project.path(".infractl/deployments/rec.jsonl");
    wait_for("the promotion to begin", || records.exists());
    project.infractl(&["promote", "dev", "rec"]).code(75).says("`rec` is busy");
    send(&first, Signal::INT);
    first.wait().unwrap();
    assert_eq!(deployments(&project, "rec")[0]["outcome"], "interrupted");
    std::fs::remove_file(project.path("left/slow")).unwrap();
    project.infractl(&["promote", "dev", "rec"]).code(0);
    assert_eq!(project.read("left/rec"), "v1.0.0");
}

#[test]
fn an_environment_goes_back_to_what_it_had() {
    let project = chain("", "");
    for version in ["v1.0.0", "v1.1.0"] {
        release(&project, version);
        deploy(&project, "dev");
    }
    project.infractl(&["rollback"]).code(64);
    project.infractl(&["rollback", "rec"]).code(1).says("nothing was deployed yet");
    project.infractl(&["rollback", "rec", "--list"]).code(0).says("nothing to go back to");
    project.infractl(&["rollback", "dev", "--to", "v3.0.0"]).code(1).says("v3.0.0 was never deployed here");
    project.infractl(&["rollback", "dev", "--to", "v1.1.0"]).code(1).says("v1.1.0 is what runs");
    let list = project.infractl(&["rollback", "dev", "--list"]).code(0);
    list.prints("it runs").prints("v1.0.0");
    let kept = project.infractl(&["rollback", "dev", "--to", "v1.0.0", "--keep-configuration"]).code(0);
    kept.says("the configuration is not that of v1.0.0: 1 file changed (`VERSION`)");
    assert_eq!(project.read("left/dev"), "v1.1.0", "the files are those that are checked out");
    let record = &deployments(&project, "dev")[0];
    assert_eq!((&record["release"], &record["verb"]), (&"v1.0.0".into(), &"rollback".into()));
    git(&project, &["checkout", "--quiet", "v1.1.0"]);
    project.infractl(&["deploy", "dev"]).code(0);
    project.infractl(&["rollback", "dev", "--dry-run"]).code(0);
    assert_eq!((laid_out(&project), project.read("left/dev")), (0, "v1.1.0".to_owned()));
    // What is checked out, and what nobody has committed, stays as it is.
    project.write("VERSION", "mine");
    project.infractl(&["rollback", "dev"]).code(0).says("goes back to v1.0.0");
    assert_eq!((project.read("left/dev"), project.read("VERSION")), ("v1.0.0".to_owned(), "mine".to_owned()));
    assert!(project.read("left/where").contains("/.infractl/releases/infractl-run-"));
    assert_eq!(laid_out(&project), 0);
    git(&project, &["checkout", "--quiet", "VERSION"]);
    // Not to and fro: what was left once is not offered.
    project.infractl(&["rollback", "dev"]).code(1).says("left once");
    // A pipeline of the project's own has the verb.
    project.environment("rec", "[pipelines]\nrollback = \"touch left/own\"\n");
    project.infractl(&["rollback", "rec"]).code(0);
    assert!(project.path("left/own").exists());
}

#[test]
fn a_schema_that_does_not_go_back_wants_a_word() {
    let project = chain("", "");
    release(&project, "v1.0.0");
    deploy(&project, "dev");
    project.environment("dev", "[release]\nmigrations = \"forward-only\"\n");
    release(&project, "v1.1.0");
    deploy(&project, "dev");
    project
        .infractl(&["rollback", "dev"])
        .code(1)
        .says("`v1.1.0` changed the schema")
        .says("--accept-schema")
        .says("--restore-snapshot NAME");
    let nothing =
        project.infractl(&["rollback", "dev", "--restore-snapshot", "shop-dev-db-20260101T000000Z"]);
    nothing.code(64).says("has no snapshot");
    project
        .infractl(&["rollback", "dev", "--list"])
        .code(0)
        .prints("with --accept-schema: v1.1.0 changed it");
    project.infractl(&["rollback", "dev", "--accept-schema"]).code(0);
    assert_eq!(project.read("left/dev"), "v1.0.0");
}

#[test]
fn a_deployment_that_fails_goes_back_once() {
    let project = chain("[rollout]\non-failure = \"rollback\"\n", "");
    release(&project, "v1.0.0");
    project.infractl(&["deploy", "dev"]).code(0);
    project.write("left/broken", "");
    project.infractl(&["deploy", "dev"]).code(1).says("did not go back: no other deployment was verified");
    deploy(&project, "dev");
    release(&project, "v1.1.0");
    project.write("left/broken", "");
    project.infractl(&["deploy", "dev"]).code(1).says("`dev` goes back to v1.0.0").says("runs v1.0.0 again");
    let all = deployments(&project, "dev");
    let told = |at: usize| (all[at]["verb"].clone(), all[at]["release"].clone(), all[at]["outcome"].clone());
    assert_eq!(told(0), ("rollback".into(), "v1.0.0".into(), "done".into()));
    assert_eq!(told(1), ("deploy".into(), "v1.1.0".into(), "failed".into()));
    assert_eq!(all[0]["leaves"], all[1]["number"]);
    // One that fails as well is not tried again, and both are told.
    project.write("left/broken", "");
    project.write("left/always", "");
    let count = deployments(&project, "dev").len();
    project.infractl(&["deploy", "dev"]).code(1).says("it did not go back: ");
    assert_eq!(deployments(&project, "dev").len(), count + 2);
}

#[test]
fn a_release_that_cannot_be_laid_out_is_refused_and_says_what_to_do() {
    let project = chain("", "");
    release(&project, "v1.0.0");
    deploy(&project, "dev");
    project.write("environments/dev/environment.toml", "description = \"of today\"\n");
    release(&project, "v1.1.0");
    deploy(&project, "dev");
    let ways = |run: crate::common::Run| run.code(1).says("git checkout v1.0.0").says("--keep-configuration");
    let records = project.path(".infractl/deployments/dev.jsonl");
    let written = std::fs::read(&records).unwrap();

    // A clone that has not all commits; the record goes by the commit, not by the tag.
    let clone = format!("file://{}", project.root().display());
    git(&project, &["clone", "--quiet", "--depth", "1", &clone, "left/shallow"]);
    let there = project.path("left/shallow/.infractl");
    std::fs::create_dir_all(&there).unwrap();
    let copy = std::process::Command::new("cp")
        .arg("-r")
        .arg(project.path(".infractl/deployments"))
        .arg(&there)
        .status();
    assert!(copy.unwrap().success());
    let shallow = project.path("left/shallow");
    let shallow = project.infractl(&["-C", shallow.to_str().unwrap(), "rollback", "dev"]).code(1);
    shallow.says("is not in this repository").says("git fetch --unshallow").says("--keep-configuration");
    git(&project, &["tag", "-d", "v1.0.0"]);
    project.infractl(&["rollback", "dev", "--dry-run"]).code(0);

    // Submodules would be empty.
    let first = git(&project, &["rev-parse", "HEAD~1"]);
    let with = |path: &str, text: &str| {
        git(&project, &["checkout", "--quiet", &first]);
        project.write(path, text);
        let id = commit(&project, "chore: odd");
        git(&project, &["checkout", "--quiet", "main"]);
        let odd = String::from_utf8(written.clone()).unwrap().replace(&first, &id);
        std::fs::write(&records, odd).unwrap();
        project.infractl(&["rollback", "dev", "--to", "v1.0.0"])
    };
    ways(with(".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = y\n")).says("submodules");
    git(&project, &["checkout", "--quiet", "--force", "main"]);
    with("environments/dev/environment.toml", "of-tomorrow = true\n")
        .code(78)
        .says("--keep-configuration")
        .says("this is the configuration of v1.0.0, which this infractl cannot read")
        .says("unknown key `of-tomorrow`");
    let compose = "[pipelines]\ndeploy = [{ compose = { up = true } }]\n";
    ways(with("environments/dev/environment.toml", compose)).says("`compose` on this machine");
    let terraform = "[terraform]\ndir = \".\"\n[pipelines]\ndeploy = [{ do = \"apply\" }]\n";
    project.write("main.tf", "output \"a\" {\n  value = 1\n}\n");
    ways(with("environments/dev/environment.toml", terraform)).says("the state of terraform is a file");
    assert_eq!(laid_out(&project), 0);
    assert_eq!(project.read("left/dev"), "v1.1.0", "nothing was done");
}

/// Kills a verb where it is, and does it again: what is written down is right then, and nothing is left.
fn killed_and_done_again(project: &Sandbox, verb: &[&str], environment: &str, wanted: &str) {
    let count = deployments(project, environment).len();
    let mut killed = 0;
    // Before the first step has ended, before the last one has, and between all of them.
    for point in ["slow", "late", "5", "20", "60", "120", "200", "300"] {
        let is_step = point.parse::<u64>().is_err();
        if is_step {
            project.write(format!("left/{point}"), "");
        }
        let mut run = start(&mut project.command(verb));
        if let Ok(millis) = point.parse() {
            std::thread::sleep(std::time::Duration::from_millis(millis));
        } else {
            let begun = count + killed;
            wait_for("the deployment to begin", || {
                // What the killed run has started may still hold its lock.
                if let Some(ended) = run.try_wait().unwrap() {
                    let said = std::io::read_to_string(run.stderr.take().unwrap()).unwrap();
                    assert_eq!(ended.code(), Some(75), "{said}");
                    run = start(&mut project.command(verb));
                }
                let file = project.path(format!(".infractl/deployments/{environment}.jsonl"));
                let text = std::fs::read_to_string(file).unwrap_or_default();
                let is_there = text.matches("\"event\":\"began\"").count() > begun;
                is_there && (point == "slow" || project.path("left/where").exists())
            });
        }
        send(&run, Signal::KILL);
        run.wait().unwrap();
        let all = deployments(project, environment);
        killed = all.len() - count;
        if is_step {
            assert_eq!(
                (&all[0]["outcome"], &all[0]["verb"]),
                (&"running".into(), &verb[0].into()),
                "{point}"
            );
            std::fs::remove_file(project.path(format!("left/{point}"))).unwrap();
        }
        drop(std::fs::remove_file(project.path("left/where")));
    }
    let again = project.infractl(verb);
    // The last kill can come after the end.
    let is_done_already = ["already", "is what runs"].iter().any(|text| again.err.contains(text));
    assert!(again.code == 0 || is_done_already, "{}", again.err);
    assert_eq!(project.read(format!("left/{environment}")), wanted);
    let all = deployments(project, environment);
    assert_eq!((&all[0]["outcome"], &all[0]["release"]), (&"done".into(), &wanted.into()), "{all:?}");
    assert_eq!(laid_out(project), 0);
    project.infractl(&["history", "deployments", environment]).code(0);
}

#[test]
fn a_promotion_and_a_rollback_that_were_killed_are_done_again() {
    let project = chain("", ", needs = [\"verify\"]");
    release(&project, "v1.0.0");
    deploy(&project, "dev");
    project.infractl(&["promote", "dev", "rec"]).code(0);
    project.infractl(&["verify", "rec"]).code(0);
    release(&project, "v1.1.0");
    deploy(&project, "dev");
    killed_and_done_again(&project, &["promote", "dev", "rec"], "rec", "v1.1.0");
    killed_and_done_again(&project, &["rollback", "rec", "--to", "v1.0.0"], "rec", "v1.0.0");
}

#[test]
fn a_frozen_environment_takes_nothing_until_somebody_says_so() {
    let project = chain("[rollout]\non-failure = \"freeze\"\n", "");
    release(&project, "v1.0.0");
    deploy(&project, "dev");
    project.write("left/broken", "");
    project.infractl(&["deploy", "dev"]).code(1).says("infractl unlock dev --thaw");
    for verb in [&["deploy", "dev"][..], &["rollback", "dev", "--keep-configuration", "--to", "v1.0.0"]] {
        project.infractl(verb).code(75).says("`dev` is frozen: `deploy` of v1.0.0 failed");
    }
    project.infractl(&["status"]).code(0).prints("dev: frozen: ");
    project.infractl(&["verify", "dev"]).code(0);
    project.infractl(&["unlock", "dev", "--thaw"]).code(77);
    project.infractl(&["unlock", "dev", "--thaw", "--confirm", "dev"]).code(0).says("allowed again");
    project.infractl(&["unlock", "dev", "--thaw", "--yes"]).code(0).says("`dev` is not frozen");
    project.infractl(&["deploy", "dev"]).code(0);
}

#[test]
fn a_job_of_a_forge_goes_back_from_what_its_own_run_deployed() {
    let project = chain("", "");
    let job = |run: &str, args: &[&str]| {
        let mut command = project.command(args);
        command.envs([("GITLAB_CI", "true"), ("CI_PROJECT_ID", "12"), ("CI_PIPELINE_ID", run)]);
        crate::common::Run::of(&mut command)
    };
    let back = ["rollback", "rec", "--keep-configuration", "--of-this-run", "--yes", "--confirm", "rec"];
    project.infractl(&back).code(64).says("no job of a forge");
    job("1", &back).code(0).says("nothing was deployed yet");
    release(&project, "v1.0.0");
    job("1", &["deploy", "rec"]).code(0);
    job("1", &["verify", "rec"]).code(0);
    assert_eq!(deployments(&project, "rec")[0]["job"], "gitlab 12 1");
    job("1", &back).code(0).says("v1.0.0 was verified");

    // What is not of this run stays, whatever became of it.
    release(&project, "v1.1.0");
    job("2", &["deploy", "rec"]).code(0);
    job("3", &back).code(0).says("this run deployed nothing since v1.1.0");
    // What came after the deployment failed.
    job("2", &back).code(0).says("goes back to v1.0.0");
    job("2", &back).code(0).says("this run went back to v1.0.0 already");
    assert_eq!(deployments(&project, "rec").len(), 3);

    // A run that goes back by itself does not go back twice.
    let file = project.read("environments/defaults.toml");
    project.write("environments/defaults.toml", &format!("{file}[rollout]\non-failure = \"rollback\"\n"));
    release(&project, "v1.2.0");
    project.write("left/broken", "");
    project.write("left/once", "");
    job("4", &["deploy", "rec"]).code(1);
    assert_eq!(deployments(&project, "rec").len(), 5);
    job("4", &back).code(0).says("this run went back to v1.0.0 already");
    assert_eq!(deployments(&project, "rec").len(), 5);
}
