//! What failures of the usual programs mean.

use super::{Branch, Failed, pattern, short, usual};
use crate::config::model::FailurePlace;

/// A rule of infractl's own.
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// Programs; any if none is named.
    pub(super) programs: &'static [&'static str],
    pub(super) pattern: &'static str,
    pub(super) says: &'static str,
    pub(super) retry: Option<bool>,
}

impl Rule {
    pub(super) fn found(&self, failed: &Failed) -> Option<Branch> {
        if !self.programs.is_empty() && !self.programs.iter().any(|name| failed.started(name)) {
            return None;
        }
        let places = if self.pattern.starts_with('^') { vec![FailurePlace::Exit] } else { usual() };
        let line = short(&failed.line(&pattern(self.pattern)?, &places)?);
        Some(Branch {
            name: self.name.to_owned(),
            says: self.says.to_owned(),
            line,
            look: Vec::new(),
            retry: self.retry,
            is_own: false,
        })
    }
}

const TERRAFORM: &[&str] = &["terraform"];
const ANSIBLE: &[&str] = &["ansible"];
const DOCKER: &[&str] = &["docker", "compose"];
const KUBERNETES: &[&str] = &["kubectl", "helm"];
const SSH: &[&str] = &["ssh", "ansible"];
const ANY: &[&str] = &[];

const fn rule(
    name: &'static str,
    programs: &'static [&'static str],
    pattern: &'static str,
    says: &'static str,
    retry: Option<bool>,
) -> Rule {
    Rule { name, programs, pattern, says, retry }
}

