//! What kubectl says when something is not done: what it means, and what to do.

use std::sync::LazyLock;

use regex::Regex;

use crate::failure::Kind;

/// Why kubectl did not do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There is no such context in the kubeconfig.
    Context,
    /// The kubeconfig is not there, or cannot be read.
    Kubeconfig,
    /// The API does not answer.
    Away,
    /// The API answers with a certificate that the kubeconfig does not trust.
    Certificate,
    /// The API does not know who asks.
    Unauthorized,
    /// Who asks may not do this.
    Forbidden,
    /// Another program manages a field.
    Conflict,
    /// Somebody changed it at the same time.
    Modified,
    /// The cluster does not know the kind.
    UnknownKind,
    /// A quota of the namespace is used up.
    Quota,
    /// The namespace is being removed.
    Terminating,
    /// The namespace is not there.
    NoNamespace,
    /// The account of its pods is not there yet.
    NoAccount,
    /// It is not there.
    NotFound,
    /// A field that cannot be changed.
    Immutable,
    /// It is wrong as it is written.
    Invalid,
}

use Refusal::{
    Away, Certificate, Conflict, Context, Forbidden, Immutable, Invalid, Kubeconfig, Modified, NoAccount,
    NoNamespace, NotFound, Quota, Terminating, Unauthorized, UnknownKind,
};

