//! What GitLab does and a small forge does not: shown by a fake of it, with real pushes.

use std::time::Instant;

use crate::common::{Run, Sandbox, processes};
use crate::forge::{Gitlab, project};

fn step(gitlab: &Gitlab, folders: &str, more: &str) -> String {
    let url = &gitlab.url;
    format!(
        "  {{ name = \"publish\", publish = {{ server = \"{url}\", token = \"TOKEN\", folders = [{folders}]{more} }} }},"
    )
}

fn go(project: &Sandbox) -> Run {
    project.run(&["pipeline", "lab", "go"], 0)
}

fn of(gitlab: &Gitlab, more: &str) -> Sandbox {
    let project = project(&gitlab.token, &step(gitlab, "\"app\"", more));
    project.write("app/file", "one\n");
    project
}

#[test]
fn a_gitlab_that_starts_is_waited_for_and_one_that_is_busy_left_alone() {
    let Some(gitlab) = Gitlab::start() else { return };
    let project = of(&gitlab, ", owner = \"infra/lab\", visibility = \"internal\"");
    gitlab.faults("{\"unready\": 3}");
    go(&project).says("GitLab is not ready (status 502 Bad Gateway)").says("created, 1 file");
    assert_eq!(gitlab.git("infra/lab/app", &["show", "main:file"]), "one");
    gitlab.faults("{\"busy\": 2}");
    let begun = Instant::now();
    go(&project).says("429 Too Many Requests").says("unchanged");
    assert!(begun.elapsed().as_millis() > 1900, "{:?}", begun.elapsed());
    // It becomes unready between the API and git.
    project.write("app/file", "two\n");
    gitlab.faults("{\"unready\": 0, \"busy\": 0}");
    go(&project).says("updated, 1 file");
    gitlab.faults("{\"unready\": 1000000}");
    let text = step(&gitlab, "\"app\"", "").replace("publish\",", "publish\", timeout = \"5s\",");
    project.environment("lab", &format!("[pipelines]\ngo = [\n{text}\n]\n"));
    project.run(&["pipeline", "lab", "go"], 1).says("waited in vain for GitLab").says("longer `timeout`");
}

#[test]
fn what_somebody_else_has_made_meanwhile_is_taken_and_what_is_just_made_is_waited_for() {
    let Some(gitlab) = Gitlab::start() else { return };
    let project = of(&gitlab, "");
    gitlab.faults("{\"late\": 2}");
    go(&project).says("again in").says("created, 1 file");
    // It is there, and the first look does not see it: making it is answered by `has already been taken`.
    gitlab.faults("{\"unseen\": 2, \"late\": 0}");
    project.write("app/file", "two\n");
    go(&project).says("updated, 1 file");
    let asked = gitlab.faults("{}")["asked"].to_string();
    assert_eq!(asked.matches("POST /api/v4/projects\"").count(), 3, "{asked}");
    gitlab.faults("{\"unseen\": 1000}");
    project.run(&["pipeline", "lab", "go"], 1).says("`root/app` is taken, and this token may not see it");
    assert_eq!(gitlab.git("root/app", &["rev-list", "--count", "main"]), "2");
}

#[test]
fn the_branch_that_gitlab_protects_by_itself_is_no_obstacle_unless_nobody_may_push() {
    let Some(gitlab) = Gitlab::start() else { return };
    let project = of(&gitlab, ", branch = \"trunk\"");
    go(&project).says("created");
    assert_eq!(gitlab.git("root/app", &["symbolic-ref", "HEAD"]), "refs/heads/trunk");
    project.write("app/file", "two\n");
    go(&project).says("updated, 1 file");
    project.write("app/file", "three\n");
    gitlab.faults("{\"nobody\": 1}");
    let said = project.run(&["pipeline", "lab", "go"], 1);
    said.says("not allowed to push code to protected branches")
        .says("let the owner of the token push to `trunk`");
}

