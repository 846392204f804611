//! `push` and `docker = { login = true }`, with registries of docker's own registry program. Where a registry has to
//! say what that one never says, a small program in front of docker says it once; it is told as such.

use std::process::{Child, Command, Stdio};

use crate::common::{need, wait_for};
use crate::docker::{Docker, unique};

/// A registry on this machine that knows one user, `ci`, whose password is [`PASSWORD`].
pub(crate) struct Registry {
    child: Child,
    pub(crate) address: String,
    folder: tempfile::TempDir,
}

const PASSWORD: &str = "registry";
/// Of `CANARY-7f3a-registry`, by bcrypt.
const USERS: &str = "ci:$2b$04$meVWUazY2ueyY81XA86EPOYxc/AkUbDlKV5JRNrVSn.rFNnWDQz8y\n";

impl Registry {
    /// None where the program is not there.
    pub(crate) fn start() -> Option<Registry> {
        need("registry")?;
        let folder = tempfile::TempDir::new().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let users = folder.path().join("users");
        std::fs::write(&users, USERS).unwrap();
        let data = folder.path().join("data");
        let config = folder.path().join("config.yml");
        let text = format!(
            "version: 0.1\nlog: {{ level: error }}\nstorage:\n  filesystem: {{ rootdirectory: {} }}\n\
             http: {{ addr: {address} }}\nauth:\n  htpasswd: {{ realm: test, path: {} }}\n",
            data.display(),
            users.display()
        );
        std::fs::write(&config, text).unwrap();
        let child = serve(folder.path(), &address);
        Some(Registry { child, address, folder })
    }

    /// Takes an image away, as an administrator does who cleans up.
    pub(crate) fn forget(&self, repository: &str, digest: &str) {
        let all = self.folder.path().join("data/docker/registry/v2/repositories");
        let link =
            all.join(repository).join("_manifests/revisions").join(digest.replace(':', "/")).join("link");
        std::fs::remove_file(link).unwrap();
    }

    /// Dies at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Comes back with what it had.
    pub(crate) fn again(&mut self) {
        self.child = serve(self.folder.path(), &self.address);
    }
}

