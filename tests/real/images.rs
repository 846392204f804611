//! Images: several built at once, named after commits, found in the registry, and named by their digests.

use crate::common::{output, program};
use crate::docker::{Docker, unique};
use crate::push::{Registry, with_password};

/// Images whose folders are `NAME/`, each of the small image of the tests; then what else the environment says.
fn project(images: &[String], toml: &str) -> Option<Docker> {
    let sections = images.iter().map(|name| format!("[images.{name}]\ncontext = \"{name}\"\n"));
    let docker = Docker::new(&format!("{toml}\n{}", sections.collect::<String>()))?;
    for name in images {
        let text = format!("FROM {}\nLABEL of={name}\nCMD [\"echo\", \"{name}\"]\n", docker.image);
        docker.project.write(format!("{name}/Dockerfile"), &text);
    }
    Some(docker)
}

/// Commits all of it; the commit.
fn commit(docker: &Docker) -> String {
    let git = |args: &[&str]| {
        let mut git = program("git", docker.project.root());
        output(git.args(["-c", "user.name=a", "-c", "user.email=a@b"]).args(args))
    };
    git(&["add", "--all"]);
    git(&["commit", "-qm", "all"]);
    String::from_utf8(git(&["rev-parse", "HEAD"])).unwrap().trim().to_owned()
}

fn id(docker: &Docker, image: &str) -> String {
    docker.docker(&["image", "inspect", "--format", "{{.Id}}", image]).trim().to_owned()
}

#[test]
fn one_that_fails_ends_none_of_the_others_and_all_reasons_are_told() {
    let name = unique();
    let names = ["good", "bad", "worse"].map(|end| format!("{name}-{end}"));
    let Some(docker) = project(&names, "") else { return };
    for bad in &names[1..] {
        docker.project.write(format!("{bad}/Dockerfile"), &format!("FROM scratch\nCOPY no-{bad} /\n"));
    }
    let commit = commit(&docker);
    let run = docker
        .infractl(&["build", "local"])
        .code(1)
        .says(&format!("`docker build` of `{}` ended with exit code 1", names[1]))
        .says(&format!("`docker build` of `{}` ended with exit code 1", names[2]));
    let line = format!("{}   │ Step 1/2 : FROM scratch", names[1]);
    assert!(run.err.lines().any(|known| known.trim() == line), "{}", run.err);
    let good = format!("{}:{commit}", names[0]);
    assert!(id(&docker, &good).starts_with("sha256:"));
    docker.infractl(&["build", "local", &names[0]]).code(0).says(&good).never_says("│ ");
    let dry = ["build", "local", &names[0], "--platform", "linux/arm64", "--dry-run"];
    let dry = docker.infractl(&dry).code(0);
    let line = format!(
        "BUILDX_NO_DEFAULT_ATTESTATIONS=1 docker build --platform linux/arm64 --tag {}:COMMIT",
        names[0]
    );
    assert!(dry.out.contains(&line) && !dry.out.contains(&names[1]), "{}", dry.out);
    docker.docker(&["image", "rm", &good]);
}

const USES: &str = r#"
[tasks.show]
runner = "docker"
image = "{{image.NAME}}"
network = "none"
[tasks.named]
runner = "docker"
image = "NAME"
network = "none"
[pipelines]
use = [{ command = ["echo", "it is {{image.NAME}}"] }]
given = [{ docker = { run = "IMAGE", network = "none", command = ["sh", "-c", "echo $OF"], env = { OF = "{{image.NAME}}" } } }]
all = [{ do = "build" }, { command = ["echo", "it is {{image.NAME}}"] }]
"#;

#[test]
fn what_was_built_is_named_by_its_digest_in_this_run_and_later() {
    let name = unique();
    let Some(docker) = project(std::slice::from_ref(&name), &USES.replace("NAME", &name)) else { return };
    let commit = commit(&docker);
    docker
        .pipeline("use")
        .code(1)
        .says(&format!("the image `{name}` is not built yet for `local`"))
        .says("environment.toml:")
        .says("run `infractl build local`");
    docker.infractl(&["run", "local", "show"]).code(1).says("run `infractl build local`");
    docker.infractl(&["run", "local", "named"]).code(1).says(&format!("run `infractl build local {name}`"));
    let dry = docker.infractl(&["pipeline", "local", "all", "--dry-run"]).code(0);
    assert!(dry.out.contains(&format!("echo 'it is {{{{image.{name}}}}}'")), "{}", dry.out);
    docker.infractl(&["pipeline", "local", "use", "--print"]).code(64).says("which only infractl knows");
    let all = docker.pipeline("all").code(0);
    let tag = format!("{name}:{commit}");
    let first = id(&docker, &tag);
    all.says(&format!("it is {first}"));
    docker.pipeline("use").code(0).says(&format!("it is {first}"));
    docker.pipeline("given").code(0).says(&first);
    assert_eq!(docker.infractl(&["run", "local", "show"]).code(0).out, format!("{name}\n"));
    // Something else under the same name.
    docker.project.write(format!("{name}/Dockerfile"), &format!("FROM {}\nLABEL of=two\n", docker.image));
    docker.infractl(&["build", "local"]).code(0).says("the tag ends with `-dirty`");
    let second = id(&docker, &format!("{tag}-dirty"));
    assert_ne!(first, second);
    docker.pipeline("use").code(0).says(&format!("it is {second}"));
    docker.docker(&["image", "rm", "--force", &tag, &format!("{tag}-dirty")]);
}

