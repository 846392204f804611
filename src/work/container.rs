//! Programs in containers: the line that starts one there, and what it can see there. A command says that it runs in a
//! container ([`Cmd::within`]); everything that starts or shows commands comes here.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::process::{getgid, getuid};

use crate::config::Environment;
use crate::context::Vars;
use crate::disk::{self, PrivateDir};
use crate::exec::{Cmd, Container, Input, Io, Value};
use crate::tools::docker::guest::Guest;

/// Containers of tools are known by this label.
const LABEL: &str = "infractl.tool";

/// Variables that are about this machine, or about keys that are infractl's business: they do not go along.
pub(in crate::work) const OWN: [&str; 32] = [
    "PATH",
    "HOME",
    "PWD",
    "OLDPWD",
    "SHLVL",
    "_",
    "SHELL",
    "HOSTNAME",
    "TMPDIR",
    "TMP",
    "TEMP",
    "MAIL",
    "DISPLAY",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "VIRTUAL_ENV",
    "LS_COLORS",
    "MANPATH",
    "INFOPATH",
    "JAVA_HOME",
    "GOPATH",
    "GOROOT",
    "TERMINFO",
    "LESSOPEN",
    "LESSCLOSE",
    "WINDOWID",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "BASH_ENV",
    "ENV",
    "ZDOTDIR",
];
/// The same for names that begin like this.
pub(in crate::work) const OWN_BEGIN: [&str; 10] =
    ["XDG_", "DBUS_", "LD_", "DYLD_", "PYTHON", "CONDA_", "NVM_", "DOCKER_", "SOPS_", "INFRACTL_"];
/// What is read of the home folder, where it is there: configuration and log-ins of clouds, terraform, git.
const OF_HOME: [&str; 14] = [
    ".terraformrc",
    ".tofurc",
    ".terraform.d",
    ".aws",
    ".azure",
    ".config/gcloud",
    ".config/openstack",
    ".kube",
    ".oci",
    ".netrc",
    ".gitconfig",
    ".config/git",
    ".git-credentials",
    ".ssh",
];

/// A container of this image that sees what every tool sees: the project, `shared` for writing, some of the home folder, and
/// the files that variables name.
pub(crate) fn of(env: &Environment, vars: &Vars, image: String) -> Container {
    let root = &env.root;
    let home =
        vars.get("HOME").map(PathBuf::from).filter(|home| home.is_absolute() && home.parent().is_some());
    let mut readable: BTreeSet<PathBuf> = [root.clone()].into();
    readable.extend(home.iter().flat_map(|home| OF_HOME.map(|name| home.join(name))));
    let mut variables = BTreeSet::new();
    for (name, value) in &vars.for_children() {
        let Some(name) = name.to_str().filter(|name| goes_along(name)) else { continue };
        variables.insert(name.to_owned());
        readable.extend(file(Path::new(value)));
    }
    let env_file = env.env_file.path.parent().map(Path::to_owned);
    Container {
        image,
        environment: env.name.clone(),
        readable,
        writable: [root.join("shared")].into_iter().chain(env_file.filter(|dir| dir != root)).collect(),
        home: home.unwrap_or_else(|| "/tmp".into()),
        variables,
    }
}

fn goes_along(name: &str) -> bool {
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name && !OWN.contains(&name) && !OWN_BEGIN.iter().any(|begin| name.starts_with(begin))
}

/// A file or a socket that a text names.
fn file(path: &Path) -> Option<PathBuf> {
    let kind = path.is_absolute().then(|| fs::metadata(path).ok())??.file_type();
    (kind.is_file() || kind.is_socket()).then(|| path.to_owned())
}

/// The line that a dry run shows; the command itself when it runs on this machine.
pub(crate) fn shown(cmd: &Cmd) -> Cow<'_, Cmd> {
    match &cmd.container {
        Some(container) => Cow::Owned(outside(cmd, container, None, false)),
        None => Cow::Borrowed(cmd),
    }
}

