//! `ci generate`, `ci matrix`, `ci comment`, `ci issue`: the file that a forge runs, comments and issues, against a fake forge: a
//! small server that keeps both in memory and answers as GitHub and GitLab say they do.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::common::{Asked, CANARY, Run, Sandbox, output};

const SUM: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// A project with these environments and this `[ci]`.
fn project(environments: &[&str], ci: &str) -> Sandbox {
    let project = Sandbox::empty();
    output(Command::new("git").args(["init", "-q", "-b", "main"]).current_dir(project.root()));
    for name in environments {
        project.environment(name, "");
    }
    set(&project, ci);
    project
}

fn set(project: &Sandbox, ci: &str) {
    let program = format!("infractl = {{ version = \"0.1.0\", sha256 = \"{SUM}\" }}");
    project.write("environments/defaults.toml", &format!("[ci]\n{program}\n{ci}"));
}

const DEV: &str = "forge = \"github\"\nmain = [{ env = \"dev\", run = [\"apply\"] }]\n";
const FILE: &str = ".github/workflows/infractl.yml";

#[test]
fn a_file_is_written_once_and_what_became_of_it_is_told() {
    let project = project(&["dev"], DEV);
    project.infractl(&["ci", "generate", "--check"]).code(2).says("is missing");
    project.infractl(&["ci", "generate", "--dry-run"]).code(0).says("would write");
    project.infractl(&["ci", "generate"]).code(0).says("wrote .github/workflows/infractl.yml");
    let first = project.read(FILE);
    project.infractl(&["ci", "generate"]).code(0).says("is up to date");
    project.infractl(&["ci", "generate", "--check"]).code(0);
    assert_eq!(project.read(FILE), first, "the same bytes");

    set(&project, &format!("{DEV}nightly = [\"drift --all\"]\n"));
    let older = project.infractl(&["ci", "generate", "--check"]).code(2);
    older.says("is not what the configuration says now").prints("+         run: infractl drift --all");
    project.infractl(&["ci", "generate"]).code(0);
    let written = project.read(FILE);

    let by_hand = written.replace("infractl apply dev", "infractl apply dev --yes");
    project.write(FILE, &by_hand);
    for args in [&["ci", "generate", "--check"][..], &["ci", "generate"]] {
        let run = project.infractl(args).code(2).says("was changed by hand");
        run.prints("-         run: infractl apply dev --yes\n+         run: infractl apply dev\n");
    }
    assert_eq!(project.read(FILE), by_hand, "nothing is lost");
    project.infractl(&["ci", "generate", "--force"]).code(0);
    assert_eq!(project.read(FILE), written);

    project.write(FILE, "on: push\n");
    for args in [&["ci", "generate"][..], &["ci", "generate", "--force"], &["ci", "generate", "--check"]] {
        project.infractl(args).code(1).says("infractl has not written it");
    }
    assert_eq!(project.read(FILE), "on: push\n");
}

#[test]
fn a_project_below_the_top_of_its_repository_works_there() {
    let project = project(&[], "");
    std::fs::remove_dir_all(project.path("environments")).unwrap();
    project.write("infra/environments/dev/environment.toml", "");
    let ci = format!("[ci]\ninfractl = {{ version = \"0.1.0\", sha256 = \"{SUM}\" }}\n{DEV}");
    project.write("infra/environments/defaults.toml", &ci);
    project.infractl(&["-C", "infra", "ci", "generate"]).code(0);
    assert!(project.read(FILE).contains("working-directory: infra"));
}

#[test]
fn what_cannot_run_is_refused_where_it_stands() {
    let project = project(&["dev", "prod"], "");
    project.environment("prod", "protected = true\n");
    let refused = |ci: &str, says: &str| {
        set(&project, ci);
        let run = project.infractl(&["ci", "generate"]).code(78).says(says);
        run.says("environments/defaults.toml:");
    };
    refused("forge = \"github\"\nnightly = [\"drift --al\"]\n", "unexpected argument '--al' found");
    refused("forge = \"github\"\nnightly = [\"drift --shard 0/2\"]\n", "would be refused");
    refused("forge = \"github\"\nmerge-request = [\"apply dev\"]\n", "what is proposed changes nothing");
    refused("forge = \"github\"\nmain = [{ env = \"prod\", run = [\"apply\"] }]\n", "nobody is asked before");
    refused(
        "forge = \"github\"\nmain = [{ env = \"dev\", run = [\"apply --plan\"] }]\n",
        "who may read them",
    );
    refused("forge = \"github\"\nmain = [{ env = \"nope\", run = [\"apply\"] }]\n", "nope");
    refused("forge = \"bitbucket\"\n", "bitbucket");
    refused("forge = \"github\"\n", "names nothing to run");
    project.write("environments/defaults.toml", "");
    project.infractl(&["ci", "generate"]).code(78).says("there is no `[ci]`");
    project.environment("dev", "[ci]\nforge = \"github\"\n");
    project.infractl(&["plan", "dev"]).code(78).says("`ci` is about all environments");
    assert!(!project.path(FILE).exists());
}

