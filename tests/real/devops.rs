//! examples/devops, whole, on this machine: from a commit to production, back from a broken release, with a real registry,
//! compose, PostgreSQL, a provider of terraform, and a git remote on this disk; until the time of dev is over.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::common::{BIN, Folder, Run, Sandbox, clean, need, output, path_with, program};
use crate::drift::with_provider;
use crate::snapshots::Database;

struct Example {
    project: Sandbox,
    _database: Database,
    registry: String,
    remote: Folder,
    /// Its ports are fixed: one run at a time on this computer.
    _turn: File,
}

const ENVIRONMENTS: [&str; 3] = ["dev", "rec", "prod"];

impl Example {
    /// A copy of the example in a git repository with a remote; none when something cannot be had.
    fn new() -> Option<Example> {
        let (docker, base, registry) = (need("docker")?, need("etl-image")?, need("registry")?);
        need("compose-2")?;
        let registry = registry.into_string().unwrap();
        let mut project = with_provider(Sandbox::empty())?
            .with_own_vars(&["DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_BUILDKIT"])
            .with_var("PATH", path_with([BIN.into(), docker]))
            .with_var("LANG", "C.UTF-8")
            .with_var("BASE_IMAGE", base)
            .with_var("REGISTRY", &registry)
            .hiding(&["p@ss w0rd", "p%40ss%20w0rd"]);
        for who in ["AUTHOR", "COMMITTER"] {
            project = project
                .with_var(&format!("GIT_{who}_NAME"), "Ada")
                .with_var(&format!("GIT_{who}_EMAIL"), "ada@example.org");
        }
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/devops/.");
        output(Command::new("cp").arg("-R").arg(source).arg(project.root()));
        let turn = File::create(std::env::temp_dir().join("infractl-test-devops.lock")).unwrap();
        turn.lock().unwrap();
        let database = Database::new()?;
        database.ask("create table place as select n from generate_series(1, 3) n");
        project.secrets_text("prod", &format!("DATABASE_URL={}\n", database.url()));
        let example = Example { project, _database: database, registry, remote: Folder::new(), _turn: turn };
        let remote = example.remote.root().display().to_string();
        example.git(&["init", "--quiet", "--bare", "-b", "main", &remote]);
        example.git(&["init", "--quiet", "-b", "main"]);
        example.git(&["remote", "add", "origin", &remote]);
        example.remove_containers();
        // What terraform locks is committed, as everywhere.
        for environment in ENVIRONMENTS {
            example.infractl(&["apply", environment, "--confirm", environment]).code(0);
        }
        example.commit("feat: a signpost");
        Some(example)
    }

    #[track_caller]
    fn infractl(&self, args: &[&str]) -> Run {
        self.project.infractl(args)
    }

    #[track_caller]
    fn git(&self, args: &[&str]) -> String {
        let mut git = clean("git", self.project.root(), self.project.home.root());
        git.args(args).envs(self.project.vars.iter().cloned());
        String::from_utf8(output(&mut git)).unwrap().trim().to_owned()
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", message]);
        self.git(&["push", "--quiet", "origin", "main"]);
    }

    /// Changes the program, and makes a release of it that runs in dev, well or not.
    #[track_caller]
    fn release(&self, message: &str, from: &str, to: &str) -> Run {
        let file = "web/sign.py";
        let text = self.project.read(file);
        assert!(text.contains(from), "{text}");
        self.project.write(file, &text.replace(from, to));
        self.commit(message);
        self.infractl(&["publish", "dev"]).code(0);
        self.infractl(&["release"]).code(0);
        self.infractl(&["deploy", "dev"])
    }

