//! The step `kubernetes` against a real API: order, secrets, differences, removal, refusals.

use std::fs;
use std::net::TcpListener;

use crate::common::{CANARY, Run, Sandbox};
use crate::kube::{Kube, VIEWER};

fn up(project: &Sandbox) -> Run {
    project.infractl(&["pipeline", "dev", "up"])
}

/// A new kind, something of that kind, its namespace, and more: in the worst order.
fn mixed(namespace: &str, group: &str) -> String {
    format!(
        "apiVersion: {group}/v1\nkind: Thing\nmetadata: {{ name: one, namespace: {namespace} }}\nspec: {{ size: 1 }}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: settings, namespace: {namespace} }}\ndata: {{ text: \"{{{{ .Values }}}}\" }}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {{ name: web, namespace: {namespace} }}\nspec: {{ containers: [{{ name: main, image: none }}] }}\n---\n\
         apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {{ name: things.{group} }}\n\
         spec:\n  group: {group}\n  scope: Namespaced\n  names: {{ kind: Thing, plural: things, singular: thing, listKind: ThingList }}\n\
         \x20 versions: [{{ name: v1, served: true, storage: true, schema: {{ openAPIV3Schema: {{ type: object, x-kubernetes-preserve-unknown-fields: true }} }} }}]\n---\n\
         kind: Namespace\napiVersion: v1\nmetadata: {{ name: {namespace} }}\n"
    )
}

#[test]
fn objects_go_in_the_order_that_they_need_and_only_differences_are_told() {
    let Some(kube) = Kube::up() else { return };
    let project = kube.project(&[], "up = [{ kubernetes = { apply = [\"k8s\"] } }]\ndown = [{ kubernetes = { delete = [\"k8s/all.yaml\"] } }]\n");
    project.write("k8s/all.yaml", &mixed("ordered", "order.example.com"));
    project.write("k8s/notes.txt", "not a manifest");
    project
        .infractl(&["pipeline", "dev", "up", "--dry-run"])
        .code(0)
        .prints("apply --server-side '--field-manager=infractl' -f k8s");
    assert!(!kube.is(&["get", "namespace", "ordered"]), "a dry run has made it");
    up(&project).code(0).says("Thing one in ordered: created").says("5 objects, 5 created");
    assert_eq!(kube.json(&["get", "things.order.example.com", "one", "-n", "ordered"])["spec"]["size"], 1);
    let settings = kube.json(&["get", "configmap", "settings", "-n", "ordered"]);
    assert_eq!(settings["data"]["text"], "{{ .Values }}", "templates of others stay as they are");
    up(&project).code(0).says("5 objects, unchanged").never_says("created");
    project.edit("k8s/all.yaml", "size: 1", "size: 2");
    up(&project).code(0).says("Thing one in ordered: changed").says("5 objects, 1 changed");
    project.infractl(&["pipeline", "dev", "down"]).code(0).says("5 objects gone");
    assert!(
        !kube.is(&["get", "namespace", "ordered"]) && !kube.is(&["get", "crd", "things.order.example.com"])
    );
    project.infractl(&["pipeline", "dev", "down"]).code(0).says("nothing was there");
}