/// Those that say more come first. A pattern that begins with `^` is about the exit code.
#[rustfmt::skip]
pub(super) const RULES: &[Rule] = &[
    rule("terraform-state-lock", TERRAFORM, "Error acquiring the state lock", "somebody else works on this state, or a run that died left its lock behind", Some(true)),
    rule("terraform-state-lost", TERRAFORM, r"errored\.tfstate|Failed to persist state|Error saving state", "the state could not be saved where it belongs: it is in errored.tfstate, push it before anything else", Some(false)),
    rule("terraform-plan-stale", TERRAFORM, "Saved plan is stale", "the state changed after the plan was made: plan again", Some(false)),
    rule("terraform-init", TERRAFORM, "Backend initialization required|Required plugins are not installed|Module not installed|Inconsistent dependency lock file", "the folder has to be initialised again", Some(false)),
    rule("terraform-backend-moved", TERRAFORM, "Backend configuration changed|Backend type changed", "the state is somewhere else than this folder remembers", Some(false)),
    rule("terraform-version", TERRAFORM, "Unsupported (Terraform|OpenTofu) Core version", "the root module wants another version of terraform", Some(false)),
    rule("terraform-variable", TERRAFORM, "No value for required variable|Invalid value for (input )?variable", "a variable has no value, or one that the root module refuses", Some(false)),
    rule("terraform-code", TERRAFORM, "Unsupported argument|Missing required argument|Reference to undeclared|Unsupported block type|Invalid reference|Argument or block definition required", "the root module is wrong as it is written", Some(false)),
    rule("terraform-exists", TERRAFORM, r"already exists|AlreadyExists|EntityAlreadyExists|BucketAlreadyOwnedByYou", "something of that name is there that the state does not know: import it, or remove it", Some(false)),
    rule("terraform-protected", TERRAFORM, r"prevent_destroy|Instance cannot be destroyed", "the root module keeps this from being destroyed", Some(false)),
    rule("kubernetes-context", KUBERNETES, r#"context "[^"]*" does not exist|context was not found"#, "the kubeconfig has no such context", Some(false)),
    rule("kubernetes-account", KUBERNETES, "error looking up service account", "the namespace is new, and the account of its pods comes a moment later", Some(true)),
    rule("kubernetes-quota", KUBERNETES, "exceeded quota", "a quota of the namespace is used up", Some(false)),
    rule("kubernetes-login", KUBERNETES, r"You must be logged in to the server|\(Unauthorized\)", "the cluster does not know who asks: no login, or an old one", Some(false)),
    rule("kubernetes-rights", KUBERNETES, r"\(Forbidden\)", "the cluster knows who asks, and does not let them", Some(false)),
    rule("kubernetes-conflict", KUBERNETES, r"Apply failed with \d+ conflict", "another program manages a field that is to be changed", Some(false)),
    rule("kubernetes-kind", KUBERNETES, r"no matches for kind|doesn't have a resource type", "the cluster does not know the kind: what defines it has to be there first", Some(false)),
    rule("kubernetes-busy", KUBERNETES, r"etcdserver: |the object has been modified|TLS handshake timeout|unable to handle the request", "the API of the cluster is busy, or changes its leader", Some(true)),
    rule("cloud-credentials", ANY, r"No valid credential sources|Unable to locate credentials|InvalidClientTokenId|SignatureDoesNotMatch|ExpiredToken|AuthFailure|InvalidAccessKeyId|Authentication failed\b.*openstack|The request you have made requires authentication", "the cloud does not take the credentials: wrong, expired, or not there", Some(false)),
    rule("cloud-rights", ANY, r"AccessDenied|UnauthorizedOperation|AuthorizationFailed|not authorized to perform|Policy doesn't allow", "the credentials are good, and may not do this", Some(false)),
    rule("kubernetes-job", ANY, "BackoffLimitExceeded", "a Job of Kubernetes failed as often as it may: its pods say why", Some(false)),
    rule("cloud-quota", ANY, r"QuotaExceeded|quota exceeded|exceeded.{0,20}quota|LimitExceeded|VcpuLimitExceeded|OperationNotAllowed.*quota", "a quota of the cloud is used up", Some(false)),
    rule("cloud-capacity", ANY, r"InsufficientInstanceCapacity|No valid host was found|AllocationFailed|SkuNotAvailable", "the cloud has no machine of that kind left there", None),
    rule("cloud-throttled", ANY, r"Throttling|RequestLimitExceeded|SlowDown|Rate exceeded", "the cloud wants fewer requests", Some(true)),
    rule("ssh-host-key", SSH, r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed", "the machine shows another host key than the known one: it was made anew, or is another one", Some(false)),
    rule("ssh-login", SSH, r"Permission denied \((publickey|password|keyboard)", "the machine is reached and takes neither the user nor the key", Some(false)),
    rule("ssh-unreachable", SSH, r"ssh: connect to host|UNREACHABLE!|Connection timed out during banner exchange|kex_exchange_identification", "the machine is not reached by ssh: it is off, still starts, or a firewall is between", Some(true)),
    rule("ansible-sudo", ANSIBLE, r"Missing sudo password|sudo: a password is required|Incorrect sudo password", "the user may not become root without a password", Some(false)),
    rule("ansible-vault", ANSIBLE, r"Decryption failed|no vault secrets found|vault password", "a file of ansible's vault cannot be opened: the password is missing or wrong", Some(false)),
    rule("ansible-module", ANSIBLE, r"couldn't resolve module/action|the role '.*' was not found|unable to find collection", "a collection or role is not installed", Some(false)),
    rule("ansible-undefined", ANSIBLE, r"AnsibleUndefinedVariable|' is undefined", "a variable of the playbook has no value", Some(false)),
    rule("ansible-syntax", ANSIBLE, r"Syntax Error while loading YAML|conflicting action statements|no (module/)?action detected|is not a valid attribute for", "the playbook is wrong as it is written", Some(false)),
    rule("ansible-python", ANSIBLE, r"/usr/bin/python[0-9.]*: (not found|No such file)|No python interpreters found", "the machine has no Python where ansible looks for it", Some(false)),
    rule("packages-locked", ANY, r"could not get lock /var/lib|dpkg frontend lock|Waiting for cache lock", "another program installs packages on that machine", Some(true)),
    rule("compose-file", DOCKER, r"no configuration file provided|yaml: (line|unmarshal|mapping)|Additional property .* is not allowed|services\.\S+ must be", "the compose file is missing, or wrong as it is written", Some(false)),
    rule("compose-variable", DOCKER, r"required variable \S+ is missing a value|variable is not set\. Defaulting", "a variable that the compose file names has no value", Some(false)),
    rule("compose-unhealthy", DOCKER, r"dependency failed to start|container \S+ is unhealthy|container \S+ exited \(", "a container ended, or is not healthy: its own log says why", None),
    rule("docker-daemon", DOCKER, r"Cannot connect to the Docker daemon|docker daemon is not running|Is the docker daemon running", "docker does not run there", Some(false)),
    rule("docker-rights", DOCKER, r"permission denied while trying to connect to the Docker daemon", "the user may not talk to docker: the group `docker`", Some(false)),
    rule("docker-pull", DOCKER, r"pull access denied|requested access to the resource is denied|unauthorized: authentication required|no basic auth credentials", "the registry does not let us have the image: no login, or another name", Some(false)),
    rule("docker-no-image", DOCKER, r"manifest unknown|manifest for \S+ not found|no matching manifest|No such image", "there is no such image, or none for this kind of machine", Some(false)),
    rule("docker-pull-limit", DOCKER, r"toomanyrequests|pull rate limit", "the registry wants fewer pulls: log in, or wait", None),
    rule("docker-port", DOCKER, r"port is already allocated|address already in use|Bind for \S+ failed", "something else has that port", Some(false)),
    rule("docker-name", DOCKER, r"container name \S+ is already in use", "a container of that name is there", Some(false)),
    rule("docker-memory", DOCKER, r"OOMKilled|out of memory", "a container wanted more memory than it may have", Some(false)),
    rule("http-login", ANY, r"status (401 Unauthorized|407 Proxy)|HTTP(/[0-9.]+)? 401\b", "the service does not know who asks: no login, or an old one", Some(false)),
    rule("http-rights", ANY, r"status 403 Forbidden|HTTP(/[0-9.]+)? 403\b", "the service knows who asks, and does not let them", Some(false)),
    rule("http-missing", ANY, r"status (404 Not Found|410 Gone)", "there is nothing at that address", Some(false)),
    rule("http-refused", ANY, r"status (400 Bad Request|409 Conflict|412 Precondition|415 Unsupported|422 Unprocessable)", "the service does not take what was sent: its answer says why", Some(false)),
    rule("http-busy", ANY, r"status (429 Too Many|502 Bad Gateway|503 Service|504 Gateway)", "the service is overloaded, or not up behind its proxy", Some(true)),
    rule("http-broken", ANY, r"status 500 Internal", "the service broke while it answered: its log says why", None),
    rule("tls", ANY, r"certificate has expired|the certificate expired|unknown issuer|certificate verify failed|x509: certificate|certificate is for ", "the certificate of the other side is not good", Some(false)),
    rule("disk-full", ANY, r"No space left on device|ENOSPC|disk quota exceeded", "a disk is full, there or here", Some(false)),
    rule("dns", ANY, r"Could not resolve host|Temporary failure in name resolution|Name or service not known|no such host|the name \S+ has no address|EAI_AGAIN|getaddrinfo", "a name has no address: DNS, or the way to it", Some(true)),
    rule("refused", ANY, r"Connection refused|ECONNREFUSED", "nobody listens there: not started, still starting, or another port", Some(true)),
    rule("unreachable", ANY, r"No route to host|Network is unreachable|i/o timeout|Connection timed out|no answer within|ETIMEDOUT", "packets do not come through: VPN, route, firewall, or the machine is off", Some(true)),
    rule("cut-off", ANY, r"Connection reset by peer|unexpected EOF|broken pipe|hung up without an answer|the answer was cut", "the other side, or something on the way, hung up", Some(true)),
    rule("program-missing", ANY, r"command not found|: not found$|executable file not found|No such file or directory: '[^/']+'", "a program is not there, or not on PATH", Some(false)),
    rule("killed", ANY, "^137$", "it was killed from outside: most often the machine had no memory left", None),
    rule("no-program", ANY, "^127$", "a program is not there, or not on PATH", Some(false)),
    rule("no-right-to-run", ANY, "^126$", "the file is there and cannot be run: its mode, or what it was built for", Some(false)),
];
