//! Nothing is sent anywhere that nobody asked for: infractl in a network name space of its own, whose one way out counts
//! what goes through it.

use std::process::Command;

use crate::common::{BIN, Run, Sandbox, need};

/// Calls infractl with each line of its input and prints how many packets left for elsewhere meanwhile. A look for a
/// name would be one too: the server for names is outside.
const COUNTED: &str = r#"
set -eu
ip link set lo up
ip link add out type veth peer name far
sysctl -qw net.ipv6.conf.out.disable_ipv6=1 net.ipv6.conf.far.disable_ipv6=1
ip address add 192.0.2.1/24 dev out
ip link set far up
ip link set out up
ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev out nud permanent
ip route add default via 192.0.2.2
echo nameserver 192.0.2.2 >"$TMPDIR/resolv.conf"
mount --bind "$TMPDIR/resolv.conf" /etc/resolv.conf
sent() { awk '$1 == "out:" { print $11 }' /proc/net/dev; }
while read -r line; do
  before=$(sent)
  # shellcheck disable=SC2086
  code=0
  "$BIN" $line </dev/null >/dev/null || code=$?
  echo "$line: exit code $code, $(($(sent) - before)) packets"
done
"#;

#[test]
fn no_verb_calls_anybody_who_was_not_named() {
    if need("ip").is_none() {
        return;
    }
    let project = Sandbox::new();
    project.environment(
        "dev",
        "[pipelines]\ncall = [{ wait = { tcp = \"198.51.100.7:443\" }, attempts = 1, every = \"1s\" }]\n",
    );
    let silent = [
        "--version",
        "help",
        "nonsense",
        "env list",
        "validate",
        "apply dev --yes",
        "apply dev --yes",
        "plan dev",
        "genenv dev --print",
        "output dev",
        "secrets view dev",
        "status",
        "history",
        "graph",
        "completions bash",
        "destroy dev --yes",
    ];
    let mut command = Command::new("unshare");
    let lines = silent.map(|line| format!("{line}\n")).concat() + "call dev\n";
    let own = project.command(&[]);
    command.args(["--map-root-user", "--net", "--mount", "bash", "-c", COUNTED]).current_dir(project.root());
    command.env_clear().envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let run = Run::with_input(command.env("BIN", BIN), &lines).code(0);
    let told: Vec<&str> = run.out.lines().collect();
    let (called, others) = told.split_last().unwrap();
    for (line, told) in silent.iter().zip(others) {
        let code = if *line == "nonsense" { 64 } else { 0 };
        assert_eq!(*told, format!("{line}: exit code {code}, 0 packets"), "{}", run.err);
    }
    assert_eq!(others.len(), silent.len());
    // What a project asks for is counted: the way out is one.
    assert!(called.starts_with("call dev: exit code 1, ") && !called.ends_with(" 0 packets"), "{called}");
}
