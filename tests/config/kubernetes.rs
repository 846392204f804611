//! Steps and waits about a cluster: what cannot be meant is refused where it stands.

use super::dev;

#[test]
fn what_means_nothing_in_a_step_is_refused() {
    let says = |step: &str| dev(&format!("[pipelines]\nup = [{{ {step} }}]\n")).error("dev");
    for (step, why) in [
        ("kubernetes = { namespace = \"a\" }", "apply"),
        ("kubernetes = { apply = [\"a.yaml\"], delete = [\"job/a\"] }", "apply"),
        ("kubernetes = { apply = [] }", "`apply` names nothing"),
        ("kubernetes = { secret = \"a\" }", "would be empty"),
        ("kubernetes = { delete = [\"job/a\"], template = true }", "`template` means nothing here"),
        (
            "kubernetes = { delete = [\"job/a\"], force-conflicts = true }",
            "`force-conflicts` means nothing here",
        ),
        ("kubernetes = { kustomize = \"a\", data = { a = \"b\" } }", "`data` means nothing here"),
        ("kubernetes = { apply = [\"a.yaml\"], labels = { a = \"b\" } }", "`labels` means nothing here"),
        ("kubernetes = { secret = \"{{secret.A}}\", data = { a = \"b\" } }", "secret"),
        ("argocd = { sync = true }", "`argocd` needs `app`"),
        ("argocd = { app = \"a\", prune = true }", "`prune` belongs to a synchronisation"),
        ("argocd = { app = \"a\", wait = \"none\", refresh = \"none\" }", "this step would do nothing"),
        ("argocd = { app = \"a\", wait = \"green\" }", "`wait` cannot be `green`"),
        ("wait = { condition = \"Ready\" }", "a condition of what?"),
        ("wait = { rollout = \"a\", of = \"b\" }", "`of` means nothing here"),
        ("wait = { job = \"a\", selector = \"b\" }", "`selector` means nothing here"),
        ("wait = { tcp = \"a:1\", namespace = \"b\" }", "`namespace` means nothing here"),
        ("wait = { rollout = \"a\", job = \"b\" }", "rollout"),
    ] {
        let said = says(step);
        assert!(said.contains(why) && said.contains("environment.toml:2:"), "{step}: {said}");
    }
}

#[test]
fn steps_have_names_of_their_own() {
    let text = "[pipelines]\nup = [\n\
        { kubernetes = { apply = [\"k8s/root.yaml\"] } },\n\
        { kubernetes = { secret = \"repo\", data = { a = \"b\" } } },\n\
        { kubernetes = { delete = [\"job/a\", \"job/b\"] } },\n\
        { argocd = { app = \"root\", sync = true } },\n\
        { wait = { rollout = \"web\" } },\n\
        { wait = { condition = \"Ready\", of = \"nodes\" } },\n]\n";
    let steps = dev(text).load("dev").unwrap().pipelines.swap_remove("up").unwrap();
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "kubernetes apply root.yaml",
            "kubernetes secret repo",
            "kubernetes delete 2 objects",
            "argocd sync root",
            "wait rollout web",
            "wait Ready nodes"
        ]
    );
}