#[test]
fn a_matrix_is_one_line_of_json() {
    let project = project(&["dev", "on", "prod", "rec"], "");
    project.write("environments/defaults.toml", "");
    let matrix = |args: &[&str]| -> Value {
        let run = project.infractl(&[&["ci", "matrix"], args].concat()).code(0);
        assert_eq!(run.out.lines().count(), 1);
        serde_json::from_str(&run.out).unwrap()
    };
    assert_eq!(matrix(&[])["environments"], json!(["dev", "on", "prod", "rec"]));
    let shared = matrix(&["--shards", "3"]);
    let shards = shared["shards"].as_array().unwrap();
    let mut inside: Vec<&str> = Vec::new();
    for shard in shards {
        assert!(shard["shard"].as_str().unwrap().ends_with("/3"));
        inside.extend(shard["environments"].as_array().unwrap().iter().filter_map(Value::as_str));
    }
    inside.sort_unstable();
    assert_eq!(inside, ["dev", "on", "prod", "rec"], "disjoint and complete");

    let git = |args: &[&str]| {
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
        output(Command::new("git").args(who).args(args).current_dir(project.root()))
    };
    git(&["add", "-A"]);
    git(&["commit", "-qm", "all"]);
    project.environment("rec", "protected = true\n");
    assert_eq!(matrix(&["--changed-since", "HEAD"])["environments"], json!(["rec"]));
    git(&["commit", "-qam", "rec"]);
    assert_eq!(matrix(&["--changed-since", "HEAD"]), json!({ "environments": [], "shards": [] }));
    project.infractl(&["ci", "matrix", "--changed-since", "nope"]).code(64);
}

/// The fake forge: it keeps comments, and first gives the answers that were prepared.
struct Forge {
    url: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    comments: Vec<(u64, String)>,
    issues: Vec<Issue>,
    /// The methods of what was asked.
    asked: Vec<String>,
    /// Status and header lines, before it works.
    prepared: Vec<&'static str>,
}

/// An issue of the fake forge; those that are none are pull requests.
#[derive(Debug, Clone, PartialEq)]
struct Issue {
    title: String,
    text: String,
    is_open: bool,
    is_pull_request: bool,
}

impl Forge {
    fn new(prepared: &[&'static str]) -> Forge {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State { prepared: prepared.to_vec(), ..State::default() }));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                answer(stream, &mut shared.lock().unwrap());
            }
        });
        Forge { url, state }
    }

    fn comments(&self) -> Vec<String> {
        self.state.lock().unwrap().comments.iter().map(|(_, text)| text.clone()).collect()
    }

    fn issues(&self) -> Vec<Issue> {
        self.state.lock().unwrap().issues.clone()
    }

    /// The methods of what was asked.
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }
}

fn answer(mut stream: TcpStream, state: &mut State) {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let Some(asked) = Asked::read(&stream) else { return };
    state.asked.push(asked.method.clone());
    let (status, text) = if state.prepared.is_empty() {
        works(&asked, state)
    } else {
        (state.prepared.remove(0).to_owned(), "{\"message\":\"no \\u001b[31mway\"}".to_owned())
    };
    let answer =
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{text}", text.len());
    let _ = stream.write_all(answer.as_bytes());
}

/// As the two forges do: a token, pages of 100, one comment by its number.
fn works(asked: &Asked, state: &mut State) -> (String, String) {
    let is = |header: &str, value: String| asked.headers.get(header) == Some(&value);
    if !is("authorization", format!("Bearer {CANARY}token")) && !is("private-token", format!("{CANARY}token"))
    {
        return ("401 Unauthorized".to_owned(), "{\"message\":\"Bad credentials\"}".to_owned());
    }
    let (method, path) = (asked.method.as_str(), asked.address.as_str());
    let text = || serde_json::from_slice::<Value>(&asked.body).unwrap()["body"].as_str().unwrap().to_owned();
    if !path.contains("/comments") && !path.contains("/notes") {
        return issues(asked, state);
    }
    match method {
        "GET" => {
            let page =
                path.split_once("&page=").unwrap().1.split('&').next().unwrap().parse::<usize>().unwrap();
            let page = state.comments.iter().skip((page - 1) * 100).take(100);
            let page: Vec<Value> = page.map(|(id, text)| json!({ "id": id, "body": text })).collect();
            ("200 OK".to_owned(), json!(page).to_string())
        }
        "POST" => {
            let id = 1000 + state.comments.len() as u64;
            state.comments.push((id, text()));
            ("201 Created".to_owned(), json!({ "id": id }).to_string())
        }
        _ => {
            let id: u64 = path.rsplit('/').next().unwrap().parse().unwrap();
            state.comments.iter_mut().find(|(known, _)| *known == id).unwrap().1 = text();
            ("200 OK".to_owned(), "{}".to_owned())
        }
    }
}

