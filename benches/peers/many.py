"""Many environments at once: `plan --all` beside what one would write instead, with a provider that is a program of its own."""

import json
import os
import shutil
import statistics
import subprocess
import zipfile

from measure import Command
from project import write

# How many environments, and how often each tool goes over them: with all in place, and with nothing of the provider.
SIZES = {50: (5, 3), 500: (1, 1)}
# Of the bare terraform no more than these, one after the other: each costs the same.
ALONE = 50
TOOLS = {
    "infractl": "`infractl plan --all`",
    "make": "`make -j`",
    "xargs": "`xargs -P`",
    "terragrunt": "`terragrunt run --all plan`",
    "atmos": "`atmos terraform plan --all`",
}
GOAL = 1.05

WITH_PROVIDER = """
terraform {
  required_providers {
    local = { source = "hashicorp/local" }
  }
}

variable "region" {}

resource "local_file" "notice" {
  filename = "${path.module}/made/notice.txt"
  content  = "here is ${var.region}\\n"
}

output "notice" { value = local_file.notice.filename }
"""
BUILT_IN = """
variable "region" {}

resource "terraform_data" "notice" {
  input = "here is ${var.region}"
}

output "notice" { value = terraform_data.notice.output }
"""
DEFAULTS = """
[project]
name = "bench"

[terraform]
vars = { region = "here" }
"""

# What people write for one of them. A folder that was not initialised is, with the cache of providers that all share.
ONE = """#!/bin/sh
set -eu
cd "environments/$1"
[ -d .terraform ] || terraform init -input=false -no-color
exec terraform plan -input=false -no-color
"""
# The first fills the cache alone, for terraform says that two at once may break it.
ALL = """#!/bin/sh
set -eu
jobs=$1
cd environments
set -- */
[ -d "$1/.terraform" ] || terraform -chdir="$1" init -input=false -no-color
cd ..
printf '%s\\n' "$@" | xargs -P "$jobs" -n1 ./plan-one
"""
MAKEFILE = """
names := $(notdir $(wildcard environments/e*))
first := environments/$(firstword $(names))/.terraform
plan: $(names:%=plan-%)
plan-%: | $(first)
\t@./plan-one $*
$(first):
\t@terraform -chdir=$(@D) init -input=false -no-color
"""


