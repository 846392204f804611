//! Variables that must not be set; and what shows that all is well.

use crate::common::Sandbox;

const OUTPUTS: &str =
    "[outputs]\nmongo_uri = \"mongodb://db\"\nmongo_host = \"db\"\n[secrets]\nrequired = []\n";

#[test]
fn an_environment_file_is_not_written_with_what_must_be_absent() {
    let project = Sandbox::empty();
    std::fs::create_dir(project.path("shared")).unwrap();
    project.environment("dev", &format!("{OUTPUTS}[env-file]\nabsent = [\"OTHER\", \"MONGO_URI\"]\n"));
    project
        .infractl(&["genenv", "dev"])
        .code(78)
        .says("`MONGO_URI` must not be set in `dev`, and the environment file sets it")
        .says("environments/dev/environment.toml:7:20")
        .never_says("mongodb://db");
    assert!(!project.path("shared/.env.dev").exists());
    project.environment("dev", &format!("{OUTPUTS}[env-file]\nabsent = [\"OTHER\"]\n"));
    project.infractl(&["genenv", "dev"]).code(0);
    assert!(project.read("shared/.env.dev").contains("MONGO_URI="));
}

#[test]
fn what_the_files_themselves_set_is_said_when_they_are_read() {
    let project = Sandbox::empty();
    let text = "[env-file]\nabsent = [\"MONGO_URI\"]\n\
                sections = [{ title = \"Mongo\", values = { MONGO_URI = \"x\" } }]\n\
                [tasks.etl]\nrunner = \"docker\"\nimage = \"x\"\nabsent = [\"MONGO_HOST\"]\n\
                env = { MONGO_HOST = \"h\", MONGO_URI = \"u\" }\n";
    project.environment("dev", text);
    project
        .infractl(&["validate", "dev"])
        .code(78)
        .says("environment.toml:3:")
        .says("`MONGO_URI` must not be set: it is in `absent` of `[env-file]`")
        .says("`MONGO_HOST` must not be set: it is in `absent` of `[tasks.etl]`");
    project.environment("dev", "[env-file]\nabsent = [\"MONGO-URI\"]\n");
    project.infractl(&["validate", "dev"]).code(78).says("environment.toml:2:");
}

#[test]
fn verify_is_what_the_project_says() {
    let project = Sandbox::empty();
    project.environment("dev", "[pipelines]\nall = [{ command = \"echo ran\" }, { do = \"verify\" }]\n");
    project
        .infractl(&["verify", "dev"])
        .code(78)
        .says("`dev` does not say how it is verified: there is no pipeline `verify`")
        .says("[pipelines] verify = [");
    project.infractl(&["pipeline", "dev", "all"]).code(78).says("environment.toml:2:").never_says("ran\n");
    let verify = "verify = { effect = \"reads\", steps = [{ command = \"test -e loaded\" }] }\n";
    project.environment(
        "dev",
        &format!("[pipelines]\nall = [{{ command = \"touch loaded\" }}, {{ do = \"verify\" }}]\n{verify}"),
    );
    project.infractl(&["verify", "dev"]).code(1);
    project.infractl(&["pipeline", "dev", "all"]).code(0);
    project.infractl(&["verify", "dev"]).code(0);
}