/// The issues of both: GitHub calls the text `body`, and has pull requests among them; GitLab calls it `description`.
fn issues(asked: &Asked, state: &mut State) -> (String, String) {
    let is_gitlab = asked.headers.contains_key("private-token");
    let (number, text) = if is_gitlab { ("iid", "description") } else { ("number", "body") };
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    let word = |key: &str| body[key].as_str().map(str::to_owned);
    match asked.method.as_str() {
        "GET" => {
            let open = if is_gitlab { "state=opened" } else { "state=open&" };
            assert!(asked.address.contains(open), "{}", asked.address);
            let page: usize =
                asked.address.split_once("&page=").unwrap().1.split('&').next().unwrap().parse().unwrap();
            let numbered = state.issues.iter().enumerate().filter(|(_, issue)| issue.is_open);
            let all = numbered.map(|(at, issue)| {
                let mut shown = json!({ number: at + 1, text: issue.text });
                if issue.is_pull_request {
                    shown["pull_request"] = json!({});
                }
                shown
            });
            ("200 OK".to_owned(), all.skip((page - 1) * 100).take(100).collect::<Value>().to_string())
        }
        "POST" => {
            let (title, text) = (word("title").unwrap(), word(text).unwrap());
            state.issues.push(Issue { title, text, is_open: true, is_pull_request: false });
            ("201 Created".to_owned(), "{}".to_owned())
        }
        method => {
            assert_eq!(method, if is_gitlab { "PUT" } else { "PATCH" });
            let at: usize = asked.address.rsplit('/').next().unwrap().parse().unwrap();
            let issue = &mut state.issues[at - 1];
            issue.text = word(text).unwrap_or_else(|| issue.text.clone());
            let closed = if is_gitlab { ("state_event", "close") } else { ("state", "closed") };
            issue.is_open &= word(closed.0).as_deref() != Some(closed.1);
            ("200 OK".to_owned(), "{}".to_owned())
        }
    }
}

/// `ci comment -` in a job of this forge.
fn comment(project: &Sandbox, forge: &Forge, name: &str, args: &[&str], text: &str) -> Run {
    said(project, forge, name, &[&["ci", "comment", "-"], args].concat(), text)
}

/// A call in a job of this forge, with this on standard input.
fn said(project: &Sandbox, forge: &Forge, name: &str, words: &[&str], text: &str) -> Run {
    let mut command = project.command(words);
    let token = format!("{CANARY}token");
    match name {
        "github" => command
            .envs([
                ("GITHUB_ACTIONS", "true"),
                ("GITHUB_REPOSITORY", "acme/shop"),
                ("GITHUB_REF", "refs/pull/7/merge"),
            ])
            .envs([
                ("GITHUB_TOKEN", token.as_str()),
                ("GITHUB_API_URL", &forge.url),
                ("INFRACTL_GROUP", "1"),
            ]),
        _ => command
            .envs([("GITLAB_CI", "true"), ("CI_PROJECT_ID", "12"), ("CI_MERGE_REQUEST_IID", "7")])
            .envs([("GITLAB_TOKEN", token.as_str()), ("CI_API_V4_URL", &forge.url)]),
    };
    Run::with_input(&mut command, text)
}

#[test]
fn there_is_one_comment_and_it_is_changed_in_place() {
    for name in ["github", "gitlab"] {
        let (project, forge) = (Sandbox::empty(), Forge::new(&[]));
        let other = (0..250).map(|id| (id, format!("see <!-- infractl: plan --> {id}"))).collect();
        forge.state.lock().unwrap().comments = other;
        comment(&project, &forge, name, &[], "# one\n").code(0).says("commented on");
        assert_eq!(forge.asked(), ["GET", "GET", "GET", "POST"], "{name}");
        assert_eq!(forge.comments()[250], "<!-- infractl: plan -->\n# one\n");
        comment(&project, &forge, name, &[], "# one\n").code(0).says("said already");
        assert_eq!(forge.asked(), ["GET", "GET", "GET"], "{name}");
        comment(&project, &forge, name, &[], "# two\n").code(0).says("the comment was changed");
        assert_eq!(forge.asked(), ["GET", "GET", "GET", if name == "github" { "PATCH" } else { "PUT" }]);
        comment(&project, &forge, name, &["--name", "drift"], "# drift\n").code(0);
        let all = forge.comments();
        assert_eq!(all.len(), 252);
        assert_eq!(
            (all[250].as_str(), all[251].as_str()),
            ("<!-- infractl: plan -->\n# two\n", "<!-- infractl: drift -->\n# drift\n")
        );
    }
}