class Estate:
    """A project of so many environments, all applied; each tool finds in it what it wants."""

    def __init__(self, root, count, tools, env, provider):
        self.root, self.count, self.tools = root, count, tools
        self.cache = root.parent / f"cache-{count}"
        self.env = env | {"TF_PLUGIN_CACHE_DIR": str(self.cache), "TF_VAR_region": "here", "TF_CLI_CONFIG_FILE": str(root / "terraformrc")}
        self.env["TG_NO_AUTO_INIT"] = "false"
        self.names = [f"e{number:04}" for number in range(count)]
        self.cache.mkdir(parents=True)
        mirror = root.parent / "mirror"
        if provider and not mirror.exists():
            archived(mirror, provider)
        write(root / "terraformrc", f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n' if provider else "")
        write(root / "environments/defaults.toml", DEFAULTS)
        write(root / ".gitignore", "shared/\n.infractl/\n*.tfstate*\n.terraform/\n")
        write(root / "plan-one", ONE).chmod(0o755)
        write(root / "plan-all", ALL).chmod(0o755)
        write(root / "Makefile", MAKEFILE)
        write(root / "atmos.yaml", 'components: { terraform: { base_path: environments } }\nstacks: { base_path: stacks, included_paths: ["*.yaml"], name_pattern: "{stage}" }\n')
        parts = {name: {"vars": {"region": "here"}} for name in self.names}
        write(root / "stacks/all.yaml", json.dumps({"vars": {"stage": "all"}, "components": {"terraform": parts}}))
        (root / "shared").mkdir()
        # One is applied, the others are as it is: state, lock file, what the provider made.
        first = root / "environments" / self.names[0]
        write(first / "main.tf", WITH_PROVIDER if provider else BUILT_IN)
        for words in (["init"], ["apply", "-auto-approve"]):
            done = subprocess.run([tools["terraform"], *words, "-input=false", "-no-color"], cwd=first, env=self.env, capture_output=True, text=True)
            if done.returncode:
                raise RuntimeError(f"terraform {words[0]}: {done.stderr}")
        # Not for terraform, but two of the tools want a folder for a unit of theirs.
        write(first / "terragrunt.hcl", "")
        for name in self.names[1:]:
            shutil.copytree(first, root / "environments" / name, symlinks=True)
        for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "-qm", "bench"]):
            subprocess.run(["git", *words], cwd=root, env=self.env, check=True)
        # It initialises once what it has not initialised itself.
        Command([tools["infractl"], "init", "--all", "-q"], root, self.env).run()

    def commands(self):
        jobs = str(os.cpu_count())
        words = {
            "infractl": (["plan", "--all", "-q"], self.root),
            "make": (["-s", f"-j{jobs}", "plan"], self.root),
            "terragrunt": (["run", "--all", "--parallelism", jobs, "--", "plan", "-no-color"], self.root / "environments"),
            "atmos": (["terraform", "plan", "--all", "-s", "all"], self.root),
        }
        found = {tool: Command([self.tools[tool], *words], folder, self.env) for tool, (words, folder) in words.items() if tool in self.tools}
        found["xargs"] = Command([str(self.root / "plan-all"), jobs], self.root, self.env)
        return {tool: found[tool] for tool in TOOLS if tool in found}

    def forget(self):
        """Nothing of the provider is left: neither in the cache nor in any environment. Lock files stay, as in a checkout."""
        shutil.rmtree(self.cache)
        self.cache.mkdir()
        for name in self.names:
            shutil.rmtree(self.root / "environments" / name / ".terraform", ignore_errors=True)

    def alone(self, is_cold):
        """Seconds of a processor that the bare terraform takes for all of them."""
        names = self.names[:: max(1, self.count // ALONE)]
        took = 0.0
        for name in names:
            folder = self.root / "environments" / name
            for verb in ("init", "plan") if is_cold else ("plan",):
                took += Command([self.tools["terraform"], verb, "-input=false", "-no-color"], folder, self.env).run()[1]
        return took * self.count / len(names)


def archived(mirror, provider):
    """As a registry has it: it has to be unpacked."""
    folder = mirror / "registry.terraform.io/hashicorp/local"
    folder.mkdir(parents=True)
    system = f"{os.uname().sysname.lower()}_{'arm64' if os.uname().machine == 'aarch64' else 'amd64'}"
    with zipfile.ZipFile(folder / f"terraform-provider-local_2.5.3_{system}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(provider, "terraform-provider-local_v2.5.3")


def measured(root, tools, env, provider, sizes, load, tell):
    """For each size and cache: the floor, and what each tool took; and what could not be measured."""
    rows, missing = [], {}
    for count, rounds in sizes.items():
        tell(f"{count} environments are made")
        estate = Estate(root / f"many-{count}", count, tools, env, provider)
        commands = estate.commands()
        for tool, command in list(commands.items()):
            if tool in ("terragrunt", "atmos") and (why := command.tried(str(root / "said"))):
                missing[tool] = " ".join(why.split())[:200]
                del commands[tool]
        for cache, often in zip(("warm", "cold"), rounds):
            if cache == "cold" and not provider:
                continue
            row = {"environments": count, "cache": cache, "rounds": often, "load": load(), "processors": os.cpu_count()}
            rows.append(row | by_turns(estate, commands, cache == "cold", often, tell))
        shutil.rmtree(estate.root)
    return rows, missing


def by_turns(estate, commands, is_cold, rounds, tell):
    took, alone = {tool: [] for tool in commands}, []
    for number in range(rounds):
        tell(f"{estate.count} environments, {'cold' if is_cold else 'warm'}, round {number + 1} of {rounds}")
        if is_cold:
            estate.forget()
        alone.append(estate.alone(is_cold))
        for tool, command in commands.items():
            if is_cold:
                estate.forget()
            took[tool].append(command.watched())
    floor = statistics.median(alone) / os.cpu_count()
    middle = {tool: {what: statistics.median(sample[what] for sample in samples) for what in samples[0]} for tool, samples in took.items()}
    return {
        "floor": round(floor, 3),
        "tools": {tool: {what: round(value, 3) for what, value in figures.items()} for tool, figures in middle.items()},
    }


def one_of_many(root, tools, env, by_turns, rounds, count=1000):
    """So many environments are there and one is loaded; and all of them are told."""
    write(root / "environments/defaults.toml", '[project]\nname = "bench"\n')
    for number in range(count):
        write(root / f"environments/e{number:04}/environment.toml", f'[outputs]\nhost = "h{number}.example.org"\n')
    words = {"one": ["output", "e0500", "host", "--raw"], "list": ["env", "list"]}
    found = by_turns({name: Command([tools["infractl"], *words], root, env) for name, words in words.items()}, rounds)
    shutil.rmtree(root)
    return {"environments": count, "rounds": rounds} | {name: figures["ms"] for name, figures in found.items()}
