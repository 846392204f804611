//! Clusters that fakes of `k3d`, `kind`, `docker` and `kubectl` make: what a real one cannot be brought to show in a test.
//!
//! The fakes keep what they know in `state/` and every call in `state/log`; a file `state/fault` lets the next creation go
//! wrong. What they print, and how they end, is what the programs print (k3d 5.9, kind 0.33).

use std::os::unix::process::CommandExt as _;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;

use crate::common::{Run, Sandbox, send, start, wait_for};

/// A line of the API's answer when all is well.
const NODES: &str =
    r#"{"items":[{"metadata":{"name":"n0"},"status":{"conditions":[{"type":"Ready","status":"True"}]}}]}"#;
const NOT_READY: &str = r#"{"items":[{"metadata":{"name":"n0"},"status":{"conditions":[{"type":"Ready","status":"False","message":"network plugin is not ready"}]}}]}"#;
const DNS: &str = r#"{"items":[{"metadata":{"name":"coredns"},"status":{"conditions":[{"type":"Available","status":"True"}]}}]}"#;

/// What all fakes begin with: the call, and what of the environment could lead it elsewhere.
const LOG: &str = "#!/bin/bash\n# A fake, for tests.\nset -u\nS=STATE\n\
    echo \"${0##*/} $*\" >>\"$S/log\"\n\
    env | grep -E '^(KUBE|HELM_|TOKEN)' | sed 's/^/  /' >>\"$S/log\"\n";

const K3D: &str = r#"
file() { cat <<END
---
apiVersion: v1
clusters:
- cluster:
    server: https://0.0.0.0:$(cat "$S/port" 2>/dev/null || echo 6550)
  name: k3d-$1
contexts:
- context: {cluster: k3d-$1, user: admin@k3d-$1}
  name: k3d-$1
current-context: k3d-$1
END
}
node() { printf '{"name":"%s","role":"%s","env":["K3S_TOKEN=CANARY-k3s"],"runtimeLabels":%s,"State":{"Running":%s,"Status":"%s"}}' "$@"; }
case "$1 $2" in
"cluster list")
  case ${3:--o} in -o) ;; *) [ -e "$S/k3d/$3" ] || { echo "FATA[0000] No nodes found for given cluster" >&2; exit 1; } ;; esac
  test ! -e "$S/no-docker" || { echo 'FATA[0000] runtime failed to list nodes: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' >&2; exit 1; }
  printf '['; comma=
  for c in "$S"/k3d/*/; do
    [ -e "$c" ] || continue
    n=$(basename "$c"); s=$(cat "$c/server"); l=$(cat "$c/lb"); labels=$(cat "$c/labels")
    r() { [ "$1" = running ] && echo true || echo false; }
    printf '%s{"name":"%s","nodes":[' "$comma" "$n"
    node "k3d-$n-server-0" server "$labels" "$(r "$s")" "$s"; printf ','
    node "k3d-$n-serverlb" loadbalancer '{}' "$(r "$l")" "$l"
    printf ']}'; comma=,
  done; echo ']' ;;
"cluster create")
  n=$3; d="$S/k3d/$n"; labels=
  [ ! -e "$d" ] || { echo "FATA[0000] Failed to create cluster '$n' because a cluster with that name already exists" >&2; exit 1; }
  for a in "$@"; do case $a in infractl.*@*) a=${a%@*}; labels="$labels,\"${a%%=*}\":\"${a#*=}\"";; esac; done
  mkdir -p "$d"; echo "{${labels#,}}" >"$d/labels"; echo created >"$d/server"; echo created >"$d/lb"
  case $(cat "$S/fault" 2>/dev/null) in
  hang) touch "$S/hangs"; while [ -e "$S/fault" ]; do sleep 0.1; done; exit 1 ;;
  fail) rm -rf "$d"; echo 'ERRO[0004] Failed Cluster Start: Failed to add one or more helper nodes: Bind for 0.0.0.0:80 failed: port is already allocated' >&2
    echo 'ERRO[0004] Failed to create cluster >>> Rolling Back' >&2
    echo 'FATA[0005] Cluster creation FAILED, all changes have been rolled back!' >&2; exit 1 ;;
  esac
  echo running >"$d/server"; echo running >"$d/lb"; echo "INFO[0010] Cluster '$n' created successfully!" ;;
"cluster start") echo running >"$S/k3d/$3/server"; echo running >"$S/k3d/$3/lb" ;;
"cluster delete") rm -rf "$S/k3d/${3:?}"; echo "INFO[0000] Successfully deleted cluster $3!" ;;
"kubeconfig get") [ -e "$S/k3d/$3" ] && file "$3" ;;
esac
"#;

const KIND: &str = r#"
case "$1 $2" in
"create cluster")
  n=$4; d="$S/kind/$n"; c=$(cat); echo "$c" >"$S/kind.json"
  [ ! -e "$d" ] || { echo "ERROR: failed to create cluster: node(s) already exist for a cluster with the name \"$n\"" >&2; exit 1; }
  mkdir -p "$d"; echo "$c" | grep -oE '/infractl/[^"]*' | head -1 >"$d/mark"; echo running >"$d/state" ;;
"delete cluster") echo "Deleting cluster \"$4\" ..." >&2; rm -rf "$S/kind/${4:?}" ;;
"get kubeconfig") cat <<END
apiVersion: v1
clusters:
- cluster:
    server: https://127.0.0.1:6551
  name: kind-$4
contexts:
- context: {cluster: kind-$4, user: kind-$4}
  name: kind-$4
END
  ;;
esac
"#;

const DOCKER: &str = r#"
case "$1 $2" in
"ps --all")
  case "$*" in
  *io.x-k8s.kind.cluster=*) n=$(echo "$*" | sed 's/.*kind.cluster=\([^ ]*\).*/\1/'); [ ! -e "$S/kind/$n" ] || echo "node-$n" ;;
  *) [ ! -e "$S/registry" ] || echo registry ;;
  esac ;;