#[test]
fn secrets_are_out_and_a_long_text_is_cut_between_lines() {
    let (secret, forge) = (format!("{CANARY}database"), Forge::new(&[]));
    let project = Sandbox::empty().with_secrets(&[("PASSWORD", &secret)]);
    project.environment("dev", "");
    let lines: Vec<String> =
        (0..3000).map(|at| format!("line {at} {secret} {CANARY}token \u{1b}[31mred")).collect();
    let text = format!("```text\n{}\n```\n", lines.join("\n"));
    comment(&project, &forge, "github", &[], &text).code(0);
    let said = forge.comments().remove(0);
    assert!(!said.contains(CANARY) && !said.contains('\u{1b}'), "{said}");
    assert!(said.len() <= 60_000 && said.contains("line 0 *** *** ") && said.contains("_Cut: "));
    assert_eq!(said.matches("```").count(), 2);
}

#[test]
fn what_a_forge_has_against_it_is_told() {
    let project = Sandbox::empty();
    let once = |prepared: &'static str| comment(&project, &Forge::new(&[prepared]), "github", &[], "x");
    once("401 Unauthorized").code(1).says("does not know the token of GITHUB_TOKEN (401 Unauthorized: no");
    once("403 Forbidden").code(1).says("pull-requests: write");
    once("404 Not Found").code(1).says("has no pull request 7, or none that this token may see");
    once("422 Unprocessable Entity").code(1).says("refuses to comment on");
    once("429 Too Many Requests\r\nretry-after: 4000").code(1).says("run this job again in 4000 s");
    comment(&project, &Forge::new(&["403 Forbidden"]), "gitlab", &[], "x")
        .code(1)
        .says("`CI_JOB_TOKEN` cannot comment");

    let forge = Forge::new(&[
        "429 Too Many Requests\r\nretry-after: 1",
        "403 Forbidden\r\nretry-after: 1",
        "502 Bad Gateway\r\nretry-after: 0",
    ]);
    let started = Instant::now();
    comment(&project, &forge, "github", &[], "x").code(0).says("again in 1 s");
    assert!(started.elapsed() >= Duration::from_secs(2), "it waits as long as it is asked to");
    assert_eq!(forge.comments().len(), 1);

    let forge = Forge::new(&["503 Service Unavailable\r\nretry-after: 0"; 9]);
    comment(&project, &forge, "github", &[], "x").code(1).says("GitHub is not well (503 Service Unavailable");
    assert_eq!(forge.asked().len(), 4);
}

#[test]
fn there_is_one_issue_opened_changed_and_closed() {
    for name in ["github", "gitlab"] {
        let (project, forge) = (Sandbox::empty(), Forge::new(&[]));
        let mark = "<!-- infractl: drift -->";
        let other = |at: usize| Issue {
            title: "x".to_owned(),
            text: format!("see {mark} {at}"),
            is_open: true,
            is_pull_request: false,
        };
        let mut before: Vec<Issue> = (0..150).map(other).collect();
        before.push(Issue { text: format!("{mark}\nold"), is_open: false, ..other(0) });
        before.push(Issue { text: format!("{mark}\nproposed"), is_pull_request: true, ..other(0) });
        if name == "gitlab" {
            before.pop();
        }
        forge.state.lock().unwrap().issues.clone_from(&before);
        let at = before.len();
        let issue = |args: &[&str], text: &str| {
            said(&project, &forge, name, &[&["ci", "issue", "-"], args].concat(), text).code(0)
        };
        issue(&[], "\n").says("nothing to say, and nothing open");
        issue(&["--title", "It drifts"], "# one\n").says("opened one");
        forge.asked();
        issue(&[], "# one\n").says("said already");
        assert_eq!(forge.asked(), ["GET", "GET"], "{name}");
        issue(&[], "# two\n").says("changed one");
        issue(&["--leave-open"], "").says("stays open");
        issue(&["--name", "other"], "# other\n").says("opened one");
        let all = forge.issues();
        assert_eq!(all.len(), at + 2);
        assert_eq!(
            all[at],
            Issue {
                title: "It drifts".to_owned(),
                text: format!("{mark}\n# two\n"),
                is_open: true,
                is_pull_request: false
            }
        );
        assert_eq!((all[at + 1].title.as_str(), all[at + 1].is_open), ("infractl: other", true));
        issue(&[], "").says("closed one");
        let all = forge.issues();
        assert!(!all[at].is_open && all[at + 1].is_open && all[at].text.contains("# two"));
        issue(&[], "# three\n").says("opened one");
        assert_eq!(forge.issues()[..at], before, "{name}: those of others are as they were");
    }
}

