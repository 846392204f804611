//! examples/aws-etl, whole, on this machine: real images, compose, and a PostgreSQL of Debian's packages.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use crate::common::{BIN, Run, Sandbox, need, output, path_with, program};

struct Example {
    project: Sandbox,
    commit: String,
    /// Its containers have fixed names: one run at a time on this computer.
    _turn: File,
}

impl Example {
    /// A copy of the example in a git repository of its own; none when something cannot be had.
    fn new() -> Option<Example> {
        let docker = need("docker")?;
        let base = need("etl-image")?;
        need("compose-2")?;
        let project = Sandbox::empty()
            .with_own_vars(&["DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_BUILDKIT"])
            .with_var("PATH", path_with([BIN.into(), docker]))
            .with_var("LANG", "C.UTF-8")
            .with_var("ETL_BASE", base);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/aws-etl/.");
        output(Command::new("cp").arg("-R").arg(source).arg(project.root()));
        let turn = File::create(std::env::temp_dir().join("infractl-test-aws-etl.lock")).unwrap();
        turn.lock().unwrap();
        let git = |args: &[&str]| {
            let mut git = program("git", project.root());
            output(git.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(args))
        };
        git(&["init", "-q"]);
        git(&["add", "--all"]);
        git(&["commit", "-qm", "as it is"]);
        let commit = String::from_utf8(git(&["rev-parse", "HEAD"])).unwrap().trim().to_owned();
        let example = Example { project, commit, _turn: turn };
        // What a run that was killed has left.
        let left = example.docker(&["ps", "--all", "--quiet", "--filter", LABEL]);
        for container in left.lines() {
            example.docker(&["rm", "--force", container]);
        }
        for volume in example.docker(&["volume", "ls", "--quiet", "--filter", LABEL]).lines() {
            example.docker(&["volume", "rm", volume]);
        }
        Some(example)
    }

    #[track_caller]
    fn infractl(&self, args: &[&str]) -> Run {
        self.project.infractl(args)
    }

    fn docker(&self, args: &[&str]) -> String {
        let mut docker = program("docker", self.project.root());
        String::from_utf8(output(docker.args(args))).unwrap()
    }
}

/// What compose calls everything that is of this project.
const LABEL: &str = "label=com.docker.compose.project=river-levels";

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.project.command(&["down", "local"]).output();
        let names = ["database", "etl"].map(|name| format!("{name}:{}", self.commit));
        let _ = program("docker", self.project.root()).args(["image", "rm", &names[0], &names[1]]).output();
    }
}

#[test]
fn the_pipeline_goes_from_its_tests_to_data_that_is_looked_at() {
    let Some(example) = Example::new() else { return };
    example.infractl(&["verify", "local"]).code(1).says("is not built yet").says("infractl build local");

    let up = example.infractl(&["up", "local"]).code(0);
    up.says("monday.csv: 3 readings, 3 new, 1 refused")
        .says("monday.csv: refused: line 5: Mill at -1 cm")
        .says("tuesday.csv: 2 readings, 2 new, 0 refused")
        .says("well: 5 readings of 2 gauges");
    let id = example.docker(&["image", "inspect", "--format", "{{.Id}}", &format!("etl:{}", example.commit)]);
    let dry = example.infractl(&["up", "local", "--dry-run"]).code(0);
    assert!(dry.out.contains("{{image.etl}}"), "{}", dry.out);
    assert!(id.starts_with("sha256:"), "{id}");

    // Once more by hand: nothing is new, and the result is looked at again.
    let again = example.infractl(&["run", "local", "etl"]).code(0);
    assert!(again.out.contains("tuesday.csv: 2 readings, 0 new"), "{}", again.out);
    example.infractl(&["verify", "local"]).code(0).says("well: 5 readings of 2 gauges");

    // A gauge that went silent is told by `verify`, whatever the load said.
    let raw = "gauge,at,cm\nOld bridge,2026-03-09T06:00,99\n";
    fs::write(example.project.path("etl/raw/later.csv"), raw).unwrap();
    example.infractl(&["run", "local", "etl"]).code(1).says("run `infractl build local etl`");
    example.infractl(&["build", "local", "etl"]).code(0).says("the tag ends with `-dirty`");
    example.infractl(&["run", "local", "etl"]).code(0);
    example
        .infractl(&["verify", "local"])
        .code(1)
        .says("not well: 1 gauges without a reading on the last day");

    // An address of a database has no place here.
    let file = "environments/local/environment.toml";
    let text = example.project.read(file);
    let local = "image = \"etl\"\n";
    let with = text
        .replace(local, &format!("{local}env = {{ DATABASE_URL = \"postgresql://db.example/levels\" }}\n"));
    example.project.write(file, &with);
    example
        .infractl(&["run", "local", "etl"])
        .code(78)
        .says("`DATABASE_URL` must not be set")
        .says("environment.toml:");
    example.project.write(file, &text);

    // A test that fails ends it before anything is built.
    let tests = "etl/test_levels.py";
    let good = example.project.read(tests);
    example.project.write(tests, &good.replace("[121.5]", "[7]"));
    example.infractl(&["up", "local"]).code(1).says("unit tests").never_says("docker build");
    example.project.write(tests, &good);

    example.infractl(&["down", "local"]).code(0);
    assert_eq!(example.docker(&["ps", "--all", "--quiet", "--filter", LABEL]), "");
    assert!(!example.project.path("shared/.env.local").exists());
}