    /// What people read there.
    #[track_caller]
    fn lines(environment: &str) -> Vec<String> {
        let port = 8101 + ENVIRONMENTS.iter().position(|name| *name == environment).unwrap();
        let mut answer = ureq::get(format!("http://127.0.0.1:{port}/")).call().unwrap();
        let answer: Value = serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap();
        answer["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap().to_owned()).collect()
    }

    /// The last deployments, newest first: what did it, the release, how it ended, whether it was verified, its image.
    #[track_caller]
    fn deployments(&self, environment: &str) -> Vec<(String, String, String, bool, String)> {
        let run = self.infractl(&["history", "deployments", environment, "--json"]).code(0);
        let all: Value = serde_json::from_str(&run.out).unwrap();
        let text = |of: &Value| of.as_str().unwrap_or_default().to_owned();
        let all = all["deployments"].as_array().unwrap().iter();
        all.map(|one| {
            let is_verified = !one["verified"].is_null();
            let image = text(&one["images"]["web"]);
            (text(&one["verb"]), text(&one["release"]), text(&one["outcome"]), is_verified, image)
        })
        .collect()
    }

    fn remove_containers(&self) {
        for environment in ENVIRONMENTS {
            let filter = format!("label=com.docker.compose.project=signpost-{environment}");
            let mut list = program("docker", self.project.root());
            let all = output(list.args(["ps", "--all", "--quiet", "--filter", &filter]));
            for container in String::from_utf8(all).unwrap().lines() {
                output(program("docker", self.project.root()).args(["rm", "--force", container]));
            }
        }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.remove_containers();
    }
}

#[test]
fn a_release_goes_to_production_and_a_broken_one_comes_back() {
    let Some(example) = Example::new() else { return };

    // Commit, image, release, dev.
    example.infractl(&["publish", "dev"]).code(0);
    example.infractl(&["release"]).code(0).says("0.1.0");
    let manifest = example.git(&["tag", "--list", "--format=%(contents)", "v0.1.0"]);
    let image = format!("{}/web@sha256:", example.registry);
    assert!(manifest.contains("a signpost") && manifest.contains(&image), "{manifest}");
    assert_eq!(example.git(&["ls-remote", "--tags", "origin", "v0.1.0"]).lines().count(), 1);
    example.infractl(&["deploy", "dev"]).code(0);
    assert_eq!(Example::lines("dev"), ["Ways of dev", "mill 3 km", "bridge 12 km"]);

    // What was not looked at goes no further; what was does, as it is.
    example.infractl(&["promote", "dev", "rec"]).code(1).says("v0.1.0 is not verified in `dev`");
    example.infractl(&["verify", "dev"]).code(0);
    example.infractl(&["promote", "dev", "rec"]).code(0).never_says("docker build");
    example.infractl(&["verify", "rec"]).code(0);
    let (dev, rec) = (&example.deployments("dev")[0], &example.deployments("rec")[0]);
    assert_eq!((rec.0.as_str(), rec.1.as_str(), rec.3), ("promote", "v0.1.0", true));
    assert!(dev.4.starts_with(&image) && dev.4 == rec.4, "{} is not {}", dev.4, rec.4);

    // Production wants a snapshot that was restored once, and its name.
    let promote = ["promote", "rec", "prod", "--confirm", "prod"];
    example.infractl(&promote[..3]).code(77).says("--confirm prod");
    example.infractl(&promote).code(1).says("snapshot");
    assert_eq!(example.deployments("prod"), []);
    example.infractl(&["snapshot", "create", "prod", "places"]).code(0);
    example.infractl(&promote).code(1).says("verif");
    example.infractl(&["snapshot", "verify", "prod", "places"]).code(0);
    example.infractl(&promote).code(0);
    example.infractl(&["verify", "prod"]).code(0);
    assert_eq!(Example::lines("prod"), ["Ways of prod", "mill 3 km", "bridge 12 km"]);
    example.infractl(&["promote", "rec", "prod", "--check"]).code(0);

    // The next one gets there as well.
    example.release("feat: the way to the fair", "\"mill\": 3", "\"mill\": 3, \"fair\": 7").code(0);
    example.infractl(&["verify", "dev"]).code(0);
    example.infractl(&["promote", "dev", "rec"]).code(0);
    example.infractl(&["verify", "rec"]).code(0);
    example.infractl(&["promote", "rec", "prod", "--check"]).code(2).prints("the way to the fair");
    example.infractl(&promote).code(0);
    example.infractl(&["verify", "prod"]).code(0);
    assert_eq!(Example::lines("prod").len(), 4);

    // One that is broken: dev is as it was, and nothing of it goes on.
    let broken = example.release("fix: shorter ways", "\"bridge\": 12", "\"bridge\": -1").code(1);
    broken.says("`dev` goes back to v0.2.0").says("runs v0.2.0 again");
    assert_eq!(Example::lines("dev"), ["Ways of dev", "mill 3 km", "fair 7 km", "bridge 12 km"]);
    let dev = example.deployments("dev");
    assert_eq!((dev[0].0.as_str(), dev[0].1.as_str(), dev[0].2.as_str()), ("rollback", "v0.2.0", "done"));
    assert_eq!((dev[1].0.as_str(), dev[1].1.as_str(), dev[1].2.as_str()), ("deploy", "v0.2.1", "failed"));
    assert_eq!(dev[0].4, dev[2].4);

    // By hand, to the release before.
    example.git(&["checkout", "--quiet", "v0.1.0"]);
    example.infractl(&["rollback", "prod", "--confirm", "prod"]).code(0).says("goes back to v0.1.0");
    assert_eq!(Example::lines("prod").len(), 3);
    example.git(&["checkout", "--quiet", "main"]);

    // Somebody was here.
    let made = |file: &str| example.project.path(format!("environments/prod/made/{file}"));
    fs::write(made("notice.txt"), "mind the geese\n").unwrap();
    example.infractl(&["drift", "prod", "--new"]).code(0).says("ignored");
    fs::write(made("sign.txt"), "Ways of nobody\n").unwrap();
    example
        .infractl(&["drift", "prod", "--new"])
        .code(2)
        .prints("module.signpost.local_file.sign: deleted (new)");
    example.infractl(&["drift", "prod", "--new"]).code(0).prints("(known)");

    // dev stays up for twelve hours, and nothing else has an end.
    let shown = example.infractl(&["expire", "--all", "--dry-run"]).code(0);
    assert!(shown.out.contains("dev") && !shown.out.contains("prod"), "{}", shown.out);
    example.infractl(&["expire", "--all"]).code(0);
    assert_eq!(Example::lines("dev").len(), 4, "its time is not over");
    let file = "environments/dev/environment.toml";
    example.project.write(file, &example.project.read(file).replace("\"12h\"", "\"1s\""));
    example.infractl(&["expire", "--all"]).code(0).says("dev");
    assert!(ureq::get("http://127.0.0.1:8101/").call().is_err(), "dev answers");
    assert!(!example.project.path("environments/dev/made/sign.txt").exists());
    assert_eq!(Example::lines("prod").len(), 3);
    example.infractl(&["expire", "--all"]).code(0);

    example.infractl(&["history"]).code(0).prints("rollback").prints("promote").prints("destroy");
    example.project.assert_no_canary_on_disk();
    for environment in ["rec", "prod"] {
        example.infractl(&["down", environment, "--confirm", environment, "--yes"]).code(0);
    }
}