"container inspect")
  case $3 in
  registry) cat "$S/registry" ;;
  node-*) n=${3#node-}; s=$(cat "$S/kind/$n/state"); [ "$s" = running ] && r=true || r=false
    echo "[{\"Name\":\"/$n-control-plane\",\"State\":{\"Running\":$r,\"Status\":\"$s\"},\"Mounts\":[{\"Destination\":\"$(cat "$S/kind/$n/mark")\"}]}]" ;;
  esac ;;
"run --detach") o=$(echo "$*" | sed 's/.*infractl.environment=\([^ ]*\).*/\1/')
  echo "[{\"Config\":{\"Labels\":{\"infractl.environment\":\"$o\"}},\"State\":{\"Running\":true},\"NetworkSettings\":{\"Networks\":{\"bridge\":{}}}}]" >"$S/registry" ;;
"network connect") sed -i "s/\"bridge\":{}/\"bridge\":{},\"$3\":{}/" "$S/registry" ;;
"exec -i") cat >"$S/hosts.toml" ;;
"rm --force") rm -f "$S/registry" ;;
"start "*) echo running >"$S/kind/${2%-control-plane}/state" ;;
esac
"#;

const KUBECTL: &str = r#"
f=; for a in "$@"; do [ "${b:-}" = --kubeconfig ] && f=$a; b=$a; done
case "$*" in
*"config view"*)
  awk 'BEGIN { print "{\"clusters\":[{\"name\":\"c\",\"cluster\":{\"server\":\"" }' | tr -d '\n'
  sed -n 's/^ *server: //p' "$f" | tr -d '\n'; printf '"}}],"contexts":['; comma=
  for n in $(sed -n '/^contexts:/,$s/^  name: //p' "$f"); do printf '%s{"name":"%s","context":{"cluster":"c","user":"u"}}' "$comma" "$n"; comma=,; done
  echo ']}' ;;
*/readyz*)
  [ -e "$S/api/down" ] && { n=$(($(cat "$S/api/down") - 1)); echo $n >"$S/api/down"; [ $n -gt 0 ] || rm "$S/api/down"
    echo 'The connection to the server 127.0.0.1:6550 was refused - did you specify the right host or port?' >&2; exit 1; }
  echo ok ;;
*"get nodes"*) cat "$S/api/nodes" ;;
*"get serviceaccounts"*) [ -e "$S/api/no-account" ] && echo '{"items":[]}' || echo '{"items":[{"metadata":{"name": "default"}}]}' ;;
*"get deployments"*) cat "$S/api/dns" ;;
*"get pods"*) echo '{"items":[{"metadata":{"name":"coredns-1"},"status":{"containerStatuses":[{"state":{"waiting":{"reason":"ErrImagePull","message":"no route to host"}}}]}}]}' ;;
*"get events"*) echo '{"items":[{"lastTimestamp":"2026-01-01T00:00:00Z","reason":"FailedMount","message":"late","involvedObject":{"kind":"Pod","name":"coredns-1"}}]}' ;;
*apply*) cat >"$S/applied" ;;
esac
"#;