/// Text of a script for the container of the task.
const EMPTY: &str = "cd /app && python3 -c 'from database import connect\n\
                     with connect() as database: database.cursor().execute(\"DROP TABLE level\")'";

#[test]
fn in_the_cloud_it_is_a_task_of_ecs_whose_image_comes_from_the_registry() {
    let (Some(ecs), Some(aws), Some(registry)) = (need("ecs"), need("aws"), need("registry")) else { return };
    let Some(mut example) = Example::new() else { return };
    let registry = registry.into_string().unwrap();
    let docker = need("docker").unwrap();
    let keys = [("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")];
    example.project.vars.extend(keys.map(|(name, value)| (name.to_owned(), value.into())));
    let path = path_with([BIN.into(), docker, aws.clone()]);
    let more = [("AWS_ENDPOINT_URL", ecs), ("REGISTRY", registry.clone().into()), ("PATH", path)];
    example.project.vars.extend(more.map(|(name, value)| (name.to_owned(), value)));
    let cluster = ["--region", "eu-west-3", "ecs", "create-cluster", "--cluster-name", "river-levels"];
    output(Command::new(aws).args(cluster).envs(example.project.vars.iter().cloned()));
    // Its database, which is a service of the cloud elsewhere.
    example.infractl(&["up", "local"]).code(0);
    example.infractl(&["run", "local", "etl", "--", "sh", "-c", EMPTY]).code(0);

    example.infractl(&["up", "cloud"]).code(77);
    let up = example.infractl(&["up", "cloud", "--confirm", "cloud"]).code(0);
    up.says("monday.csv: 3 readings, 3 new, 1 refused").says("well: 5 readings of 2 gauges");
    let pushed = format!("{registry}/etl@sha256:");
    assert!(example.project.read(".infractl/images/cloud.json").contains(&pushed));
    let again = example.infractl(&["run", "cloud", "etl", "--confirm", "cloud"]).code(0);
    let again = again.out + &again.err;
    assert!(again.contains("tuesday.csv: 2 readings, 0 new"), "{again}");
    example.infractl(&["build", "cloud", "etl"]).code(0).says("has this commit");

    // What is in no commit goes no further than this machine.
    example.project.write("etl/raw/later.csv", "gauge,at,cm\n");
    example
        .infractl(&["up", "cloud", "--confirm", "cloud"])
        .code(1)
        .says("`cloud` is protected: it is not pushed");
    for name in ["database", "etl"] {
        example.docker(&["image", "rm", "--force", &format!("{registry}/{name}:{}", example.commit)]);
    }
    example.infractl(&["down", "local"]).code(0);
}
