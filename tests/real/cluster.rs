//! Clusters against what is real: the program `kind` with an engine of docker, kubectl, a Kubernetes API.

use std::process::Command;

use serde_json::Value;

use crate::common::{Run, Sandbox, need};
use crate::kube::{CONTEXT, Kube, VIEWER};

const PIPELINES: &str = "[pipelines]\nup = [{ cluster = \"up\" }]\ndown = [{ cluster = \"down\" }]\nready = [{ cluster = \"wait\" }]\n";

/// A project with a secret that nothing may show, and the kubectl of these tests in `home/bin`.
fn project() -> Sandbox {
    let project = Sandbox::empty().with_secrets(&[("TOKEN", "CANARY-cluster")]);
    let kubectl = std::env::var("INFRACTL_TEST_KUBECTL").unwrap_or_else(|_| "kubectl".to_owned());
    let path = std::env::var("PATH").unwrap();
    project.home.script("bin/kubectl", &format!("#!/bin/sh\nPATH='{path}'\nexec '{kubectl}' \"$@\"\n"));
    let bin = project.home.path("bin/kubectl");
    project.on_path(bin)
}

/// A cluster of somebody else, as the context of a file.
fn existing(kube: &Kube, context: &str, wait: &str) -> Sandbox {
    let project = project();
    let section =
        kube.section().replace(&format!("context = \"{CONTEXT}\""), &format!("context = \"{context}\""));
    project.environment("dev", &format!("{section}wait = \"{wait}\"\n{PIPELINES}"));
    project
}

#[test]
fn a_cluster_that_is_there_is_waited_for_until_it_can_be_used() {
    let Some(kube) = Kube::own() else { return };
    let project = existing(&kube, CONTEXT, "60s");
    project.run(&["ready", "dev"], 0).says("1 machine ready");
    project.run(&["up", "dev"], 0).says("was there");
    project.run(&["down", "dev"], 0).says("never made here");
    // What answers for names counts where there is something.
    let coredns = |annotation: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{ name: coredns, namespace: kube-system, labels: {{ k8s-app: kube-dns }} }}\n\
             spec:\n  selector: {{ matchLabels: {{ a: b }} }}\n  template:\n    metadata: {{ labels: {{ a: b }}, annotations: {{ {annotation} }} }}\n\
             \x20   spec: {{ containers: [{{ name: main, image: none }}] }}\n"
        )
    };
    kube.apply(&coredns("infractl.test/waiting: ImagePullBackOff"));
    let late = existing(&kube, CONTEXT, "8s");
    late.run(&["ready", "dev"], 1)
        .says("coredns is not available")
        .says("ImagePullBackOff")
        .says("cannot be used after 8.0 s");
    kube.apply(&coredns(""));
    project.run(&["ready", "dev"], 0).says("1 machine ready");
    existing(&kube, VIEWER, "30s").run(&["ready", "dev"], 1).says("may not see it");
    existing(&kube, "nobody", "3s").run(&["ready", "dev"], 78).says("has no context `nobody`").says(CONTEXT);
    // The same file, once nobody is there any more.
    let copy = std::fs::read_to_string(kube.kubeconfig()).unwrap();
    late.home.write("kubeconfig", &copy);
    let section = format!(
        "[cluster]\nkind = \"existing\"\nkubeconfig = \"~/kubeconfig\"\ncontext = \"{CONTEXT}\"\nwait = \"3s\"\n"
    );
    late.environment("dev", &format!("{section}{PIPELINES}"));
    drop(kube);
    late.run(&["ready", "dev"], 1).says("its API does not answer");
}

/// A fake of `k3d`, whose cluster is the API of the test: it knows one cluster, and hands out a file that leads there.
fn fake_k3d(project: &Sandbox, kube: &Kube) {
    let file = std::fs::read_to_string(kube.kubeconfig()).unwrap();
    project.home.write("k3d.yaml", &file);
    let file = project.home.path("k3d.yaml");
    let kubectl = |args: &[&str]| {
        let mut command = Command::new(project.home.path("bin/kubectl"));
        Run::of(command.args(["--kubeconfig", &file.to_string_lossy(), "config"]).args(args)).code(0)
    };
    kubectl(&["rename-context", CONTEXT, "k3d-lab"]);
    kubectl(&["delete-context", VIEWER]);
    let script = format!(
        "#!/bin/bash\n# A fake, for tests.\nS={}\ncase \"$1 $2\" in\n\
         'cluster list') [ -e $S/there ] && cat $S/list || echo '[]' ;;\n\
         'cluster create') labels=; for a in \"$@\"; do case $a in infractl.*@*) a=${{a%@*}}; labels=\"$labels,\\\"${{a%%=*}}\\\":\\\"${{a#*=}}\\\"\";; esac; done\n\
           echo \"[{{\\\"name\\\":\\\"lab\\\",\\\"nodes\\\":[{{\\\"name\\\":\\\"s\\\",\\\"role\\\":\\\"server\\\",\\\"runtimeLabels\\\":{{${{labels#,}}}},\\\"State\\\":{{\\\"Running\\\":true,\\\"Status\\\":\\\"running\\\"}}}}]}}]\" >$S/list; touch $S/there ;;\n\
         'cluster delete') rm $S/there ;;\n\
         'kubeconfig get') echo ---; cat $S/k3d.yaml ;;\nesac\n",
        project.home.root().display()
    );
    project.home.script("bin/k3d", &script);
}

