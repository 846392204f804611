//! The image, with the libraries that the binary of the tests wants: what is released is static and needs none.

use std::path::Path;
use std::process::Command;

use crate::common::{BIN, Folder, Run, clean, need, output, program};
use crate::roots::with_libraries;
use crate::{TARGET, VERSION};

#[test]
fn the_files_of_images_have_no_faults() {
    let Some(hadolint) = need("hadolint") else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("release");
    Run::of(clean(hadolint, &folder, &folder).args(["Dockerfile", "Dockerfile.tools"])).code(0);
}

#[test]
fn an_image_works_as_any_user_with_the_project_mounted() {
    let Some(docker) = need("docker") else { return };
    let project = Folder::new();
    let base = format!("infractl-test/libraries:{}", std::process::id());
    with_libraries(&project, "base");
    project.write("base/Dockerfile", "FROM scratch\nCOPY . /\n");
    let build =
        |args: &[&str]| output(program(&docker, project.root()).env("DOCKER_BUILDKIT", "0").args(args));
    build(&["build", "-q", "-t", &base, "base"]);
    // what `release/archive` leaves for it
    let staged = project.path(format!("dist/{TARGET}/infractl-{VERSION}-{TARGET}"));
    std::fs::create_dir_all(&staged).unwrap();
    output(Command::new("strip").arg("-o").arg(staged.join("infractl")).arg(BIN));
    std::fs::write(staged.join("LICENSE-MIT"), "").unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("release/images");
    output(
        program(script, project.root())
            .arg(TARGET)
            .env("DIST", project.path("dist"))
            .env("BASE", &base)
            .env("DOCKER_BUILDKIT", "0"),
    );

    project.write(
        "environments/dev/environment.toml",
        "[outputs]\na = \"b\"\n[[env-file.sections]]\ntitle = \"All\"\nvalues = { A = { output = \"a\" } }\n",
    );
    project.write("shared/.keep", "");
    output(Command::new("chown").arg("-R").arg("4711:4711").arg(project.root()));
    let mount = format!("{}:/project", project.root().display());
    let image = format!("infractl:{VERSION}");
    let mut run = program(&docker, project.root());
    run.args([
        "run",
        "--rm",
        "--network",
        "none",
        "--user",
        "4711:4711",
        "--volume",
        &mount,
        &image,
        "apply",
        "dev",
    ]);
    let ran = run.output().unwrap();
    // it stays in nobody's engine
    output(program(&docker, project.root()).args(["image", "rm", &image, &base]));
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(project.read("shared/.env.dev").contains("A=b"));
    let owner = output(Command::new("stat").arg("-c").arg("%u:%g").arg(project.path("shared/.env.dev")));
    assert_eq!(owner, b"4711:4711\n");
}
