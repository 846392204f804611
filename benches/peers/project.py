"""One root module with three outputs and a local state, two files of secrets made by sops, and what each tool wants to know."""

import json
import os
import subprocess
from pathlib import Path

# A key of tests: it protects nothing.
KEY = "AGE-SECRET-KEY-1AX4SCEGA5WFX96JQZU3XCEYXJQY0H2XN9QYCU5PVQ0QUS2R02T9QG0DNC4"
RECIPIENT = "age1gl6per2e9y5c3g0hhkt49kx5jkhj9h9q3q2y79t4qxp536lufp4qy7sjwk"

MAIN = """
variable "account_key" { sensitive = true }
variable "admin_password" { sensitive = true }
variable "region" {}

resource "terraform_data" "database" {
  input = { host = "db.example.org", region = var.region }
}

output "host" { value = terraform_data.database.output.host }
output "address" { value = "postgres://${terraform_data.database.output.host}/app" }
output "password" {
  value     = var.admin_password
  sensitive = true
}
"""

DEFAULTS = """
[project]
name = "bench"

[terraform]
vars = { region = "here" }

[secrets]
files = ["credentials/common.enc.env", "credentials/{{environment}}.enc.env"]
identity = "credentials/key.txt"

[env-file]
path = "shared/.env.{{environment}}"

[[env-file.sections]]
title = "Database"
values = { DATABASE_HOST = { output = "host" }, DATABASE_URL = { output = "address" }, DATABASE_PASSWORD = { output = "password" } }
"""

# What people write: both files opened, every line exported, the program started.
WITH_SECRETS = """#!/usr/bin/env bash
set -euo pipefail
for file in credentials/common.enc.env "credentials/$1.enc.env"; do
  while IFS='=' read -r name value; do
    export "$name=$value" "TF_VAR_${name,,}=$value"
  done < <(sops decrypt "$file")
done
export TF_VAR_region=here
exec "${@:2}"
"""

GENENV = """#!/usr/bin/env bash
set -euo pipefail
terraform -chdir="environments/$1" output -json |
  jq -r '"DATABASE_HOST=\\(.host.value)", "DATABASE_URL=\\(.address.value)", "DATABASE_PASSWORD=\\(.password.value)"' >"shared/.env.$1.new"
mv "shared/.env.$1.new" "shared/.env.$1"
"""

# The lines of a verb, for a Makefile, a justfile and a Taskfile; ENV is in the environment.
LINES = {
    "plan": ["./with-secrets $ENV terraform -chdir=environments/$ENV plan -input=false -no-color"],
    "apply": [
        "./with-secrets $ENV terraform -chdir=environments/$ENV apply -input=false -no-color -auto-approve",
        "./genenv $ENV",
    ],
    "genenv": ["./genenv $ENV"],
    "output": ["terraform -chdir=environments/$ENV output -raw host"],
    "exec": ["./with-secrets $ENV true"],
}

TERRAGRUNT = """
locals {
  secrets = merge(jsondecode(sops_decrypt_file("../../credentials/common.enc.json")), jsondecode(sops_decrypt_file("../../credentials/dev.enc.json")))
}
inputs = { account_key = local.secrets.TF_VAR_account_key, admin_password = local.secrets.TF_VAR_admin_password, region = "here" }
"""

ATMOS = """
base_path: "."
components:
  terraform: { base_path: environments, apply_auto_approve: true, deploy_run_init: false, init_run_reconfigure: false, auto_generate_backend_file: false }
stacks: { base_path: stacks, included_paths: ["*.yaml"], name_pattern: "{stage}" }
logs: { level: "Off" }
"""


def secrets():
    """Seventeen values: those of both files."""
    common = {f"COMMON_{number}": f"value-{number}-of-common" for number in range(9)}
    own = {f"OWN_{number}": f"value-{number}-of-dev" for number in range(6)}
    own |= {"ACCOUNT_KEY": "key-of-the-account-1", "ADMIN_PASSWORD": "password-of-the-admin-1"}
    return common, own


def in_clear():
    """The same, as the bare program wants them."""
    common, own = secrets()
    values = common | own
    return values | {f"TF_VAR_{name.lower()}": value for name, value in values.items()} | {"TF_VAR_region": "here"}