/// A project with this `[cluster]`, and fakes on PATH.
fn lab(cluster: &str) -> Sandbox {
    lab_with(
        cluster,
        "up = [{ cluster = \"up\" }]\ndown = [{ cluster = \"down\" }]\nready = [{ cluster = \"wait\" }]\n",
    )
}

fn lab_with(cluster: &str, pipelines: &str) -> Sandbox {
    let project = Sandbox::empty();
    project.write("environments/defaults.toml", "project.name = \"shop\"\n");
    configure(&project, cluster, pipelines);
    let state = project.path("state");
    std::fs::create_dir_all(state.join("api")).unwrap();
    project.write("state/api/nodes", NODES);
    project.write("state/api/dns", DNS);
    for (name, body) in [("k3d", K3D), ("kind", KIND), ("docker", DOCKER), ("kubectl", KUBECTL)] {
        project.script(
            format!("bin/{name}"),
            &format!("{}{body}", LOG.replace("STATE", &state.to_string_lossy())),
        );
    }
    let path = project.path("bin/k3d");
    project
        .on_path(path)
        .hiding(&["CANARY-k3s"])
        .with_var("KUBECONFIG", "/elsewhere")
        .with_var("KUBE_CONFIG_PATH", "/elsewhere")
        .with_var("HELM_KUBECONTEXT", "elsewhere")
}

fn configure(project: &Sandbox, cluster: &str, pipelines: &str) {
    project.environment("dev", &format!("[cluster]\n{cluster}\n[pipelines]\n{pipelines}"));
}

const UP: &str =
    "up = [{ cluster = \"up\" }]\ndown = [{ cluster = \"down\" }]\nready = [{ cluster = \"wait\" }]\n";

fn log(project: &Sandbox) -> String {
    project.read("state/log")
}

/// How often a program was called like this since the last question.
fn calls(project: &Sandbox, begin: &str) -> usize {
    let count = log(project).lines().filter(|line| line.starts_with(begin)).count();
    project.write("state/log", "");
    count
}

fn up(project: &Sandbox, code: i32) -> Run {
    project.infractl(&["up", "dev"]).code(code)
}

#[test]
fn a_cluster_is_made_once_started_when_stopped_and_deleted() {
    let project = lab("kind = \"k3d\"\nname = \"lab\"");
    up(&project, 0).says("`k3d-lab` made: 1 machine ready");
    let kubeconfig = project.read(".infractl/kube/dev");
    assert!(kubeconfig.contains("server: https://127.0.0.1:6550"), "{kubeconfig}");
    assert_eq!(project.mode(".infractl/kube/dev"), 0o600);
    let own = format!("KUBECONFIG={}", project.path(".infractl/kube/dev").display());
    assert!(log(&project).contains(&own) && !log(&project).contains("elsewhere"), "{}", log(&project));
    assert_eq!(calls(&project, "k3d cluster create"), 1);
    up(&project, 0).says("was there");
    assert_eq!(calls(&project, "k3d cluster create"), 0);
    for node in ["server", "lb"] {
        project.write(format!("state/k3d/lab/{node}"), "exited");
    }
    up(&project, 0).says("started");
    assert_eq!(calls(&project, "k3d cluster start lab --wait"), 1);
    project.infractl(&["ready", "dev"]).code(0).says("1 machine ready");
    project.infractl(&["down", "dev"]).code(0).says("`lab` deleted");
    assert!(!project.path(".infractl/kube/dev").exists() && !project.path("state/k3d/lab").exists());
    project.infractl(&["down", "dev"]).code(0).says("there is no `lab`");
    project.infractl(&["ready", "dev"]).code(1).says(".infractl/kube/dev` is not there");
}

#[test]
fn what_somebody_else_has_made_is_neither_taken_nor_deleted() {
    let project = lab("kind = \"k3d\"\nname = \"lab\"");
    for (labels, whose) in [
        ("{}", "that infractl has not made"),
        ("{\"infractl.environment\":\"shop/prod\"}", "that of `shop/prod`"),
    ] {
        project.write("state/k3d/lab/labels", labels);
        for node in ["server", "lb"] {
            project.write(format!("state/k3d/lab/{node}"), "created");
        }
        up(&project, 1).says(whose).says("k3d cluster delete lab");
        project.infractl(&["down", "dev"]).code(0).says("it stays");
        assert!(project.path("state/k3d/lab").exists());
    }
}