fn serve(folder: &std::path::Path, address: &str) -> Child {
    let mut command = Command::new("docker-registry");
    command.arg("serve").arg(folder.join("config.yml")).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    wait_for("the registry", || std::net::TcpStream::connect(address).is_ok());
    child
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An environment with one image and this registry.
pub(crate) fn project(registry: &str, image: &str) -> Option<Docker> {
    let toml = format!(
        "{registry}[images.{image}]\ncontext = \"etl\"\ntags = [\"1\", \"latest\"]\n\
         [pipelines]\nlogin = [{{ docker = {{ login = true }} }}]\n"
    );
    let docker = Docker::new(&toml)?;
    docker.project.secrets("local", &[("REGISTRY_PASSWORD", PASSWORD), ("WRONG", "wrong")]);
    docker.project.write("etl/Dockerfile", &format!("FROM {}\nLABEL of={image}\n", docker.image));
    Some(docker)
}

pub(crate) fn with_password(address: &str, secret: &str) -> String {
    format!("[registry]\nserver = \"{address}/team\"\nuser = \"ci\"\npassword = \"{secret}\"\n")
}

#[test]
fn what_was_pushed_is_what_the_registry_has() {
    let Some(registry) = Registry::start() else { return };
    let image = unique();
    let Some(mut docker) = project(&with_password(&registry.address, "REGISTRY_PASSWORD"), &image) else {
        return;
    };
    let config = tempfile::TempDir::new().unwrap();
    std::fs::write(config.path().join("config.json"), "{\"currentContext\":\"default\"}").unwrap();
    docker.vars.push(("DOCKER_CONFIG".to_owned(), config.path().display().to_string()));
    docker.infractl(&["push", "local"]).code(1).says("infractl build local");
    docker.infractl(&["build", "local"]).code(0);
    let dry = docker.infractl(&["push", "local", "--dry-run"]).code(0);
    let dry = dry.out + &dry.err;
    assert!(
        dry.contains(&format!("docker login --username ci --password-stdin {}", registry.address)),
        "{dry}"
    );
    assert!(dry.contains(&format!("docker push -- {}/team/{image}:latest", registry.address)), "{dry}");
    let pushed = docker.infractl(&["push", "local"]).code(0);
    // Its own words, as the image is called afterwards.
    let name = format!("{}/team/{image}", registry.address);
    let digests =
        docker.docker(&["image", "inspect", "--format", "{{join .RepoDigests \" \"}}", &format!("{name}:1")]);
    let digest = digests.split_whitespace().find(|known| known.starts_with(&name)).unwrap().to_owned();
    pushed.says(&digest);
    docker.infractl(&["push", "local", &image]).code(0).says(&digest);
    docker.infractl(&["push", "local", "nosuch"]).code(64).says(&image);
    let kept = std::fs::read_to_string(config.path().join("config.json")).unwrap();
    assert_eq!(kept, "{\"currentContext\":\"default\"}", "the user's own login is what it was");
    docker.pipeline("login").code(0).says("as ci");
    assert!(std::fs::read_to_string(config.path().join("config.json")).unwrap().contains(&registry.address));
    for tag in ["1", "latest"] {
        docker.docker(&["image", "rm", &format!("{name}:{tag}"), &format!("{image}:{tag}")]);
    }
}

#[test]
fn a_wrong_password_is_said_and_pushes_nothing() {
    let Some(registry) = Registry::start() else { return };
    let image = unique();
    let Some(docker) = project(&with_password(&registry.address, "WRONG"), &image) else { return };
    docker.infractl(&["build", "local"]).code(0);
    docker.infractl(&["push", "local"]).code(1).says("docker login").says("the registry wants a login");
    let nobody = format!("[registry]\nserver = \"{}\"\npassword = \"WRONG\"\n", registry.address);
    let Some(docker) = project(&nobody, &image) else { return };
    docker.infractl(&["push", "local"]).code(78).says("`user`");
    for tag in ["1", "latest"] {
        let names = [format!("{}/team/{image}:{tag}", registry.address), format!("{image}:{tag}")];
        docker.docker(&["image", "rm", &names[0], &names[1]]);
    }
}

/// A program before docker, not docker: it says these words once when something is pushed, and counts logins.
fn in_front(docker: &mut Docker, says: &str) -> std::path::PathBuf {
    let real = need("docker").unwrap();
    let log = docker.project.home.root().join("logins");
    let once = docker.project.home.root().join("once");
    let text = format!(
        "#!/bin/sh\n[ \"$1\" = login ] && echo login >>{log}\n\
         if [ \"$1\" = push ] && [ ! -e {once} ]; then\n  : >{once}\n  echo '{says}' >&2\n  exit 1\nfi\n\
         exec {real} \"$@\"\n",
        log = log.display(),
        once = once.display(),
        real = std::path::Path::new(&real).display()
    );
    let program = docker.project.script("bin/docker", &text);
    let path = crate::common::path_with([program]);
    docker.vars.push(("PATH".to_owned(), path.into_string().unwrap()));
    log
}

#[test]
fn a_login_that_is_over_is_made_anew_once() {
    let Some(registry) = Registry::start() else { return };
    let image = unique();
    let Some(mut docker) = project(&with_password(&registry.address, "REGISTRY_PASSWORD"), &image) else {
        return;
    };
    docker.infractl(&["build", "local"]).code(0);
    let log =
        in_front(&mut docker, "denied: Your authorization token has expired. Reauthenticate and try again.");
    docker.infractl(&["push", "local"]).code(0).says("sha256:");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "login\nlogin\n");
    // What no login mends is not tried again.
    std::fs::remove_file(&log).unwrap();
    std::fs::remove_file(docker.project.home.root().join("once")).unwrap();
    in_front(
        &mut docker,
        "denied: User: arn:aws:iam::111122223333:user/ci is not authorized to perform: ecr:PutImage",
    );
    docker.infractl(&["push", "local"]).code(1).says("is not authorized to perform: ecr:PutImage");
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "login\n");
}

