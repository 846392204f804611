//! `promote` and `rollback` with a real engine and real registries: the same image, by digest, and nothing is built.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;

use crate::common::{need, path_with};
use crate::docker::{Docker, unique};
use crate::push::{Registry, with_password};

/// Two environments, each with a registry of its own, in git.
struct Chain {
    docker: Docker,
    image: String,
    _config: tempfile::TempDir,
}

impl Chain {
    fn new(dev: &Registry, rec: &Registry) -> Option<Chain> {
        let buildx = need("buildx")?;
        let image = unique();
        let mut docker = Docker::new("")?;
        let config = tempfile::TempDir::new().unwrap();
        let plugins = Path::new(&buildx).parent().unwrap();
        let text = format!("{{\"cliPluginsExtraDirs\":[\"{}\"]}}", plugins.display());
        std::fs::write(config.path().join("config.json"), text).unwrap();
        docker.vars.push(("DOCKER_CONFIG".to_owned(), config.path().display().to_string()));
        for who in ["AUTHOR", "COMMITTER"] {
            docker.vars.push((format!("GIT_{who}_NAME"), "Ada".to_owned()));
            docker.vars.push((format!("GIT_{who}_EMAIL"), "ada@example.org".to_owned()));
        }
        let chain = Chain { docker, image, _config: config };
        let project = &chain.docker.project;
        for (name, registry) in [("dev", dev), ("rec", rec)] {
            let registry =
                with_password(&registry.address, "REGISTRY_PASSWORD").replace("/team", &format!("/{name}"));
            let toml = format!(
                "[secrets]\nfiles = [\"credentials/local.enc.env\"]\nrequired = []\n{registry}\
                 [images.{image}]\ncontext = \"app\"\n[promotion]\nrec = {{ from = \"dev\", needs = [\"verify\"] }}\n\
                 [pipelines]\ndeploy = [{{ do = \"build\" }}, {{ do = \"push\" }},\n\
                 {{ name = \"note\", command = \"echo {{{{image.{image}}}}} > {left}/{name}\" }}]\n\
                 verify = {{ steps = [{{ command = \"true\", effect = \"reads\" }}] }}\n",
                image = chain.image,
                left = project.path("left").display()
            );
            project.environment(name, &toml);
        }
        project.secrets("local", &[("REGISTRY_PASSWORD", "registry")]);
        project.write(".gitignore", ".infractl/\nleft/\nshared/\n");
        project.write("left/.keep", "");
        chain.git(&["checkout", "--quiet", "-B", "main"]);
        Some(chain)
    }

    fn git(&self, args: &[&str]) -> String {
        let mut command =
            crate::common::clean("git", self.docker.project.root(), self.docker.project.home.root());
        command.args(args).envs(self.docker.vars.iter().cloned());
        String::from_utf8(crate::common::output(&mut command)).unwrap().trim().to_owned()
    }

    /// Commits an image that says this, and tags the commit.
    fn release(&self, version: &str) {
        let text = format!("FROM {}\nLABEL version={version}\n", self.docker.image);
        self.docker.project.write("app/Dockerfile", &text);
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", &format!("feat: {version}")]);
        self.git(&["tag", "-a", "-m", version, version]);
    }

    /// What runs there: the registry with its folder, and the digest.
    fn runs(&self, environment: &str) -> (String, String) {
        let text = self.docker.project.read(format!("left/{environment}"));
        let (place, digest) = text.trim().split_once('@').unwrap();
        (place.to_owned(), digest.to_owned())
    }