#[test]
fn what_a_kill_left_half_made_is_made_again() {
    for signal in [Signal::KILL, Signal::INT] {
        let project = lab("kind = \"k3d\"\nname = \"lab\"");
        project.write("state/fault", "hang");
        let mut child = start(&mut project.command(&["up", "dev"]));
        wait_for("the fake to hang", || project.path("state/hangs").exists());
        send(&child, signal);
        child.wait().unwrap();
        std::fs::remove_file(project.path("state/fault")).unwrap();
        assert!(project.path("state/k3d/lab").exists(), "it is half made");
        // What the killed run has started keeps the lock until it ends.
        let again = project.infractl(&["up", "dev", "--lock-wait", "30s"]).code(0);
        again.says("is half made").says("made: 1 machine ready");
        // One that runs, and whose making was not seen to end, is no better.
        project.edit(".infractl/cluster/dev.json", "\"is-whole\": true", "\"is-whole\": false");
        up(&project, 0).says("is half made");
    }
}

#[test]
fn a_creation_that_fails_tells_why_and_leaves_nothing() {
    let project = lab("kind = \"k3d\"\nname = \"lab\"\nports = [\"80:80\"]");
    project.write("state/fault", "fail");
    up(&project, 1).says("port is already allocated").says("free the port").says("`lab` was not made");
    assert!(!project.path(".infractl/cluster/dev.json").exists());
    std::fs::remove_file(project.path("state/fault")).unwrap();
    up(&project, 0).says("made");
    project.write("state/no-docker", "");
    up(&project, 1).says("Cannot connect to the Docker daemon").says("start docker");
}

#[test]
fn a_missing_program_is_69() {
    for (kind, program) in [("k3d", "k3d"), ("kind", "kind"), ("k3d", "kubectl")] {
        let project = lab(&format!("kind = \"{kind}\"\nname = \"lab\""));
        std::fs::remove_file(project.path(format!("bin/{program}"))).unwrap();
        let path = only(&project.path("bin"));
        let project = project.with_var("PATH", path);
        up(&project, 69).says(&format!("install {program}"));
    }
}

/// The fakes and what they need, and nothing that this machine may have besides.
fn only(bin: &Path) -> String {
    for name in [
        "bash", "env", "grep", "sed", "cat", "basename", "mkdir", "awk", "tr", "head", "rm", "touch",
        "sleep", "dirname",
    ] {
        let Ok(found) = which(name) else { continue };
        let _ = std::os::unix::fs::symlink(found, bin.join(name));
    }
    bin.to_string_lossy().into_owned()
}

fn which(name: &str) -> Result<std::path::PathBuf, ()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| file.exists()).ok_or(())
}

#[test]
fn another_configuration_is_told_key_by_key() {
    let project = lab("kind = \"k3d\"\nname = \"lab\"\nagents = 1\nports = [\"80:80\"]");
    up(&project, 0);
    configure(&project, "kind = \"k3d\"\nname = \"lab\"\nagents = 2\nports = [\"80:80\"]\nwait = \"1m\"", UP);
    project.write("state/log", "");
    up(&project, 1)
        .says("`agents` was `1`, and is `2` now")
        .says("infractl recreate dev")
        .never_says("`ports`");
    assert_eq!(calls(&project, "k3d cluster delete"), 0);
    project.infractl(&["recreate", "dev", "--yes"]).code(0).says("made");
    assert!(log(&project).contains("--agents 2"), "{}", log(&project));
    // Whoever has another folder of the same project knows that it differs, and not what.
    std::fs::remove_file(project.path(".infractl/cluster/dev.json")).unwrap();
    up(&project, 0).says("was there");
    std::fs::remove_file(project.path(".infractl/cluster/dev.json")).unwrap();
    configure(&project, "kind = \"k3d\"\nname = \"lab\"\nagents = 3", UP);
    up(&project, 1).says("is not known in this folder");
}