#[test]
fn an_image_that_is_not_declared_is_said_where_it_stands() {
    let name = unique();
    let toml = USES.replace("NAME", &format!("{name}x"));
    let Some(docker) = project(std::slice::from_ref(&name), &toml) else { return };
    docker
        .pipeline("use")
        .code(78)
        .says(&format!("there is no image `{name}x`"))
        .says(&format!("did you mean `{name}`?"))
        .says("environments/local/environment.toml:16:");
    let toml = format!("[registry]\nserver = \"{{{{image.{name}}}}}\"\n");
    let Some(docker) = project(std::slice::from_ref(&name), &toml) else { return };
    docker.infractl(&["build", "local"]).code(78).says(&format!("needed before `image.{name}` is known"));
}

#[test]
fn a_commit_that_the_registry_has_is_not_built_again() {
    let Some(registry) = Registry::start() else { return };
    let name = unique();
    let toml =
        format!("{}{}", with_password(&registry.address, "REGISTRY_PASSWORD"), USES.replace("NAME", &name));
    let secrets = [("REGISTRY_PASSWORD", "registry")];
    let Some(docker) = project(std::slice::from_ref(&name), &toml) else { return };
    docker.project.secrets("local", &secrets);
    let commit = commit(&docker);
    docker.infractl(&["build", "local"]).code(0).never_says("has this commit");
    docker.infractl(&["push", "local"]).code(0);
    let whole = format!("{}/team/{name}", registry.address);
    let digests = docker.docker(&[
        "image",
        "inspect",
        "--format",
        "{{join .RepoDigests \" \"}}",
        &format!("{whole}:{commit}"),
    ]);
    let digest = digests.split_whitespace().find(|known| known.starts_with(&whole)).unwrap().to_owned();
    docker.pipeline("use").code(0).says(&format!("it is {digest}"));
    // Another machine, which has neither the image nor a record of it.
    docker.docker(&["image", "rm", "--force", &format!("{whole}:{commit}"), &format!("{name}:{commit}")]);
    std::fs::remove_dir_all(docker.project.path(".infractl/images")).unwrap();
    docker.infractl(&["build", "local"]).code(0).says(&format!("{digest} has this commit"));
    docker.infractl(&["push", "local"]).code(0).says("is there already");
    docker.pipeline("use").code(0).says(&format!("it is {digest}"));
    // For another platform it is another image.
    let dry = docker.infractl(&["build", "local", "--platform", "linux/amd64"]).code(0);
    dry.never_says("has this commit");
    docker.docker(&["image", "rm", "--force", &format!("{whole}:{commit}"), &format!("{name}:{commit}")]);
}

#[test]
fn what_is_in_no_commit_is_not_pushed_to_a_protected_environment() {
    let Some(registry) = Registry::start() else { return };
    let name = unique();
    let toml = with_password(&registry.address, "REGISTRY_PASSWORD");
    let Some(docker) = project(std::slice::from_ref(&name), &toml) else { return };
    docker.project.secrets("local", &[("REGISTRY_PASSWORD", "registry")]);
    let commit = commit(&docker);
    docker.project.write(format!("{name}/new"), "x");
    docker.infractl(&["build", "local"]).code(0);
    docker.infractl(&["push", "local"]).code(0).says("sha256:");
    let file = "environments/local/environment.toml";
    let text = docker.project.read(file);
    docker.project.write(file, &format!("protected = true\n{text}"));
    let push = ["push", "local", "--confirm", "local"];
    docker.infractl(&push).code(1).says("`local` is protected: it is not pushed").says("commit the changes");
    // Under a tag of its own as well.
    let tagged = text.replace("context = ", "tags = [\"1\"]\ncontext = ");
    docker.project.write(file, &format!("protected = true\n{tagged}"));
    docker.infractl(&["build", "local"]).code(0);
    docker.infractl(&push).code(1).says("it is not pushed");
    std::fs::remove_file(docker.project.path(format!("{name}/new"))).unwrap();
    docker.infractl(&push).code(1).says("it is not pushed");
    docker.infractl(&["build", "local"]).code(0);
    docker.infractl(&push).code(0).says("sha256:");
    let names = [format!("{name}:{commit}-dirty"), format!("{name}:1")];
    docker.docker(&["image", "rm", "--force", &names[0], &names[1]]);
}

