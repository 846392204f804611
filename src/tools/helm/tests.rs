use super::release::{Pending, Release, is_absent, last_deployed, listed_chart};
use super::trouble::{advice, is_busy, line};
use super::*;

fn cluster() -> Cluster {
    Cluster {
        kind: crate::config::model::ClusterKind::Existing,
        name: "k3d-lab".into(),
        kubeconfig: "/p/kubeconfig".into(),
        context: "k3d-lab".into(),
        registry: None,
        section: toml::from_str("kind = 'existing'\ncontext = 'k3d-lab'").unwrap(),
    }
}

fn place(cluster: &Cluster) -> Place<'_> {
    Place {
        cluster,
        namespace: "data".into(),
        home: "/p/.infractl/helm".into(),
        plain_http: false,
        registry_config: None,
    }
}

fn wanted(wait: HelmWait) -> Wanted {
    Wanted {
        release: "minio".into(),
        chart: "charts/minio".into(),
        repo: None,
        version: Some("5.4.0".into()),
        values: vec!["lab/minio.yaml".into()],
        set: Some("{\"a\":\"CANARY-helm\"}".to_owned().into()),
        plain_http: false,
        create_namespace: true,
        wait,
        timeout: Duration::from_secs(300),
    }
}

fn shown(cmd: &Cmd) -> String {
    cmd.to_string().split_once(" --namespace data ").unwrap().1.to_owned()
}

#[test]
fn an_upgrade_names_its_cluster_and_reads_what_is_secret_from_its_input() {
    let cmd = upgrade(&place(&cluster()), Major::Three, &wanted(HelmWait::Switch(true)));
    insta::assert_snapshot!(cmd.to_string(), @"HELM_CACHE_HOME=/p/.infractl/helm/cache HELM_CONFIG_HOME=/p/.infractl/helm/config HELM_DATA_HOME=/p/.infractl/helm/data KUBECONFIG=/p/kubeconfig helm --kubeconfig /p/kubeconfig --kube-context k3d-lab --namespace data upgrade --install minio charts/minio --version 5.4.0 --create-namespace --values lab/minio.yaml --values - --history-max 5 --wait --timeout 300s --output json");
    assert!(cmd.hides("HELM_DRIVER") && matches!(cmd.input, crate::exec::Input::Secret(_)));
    let cmd = preview(&place(&cluster()), &wanted(HelmWait::Switch(true)));
    insta::assert_snapshot!(shown(&cmd), @"upgrade --install minio charts/minio --version 5.4.0 --create-namespace --values lab/minio.yaml --values - '--dry-run=server' --output json");
}

#[test]
fn each_helm_waits_in_its_own_words() {
    use HelmWait::{Switch, Way};
    for (major, wait, words) in [
        (Major::Three, Switch(true), Some("--wait")),
        (Major::Three, Way(WaitStrategy::Legacy), Some("--wait")),
        (Major::Four, Switch(true), Some("--wait=legacy")),
        (Major::Four, Way(WaitStrategy::Legacy), Some("--wait=legacy")),
        (Major::Four, Way(WaitStrategy::Watcher), Some("--wait=watcher")),
        (Major::Three, Switch(false), None),
        (Major::Four, Switch(false), None),
    ] {
        assert_eq!(waiting(major, wait), words, "{major:?} {wait:?}");
    }
    let said = [
        ("v3.21.4", Some(Major::Three)),
        ("v4.1.4+g05fa\n", Some(Major::Four)),
        ("v2.17.0", None),
        ("", None),
    ];
    for (text, major_of) in said {
        assert_eq!(major(text), major_of, "{text}");
    }
}

