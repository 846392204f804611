//! What other programs understand: arguments in, answers out. Pure.

pub(crate) mod snapshots;
pub(crate) mod ansible;
pub(crate) mod archives;
pub(crate) mod aws;
pub(crate) mod azure;
pub(crate) mod checkers;
pub(crate) mod clusters;
pub(crate) mod docker;
pub(crate) mod failures;
pub(crate) mod forge;
pub(crate) mod git;
pub(crate) mod helm;
pub(crate) mod kubernetes;
pub(crate) mod nvidia;
pub(crate) mod openstack;
pub(crate) mod postgres;
pub(crate) mod power;
pub(crate) mod ssh;
pub(crate) mod terraform;
pub(crate) mod version;

/// What infractl knows of a program that it starts.
#[derive(Debug)]
pub(crate) struct Tool {
    /// The program's usual name.
    pub name: &'static str,
    /// How to get it: one line that begins with a verb.
    pub install: &'static str,
}

/// Every program that infractl starts by a name of its own.
pub(crate) const ALL: &[Tool] = &[
    Tool {
        name: "terraform",
        install: "install terraform 1.5 or newer: https://developer.hashicorp.com/terraform/install",
    },
    Tool { name: "tofu", install: "install OpenTofu: https://opentofu.org/docs/intro/install" },
    Tool {
        name: "ansible-playbook",
        install: "install ansible-core 2.16 or newer: `pipx install ansible-core`",
    },
    Tool {
        name: "ansible-inventory",
        install: "install ansible-core 2.16 or newer: `pipx install ansible-core`",
    },
    Tool {
        name: "ansible-galaxy",
        install: "install ansible-core 2.16 or newer: `pipx install ansible-core`",
    },
    Tool { name: "ssh", install: "install the OpenSSH client with the package manager of your system" },
    Tool { name: "git", install: "install git with the package manager of your system" },
    Tool { name: "docker", install: "install docker: https://docs.docker.com/engine/install" },
    Tool {
        name: "openstack",
        install: "install the OpenStack client: `pipx install python-openstackclient`",
    },
    Tool {
        name: "aws",
        install: "install the AWS CLI: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    },
    Tool {
        name: "tflint",
        install: "install tflint: https://github.com/terraform-linters/tflint#installation",
    },
    Tool { name: "conftest", install: "install conftest: https://www.conftest.dev/install" },
    Tool {
        name: "promtool",
        install: "install Prometheus, which brings promtool: https://prometheus.io/download, or the package `prometheus`",
    },
    Tool {
        name: "amtool",
        install: "install Alertmanager, which brings amtool: https://prometheus.io/download, or the package `prometheus-alertmanager`",
    },
    Tool { name: "checkov", install: "install checkov: `pipx install checkov`" },
    Tool {
        name: "pg_dump",
        install: "install the client programs of PostgreSQL, of the version that the server has; or name a container or a host: `via = \"docker:NAME\"`, `via = \"ssh:HOST\"`",
    },
    Tool {
        name: "pg_restore",
        install: "install the client programs of PostgreSQL: `apt-get install postgresql-client`",
    },
    Tool {
        name: "psql",
        install: "install the client programs of PostgreSQL: `apt-get install postgresql-client`; or name a container or a host: `via = \"docker:NAME\"`, `via = \"ssh:HOST\"`",
    },
    Tool { name: "kubectl", install: "install kubectl: https://kubernetes.io/docs/tasks/tools" },
    Tool { name: "k3d", install: "install k3d: https://k3d.io/stable/#installation" },
    Tool {
        name: "kind",
        install: "install kind: https://kind.sigs.k8s.io/docs/user/quick-start/#installation",
    },
    Tool {
        name: "az",
        install: "install the Azure CLI: https://learn.microsoft.com/cli/azure/install-azure-cli",
    },
    Tool { name: "helm", install: "install helm 3.13 or newer: https://helm.sh/docs/intro/install" },
];

/// How to get a program, if infractl knows it. `program` may be a path.
pub(crate) fn install_help(program: &str) -> Option<&'static str> {
    let name = program.rsplit('/').next().unwrap_or(program);
    ALL.iter().find(|tool| tool.name == name).map(|tool| tool.install)
}
