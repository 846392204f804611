"""Whole examples, from nothing to a service that was looked at, beside plain scripts that call the same programs (by-hand/)."""

import os
import re
import shutil
import statistics
import subprocess
from pathlib import Path

from measure import Command

GOAL = 1.05
HERE = Path(__file__).resolve().parent
# When it was committed is part of what its images are called: the same for both.
DATE = "2026-01-01T00:00:00Z"


class Chain:
    """An example, once for infractl and once for the script, each in a folder of its own; its containers have the same names."""

    name = names = up = down = ""
    needs = ["docker", "compose"]
    rounds = 7

    def __init__(self, top, root, tools, env, installed):
        self.root = root
        names = ("DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_BUILDKIT")
        # An engine that answered already was not started, and its address is that of whoever began this.
        known = os.environ | installed
        self.env = env | {name: known[name] for name in names if name in known}
        self.env |= {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "b"), ("EMAIL", "b@example.org"), ("DATE", DATE))}
        self.is_free()
        self.folders, self.tools = {who: root / who.replace(" ", "-") for who in ("infractl", "by hand")}, tools
        for who, folder in self.folders.items():
            shutil.copytree(top / "examples" / self.name, folder)
            self.prepare(who, folder)
            for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "as it is"]):
                subprocess.run(["git", *words], cwd=folder, env=self.env, check=True)

    def prepare(self, who, folder):
        """What this machine has elsewhere than the example says."""

    def clean(self):
        """What `down` leaves and makes the next time shorter."""

    def end(self):
        for who in self.folders:
            self.command(who, "down").tried(str(self.root / "said"))
        self.clean()

    def variables(self, who):
        return self.env

    def command(self, who, verb, before=()):
        ours = [self.tools["infractl"], *(self.up if verb == "up" else self.down).split()]
        words = ours if who == "infractl" else [str(HERE / "by-hand" / self.name), verb]
        return Command([*before, *words], self.folders[who], self.variables(who))

    def is_free(self):
        """Nothing of these names is on this machine: a run that was killed leaves it, and so does somebody who uses the example."""
        words = ["docker", "ps", "--all", "--filter", f"name={self.names}", "--format", "{{.Names}}"]
        there = subprocess.run(words, env=self.env, check=True, capture_output=True, text=True).stdout.split()
        if there:
            raise RuntimeError(f"there are containers of it already, which would be removed: {', '.join(there)}")


class AwsEtl(Chain):
    name, names = "aws-etl", "river-levels"
    needs = [*Chain.needs, "etl-image"]
    title = "examples/aws-etl, `local`: unit tests, two images, environment file, PostgreSQL by compose, a load, a look at the result"
    up, down = "up local", "down local"

    def __init__(self, top, root, tools, env, installed):
        super().__init__(top, root, tools, env | {"ETL_BASE": installed["INFRACTL_TEST_ETL_IMAGE"]}, installed)

    def clean(self):
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=self.folders["infractl"], env=self.env, check=True, capture_output=True, text=True).stdout.strip()
        subprocess.run(["docker", "image", "rm", f"database:{commit}", f"etl:{commit}"], env=self.env, check=False, capture_output=True)