#[test]
fn the_users_own_file_gets_it_beside_what_is_there_and_gives_it_back() {
    let Some(kube) = Kube::up() else { return };
    let project = project();
    fake_k3d(&project, kube);
    let section =
        "[cluster]\nkind = \"k3d\"\nname = \"lab\"\ndisable = [\"coredns\"]\nmerge-kubeconfig = true\n";
    project.environment("dev", &format!("{section}{PIPELINES}"));
    let own = project.home.path(".kube/config");
    let view = || -> Value {
        let mut command = Command::new(project.home.path("bin/kubectl"));
        let args = ["config", "view", "-o", "json", "--kubeconfig", &own.to_string_lossy()];
        serde_json::from_str(&Run::of(command.args(args)).code(0).out).unwrap()
    };
    let names = |view: &Value| -> Vec<String> {
        let all = view["contexts"].as_array().into_iter().flatten();
        all.map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let prod = "apiVersion: v1\nkind: Config\ncurrent-context: prod\nclusters:\n- cluster: { server: https://prod.example }\n  name: prod\n\
                contexts:\n- context: { cluster: prod, user: me }\n  name: prod\nusers:\n- name: me\n  user: { token: CANARY-prod }\n";
    project.home.write(".kube/config", prod);
    for _ in 0..2 {
        project.infractl(&["up", "dev"]).code(0).says("1 machine ready");
        let now = view();
        assert_eq!(names(&now), ["k3d-lab", "prod"], "{now}");
        assert_eq!(now["current-context"], "prod");
        assert!(std::fs::read_to_string(&own).unwrap().contains("CANARY-prod"), "what was there is whole");
    }
    project.infractl(&["down", "dev"]).code(0);
    assert_eq!(names(&view()), ["prod"]);
    // Another one of that name is not written over.
    let other = prod.replace("prod", "k3d-lab");
    project.home.write(".kube/config", &other);
    project.infractl(&["up", "dev"]).code(1).says("has another `k3d-lab`").says("https://k3d-lab.example");
    assert_eq!(std::fs::read_to_string(&own).unwrap(), other);
    project.infractl(&["down", "dev"]).code(0);
    assert_eq!(std::fs::read_to_string(&own).unwrap(), other);
}

/// A name of its own for each test: the engine is everybody's.
fn of_kind(name: &str, more: &str) -> Option<Sandbox> {
    let (kind, docker) = (need("kind")?, need("docker")?);
    let project = Sandbox::empty();
    project.environment(
        "dev",
        &format!("[cluster]\nkind = \"kind\"\nname = \"{name}\"\nwait = \"5s\"\n{more}{PIPELINES}"),
    );
    project.home.script("bin/kind", &format!("#!/bin/sh\nexec '{}' \"$@\"\n", kind.to_string_lossy()));
    project.home.script("bin/docker", &format!("#!/bin/sh\nexec '{}' \"$@\"\n", docker.to_string_lossy()));
    let bin = project.home.path("bin/kind");
    Some(project.on_path(bin).with_own_vars(&["DOCKER_HOST", "DOCKER_CONFIG"]))
}

fn docker(args: &[&str]) -> String {
    let docker = std::env::var_os("INFRACTL_TEST_DOCKER").unwrap();
    Run::of(Command::new(docker).args(args).env("DOCKER_BUILDKIT", "0")).code(0).out
}

fn machines(name: &str) -> String {
    docker(&["ps", "--all", "--quiet", "--filter", &format!("label=io.x-k8s.kind.cluster={name}")])
}

#[test]
fn the_real_kind_that_fails_leaves_nothing_or_what_is_made_again() {
    let Some(image) = need("image") else { return };
    let name = format!("t{}-fails", std::process::id());
    // An image that is none for it. `--retain` lets it leave what it has begun.
    let more = format!("image = \"{}\"\n", image.to_string_lossy());
    let Some(project) = of_kind(&name, &more) else { return };
    project.run(&["down", "dev"], 0).says(&format!("there is no `{name}`"));
    project.run(&["up", "dev"], 1).says(&format!("`{name}` was not made"));
    assert_eq!(machines(&name), "", "kind takes away what it has begun");
    let Some(retained) = of_kind(&name, &format!("{more}args = [\"--retain\"]\n")) else { return };
    retained.run(&["up", "dev"], 1).says("what is left of it is deleted then");
    let before = machines(&name);
    assert_ne!(before, "");
    retained.run(&["up", "dev"], 1).says("is half made");
    let after = machines(&name);
    assert!(!after.is_empty() && after != before, "it was made again");
    retained.run(&["down", "dev"], 0).says("deleted");
    assert_eq!(machines(&name), "");
}

#[test]
fn machines_of_somebody_elses_kind_stay() {
    let Some(image) = need("image") else { return };
    let name = format!("t{}-foreign", std::process::id());
    let Some(project) = of_kind(&name, "") else { return };
    let label = format!("io.x-k8s.kind.cluster={name}");
    let id = docker(&["run", "--detach", "--label", &label, &image.to_string_lossy(), "sleep", "300"]);
    project
        .run(&["up", "dev"], 1)
        .says("that infractl has not made")
        .says(&format!("kind delete cluster --name {name}"));
    project.run(&["down", "dev"], 0).says("it stays");
    assert_ne!(machines(&name), "");
    docker(&["rm", "--force", id.trim()]);
    // Without an engine nobody knows whether there is one.
    let nowhere = of_kind(&name, "").unwrap().with_var("DOCKER_HOST", "unix:///nowhere/docker.sock");
    nowhere.run(&["up", "dev"], 1).says("start docker");
}
