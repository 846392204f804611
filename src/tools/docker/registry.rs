//! Images in a registry: the calls of docker, and what is meant by what it says.

use secrecy::SecretString;
use serde_json::{Map, Value as Json, json};

use crate::exec::{Cmd, Io};

/// Logs in; the password is read from standard input.
pub(crate) fn login(server: &str, user: &str, password: SecretString) -> Cmd {
    Cmd::new("docker").args(["login", "--username", user, "--password-stdin", server]).input(password)
}

/// Pushes an image by its whole name.
pub(crate) fn push(reference: &str) -> Cmd {
    Cmd::new("docker").args(["push", "--", reference])
}

/// Copies an image, all platforms of it, from one registry to another. `is_alone` keeps the tag from naming an index of this one
/// image, which older versions of buildx make: its digest is there in both cases.
pub(crate) fn copy(from: &str, to: &str, is_alone: bool) -> Cmd {
    let alone = is_alone.then_some("--prefer-index=false");
    Cmd::new("docker").args(["buildx", "imagetools", "create"]).args(alone).args(["--tag", to, from])
}

/// An older buildx does not know the flag.
pub(crate) fn makes_indexes(tail: &str) -> bool {
    tail.contains("unknown flag: --prefer-index")
}

/// The identifier that the engine has for an image, on standard output.
pub(crate) fn identifier(reference: &str) -> Cmd {
    Cmd::new("docker").args(["image", "inspect", "--format", "{{.Id}}", "--", reference]).io(Io::Capture)
}

/// The digest of what was pushed, from what `docker push` prints last: `1.0: digest: sha256:… size: 528`.
pub(crate) fn pushed_digest(tail: &str) -> Option<&str> {
    let line = tail.lines().rev().find(|line| line.contains("digest: sha256:"))?;
    line.split_once("digest: ")?.1.split_whitespace().next()
}

/// Why a registry did not take an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There was no login, or it has expired: a new one may help.
    Login,
    /// The repository is not there.
    NoRepository,
    /// The tag is there and may not change.
    Immutable,
    /// This machine has no such image.
    NotBuilt,
    /// The connection broke off, or there was none.
    Cut,
    /// Something that is the same the next time.
    Other,
}

/// What docker says of a push that failed. A user who may not push is told from one who is not logged in.
pub(crate) fn refusal(tail: &str) -> Refusal {
    let says = |words: &[&str]| words.iter().any(|word| tail.contains(word));
    if says(&["is immutable", "tag is immutable", "cannot be overwritten"]) {
        Refusal::Immutable
    } else if says(&["name unknown:", "repository does not exist"])
        || tail.contains("The repository with name") && tail.contains("does not exist")
    {
        Refusal::NoRepository
    } else if says(&["does not exist locally"]) {
        Refusal::NotBuilt
    } else if says(&["is not authorized to perform", "denied: requested access"]) {
        Refusal::Other
    } else if says(&[
        "no basic auth credentials",
        "authorization token has expired",
        "401 Unauthorized",
        "unauthorized:",
        "authentication required",
    ]) {
        Refusal::Login
    } else if says(&[
        ": EOF",
        "unexpected EOF",
        "connection reset by peer",
        "connection refused",
        "broken pipe",
        "use of closed network connection",
        "i/o timeout",
        "TLS handshake timeout",
    ]) {
        Refusal::Cut
    } else {
        Refusal::Other
    }
}

/// The text of a docker configuration that knows no login: that of the user without theirs, so that contexts,
/// proxies and plugins stay. `plugins` is the folder of the user's own.
/// (`docs.docker.com/reference/cli/docker/#docker-cli-configuration-file-configjson-properties`)
pub(crate) fn without_logins(own: &str, plugins: &str) -> String {
    let mut kept: Map<String, Json> = serde_json::from_str(own).unwrap_or_default();
    for key in ["auths", "credsStore", "credHelpers"] {
        kept.remove(key);
    }
    let folders = kept.entry("cliPluginsExtraDirs").or_insert_with(|| json!([]));
    if let Some(folders) = folders.as_array_mut() {
        folders.push(plugins.into());
    }
    Json::Object(kept).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_read_from_the_last_line() {
        let tail = "5f70bf18a086: Layer already exists\n1.0: digest: sha256:0a1b size: 528\n";
        assert_eq!(pushed_digest(tail), Some("sha256:0a1b"));
        assert_eq!(pushed_digest("denied"), None);
    }

    #[test]
    fn a_new_login_is_tried_only_where_it_helps() {
        let all = [
            ("no basic auth credentials", Refusal::Login),
            ("denied: Your authorization token has expired. Reauthenticate and try again.", Refusal::Login),
            ("unauthorized: authentication required, visit https://aka.ms/acr/authorization", Refusal::Login),
            (
                "denied: User: arn:aws:iam::1:user/ci is not authorized to perform: ecr:InitiateLayerUpload",
                Refusal::Other,
            ),
            ("denied: requested access to the resource is denied", Refusal::Other),
            (
                "name unknown: The repository with name 'etl' does not exist in the registry with id '1'",
                Refusal::NoRepository,
            ),
            (
                "tag invalid: The image tag '1.0' already exists in the 'etl' repository and cannot be \
                 overwritten because the tag is immutable.",
                Refusal::Immutable,
            ),
            ("An image does not exist locally with the tag: registry.example/etl", Refusal::NotBuilt),
            ("write tcp 10.0.0.1:1->10.0.0.2:443: write: broken pipe", Refusal::Cut),
            ("write tcp 127.0.0.1:1->127.0.0.1:2: use of closed network connection", Refusal::Cut),
            ("Put \"http://127.0.0.1:2/v2/team/etl/manifests/1\": EOF", Refusal::Cut),
            ("no space left on device", Refusal::Other),
        ];
        for (tail, wanted) in all {
            assert_eq!(refusal(tail), wanted, "{tail}");
        }
    }

    #[test]
    fn of_a_docker_configuration_everything_but_logins_is_kept() {
        let own = r#"{"auths":{"r":{"auth":"Q0FOQVJZ"}},"credsStore":"pass","currentContext":"far",
            "proxies":{"default":{"httpProxy":"http://p"}},"cliPluginsExtraDirs":["/a"]}"#;
        let kept: Json = serde_json::from_str(&without_logins(own, "/home/u/.docker/cli-plugins")).unwrap();
        let wanted = json!({
            "currentContext": "far",
            "proxies": {"default": {"httpProxy": "http://p"}},
            "cliPluginsExtraDirs": ["/a", "/home/u/.docker/cli-plugins"],
        });
        assert_eq!(kept, wanted);
        assert_eq!(without_logins("not json", "/p"), r#"{"cliPluginsExtraDirs":["/p"]}"#);
    }

    #[test]
    fn no_password_stands_in_an_argument() {
        let cmd = login("registry.example", "ci", "CANARY-login".to_owned().into());
        insta::assert_snapshot!(cmd.to_string(), @"docker login --username ci --password-stdin registry.example");
    }
}