#[test]
fn made_is_not_usable() {
    let project = lab("kind = \"k3d\"\nname = \"lab\"\nwait = \"4s\"");
    // The program says that it is done, and nothing answers yet.
    project.write("state/api/down", "3");
    up(&project, 0).says("made");
    project.write("state/api/nodes", NOT_READY);
    project.infractl(&["ready", "dev"]).code(1).says("network plugin is not ready").says("after 4.0 s");
    project.write("state/api/nodes", NODES);
    project.write("state/api/no-account", "");
    project.write("state/api/dns", "{\"items\":[]}");
    project
        .infractl(&["ready", "dev"])
        .code(1)
        .says("the service account `default` is not there, CoreDNS is not there")
        .says("pod coredns-1: ErrImagePull: no route to host")
        .says("FailedMount: late");
}

#[test]
fn without_a_network_machines_are_waited_for_by_wait_only() {
    let project = lab("kind = \"k3d\"\nname = \"lab\"\ncni = false\nwait = \"2s\"");
    project.write("state/api/nodes", NOT_READY);
    up(&project, 0).says("its machines wait for a network");
    assert!(log(&project).contains("--flannel-backend=none@server:*"));
    project.infractl(&["ready", "dev"]).code(1).says("not ready");
}

#[test]
fn a_file_that_leads_elsewhere_is_refused() {
    let project = lab("kind = \"k3d\"\nname = \"lab\"");
    up(&project, 0);
    project.edit(".infractl/kube/dev", "127.0.0.1:6550", "192.0.2.1:6443");
    project
        .infractl(&["ready", "dev"])
        .code(78)
        .says("leads to https://192.0.2.1:6443")
        .says("https://127.0.0.1:6550");
    up(&project, 0);
    project.infractl(&["ready", "dev"]).code(0);
    // A file of the user's with other clusters in it is not written over.
    configure(&project, "kind = \"k3d\"\nname = \"lab\"\nkubeconfig = \"mine\"", UP);
    let other = "clusters:\n- cluster:\n    server: https://prod\n  name: c\ncontexts:\n- context: {cluster: c, user: u}\n  name: prod\n";
    project.write("mine", other);
    up(&project, 78).says("`mine` has `prod` as well").says("merge-kubeconfig");
    assert_eq!(project.read("mine"), other);
}

#[test]
fn kind_is_told_by_a_file_and_marks_by_a_mount() {
    let project = lab("kind = \"kind\"\nname = \"lab\"\nports = [\"8080:80\"]\nregistry = { port = 5001 }");
    up(&project, 0).says("`kind-lab` made");
    let config: Value = serde_json::from_str(&project.read("state/kind.json")).unwrap();
    assert_eq!(config["nodes"][0]["extraPortMappings"][0]["hostPort"], 8080);
    assert_eq!(project.read("state/hosts.toml"), "[host.\"http://lab-registry:5000\"]\n");
    assert!(project.read("state/registry").contains("\"kind\":{}"), "the registry is in the network of kind");
    assert!(project.read("state/applied").contains("local-registry-hosting"));
    up(&project, 0).says("was there");
    project.write("state/kind/lab/state", "exited");
    up(&project, 0).says("started");
    project.infractl(&["down", "dev"]).code(0).says("deleted");
    assert!(!project.path("state/registry").exists() && !project.path("state/kind/lab").exists());
    project.write(
        "state/registry",
        r#"[{"Config":{"Labels":{}},"State":{"Running":true},"NetworkSettings":{"Networks":{}}}]"#,
    );
    up(&project, 1).says("a container `lab-registry` is there").says("registry.name");
    project.infractl(&["down", "dev"]).code(0);
    assert!(project.path("state/registry").exists(), "it is somebody else's");
}

#[test]
fn what_the_project_starts_finds_the_cluster() {
    let steps = "show = [{ command = \"env | grep -E '^(KUBE|HELM_)' >seen; echo {{cluster.context}} {{cluster.registry}} {{cluster.registry-host}} >>seen\" }]\n";
    let project = lab_with("kind = \"k3d\"\nname = \"lab\"\nregistry = { port = 5001 }", steps);
    project.infractl(&["show", "dev"]).code(0);
    let kubeconfig = project.path(".infractl/kube/dev");
    let seen = project.read("seen");
    assert_eq!(
        seen,
        format!("KUBECONFIG={}\nk3d-lab lab-registry:5001 localhost:5001\n", kubeconfig.display())
    );
}

