//! What other programs understand: arguments in, answers out. Pure.

pub mod ansible;
pub mod ansible_events;
pub mod aws;
pub mod aws_power;
pub mod azure_power;
pub mod compose;
pub mod docker;
pub mod docker_containers;
pub mod docker_power;
pub mod git;
pub mod openstack;
pub mod power;
pub mod remote_shell;
pub mod ssh;
pub mod ssh_trouble;
pub mod tar;
pub mod terraform;
pub mod terraform_advice;
pub mod terraform_backend;
pub mod terraform_diagnostic;
pub mod terraform_digest;
pub mod terraform_events;
pub mod terraform_root;
pub mod terraform_saved_plan;
pub mod terraform_text;

/// What infractl knows of a program that it starts.
#[derive(Debug)]
pub struct Tool {
    /// The program's usual name.
    pub name: &'static str,
    /// What infractl uses it for.
    pub purpose: &'static str,
    /// Arguments that make it print its version.
    pub version_args: &'static [&'static str],
    /// How to get it: one line that begins with a verb.
    pub install: &'static str,
}

/// Every program that infractl starts by a name of its own.
pub const ALL: &[Tool] = &[
    Tool {
        name: "terraform",
        purpose: "plan, apply, destroy, output",
        version_args: &["version"],
        install: "install terraform 1.5 or newer: https://developer.hashicorp.com/terraform/install",
    },
    Tool {
        name: "tofu",
        purpose: "the same, with `[terraform] program = \"tofu\"`",
        version_args: &["version"],
        install: "install OpenTofu: https://opentofu.org/docs/intro/install",
    },
    Tool {
        name: "ansible-playbook",
        purpose: "deploy, check",
        version_args: &["--version"],
        install: "install ansible-core 2.16 or newer: `pipx install ansible-core`",
    },
    Tool {
        name: "ansible-galaxy",
        purpose: "roles and collections in `requirements` of `[ansible]`",
        version_args: &["--version"],
        install: "install ansible-core 2.16 or newer: `pipx install ansible-core`",
    },
    Tool {
        name: "ssh",
        purpose: "machines: log in, run commands, copy files",
        version_args: &["-V"],
        install: "install the OpenSSH client with the package manager of your system",
    },
    Tool {
        name: "git",
        purpose: "is the environment file ignored? which commit?",
        version_args: &["--version"],
        install: "install git with the package manager of your system",
    },
    Tool {
        name: "docker",
        purpose: "images, containers and compose projects",
        version_args: &["--version"],
        install: "install docker: https://docs.docker.com/engine/install",
    },
    Tool {
        name: "openstack",
        purpose: "`stop`, `start`, `state` with `[power] provider = \"openstack\"`",
        version_args: &["--version"],
        install: "install the OpenStack client: `pipx install python-openstackclient`",
    },
    Tool {
        name: "aws",
        purpose: "`stop`, `start`, `state` with `[power] provider = \"aws\"`",
        version_args: &["--version"],
        install: "install the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    },
    Tool {
        name: "az",
        purpose: "`stop`, `start`, `state` with `[power] provider = \"azure\"`",
        version_args: &["version"],
        install: "install the Azure CLI: https://learn.microsoft.com/cli/azure/install-azure-cli",
    },
];

/// How to get a program, if infractl knows it. `program` may be a path.
pub fn install_help(program: &str) -> Option<&'static str> {
    let name = program.rsplit('/').next().unwrap_or(program);
    ALL.iter().find(|tool| tool.name == name).map(|tool| tool.install)
}