#[test]
fn what_a_forge_has_against_an_issue_is_told_and_no_secret_is_in_it() {
    let project = Sandbox::empty();
    let issue = |forge: &Forge, name: &str, args: &[&str]| {
        let text = format!("{CANARY}token drifts\n");
        said(&project, forge, name, &[&["ci", "issue", "-"], args].concat(), &text)
    };
    let once = |prepared: &'static str| issue(&Forge::new(&[prepared]), "github", &[]);
    once("401 Unauthorized").code(1).says("does not know the token of GITHUB_TOKEN");
    once("403 Forbidden").code(1).says("issues: write").says("write issues of acme/shop");
    once("404 Not Found").code(1).says("has no issues of acme/shop, or none that this token may see");
    once("410 Gone").code(1).says("refuses to write issues of acme/shop (410 Gone: no");
    once("429 Too Many Requests\r\nretry-after: 4000").code(1).says("run this job again in 4000 s");
    issue(&Forge::new(&["403 Forbidden"]), "gitlab", &[]).code(1).says("the role Reporter");
    let forge = Forge::new(&["503 Service Unavailable\r\nretry-after: 0"; 9]);
    issue(&forge, "gitlab", &[]).code(1).says("GitLab is not well");
    assert_eq!(forge.asked().len(), 4);
    let forge = Forge::new(&["502 Bad Gateway\r\nretry-after: 0"]);
    issue(&forge, "github", &["--dry-run"]).code(0).says("would say this").prints("*** drifts");
    assert_eq!(forge.asked(), Vec::<String>::new(), "nothing was asked");
    issue(&forge, "github", &[]).code(0);
    assert_eq!(forge.issues()[0].text, "<!-- infractl: drift -->\n*** drifts\n");
}

#[test]
fn what_a_program_prints_is_read_from_its_pipe() {
    let (project, forge) = (Sandbox::empty(), Forge::new(&[]));
    let bash = |script: &str| {
        let mut command = Command::new("bash");
        let infractl = project.command(&[]);
        command.args(["-c", script, "bash"]).arg(infractl.get_program()).current_dir(project.root());
        command.envs(infractl.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.envs([("GITHUB_ACTIONS", "true"), ("GITHUB_REPOSITORY", "a/b")]);
        command.envs([("GITHUB_REF", "refs/pull/7/merge"), ("GITHUB_API_URL", forge.url.as_str())]);
        command.env("INFRACTL_GROUP", "1");
        Run::of(command.env("GITHUB_TOKEN", format!("{CANARY}token")))
    };
    bash("\"$1\" ci comment <(echo '# of a pipe')").code(0).says("commented on");
    assert_eq!(forge.comments(), ["<!-- infractl: plan -->\n# of a pipe\n"]);
    bash("\"$1\" ci comment <(head -c 300000000 /dev/zero)").code(1).says("more than 256 MiB");
    bash("\"$1\" ci comment .").code(1);
}

#[test]
fn outside_of_a_job_it_says_what_is_missing() {
    let project = Sandbox::empty();
    let run = |vars: &[(&str, &str)]| {
        Run::with_input(project.command(&["ci", "comment", "-"]).envs(vars.iter().copied()), "x").code(64)
    };
    run(&[]).says("no job of GitHub or GitLab").says("GITHUB_TOKEN").says("CI_MERGE_REQUEST_IID");
    run(&[("GITHUB_ACTIONS", "true")]).says("lacks `GITHUB_REPOSITORY` and `GITHUB_TOKEN`");
    let push = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_REPOSITORY", "a/b"),
        ("GITHUB_TOKEN", "tttt"),
        ("GITHUB_REF", "refs/heads/main"),
    ];
    run(&push).says("belongs to no pull request");
    run(&[("GITLAB_CI", "true"), ("CI_API_V4_URL", "http://127.0.0.1:1"), ("CI_PROJECT_ID", "1")])
        .says("GITLAB_TOKEN");
}