#[test]
fn a_tag_that_never_changes_is_well_when_it_is_this_image() {
    let Some(registry) = Registry::start() else { return };
    let image = unique();
    let Some(mut docker) = project(&with_password(&registry.address, "REGISTRY_PASSWORD"), &image) else {
        return;
    };
    docker.infractl(&["build", "local"]).code(0);
    docker.infractl(&["push", "local"]).code(0);
    let words =
        "tag invalid: The image tag already exists and cannot be overwritten because the tag is immutable.";
    in_front(&mut docker, words);
    docker.infractl(&["push", "local"]).code(0).says("sha256:");
    std::fs::remove_file(docker.project.home.root().join("once")).unwrap();
    docker.project.write("etl/Dockerfile", &format!("FROM {}\nLABEL of=another\n", docker.image));
    docker.infractl(&["build", "local"]).code(0);
    docker.infractl(&["push", "local"]).code(1).says("another image than this one");
}

#[test]
fn the_password_of_ecr_comes_from_aws_and_its_repository_is_made() {
    let (Some(aws), Some(moto), Some(registry)) = (need("aws"), need("s3"), need("registry")) else { return };
    let (registry, image) = (registry.into_string().unwrap(), unique());
    let toml = format!(
        "[registry]\nserver = \"{registry}\"\nlogin = \"ecr\"\nregion = \"eu-west-3\"\ncreate = true\n"
    );
    let Some(mut docker) = project(&toml, &image) else { return };
    let keys = [("AWS_ACCESS_KEY_ID", "key"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    docker.project.secrets("local", &keys);
    docker.infractl(&["build", "local"]).code(0);
    let words = format!(
        "name unknown: The repository with name '{image}' does not exist in the registry with id '123456789012'"
    );
    in_front(&mut docker, &words);
    let path = docker.vars.pop().unwrap().1;
    let path = format!("{path}:{}", std::path::Path::new(&aws).parent().unwrap().display());
    let moto = moto.into_string().unwrap();
    docker.vars.extend([("PATH".to_owned(), path), ("AWS_ENDPOINT_URL".to_owned(), moto.clone())]);
    let dry = docker.infractl(&["push", "local", "--dry-run"]).code(0);
    let line = "aws --region eu-west-3 ecr get-login-password | docker login --username AWS --password-stdin";
    assert!((dry.out + &dry.err).contains(line));
    docker
        .infractl(&["push", "local"])
        .code(0)
        .says(&format!("made the repository `{image}`"))
        .says("sha256:");
    let described = Command::new(aws)
        .args(["--region", "eu-west-3", "ecr", "describe-repositories", "--repository-names", &image])
        .envs([
            ("AWS_ENDPOINT_URL", moto.as_str()),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
        ])
        .output()
        .unwrap();
    let text = String::from_utf8(described.stdout).unwrap();
    assert!(text.contains("IMMUTABLE") && text.contains("\"scanOnPush\": true"), "{text}");
}

#[test]
fn a_registry_that_is_not_there_or_not_said() {
    let image = unique();
    let Some(docker) = project("", &image) else { return };
    docker.infractl(&["push", "local"]).code(78).says("there is no `[registry]`");
    docker.pipeline("login").code(78).says("there is no `[registry]`").says("environment.toml:");
    let address = format!("127.0.0.1:{}", {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    });
    let Some(docker) = project(&with_password(&address, "REGISTRY_PASSWORD"), &image) else { return };
    docker.infractl(&["push", "local"]).code(1).says("connection refused");
}