#[test]
fn the_printed_script_does_the_same() {
    let Some(kube) = Kube::up() else { return };
    let token = format!("{CANARY}'quote\"d");
    let project = kube.project(
        &[("TOKEN", &token)],
        "up = [{ kubernetes = { apply = [\"all.yaml\"] } },\n\
               { kubernetes = { secret = \"login\", namespace = \"scripted\", labels = { \"example.com/kind\" = \"repository\" }, data = { user = \"root\", token = \"{{secret.TOKEN}}\" }, type = \"Opaque\" } },\n\
               { wait = { condition = \"Ready\", of = \"pod/web\", namespace = \"scripted\" }, attempts = 20, every = \"500ms\" },\n\
               { kubernetes = { delete = [\"configmap/settings\"], namespace = \"scripted\" } }]\n\
         filled = [{ kubernetes = { apply = [\"all.yaml\"], template = true } }]\n",
    );
    project.write("all.yaml", &mixed("scripted", "script.example.com"));
    let script = project.infractl(&["pipeline", "dev", "up", "--print"]).code(0).out;
    project.write("up.sh", &script);
    let mut bash = crate::common::clean("bash", project.root(), project.home.root());
    bash.arg("up.sh").envs(project.vars.iter().cloned()).env("TOKEN", &token);
    let folder = std::path::Path::new(crate::common::BIN).parent().unwrap();
    let path = project.vars.iter().find(|(name, _)| name == "PATH").unwrap().1.clone();
    bash.env(
        "PATH",
        std::env::join_paths(std::iter::once(folder.to_owned()).chain(std::env::split_paths(&path))).unwrap(),
    );
    Run::of(&mut bash).code(0);
    let secret = kube.json(&["get", "secret", "login", "-n", "scripted"]);
    assert_eq!(secret["metadata"]["labels"]["example.com/kind"], "repository");
    assert_eq!(secret["data"]["user"], "cm9vdA==");
    assert_eq!(decoded(&secret["data"]["token"]), token);
    assert!(!kube.is(&["get", "configmap", "settings", "-n", "scripted"]));
    assert!(!fs::read_to_string(project.home.path("argv")).unwrap().contains(CANARY));
    project.infractl(&["pipeline", "dev", "filled", "--print"]).code(64).says("has no script");
}

fn decoded(value: &serde_json::Value) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(value.as_str().unwrap()).unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_secret_is_seen_by_nobody_and_written_only_when_it_differs() {
    let Some(kube) = Kube::up() else { return };
    let namespace = kube.namespace();
    let token = format!("{CANARY}token");
    let project = kube.project(
        &[("TOKEN", &token)],
        &format!(
            "up = [{{ kubernetes = {{ secret = \"repo-{{{{environment}}}}\", namespace = \"{namespace}\", labels = {{ \"argocd.argoproj.io/secret-type\" = \"repository\" }}, data = {{ url = \"http://git/x\", password = \"{{{{secret.TOKEN}}}}\" }} }} }}]\n"
        ),
    );
    project
        .run(&["pipeline", "dev", "up", "--dry-run"], 0)
        .prints("Secret repo-dev with `url` and `password`");
    project.run(&["pipeline", "dev", "up"], 0).says("Secret repo-dev in ").says("1 object, 1 created");
    let secret = kube.json(&["get", "secret", "repo-dev", "-n", &namespace]);
    assert_eq!(decoded(&secret["data"]["password"]), token);
    assert_eq!(secret["type"], "Opaque");
    assert_eq!(secret["metadata"]["labels"]["argocd.argoproj.io/secret-type"], "repository");
    project.run(&["pipeline", "dev", "up"], 0).says("unchanged");
    assert_eq!(
        kube.json(&["get", "secret", "repo-dev", "-n", &namespace])["metadata"]["resourceVersion"],
        secret["metadata"]["resourceVersion"]
    );
    project.edit("environments/dev/environment.toml", "url = \"http://git/x\", ", "");
    project.run(&["pipeline", "dev", "up"], 0).says("1 changed");
    let secret = kube.json(&["get", "secret", "repo-dev", "-n", &namespace]);
    assert_eq!(secret["data"].as_object().unwrap().len(), 1, "a key that went is gone");
    // Nor where it is refused, nor in what is compared.
    project.edit("environments/dev/environment.toml", "repo-{{environment}}", "Not_A_Name");
    project.run(&["pipeline", "dev", "up"], 1).says("is invalid").says("mend the manifest");
    project.run(&["check", "dev"], 1);
    project.edit("environments/dev/environment.toml", "Not_A_Name", "other");
    project.run(&["check", "dev", "--exit-code"], 2).prints("other");
    assert!(!kube.is(&["get", "secret", "other", "-n", &namespace]), "a check has written it");
}

