//! `[cluster]`: what text may name of it, and what is wrong with it, each with its place.

use super::dev;

#[test]
fn what_text_names_of_a_cluster_is_known_without_one() {
    let text = "[cluster]\nkind = \"kind\"\nname = \"lab\"\nregistry = { port = 5001 }\n[pipelines]\n\
                up = [{ command = [\"kubectl\", \"--context\", \"{{cluster.context}}\", \"{{cluster.registry}}\"] }]\n";
    let cluster = dev(text).load("dev").unwrap().cluster.unwrap();
    assert_eq!(cluster.context, "kind-lab");
    assert!(cluster.kubeconfig.ends_with(".infractl/kube/dev"), "{cluster:?}");
    assert_eq!(cluster.registry.unwrap().here, "localhost:5001");
}

#[test]
fn what_is_not_there_is_refused_where_it_is_named() {
    let none =
        dev("[pipelines]\nup = [{ command = [\"kubectl\", \"--context\", \"{{cluster.context}}\"] }]\n");
    let says = none.error("dev");
    assert!(says.contains("there is no cluster\n --> environments/dev/environment.toml:2:47"), "{says}");
    assert!(says.contains("declare it: `[cluster]` with `kind`"), "{says}");
    let without = "[cluster]\nkind = \"k3d\"\n[pipelines]\nup = [{ command = [\"echo\", \"{{cluster.registry-host}}\"] }]\n";
    let says = dev(without).error("dev");
    assert!(
        says.contains("the cluster has no registry\n --> environments/dev/environment.toml:4:31"),
        "{says}"
    );
    let path = "[cluster]\nkind = \"k3d\"\n[terraform]\nvar-files = [\"{{cluster.context}}.tfvars\"]\n";
    assert!(dev(path).error("dev").contains("is needed before `cluster.context` is known"));
}

#[test]
fn what_a_kind_does_not_know_is_refused() {
    let says = |text: &str| dev(&format!("[cluster]\n{text}\n")).error("dev");
    for (text, why) in [
        ("name = \"lab\"", "`cluster` needs `kind`"),
        ("kind = \"minikube\"", "`kind` cannot be `minikube`"),
        ("kind = \"existing\"", "`existing` needs `context`"),
        ("kind = \"existing\"\ncontext = \"{{environment}}\"", "as it stands"),
        ("kind = \"existing\"\ncontext = \"a\"\nagents = 2", "`agents` means nothing to `existing`"),
        ("kind = \"existing\"\ncontext = \"a\"\nregistry = { port = 1 }", "`existing` needs `name`"),
        ("kind = \"kind\"\nmemory = \"4g\"", "`memory` means nothing to `kind`"),
        ("kind = \"k3d\"\nname = \"Lab\"", "small letters"),
        ("kind = \"k3d\"\nname = \"a-name-of-more-than-32-letters-is-long\"", "takes 32 letters"),
        ("kind = \"k3d\"\nregistry = {}", "the registry of `k3d` needs `port`"),
        ("kind = \"k3d\"\nconfig = \"k3d.yaml\"\nagents = 2", "the file says it"),
        ("kind = \"k3d\"\nports = [\"eighty:80\"]", "is no port"),
        ("kind = \"kind\"\nagents = -1", "`agents` cannot be -1"),
        ("kind = \"k3d\"\nmanaged = true", "it belongs to `k3s`"),
    ] {
        let said = says(text);
        assert!(said.contains(why), "{text}: {said}");
    }
}
