//! Kubernetes: how its programs are called, so that they reach the cluster of the environment and no other.

pub(crate) mod gone;
pub(crate) mod argocd;
pub(crate) mod application;
pub(crate) mod pods;
pub(crate) mod verdict;
pub(crate) mod refusals;
pub(crate) mod manifests;

use crate::config::Cluster;
use crate::exec::Cmd;

/// What the user's shell may say of clusters: none of it counts.
const ELSEWHERE: [&str; 2] = ["KUBE*", "HELM_*"];

/// kubectl for this cluster: its file and its context are always said, whatever the current context is.
pub(crate) fn kubectl(cluster: &Cluster) -> Cmd {
    let kubeconfig = cluster.kubeconfig.to_string_lossy().into_owned();
    let cmd = Cmd::new("kubectl").args(["--kubeconfig", &kubeconfig, "--context", &cluster.context]);
    alone(cmd, cluster)
}

/// Lets a program that knows clusters see this one only.
pub(crate) fn alone(cmd: Cmd, cluster: &Cluster) -> Cmd {
    let cmd = ELSEWHERE.into_iter().fold(cmd, Cmd::unset);
    cmd.env("KUBECONFIG", cluster.kubeconfig.to_string_lossy())
}

/// The variables by which the user's shell names another cluster to terraform's providers and to helm.
const CHOICES: [&str; 2] = ["KUBE_*", "HELM_KUBE*"];

/// Lets a program of the project find this cluster where it looks for one, and no other that the user's shell names; what
/// the project says itself stays.
pub(crate) fn choose(mut cmd: Cmd, cluster: Option<&Cluster>) -> Cmd {
    let Some(cluster) = cluster else { return cmd };
    cmd = CHOICES.into_iter().fold(cmd, Cmd::unset);
    if cmd.env.contains_key("KUBECONFIG") {
        return cmd;
    }
    chosen(Some(cluster)).into_iter().fold(cmd, |cmd, (name, value)| cmd.env(name, value))
}

/// The variable by which programs find it.
pub(crate) fn chosen(cluster: Option<&Cluster>) -> Option<(String, String)> {
    Some(("KUBECONFIG".to_owned(), cluster?.kubeconfig.to_string_lossy().into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::cluster::tests::cluster_in;

    #[test]
    fn kubectl_reaches_this_cluster_whatever_the_shell_says() {
        let cmd =
            kubectl(&cluster_in("kind = 'existing'\nkubeconfig = '/lab/config'\ncontext = 'admin@lab'"));
        assert_eq!(
            cmd.to_string(),
            "KUBECONFIG=/lab/config kubectl --kubeconfig /lab/config --context admin@lab"
        );
        for name in
            ["KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBE_EDITOR", "HELM_KUBETOKEN", "HELM_NAMESPACE"]
        {
            assert!(cmd.hides(name), "{name}");
        }
        assert!(!cmd.hides("PATH") && !cmd.hides("MY_KUBECONFIG"));
    }

    #[test]
    fn a_program_of_the_project_finds_it_unless_the_project_names_another() {
        let cluster = cluster_in("kind = 'kind'\nname = 'lab'");
        let given = choose(Cmd::new("terraform"), Some(&cluster));
        assert_eq!(given.to_string(), "KUBECONFIG=/shop/.infractl/kube/dev.eu terraform");
        assert!(
            given.hides("KUBE_CONFIG_PATH") && given.hides("HELM_KUBECONTEXT") && !given.hides("HELM_DRIVER")
        );
        let own = choose(Cmd::new("terraform").env("KUBECONFIG", "/own"), Some(&cluster));
        assert_eq!(own.to_string(), "KUBECONFIG=/own terraform");
        let none = choose(Cmd::new("terraform"), None);
        assert!(none.env.is_empty() && none.unset.is_empty());
    }
}