#[test]
fn a_release_is_read_from_what_helm_prints() {
    let text = br#"Release minio has been cancelled.
{"name":"minio","info":{"status":"pending-upgrade","last_deployed":"2026-11-29T10:01:22.5+01:00"},"version":3,
 "manifest":"---\nkind: X\n","hooks":[{"manifest":"kind: Job"}],"chart":{"metadata":{"name":"minio","version":"5.4.0"}}}
"#;
    let release = Release::parse(text).unwrap();
    assert_eq!((release.revision, release.pending()), (3, Some(Pending::Upgrade)));
    assert_eq!(release.since, Some("2026-11-29T09:01:22.5Z".parse().unwrap()));
    assert_eq!((release.hooks.len(), release.chart.as_deref()), (1, Some("minio-5.4.0")));
    assert_eq!(release.values, serde_json::json!({}));
    assert!(Release::parse(b"no json").is_none());
    let other = |status: &str| Release { status: status.into(), ..release.clone() }.pending();
    assert_eq!(
        [other("pending-install"), other("pending-rollback"), other("deployed"), other("failed")],
        [Some(Pending::Install), Some(Pending::Upgrade), None, None]
    );
}

#[test]
fn the_way_back_leads_to_what_was_deployed() {
    let history = |all: &[(u64, &str)]| {
        let all: Vec<_> = all
            .iter()
            .map(|(revision, status)| serde_json::json!({"revision": revision, "status": status}))
            .collect();
        last_deployed(serde_json::Value::from(all).to_string().as_bytes())
    };
    assert_eq!(history(&[(1, "superseded"), (2, "deployed"), (3, "pending-upgrade")]), Some(2));
    assert_eq!(history(&[(4, "superseded"), (5, "failed"), (6, "pending-rollback")]), Some(4));
    assert_eq!(history(&[(1, "failed"), (2, "pending-upgrade")]), None);
    assert!(is_absent("Error: release: not found\n") && !is_absent("Error: Kubernetes cluster unreachable"));
    assert_eq!(listed_chart(br#"[{"name":"a","chart":"minio-5.4.0"}]"#).as_deref(), Some("minio-5.4.0"));
    assert_eq!(listed_chart(b"[]"), None);
}

#[test]
fn the_errors_of_helm_say_what_to_do() {
    for (tail, word) in [
        (
            "Error: UPGRADE FAILED: another operation (install/upgrade/rollback) is in progress",
            "repair = true",
        ),
        ("Error: INSTALLATION FAILED: cannot re-use a name that is still in use", "another name"),
        ("Error: UPGRADE FAILED: context deadline exceeded", "more time"),
        ("Error: timed out waiting for the condition", "more time"),
        ("Error: Kubernetes cluster unreachable: Get \"https://127.0.0.1:1/version\": dial tcp", "[cluster]"),
        ("Error: kubernetes cluster unreachable: stat /nope: no such file or directory", "[cluster]"),
        (
            "Error: chart \"x\" matching 9 not found in https://charts.example index. (try 'helm repo update')",
            "`version`",
        ),
        (
            "Error: failed to parse lab/x.yaml: error converting YAML to JSON: yaml: line 3",
            "correct the file",
        ),
        (
            "Error: looks like \"http://127.0.0.1:9\" is not a valid chart repository or cannot be reached: dial",
            "`repo`",
        ),
        (
            "Error: UPGRADE FAILED: post-upgrade hooks failed: 1 error occurred:\n\t* job load failed: BackoffLimitExceeded",
            "pods said",
        ),
        (
            "Error: An error occurred while checking for chart dependencies. found in Chart.yaml, but missing in charts/ directory: pg",
            "dependency build",
        ),
        (
            "Error: resource mapping not found for name: \"a\" namespace: \"\" from \"\": no matches for kind \"Foo\" in version \"x/v1\"",
            "CRDs",
        ),
    ] {
        let advice = advice(tail).unwrap_or_else(|| panic!("{tail}"));
        assert!(advice.help.contains(word), "{tail}: {advice:?}");
    }
    assert_eq!(advice("Error: something else"), None);
    assert!(is_busy("x: another operation (install/upgrade/rollback) is in progress"));
    assert_eq!(line("WARNING: a\nError: UPGRADE FAILED: b\n\n"), Some("UPGRADE FAILED: b"));
    assert_eq!(line("Error: a:\n\t* b\n"), Some("a:"));
}