#[test]
fn a_check_shows_what_would_change() {
    let Some(kube) = Kube::up() else { return };
    let namespace = kube.namespace();
    let project = kube.project(
        &[],
        &format!("up = [{{ kubernetes = {{ apply = [\"a.yaml\"], namespace = \"{namespace}\" }} }}, {{ do = \"more\" }}]\nmore = [{{ kubernetes = {{ apply = [\"b.yaml\"] }} }}]\n"),
    );
    project
        .write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { size: small }\n");
    project
        .write("b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: b, namespace: never-made }\n");
    project.infractl(&["check", "dev", "--exit-code"]).code(2).says("not there yet, nor what it belongs to");
    project.write(
        "b.yaml",
        &format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: b, namespace: {namespace} }}\n"),
    );
    up(&project).code(0);
    project.infractl(&["check", "dev", "--exit-code"]).code(0);
    project.edit("a.yaml", "small", "large");
    project.infractl(&["check", "dev", "--exit-code"]).code(2).prints("+  size: large");
    assert_eq!(kube.json(&["get", "configmap", "a", "-n", &namespace])["data"]["size"], "small");
}

#[test]
fn names_are_filled_in_where_that_is_asked_for_and_kustomize_makes_its_own() {
    let Some(kube) = Kube::up() else { return };
    let namespace = kube.namespace();
    let project = kube.project(
        &[("WORD", "CANARY-7f3a-word")],
        &format!(
            "up = [{{ kubernetes = {{ apply = [\"a.yaml\"], template = true, namespace = \"{namespace}\" }} }},\n\
                   {{ kubernetes = {{ kustomize = \"overlay\", namespace = \"{namespace}\" }} }}]\n"
        ),
    );
    project.write("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { env: \"{{environment}}\", word: \"{{secret.WORD}}\", other: \"{{{{ x }}\" }\n");
    project.write("overlay/kustomization.yaml", "namePrefix: my-\nresources: [b.yaml]\n");
    project.write("overlay/b.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: b }\n");
    project.run(&["pipeline", "dev", "up"], 0);
    let made = kube.json(&["get", "configmap", "a", "-n", &namespace]);
    assert_eq!(made["data"]["env"], "dev");
    assert_eq!(made["data"]["word"], "CANARY-7f3a-word");
    assert_eq!(made["data"]["other"], "{{ x }}");
    assert!(kube.is(&["get", "configmap", "my-b", "-n", &namespace]));
    project.edit("a.yaml", "{{environment}}", "{{output.no}}");
    project.run(&["pipeline", "dev", "up"], 1).says("no output `no`").says("a.yaml:4:17");
    project.edit("environments/dev/environment.toml", "apply = [\"a.yaml\"]", "apply = [\"overlay/none\"]");
    project.run(&["pipeline", "dev", "up"], 1).says("overlay/none");
}

#[test]
fn a_namespace_that_does_not_go_says_what_holds_it() {
    let Some(kube) = Kube::up() else { return };
    let namespace = kube.namespace();
    kube.apply(&format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{ name: held, namespace: {namespace}, finalizers: [example.com/hold] }}\n"
    ));
    let project = kube.project(
        &[],
        &format!(
            "down = [{{ kubernetes = {{ delete = [\"namespace/{namespace}\"] }}, timeout = \"20s\" }}]\n\
             one = [{{ kubernetes = {{ delete = [\"configmap/held\"], namespace = \"{namespace}\" }}, timeout = \"4s\" }}]\n\
             none = [{{ kubernetes = {{ delete = [\"nonsense\"] }} }}]\nunknown = [{{ kubernetes = {{ delete = [\"nonsenses/x\"] }} }}]\n"
        ),
    );
    let run = |name: &str| project.infractl(&["pipeline", "dev", name]);
    run("one").code(1).says("ConfigMap held: held by the finalizers example.com/hold");
    run("down").code(1).says("example.com/hold").says("never taken away here");
    run("none").code(78).says("`nonsense` names no object");
    run("unknown").code(1).says("doesn't have a resource type");
    // Nobody but who set it takes it away.
    kube.kubectl(&[
        "patch",
        "configmap",
        "held",
        "-n",
        &namespace,
        "--type=merge",
        "-p",
        "{\"metadata\":{\"finalizers\":null}}",
    ]);
    run("down").code(0);
    assert!(!kube.is(&["get", "namespace", &namespace]));
}