/// The command of docker that runs this command in its container.
pub(super) fn outside(cmd: &Cmd, container: &Container, name: Option<&str>, is_rootless: bool) -> Cmd {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    let mut mounts = mounts(cmd, container);
    let accounts = Path::new("/etc/passwd");
    // ssh wants to know who it is.
    if user != 0 && !is_rootless && knows(accounts, user) {
        mounts.insert(accounts.to_owned(), false);
    }
    let is_empty = |place: &PathBuf| {
        !mounts.keys().any(|mounted| place.starts_with(mounted)) && place.parent().is_some()
    };
    let scratch: BTreeSet<PathBuf> =
        ["/tmp".into(), container.home.clone()].into_iter().filter(is_empty).collect();
    let own = container.variables.iter().filter(|name| !cmd.hides(name));
    let variables: BTreeSet<&String> = own.chain(cmd.env.keys()).collect();
    let guest = Guest {
        name: name.map(str::to_owned),
        labels: vec![
            format!("{LABEL}={}", cmd.program),
            format!("infractl.environment={}", container.environment),
        ],
        user: (!is_rootless).then_some((user, group)),
        mounts: mounts.into_iter().collect(),
        scratch: scratch.into_iter().collect(),
        home: container.home.clone(),
        variables: variables.into_iter().cloned().collect(),
        reads: cmd.io == Io::Attach || !matches!(cmd.input, Input::None),
        has_terminal: cmd.io == Io::Attach,
        dir: cmd.dir.clone(),
    };
    let words = guest.words().into_iter().chain(["--entrypoint".to_owned(), cmd.program.clone()]);
    Cmd {
        program: "docker".to_owned(),
        args: words.chain([container.image.clone()]).chain(cmd.args.iter().cloned()).collect(),
        dir: None,
        // Those of docker itself.
        unset: cmd.unset.iter().filter(|name| goes_along(name)).cloned().collect(),
        container: None,
        ..cmd.clone()
    }
}

/// What it sees, and whether it may write there: besides what the container says, the files that arguments and variables
/// name, and private folders of infractl with everything in them.
fn mounts(cmd: &Cmd, container: &Container) -> BTreeMap<PathBuf, bool> {
    let mut wanted: BTreeMap<PathBuf, bool> =
        container.readable.iter().map(|path| (path.clone(), false)).collect();
    let words = cmd.args.iter().map(|arg| arg.rsplit(['=', '@']).next().unwrap_or_default());
    let values = cmd.env.values().filter_map(|value| match value {
        Value::Plain(text) => Some(text.as_str()),
        Value::Secret(_) => None,
    });
    for path in words.chain(values).map(Path::new).filter(|path| path.is_absolute()) {
        match PrivateDir::around(path) {
            Some(folder) => wanted.insert(folder.to_owned(), true),
            None => file(path).and_then(|file| wanted.insert(file, false)),
        };
    }
    wanted.extend(container.writable.iter().map(|path| (path.clone(), true)));
    let mut all: BTreeMap<PathBuf, bool> = BTreeMap::new();
    for (path, is_writable) in wanted.into_iter().filter(|(path, _)| path.exists()) {
        *all.entry(without_dots(&path)).or_default() |= is_writable;
    }
    let all: Vec<(PathBuf, bool)> = all.into_iter().collect();
    // The nearest folder above decides whether one needs a mount of its own.
    let above = |path: &Path| all.iter().rev().find(|(folder, _)| folder != path && path.starts_with(folder));
    let is_needed =
        |(path, is_writable): &&(PathBuf, bool)| above(path).is_none_or(|(_, same)| same != is_writable);
    all.iter().filter(is_needed).cloned().collect()
}

/// A path without `..`: as the program names it from its folder.
fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(clean.pop()),
            Component::CurDir => {}
            part => clean.push(part),
        }
    }
    clean
}

