//! What an environment needs of the machine, with the real engine and a real limit.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Run, Sandbox, need, program, skip};
use crate::docker::unique;

/// A lab that works with docker and needs this.
fn lab(needs: &str) -> Sandbox {
    let project = Sandbox::empty().with_own_vars(&["DOCKER_HOST", "DOCKER_CONFIG"]);
    project
        .environment("lab", &format!("needs = {{ {needs} }}\n[pipelines]\nup = [\"docker version > up\"]\n"));
    project
}

/// A container that publishes a port, as long as the value is there.
struct Publisher {
    name: String,
    port: u16,
}

impl Publisher {
    fn new(image: &str, labels: &[String]) -> Publisher {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let name = format!("{}-{port}", unique());
        let mut docker = program("docker", Path::new("/"));
        docker.args(["run", "--detach", "--name", &name, "--publish", &format!("127.0.0.1:{port}:80")]);
        let labels = labels.iter().flat_map(|label| ["--label", label.as_str()]);
        Run::of(docker.args(labels).args([image, "sleep", "1000"])).code(0);
        Publisher { name, port }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let _ = program("docker", Path::new("/")).args(["rm", "--force", &self.name]).output();
    }
}

#[test]
fn a_port_of_a_container_is_named_and_that_of_our_own_project_is_ours() {
    let (Some(_), Some(image)) = (need("docker"), need("image")) else { return };
    let image = image.to_str().unwrap();
    let other = Publisher::new(image, &[]);
    let project = lab(&format!("memory = \"1MiB\", cpu = 0.1, disk = \"1MiB\", ports = [{}]", other.port));
    let run = project.infractl(&["up", "lab"]).code(69);
    run.says(&format!("port {}: needed by lab, taken by the container `{}`", other.port, other.name));
    assert!(!project.path("up").exists());
    let folder = project.root().canonicalize().unwrap().join("services");
    let own =
        Publisher::new(image, &[format!("com.docker.compose.project.working_dir={}", folder.display())]);
    let project_text = format!(
        "needs = {{ memory = \"1MiB\", ports = [{}] }}\n[pipelines]\nup = [\"docker version > up\"]\n",
        own.port
    );
    project.environment("lab", &project_text);
    let dry = project.infractl(&["up", "lab", "--dry-run"]).code(0);
    dry.prints(&format!("held by the container `{}`, which is of this environment: enough", own.name));
    project.infractl(&["up", "lab"]).code(0);
    assert!(project.path("up").exists());
}

#[test]
fn the_machine_of_the_engine_counts() {
    let Some(_) = need("docker") else { return };
    let said =
        Run::of(program("docker", Path::new("/")).args(["info", "--format", "{{.NCPU}} {{.MemTotal}}"])).out;
    let (cpus, memory) = said.trim().split_once(' ').unwrap();
    let memory: u64 = memory.parse().unwrap();
    let project = lab(&format!("cpu = 9999, memory = \"{}B\"", memory + 1));
    let run = project.infractl(&["up", "lab"]).code(69);
    run.says(&format!("CPU: 9999 needed by lab, {cpus} there")).says("memory: ");
}

/// A group of processes with so much memory, as long as the value is there.
struct Group(PathBuf);

impl Group {
    /// None when no group can be made here.
    fn new(bytes: u64) -> Option<Group> {
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let of = |controller: &str| {
            let line = own.lines().find_map(|line| line.split_once(':')?.1.strip_prefix(controller));
            line.map(|path| path.trim_start_matches(':').trim_start_matches('/').to_owned())
        };
        let trees = [
            (Path::new("/sys/fs/cgroup/memory"), of("memory:"), "memory.limit_in_bytes"),
            (Path::new("/sys/fs/cgroup"), of(":"), "memory.max"),
        ];
        for (base, path, limit) in trees {
            // From inside of a container its own group may be at the top.
            for above in path.iter().map(|path| base.join(path)).chain([base.to_owned()]) {
                let dir = above.join(unique());
                if fs::create_dir(&dir).is_ok() {
                    if fs::write(dir.join(limit), bytes.to_string()).is_ok() {
                        return Some(Group(dir));
                    }
                    let _ = fs::remove_dir(&dir);
                }
            }
        }
        None
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

#[test]
fn a_limit_on_us_counts_before_the_memory_of_the_machine() {
    let Some(group) = Group::new(256 << 20) else {
        return skip("no group of processes can be made here: that is for root, outside of most containers");
    };
    let project = Sandbox::empty();
    project.environment("lab", "needs = { memory = \"300MiB\" }\n[pipelines]\nup = [\"echo up > up\"]\n");
    let inside = |args: &[&str]| {
        let infractl = project.command(args);
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\""]).arg(&group.0);
        shell.arg(infractl.get_program()).args(infractl.get_args()).current_dir(project.root());
        shell.env_clear();
        for (name, value) in infractl.get_envs() {
            if let Some(value) = value {
                shell.env(name, value);
            }
        }
        Run::of(&mut shell)
    };
    let run = inside(&["up", "lab"]).code(69);
    run.says("memory: 300 MiB needed by lab, ")
        .says("left of the 256 MiB that this process may use (cgroup)");
    assert!(!project.path("up").exists());
    project.environment("lab", "needs = { memory = \"100MiB\" }\n[pipelines]\nup = [\"echo up > up\"]\n");
    inside(&["up", "lab"]).code(0);
    assert!(project.path("up").exists());
}