#[test]
fn every_refusal_says_why_and_what_to_do() {
    let Some(kube) = Kube::up() else { return };
    let namespace = kube.namespace();
    let project = kube.project(
        &[],
        &format!("up = [{{ kubernetes = {{ apply = [\"a.yaml\"], namespace = \"{namespace}\" }} }}]\nwait = [{{ wait = {{ rollout = \"x\" }}, attempts = 2, every = \"100ms\" }}]\n"),
    );
    let manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\ndata: { size: small }\n";
    project.write("a.yaml", manifest);
    // Another program manages the field.
    project.write(
        "other.yaml",
        &manifest.replace("small", "theirs").replace("name: a", &format!("name: a, namespace: {namespace}")),
    );
    kube.kubectl(&[
        "apply",
        "--server-side",
        "--field-manager=other",
        "-f",
        project.path("other.yaml").to_str().unwrap(),
    ]);
    up(&project).code(1).says("conflict with \"other\"").says("force-conflicts = true");
    project.edit(
        "environments/dev/environment.toml",
        "apply = [\"a.yaml\"],",
        "apply = [\"a.yaml\"], force-conflicts = true,",
    );
    up(&project).code(0).says("1 changed");
    // Wrong as it is written; a kind that is not there; nothing at all.
    project.write("a.yaml", "apiVersion: v1\nkind: Service\nmetadata: { name: a }\nspec: { ports: [] }\n");
    up(&project).code(1).says("The Service \"a\" is invalid");
    project.write("a.yaml", "apiVersion: example.com/v1\nkind: Nothing\nmetadata: { name: a }\n");
    up(&project).code(1).says("no matches for kind").says("CustomResourceDefinition");
    project.write("a.yaml", "# nothing\n");
    up(&project).code(78).says("has nothing to put there");
    project.write("a.yaml", manifest);
    // Whom the cluster does not know, may not, or cannot be asked.
    let kubeconfig = kube.kubeconfig().to_str().unwrap().to_owned();
    let with = |from: &str, to: &str| {
        let text = fs::read_to_string(project.path("environments/dev/environment.toml")).unwrap();
        project.environment("dev", &text.replace(from, to));
        text
    };
    let text = with("context = \"lab\"", &format!("context = \"{VIEWER}\""));
    up(&project).code(1).says("is forbidden: User \"viewer\"").says("kubectl auth can-i");
    project.infractl(&["pipeline", "dev", "wait"]).code(1).says("is forbidden").never_says("tried 2 times");
    project.environment("dev", &text);
    let text = with("context = \"lab\"", "context = \"nowhere\"");
    up(&project).code(78).says("context \"nowhere\" does not exist");
    project
        .infractl(&["pipeline", "dev", "wait"])
        .code(1)
        .says("context was not found")
        .never_says("tried 2 times");
    project.environment("dev", &text);
    let text = with(&kubeconfig, "gone.yaml");
    up(&project).code(78).says("gone.yaml");
    project.environment("dev", &text);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let away = fs::read_to_string(&kubeconfig).unwrap();
    let server = away.split("server: \"").nth(1).unwrap().split('"').next().unwrap();
    project.write("away.yaml", &away.replace(server, &format!("https://127.0.0.1:{port}")));
    with(&kubeconfig, "away.yaml");
    up(&project).code(1).says("refused").says("check that the cluster runs");
    project.infractl(&["pipeline", "dev", "wait"]).code(1).says("tried 2 times").says("refused");
    project.environment("dev", "[pipelines]\nup = [{ kubernetes = { apply = [\"a.yaml\"] } }]\n");
    up(&project).code(78).says("there is no `[cluster]`");
}