def make(root, tools, environment):
    """The project of every tool, in one folder."""
    write(root / "environments/defaults.toml", DEFAULTS)
    write(root / "environments/dev/environment.toml", "")
    write(root / "environments/dev/main.tf", MAIN)
    write(root / "environments/dev/terragrunt.hcl", TERRAGRUNT)
    write(root / "shared/.gitkeep", "")
    write(root / ".gitignore", "shared/.env.*\n.infractl/\n*.tfstate*\n.terraform/\n")
    write(root / "credentials/key.txt", KEY + "\n")
    for name, values in zip(("common", "dev"), secrets()):
        seal(root / f"credentials/{name}.enc.env", dotenv(values), tools, environment)
        named = {f"TF_VAR_{key.lower()}" if "_" in key and key[0] == "A" else key: value for key, value in values.items()}
        seal(root / f"credentials/{name}.enc.json", json.dumps(named | {"TF_VAR_region": "here"}), tools, environment)
    write(root / "with-secrets", WITH_SECRETS).chmod(0o755)
    write(root / "genenv", GENENV).chmod(0o755)
    dollars = {verb: [line.replace("$", "$$") for line in lines] for verb, lines in LINES.items()}
    write(root / "Makefile", f".PHONY: {' '.join(LINES)}\n" + "".join(f"{verb}:\n" + "".join(f"\t@{line}\n" for line in lines) for verb, lines in dollars.items()))
    write(root / "justfile", "".join(f"{verb}:\n" + "".join(f"  @{line}\n" for line in lines) for verb, lines in LINES.items()))
    tasks = "".join(f"  {verb}:\n    cmds: {json.dumps(lines)}\n" for verb, lines in LINES.items())
    write(root / "Taskfile.yml", f"version: '3'\nsilent: true\ntasks:\n{tasks}")
    files = '["credentials/common.enc.json", "credentials/dev.enc.json"]'
    plain = {verb: [line.replace("./with-secrets $ENV ", "") for line in lines] for verb, lines in LINES.items()}
    tasks = "".join(f"[tasks.{verb}]\nrun = {json.dumps(lines)}\nquiet = true\n" for verb, lines in plain.items())
    write(root / "mise.toml", f"[env]\n_.file = {files}\n{tasks}")
    write(root / "atmos.yaml", ATMOS)
    values = {name.removeprefix("TF_VAR_"): value for name, value in in_clear().items() if name.startswith("TF_VAR_")}
    values = {name: values[name] for name in ("account_key", "admin_password", "region")}
    write(root / "stacks/dev.yaml", json.dumps({"vars": {"stage": "dev"}, "components": {"terraform": {"dev": {"vars": values}}}}))
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-qm", "bench"]):
        subprocess.run(["git", *words], cwd=root, env=environment, check=True)


def seal(path, text, tools, environment):
    # Elsewhere sops would find rules that are not for it.
    kind = path.suffix.removeprefix(".").replace("env", "dotenv")
    words = [tools["sops"], "encrypt", "--age", RECIPIENT, "--input-type", kind, "--output-type", kind]
    done = subprocess.run([*words, "--filename-override", path.name, "/dev/stdin"], input=text, text=True, env=environment, cwd="/", capture_output=True)
    if done.returncode:
        raise RuntimeError(f"sops: {done.stderr}")
    write(path, done.stdout)


def dotenv(values):
    return "".join(f"{name}={value}\n" for name, value in values.items())


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def environment(root, tools):
    """Only what a login shell would have, the same for all; nobody asks the network for a newer version."""
    # The tofu of the tests is called terraform.
    folders = [str(Path(program).parent) for name, program in tools.items() if name != "tofu"]
    folders += ["/usr/local/bin", "/usr/bin", "/bin"]
    home = root.parent / "home"
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.pathsep.join(dict.fromkeys(folders)),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "ENV": "dev",
        "CHECKPOINT_DISABLE": "1",
        "SOPS_DISABLE_VERSION_CHECK": "1",
        "SOPS_AGE_KEY_FILE": str(root / "credentials/key.txt"),
        "MISE_SOPS_AGE_KEY_FILE": str(root / "credentials/key.txt"),
        "MISE_TRUSTED_CONFIG_PATHS": str(root),
        "MISE_OFFLINE": "1",
        "ATMOS_VERSION_CHECK_ENABLED": "false",
        "TG_NO_AUTO_INIT": "true",
        "TG_LOG_DISABLE": "true",
        "TG_NON_INTERACTIVE": "true",
    }