#[test]
fn one_at_a_time_and_nothing_in_a_dry_run() {
    let project = lab("kind = \"k3d\"\nname = \"lab\"");
    let dry = project.infractl(&["up", "dev", "--dry-run"]).code(0);
    assert!(dry.out.contains("k3d cluster create lab --wait"), "{}", dry.out);
    assert!(!project.path("state/log").exists() && !project.path(".infractl/kube").exists());
    project.write("state/fault", "hang");
    let mut first = start(&mut project.command(&["up", "dev"]));
    wait_for("the fake to hang", || project.path("state/hangs").exists());
    project.infractl(&["up", "dev"]).code(75);
    project.infractl(&["down", "dev", "--yes"]).code(75);
    send(&first, Signal::KILL);
    first.wait().unwrap();
    std::fs::remove_file(project.path("state/fault")).unwrap();
}

#[test]
fn the_script_does_the_same() {
    let project = lab("kind = \"k3d\"\nname = \"lab\"\nwait = \"20s\"");
    let script = project.infractl(&["up", "dev", "--print"]).code(0).out;
    assert!(
        script.contains("export") && script.contains("KUBECONFIG=\"$PWD\"/.infractl/kube/dev"),
        "{script}"
    );
    project.script("up.sh", &script);
    for _ in 0..2 {
        let mut bash = std::process::Command::new("bash");
        bash.arg("up.sh").current_dir(project.root()).envs(project.vars.iter().cloned()).process_group(0);
        let _ = Run::of(&mut bash).code(0);
    }
    assert_eq!(calls(&project, "k3d cluster create"), 1);
    assert_eq!(project.mode(".infractl/kube/dev"), 0o600);
    assert!(project.read(".infractl/kube/dev").contains("https://127.0.0.1:6550"));
    let with = lab("kind = \"k3d\"\nregistry = { port = 5001 }");
    with.infractl(&["up", "dev", "--print"]).code(64).says("no script does");
}

#[test]
fn the_built_in_verbs_have_the_cluster_around_them() {
    let project = lab_with("kind = \"k3d\"\nname = \"lab\"", "");
    let up = project.infractl(&["up", "dev", "--dry-run"]).code(0).out;
    assert!(up.contains("k3d cluster create"), "{up}");
    let down = project.infractl(&["down", "dev", "--dry-run"]).code(0).out;
    assert!(down.contains("k3d cluster delete lab"), "{down}");
    configure(&project, "kind = \"existing\"\ncontext = \"a\"", "");
    let up = project.infractl(&["up", "dev", "--dry-run"]).code(0).out;
    assert!(!up.contains("k3d") && !up.contains("can be used"), "{up}");
}

/// A fake of `systemctl`, which knows one unit.
const SYSTEMCTL: &str = "\ncase $1 in\nis-active) [ -e \"$S/k3s\" ] && echo active || { echo inactive; exit 3; } ;;\n\
    start) touch \"$S/k3s\" ;;\nstop) rm \"$S/k3s\" ;;\nesac\n";

#[test]
fn k3s_of_this_machine_is_started_and_stopped_only_where_that_is_said() {
    let project = lab("kind = \"k3s\"");
    let state = project.path("state");
    project
        .script("bin/systemctl", &format!("{}{SYSTEMCTL}", LOG.replace("STATE", &state.to_string_lossy())));
    let file = "clusters:\n- cluster:\n    server: https://127.0.0.1:6443\n  name: default\ncontexts:\n- context: {cluster: default, user: default}\n  name: default\n";
    project.write("k3s.yaml", file);
    let project = {
        let at = project.path("k3s.yaml");
        project.with_var("K3S_KUBECONFIG_OUTPUT", at)
    };
    up(&project, 1).says("k3s does not run").says("managed = true");
    project.write("state/k3s", "");
    up(&project, 0).says("`default` was there: 1 machine ready");
    assert_eq!(
        (project.read(".infractl/kube/dev").as_str(), project.mode(".infractl/kube/dev")),
        (file, 0o600)
    );
    project.infractl(&["down", "dev"]).code(0).says("it is not `managed`");
    assert!(project.path("state/k3s").exists() && !project.path(".infractl/kube/dev").exists());
    configure(&project, "kind = \"k3s\"\nmanaged = true", UP);
    up(&project, 0).says("was there");
    project.infractl(&["down", "dev"]).code(0).says("k3s stopped");
    up(&project, 0).says("started");
    // Its own file may be named; it is neither written nor removed.
    configure(&project, "kind = \"k3s\"\nmanaged = true\nkubeconfig = \"k3s.yaml\"", UP);
    up(&project, 0);
    project.infractl(&["down", "dev"]).code(0);
    assert_eq!(project.read("k3s.yaml"), file);
}