#[test]
fn a_token_is_taken_of_a_file_or_of_a_step_before_and_seen_nowhere() {
    let Some(gitlab) = Gitlab::start() else { return };
    let url = &gitlab.url;
    let text = format!(
        "  {{ name = \"make\", command = [\"sh\", \"-c\", \"cat key-of-lab\"], secrets = [], capture = {{ made = {{ line = 1, secret = true }} }} }},\n\
         {{ publish = {{ server = \"{url}\", token = \"{{{{value.made}}}}\", folders = [\"app\"] }} }},\n\
         {{ publish = {{ server = \"{url}\", token-file = \"key-of-lab\", folders = [\"other\"] }} }},"
    );
    let project = project(&gitlab.token, &text);
    project.write("app/file", "x\n");
    project.write("other/file", "y\n");
    // Where nothing of the test is searched.
    let outside = crate::common::Folder::new();
    outside.write("key", &format!("{}\n", gitlab.token));
    std::os::unix::fs::symlink(outside.path("key"), project.path("key-of-lab")).unwrap();
    let run = project.infractl(&["pipeline", "lab", "go"]).code(0);
    run.says("created, 1 file").says("others may read it");
    assert!(
        processes(&gitlab.token).iter().all(|line| line.contains("gitlab.py")),
        "the fake alone has it as an argument"
    );
    assert_eq!(gitlab.git("root/other", &["show", "main:file"]), "y");
    std::fs::remove_file(project.path("key-of-lab")).unwrap();
    project
        .infractl(&["pipeline", "lab", "go", "--only", "publish other"])
        .code(1)
        .says("there is no file `key-of-lab`");
}

#[test]
fn what_is_written_wrong_is_said_where_it_stands() {
    for (table, code, said) in [
        ("{ publish = { server = \"https://h\", folders = [\"app\"] } }", 78, "without a token"),
        (
            "{ publish = { server = \"https://h\", token = \"glpat-in clear\", folders = [\"app\"] } }",
            78,
            "`token` is not the name of a secret",
        ),
        (
            "{ publish = { server = \"https://h\", token = \"T\", token-file = \"t\", folders = [\"app\"] } }",
            78,
            "beside `token`",
        ),
        (
            "{ publish = { server = \"https://h\", forge = \"gitea\", token = \"T\", folders = [\"app\"] } }",
            78,
            "add `owner",
        ),
        (
            "{ publish = { server = \"https://h\", token = \"T\", folders = [\"a/x\", \"b/x\"] } }",
            78,
            "two folders would be the repository `x`",
        ),
        (
            "{ publish = { server = \"https://h\", token = \"T\", folders = [\"app\", \"b\"], name = \"n\" } }",
            78,
            "`name` is that of one repository",
        ),
        (
            "{ publish = { server = \"https://h\", token = \"TOKEN\", folders = [\"none\"] } }",
            78,
            "there is no folder `none`",
        ),
        (
            "{ publish = { server = \"gitlab\", token = \"TOKEN\", folders = [\"app\"] } }",
            78,
            "is no address of a forge",
        ),
        (
            "{ publish = { server = \"http://127.0.0.1:1\", token = \"TOKEN\", folders = [\"app\"] }, timeout = \"1s\" }",
            1,
            "waited in vain for GitLab",
        ),
    ] {
        let project = project("CANARY-7f3a-wrong", &format!("  {table},"));
        project.write("app/file", "x\n");
        project.run(&["pipeline", "lab", "go"], code).says(said);
    }
    let project = project(
        "CANARY-7f3a-open",
        "  { publish = { server = \"http://gitlab.invalid\", token = \"TOKEN\", folders = [\"app\"] }, timeout = \"1s\" },",
    );
    project.write("app/file", "x\n");
    project.run(&["pipeline", "lab", "go"], 1).says("sends its token where others on the way can read it");
    project.run(&["pipeline", "lab", "go", "--print"], 64).says("has no script");
}