class Lab(Chain):
    """As in tests/real/lab.rs: k3d is a fake in front of a real API of Kubernetes, the controller of Argo CD a stand-in."""

    name, names = "lab", "data-stack"
    needs = ["docker", "openbao", "compose", "ovh", "kubernetes", "gitea", "etl-image"]
    title = (
        "examples/lab, `etl`: secrets of a SOPS file, PostgreSQL, OpenBao and Gitea by compose, a role and its database, seven repositories, a cluster "
        "(a real API of Kubernetes behind a fake k3d), terraform, helm, Argo CD (a stand-in for its controller), and until all of it is healthy"
    )
    rounds = 3
    up, down = "up lab --ignore-needs", "down lab"

    def __init__(self, top, root, tools, env, installed):
        self.beds, self.started, self.alive = top / "tests/lab", [], []
        at = {name: installed[f"INFRACTL_TEST_{name.upper()}"] for name in ("etl_image", "bao", "gitea", "kubernetes", "kubectl", "helm3", "registry")}
        for name in ("gitea", "helm3"):
            if not Path(at[name]).exists():
                raise RuntimeError(f"{name} is not built yet: pass the tests once")
        programs = root / "programs"
        programs.mkdir(parents=True)
        for name, program in {"helm": at["helm3"], "kubectl": at["kubectl"], "k3d": self.beds / "k3d"}.items():
            (programs / name).symlink_to(program)
        env = env | {"PATH": f"{programs}:{env['PATH']}", "LAB_KUBERNETES": at["kubernetes"], "LAB_KUBECTL": at["kubectl"]}
        outside = os.environ | installed
        registry = shutil.which("docker-registry")
        said = subprocess.run([self.beds / "images", at["etl_image"], at["bao"], at["gitea"], registry], env=outside, check=True, stdout=subprocess.PIPE, text=True).stdout
        self.images = dict(line.split() for line in said.splitlines())
        env |= {f"{name.upper()}_IMAGE": image for name, image in self.images.items()}
        self.chart = f"oci://{at['registry']}/charts"
        for words in (["package", self.beds / "argo-cd", "-d", root], ["push", "--plain-http", root / "argo-cd-9.1.4.tgz", self.chart]):
            subprocess.run([at["helm3"], *words], env=env, check=True, capture_output=True)
        super().__init__(top, root, tools, env | {"ARGOCD_CHART": f"{self.chart}/argo-cd", "HELM_FLAGS": "--plain-http"}, installed)

    def prepare(self, who, folder):
        file = folder / "environments/lab/environment.toml"
        text = file.read_text(encoding="utf-8")
        text = text.replace("registry = { port = 15001 }", f'registry = {{ port = 15001, image = "{self.images["registry"]}" }}')
        file.write_text(text.replace('"oci://ghcr.io/argoproj/argo-helm/argo-cd"', f'"{self.chart}/argo-cd", plain-http = true'), encoding="utf-8")
        state = self.state(who)
        state.mkdir()
        os.mkfifo(state / "alive")
        # The cluster runs as long as this is open.
        self.alive.append(os.open(state / "alive", os.O_RDWR))
        kubeconfig = folder / (".infractl/kube/lab" if who == "infractl" else ".kube/lab")
        words = [self.beds / "argocd", kubeconfig, state / "argocd", self.env["LAB_KUBECTL"], self.root / "programs/helm"]
        self.started.append(subprocess.Popen(words, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def state(self, who):
        return self.root / f"state-{who.replace(' ', '-')}"

    def variables(self, who):
        key = self.folders[who] / "credentials/demo-key-PROTECTS-NOTHING.txt"
        return self.env | {"LAB_STATE": str(self.state(who)), "SOPS_AGE_KEY_FILE": str(key)}

    def end(self):
        super().end()
        for process in self.started:
            process.communicate()
        for descriptor in self.alive:
            os.close(descriptor)


CHAINS = {chain.name: chain for chain in (AwsEtl, Lab)}
CASES = {"up": "from nothing", "again": "once more", "down": "down"}


def measured(chain, tell):
    """For each case the medians of both, and how many programs each starts."""
    rounds = chain.rounds
    took = {case: {who: [] for who in chain.folders} for case in CASES}
    for number in range(rounds + 1):
        # Whoever comes second finds more in the caches of the machine: by turns.
        for who in sorted(chain.folders, reverse=bool(number % 2)):
            tell(f"{chain.name}, round {number} of {rounds}: {who}")
            chain.clean()
            for case in CASES:
                sample = timed(chain, who, "up" if case == "again" else case)
                if number > 0:
                    took[case][who].append(sample)
    programs = {case: {} for case in CASES}
    if shutil.which("strace"):
        for who in chain.folders:
            tell(f"{chain.name}, programs: {who}")
            chain.clean()
            for case in CASES:
                try:
                    programs[case][who] = started(chain, who, "up" if case == "again" else case)
                except RuntimeError:
                    # Not everybody may trace.
                    timed(chain, who, "up" if case == "again" else case)
    chain.clean()
    return {case: {who: middle(took[case][who]) | {"programs": programs[case].get(who)} for who in chain.folders} for case in CASES}


def timed(chain, who, verb):
    command = chain.command(who, verb)
    try:
        return command.run()
    except RuntimeError:
        # Once more, for what it says.
        raise RuntimeError(command.tried(str(chain.root / "said")) or f"{chain.name}: {who} {verb} failed once") from None


def started(chain, who, verb):
    """How often a program is started (`execve`), by the process and all below it; what the engine starts is not of it."""
    log = chain.root / "strace"
    # -D: what goes on in the background is not waited for.
    chain.command(who, verb, ["strace", "-D", "-f", "-qq", "-e", "trace=execve", "-o", str(log)]).run()
    return len(re.findall(r"execve.* = 0$", log.read_text(encoding="utf-8", errors="replace"), re.MULTILINE))


def middle(samples):
    wall, cpu = [sample[0] for sample in samples], [sample[1] for sample in samples]
    return {"s": round(statistics.median(wall), 3), "cpu": round(statistics.median(cpu), 3), "least": round(min(wall), 3)}