    fn last(&self, environment: &str) -> Value {
        let run = self.docker.infractl(&["history", "deployments", environment, "--json"]).code(0);
        serde_json::from_str::<Value>(&run.out).unwrap()["deployments"][0].clone()
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        let all = self.docker.docker(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
        for name in all.lines().filter(|name| name.contains(&self.image)) {
            self.docker.docker(&["image", "rm", "--force", name]);
        }
    }
}

#[test]
fn the_same_image_goes_from_one_registry_to_the_next_and_back() {
    let (Some(first), Some(second)) = (Registry::start(), Registry::start()) else { return };
    let Some(chain) = Chain::new(&first, &second) else { return };
    let docker = &chain.docker;
    let name = |registry: &Registry, environment: &str| {
        format!("{}/{environment}/{}", registry.address, chain.image)
    };
    chain.release("v1.0.0");
    docker.infractl(&["deploy", "dev"]).code(0);
    let (place, one) = chain.runs("dev");
    assert_eq!(place, name(&first, "dev"));
    assert_eq!(chain.last("dev")["images"][&chain.image], format!("{place}@{one}"));
    docker.infractl(&["promote", "dev", "rec"]).code(1).says("is not verified in `dev`");
    docker.infractl(&["verify", "dev"]).code(0);
    docker.infractl(&["promote", "dev", "rec", "--check"]).code(2).prints("dev has v1.0.0").prints(&one);
    let dry = docker.infractl(&["promote", "dev", "rec", "--dry-run"]).code(0);
    let copy = format!("--tag {}:v1.0.0 {place}@{one}", name(&second, "rec"));
    assert!((dry.out.clone() + &dry.err).contains(&copy), "{}{}", dry.out, dry.err);
    docker.infractl(&["promote", "dev", "rec"]).code(0).says("nothing is built or pushed");
    // What the registry itself says, and what runs.
    assert_eq!(chain.runs("rec"), (name(&second, "rec"), one.clone()));
    docker.docker(&["image", "inspect", &format!("{}@{one}", name(&first, "dev"))]);
    let record = chain.last("rec");
    assert_eq!(
        (&record["from"], &record["verb"], &record["release"]),
        (&"dev".into(), &"promote".into(), &"v1.0.0".into())
    );
    docker.infractl(&["promote", "dev", "rec", "--check"]).code(0).says("`rec` has what `dev` has: v1.0.0");
    docker.infractl(&["promote", "dev", "rec"]).code(0).says("runs v1.0.0 already");
    docker.infractl(&["verify", "rec"]).code(0);

    chain.release("v2.0.0");
    docker.infractl(&["deploy", "dev"]).code(0);
    docker.infractl(&["verify", "dev"]).code(0);
    let (_, two) = chain.runs("dev");
    assert_ne!(one, two);
    docker.infractl(&["promote", "dev", "rec"]).code(0);
    assert_eq!(chain.runs("rec").1, two);
    docker.infractl(&["rollback", "rec", "--list"]).code(0).prints("it runs").prints(" yes");
    docker.infractl(&["rollback", "rec"]).code(0).says("goes back to v1.0.0");
    assert_eq!(chain.runs("rec"), (name(&second, "rec"), one.clone()));
    assert_eq!(chain.last("rec")["verb"], "rollback");
    // A later deploy by hand means what runs.
    docker.infractl(&["deploy", "rec", "--only", "note"]).code(0);
    assert_eq!(chain.runs("rec").1, one);

    // What a registry has lost is refused before anything is done.
    chain.git(&["checkout", "--quiet", "main"]);
    second.forget(&format!("rec/{}", chain.image), &two);
    let list = docker.infractl(&["rollback", "rec", "--list"]).code(0);
    assert!(list.out.contains("is gone from its registry"), "{}", list.out);
    docker.infractl(&["rollback", "rec", "--to", "v2.0.0"]).code(1).says("is gone from its registry");
    assert_eq!(chain.runs("rec").1, one, "nothing was done");
    first.forget(&format!("dev/{}", chain.image), &two);
    docker
        .infractl(&["promote", "dev", "rec"])
        .code(1)
        .says("is gone from its registry")
        .says("nothing was changed");
    assert_eq!(chain.last("rec")["release"], "v1.0.0");
}

#[test]
fn a_registry_that_has_something_else_after_the_copy_ends_it() {
    let (Some(first), Some(second)) = (Registry::start(), Registry::start()) else { return };
    let Some(mut chain) = Chain::new(&first, &second) else { return };
    chain.release("v1.0.0");
    chain.docker.infractl(&["deploy", "dev"]).code(0);
    let (place, digest) = chain.runs("dev");
    chain.release("v2.0.0");
    chain.docker.infractl(&["deploy", "dev"]).code(0);
    chain.docker.infractl(&["verify", "dev"]).code(0);
    // Stands in for a registry that makes images anew: what comes in is the image of another release.
    let real = need("docker").unwrap();
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *'imagetools create'*)\n  while [ \"$1\" != --tag ]; do shift; done\n  \
         exec '{real}' buildx imagetools create --tag \"$2\" '{place}@{digest}' ;;\nesac\nexec '{real}' \"$@\"\n",
        real = Path::new(&real).display()
    );
    let front = chain.docker.project.path("left/docker");
    std::fs::write(&front, text).unwrap();
    std::fs::set_permissions(&front, std::fs::Permissions::from_mode(0o755)).unwrap();
    chain.docker.vars.push(("PATH".to_owned(), path_with([front]).into_string().unwrap()));
    let run = chain.docker.infractl(&["promote", "dev", "rec"]).code(1);
    run.says("what was copied is not what was there").says("it must keep what is pushed as it is");
    assert!(!chain.docker.project.path("left/rec").exists(), "it was deployed");
}