/// Whether a list of accounts has this user.
fn knows(accounts: &Path, user: u32) -> bool {
    let text = disk::read_text(accounts).unwrap_or_default();
    text.lines().any(|line| line.split(':').nth(2) == Some(&user.to_string()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A project with a folder of state beside it and a private folder.
    fn place() -> (tempfile::TempDir, Container) {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for folder in ["p/shared", "p/dev", "home/.aws", "infractl-run-1", "modules", "state"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in ["ca.pem", "secret.pem"] {
            disk::write(&at(file), b"x", 0o600).unwrap();
        }
        let container = Container {
            image: "tf:1@sha256:00".into(),
            environment: "dev".into(),
            readable: [at("p"), at("home/.aws"), at("home/.azure"), at("p/dev/../../modules")].into(),
            writable: [at("p/shared"), at("p/dev"), at("p/dev/.terraform"), at("state")].into(),
            home: at("home"),
            variables: ["LANG", "TF_LOG"].map(str::to_owned).into(),
        };
        (dir, container)
    }

    #[test]
    fn it_sees_what_it_needs_and_no_value_of_a_secret_is_in_the_line() {
        let (dir, container) = place();
        let at = |path: &str| dir.path().join(path).to_string_lossy().into_owned();
        let cmd = Cmd::new("terraform")
            .args(["plan", "-input=false"])
            .arg(format!("-out={}", at("infractl-run-1/infractl.tfplan")))
            .env("SSL_CERT_FILE", at("ca.pem"))
            .env("TF_VAR_not_there", at("none"))
            .secret("TF_VAR_password", at("secret.pem").into())
            .secret("TF_VAR_canary", "CANARY-container".to_owned().into())
            .unset("TF_LOG")
            .dir(at("p/dev"))
            .within(Some(&Arc::new(container)));
        let shown = shown(&cmd).into_owned();
        let argv = shown.args.join(" ").replace(&at(""), "/").replace(&*dir.path().to_string_lossy(), "");
        let user = format!("{}:{}", getuid().as_raw(), getgid().as_raw());
        let argv = argv.replace(&user, "USER");
        insta::assert_snapshot!(argv, @"run --rm --init --network host --security-opt label=disable --label infractl.tool=terraform --label infractl.environment=dev --user USER --tmpfs /tmp:exec,mode=1777 --tmpfs /home:exec,mode=1777 --mount type=bind,source=/ca.pem,target=/ca.pem,readonly --mount type=bind,source=/home/.aws,target=/home/.aws,readonly --mount type=bind,source=/infractl-run-1,target=/infractl-run-1 --mount type=bind,source=/modules,target=/modules,readonly --mount type=bind,source=/p,target=/p,readonly --mount type=bind,source=/p/dev,target=/p/dev --mount type=bind,source=/p/shared,target=/p/shared --mount type=bind,source=/state,target=/state --env HOME=/home --env LANG --env SSL_CERT_FILE --env TF_VAR_canary --env TF_VAR_not_there --env TF_VAR_password --workdir /p/dev --entrypoint terraform tf:1@sha256:00 plan -input=false -out=/infractl-run-1/infractl.tfplan");
        assert!(shown.dir.is_none() && shown.unset.contains("TF_LOG"));
        assert!(shown.env.contains_key("TF_VAR_canary"), "docker takes the value from its own environment");
        // On this machine it stays what it is.
        assert_eq!(super::shown(&Cmd::new("terraform").arg("plan")).to_string(), "terraform plan");
    }

    #[test]
    fn a_program_that_reads_or_has_the_terminal_is_told_so() {
        let (_dir, container) = place();
        let within = |cmd: Cmd| shown(&cmd.within(Some(&Arc::new(container.clone())))).args.join(" ");
        let bare = within(Cmd::new("tofu"));
        assert!(!bare.contains("--interactive") && !bare.contains("--tty"), "{bare}");
        assert!(within(Cmd::new("tofu").reads(Input::Own)).contains(" --interactive --entrypoint tofu"));
        assert!(within(Cmd::new("tofu").io(Io::Attach)).contains(" --interactive --tty --entrypoint tofu"));
    }

    #[test]
    fn what_is_about_this_machine_stays_here() {
        for name in ["AWS_PROFILE", "TF_VAR_x", "https_proxy", "LANG", "CI", "SSH_AUTH_SOCK"] {
            assert!(goes_along(name), "{name}");
        }
        for name in ["PATH", "HOME", "DOCKER_HOST", "SOPS_AGE_KEY", "INFRACTL_GROUP", "BASH_FUNC_x%%", ""] {
            assert!(!goes_along(name), "{name}");
        }
    }
}