/// What says so; the first that is found counts.
static TEXTS: LazyLock<Vec<(Regex, Refusal)>> = LazyLock::new(|| {
    let texts = [
        (
            r#"context "[^"]*" does not exist|context was not found for specified context|no context exists"#,
            Context,
        ),
        (
            r"^error: (stat|open) \S+: (no such file|permission denied)|error loading config file|invalid configuration",
            Kubeconfig,
        ),
        (r"x509:|certificate signed by unknown authority|tls: failed to verify", Certificate),
        (
            r"[Cc]onnection refused|i/o timeout|no such host|TLS handshake timeout|connection reset by peer|network is unreachable|no route to host|Unable to connect to the server|etcdserver: (leader changed|request timed out)|Client\.Timeout exceeded|ServiceUnavailable|unexpected EOF",
            Away,
        ),
        (r"You must be logged in to the server|\(Unauthorized\)|getting credentials", Unauthorized),
        (r"exceeded quota", Quota),
        (r"because it is being terminated", Terminating),
        (r#"error looking up service account|serviceaccount "[^"]*" not found"#, NoAccount),
        (r"\(Forbidden\)|is forbidden", Forbidden),
        (r"Apply failed with \d+ conflict", Conflict),
        (r"the object has been modified", Modified),
        (
            r"no matches for kind|doesn't have a resource type|the server could not find the requested resource",
            UnknownKind,
        ),
        (r#"namespaces "[^"]*" not found"#, NoNamespace),
        (r"\(NotFound\)", NotFound),
        (r"field is immutable|may not change once set|updates to \S+ spec for fields other than", Immutable),
        (
            r"is invalid|\(BadRequest\)|error validating|error parsing|strict decoding error|unknown field|cannot unmarshal|error converting YAML",
            Invalid,
        ),
    ];
    texts.into_iter().filter_map(|(text, means)| Some((Regex::new(text).ok()?, means))).collect()
});

impl Refusal {
    /// What is meant by what kubectl said.
    pub(crate) fn of(said: &str) -> Option<Refusal> {
        Refusal::found(said).map(|(refusal, _)| refusal)
    }

    /// The same with the line that says so.
    pub(crate) fn found(said: &str) -> Option<(Refusal, &str)> {
        TEXTS.iter().find_map(|(text, means)| {
            let line = said.lines().find(|line| text.is_match(line))?;
            Some((*means, line.trim()))
        })
    }

    /// It goes away by itself.
    pub(crate) fn is_passing(self) -> bool {
        matches!(self, Away | Modified | NoAccount)
    }

    /// The exit code it comes to.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Context | Kubeconfig => Kind::Config,
            _ => Kind::Failed,
        }
    }

    /// What to do.
    pub(crate) fn help(self) -> &'static str {
        match self {
            Context => {
                "name a context of that file: `context` in `[cluster]`; `kubectl config get-contexts` lists them"
            }
            Kubeconfig => {
                "make the cluster first (`{ cluster = \"up\" }`), or name its file: `kubeconfig` in `[cluster]`"
            }
            Away => "check that the cluster runs and is reached from here: `kubectl get --raw /readyz`",
            Certificate => {
                "write the kubeconfig anew: the cluster behind that address has another certificate"
            }
            Unauthorized => "log in anew: the kubeconfig's credentials are wrong or too old",
            Forbidden => "ask for the right, or name another context: `kubectl auth can-i --list`",
            Conflict => "leave the field out, or take it over: `force-conflicts = true`",
            Modified => "try again: somebody else changed it at the same moment",
            UnknownKind => {
                "put the definition of the kind (CustomResourceDefinition) there first, or install what brings it"
            }
            Quota => {
                "raise the quota of the namespace, or ask for less: `kubectl describe resourcequota -n NAMESPACE`"
            }
            Terminating => {
                "wait until the namespace is gone: `{ kubernetes = { delete = [\"namespace/NAME\"] } }` tells what holds it"
            }
            NoNamespace => {
                "put the namespace there first: a manifest of kind Namespace in the same step is enough"
            }
            NoAccount => "try again: the namespace is new, and its account comes a moment later",
            NotFound => "check the name and the namespace",
            Immutable => "delete it first: this field cannot be changed on what is there",
            Invalid => "mend the manifest: the line above names the field",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubectl_says_has_a_meaning() {
        let all = [
            (r#"error: context "x" does not exist"#, Context),
            ("error: stat /nowhere/config: no such file or directory", Kubeconfig),
            (
                "The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?\nUnable to connect to the server: dial tcp 127.0.0.1:1: connect: connection refused",
                Away,
            ),
            ("Error from server: etcdserver: leader changed", Away),
            ("Unable to connect to the server: net/http: TLS handshake timeout", Away),
            (
                "Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority",
                Certificate,
            ),
            ("error: You must be logged in to the server (Unauthorized)", Unauthorized),
            (
                r#"Error from server (Forbidden): pods is forbidden: User "viewer" cannot list resource "pods""#,
                Forbidden,
            ),
            (
                r#"Error from server (Forbidden): pods "x" is forbidden: exceeded quota: few, requested: pods=1, used: pods=1, limited: pods=1"#,
                Quota,
            ),
            (
                r#"Error from server (Forbidden): pods "x" is forbidden: error looking up service account a/default: serviceaccount "default" not found"#,
                NoAccount,
            ),
            (
                r#"Error from server (Forbidden): configmaps "x" is forbidden: unable to create new content in namespace a because it is being terminated"#,
                Terminating,
            ),
            (r#"error: Apply failed with 1 conflict: conflict with "other" using v1: .data.a"#, Conflict),
            (
                r#"Error from server (Conflict): Operation cannot be fulfilled on applications.argoproj.io "a": the object has been modified; please apply your changes to the latest version and try again"#,
                Modified,
            ),
            (
                r#"error: resource mapping not found for name: "a" namespace: "" from "STDIN": no matches for kind "Thing" in version "example.com/v1""#,
                UnknownKind,
            ),
            (r#"error: the server doesn't have a resource type "applications""#, UnknownKind),
            (r#"Error from server (NotFound): namespaces "a" not found"#, NoNamespace),
            (r#"Error from server (NotFound): deployments.apps "a" not found"#, NotFound),
            (
                r#"The Job "a" is invalid: spec.template: Invalid value: core.PodTemplateSpec{}: field is immutable"#,
                Immutable,
            ),
            (r#"The Service "a" is invalid: spec.ports: Required value"#, Invalid),
            ("error: error parsing STDIN: error converting YAML to JSON: yaml: line 3", Invalid),
        ];
        for (text, means) in all {
            assert_eq!(Refusal::of(text), Some(means), "{text}");
        }
        assert_eq!(Refusal::of("configmap/a serverside-applied"), None);
        let passing: Vec<&str> =
            all.iter().filter(|(_, means)| means.is_passing()).map(|(text, _)| *text).collect();
        assert_eq!(passing.len(), 5, "{passing:?}");
        let begins_with_a_verb = |help: &str| help.chars().next().is_some_and(char::is_lowercase);
        assert!(all.iter().all(|(_, means)| begins_with_a_verb(means.help())));
        assert_eq!(Context.kind(), Kind::Config);
    }
}