#[test]
fn a_variable_that_must_be_absent_is_found_in_containers_and_in_compose() {
    let name = unique();
    let toml = format!(
        "[env-file]\nabsent = [\"MONGO_URI\"]\nsections = []\n\
         [tasks.etl]\nrunner = \"docker\"\nservice = \"etl\"\ndir = \"app\"\nabsent = [\"MONGO_HOST\"]\n\
         [tasks.alone]\nrunner = \"docker\"\nimage = \"IMAGE\"\nnetwork = \"none\"\ncommand = [\"echo\", \"well\"]\n\
         [pipelines]\n\
         up = [{{ compose = {{ dir = \"app\", project = \"{name}\", up = true }} }}]\n\
         down = [{{ compose = {{ dir = \"app\", project = \"{name}\", down = true }} }}]\n\
         one = [{{ docker = {{ run = \"IMAGE\", network = \"none\", command = [\"true\"], env = {{ MONGO_URI = \"x\" }} }} }}]\n"
    );
    let Some(docker) = Docker::new(&toml) else { return };
    let project = &docker.project;
    let service = |variable: &str| {
        format!(
            "services:\n  etl:\n    image: {}\n    network_mode: none\n    command: [\"echo\", \"well\"]\n    \
             environment: [\"{variable}\"]\n",
            docker.image
        )
    };
    project.write("shared/.env.local", "OTHER=1\n");
    project.write("app/compose.yml", &service("MONGO_URI=mongodb://db"));
    docker
        .pipeline("up")
        .code(78)
        .says("`MONGO_URI` must not be set in `local`, and the service `etl` of compose sets it")
        .says("environment.toml:7:11");
    docker.infractl(&["run", "local", "etl"]).code(78).says("the service `etl` of compose sets it");
    project.write("app/compose.yml", &service("MONGO_HOST=mongo1"));
    docker.infractl(&["run", "local", "etl"]).code(78).says("`MONGO_HOST` must not be set");
    docker.pipeline("up").code(0);
    docker.pipeline("down").code(0);
    // Without a value it is not set.
    project.write("app/compose.yml", &service("MONGO_URI"));
    assert_eq!(docker.infractl(&["run", "local", "etl"]).code(0).out, "well\n");
    docker.infractl(&["run", "local", "alone"]).code(0);
    project.write("shared/.env.local", "MONGO_URI=mongodb://db\n");
    docker.infractl(&["run", "local", "alone"]).code(78).says("and `shared/.env.local` sets it");
    docker.pipeline("one").code(78).says("`MONGO_URI` must not be set in `local`");
}

#[test]
fn what_another_environment_has_built_under_the_same_name_is_not_pushed() {
    let Some(registry) = Registry::start() else { return };
    let name = unique();
    let toml = with_password(&registry.address, "REGISTRY_PASSWORD");
    let Some(docker) = project(std::slice::from_ref(&name), &toml) else { return };
    docker.project.secrets("local", &[("REGISTRY_PASSWORD", "registry")]);
    let text = docker.project.read("environments/local/environment.toml");
    docker
        .project
        .write(format!("{name}/Dockerfile"), &format!("FROM {}\nARG OF\nLABEL of=$OF\n", docker.image));
    let args = "args = { OF = \"{{environment}}\" }\n";
    docker.project.write("environments/local/environment.toml", &format!("{text}{args}"));
    docker.project.write("environments/other/environment.toml", &format!("{text}{args}"));
    let commit = commit(&docker);
    docker.infractl(&["build", "--env", "local,other", "--jobs", "2"]).code(0);
    let ids = ["local", "other"].map(|name| docker.project.read(format!(".infractl/images/{name}.json")));
    assert_ne!(ids[0], ids[1]);
    let tag = id(&docker, &format!("{name}:{commit}"));
    let (mine, theirs) = if ids[0].contains(&tag) { ("local", "other") } else { ("other", "local") };
    docker
        .infractl(&["push", theirs])
        .code(1)
        .says("is another image now")
        .says(&format!("infractl build {theirs}"));
    docker.infractl(&["push", mine]).code(0).says("sha256:");
    let names = [format!("{name}:{commit}"), format!("{}/team/{name}:{commit}", registry.address)];
    docker.docker(&["image", "rm", "--force", &names[0], &names[1]]);
}
