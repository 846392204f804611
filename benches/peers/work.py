"""What is measured: for each work the command of each tool that can do it."""

from measure import Command
from project import in_clear

# By its name: what a reader sees, and the goal of infractl in ms, over the bare tool where it says `+`.
WORKS = {
    "start": ("start (`--version`)", "2"),
    "typo": ("a verb that is not there", "3"),
    "completion": ("what a press of TAB asks", "3"),
    "exec": ("17 secrets for `true`", "5"),
    "output": ("one output", "8"),
    "genenv": ("the environment file", "8"),
    "plan": ("`plan`, no change", "+5"),
    "apply": ("`apply`, no change, and the environment file", "+12"),
}
# The bare tool first, then infractl, then what people would take instead.
TOOLS = ["terraform", "infractl", "make", "just", "task", "mise", "terragrunt", "atmos", "tofu"]


def commands(root, tools, env):
    """For each work, for each tool that is there, its command."""
    module = root / "environments/dev"
    clear = env | in_clear()
    all_works = {work: {} for work in WORKS}

    def add(work, tool, words, folder=root, env=env, ends=0):
        if tool in tools:
            all_works[work][tool] = Command([tools[tool], *words], folder, env, ends)

    # What each says when it is asked who it is, what it cannot do, and what the scripts of completion ask.
    for tool, words in {"terraform": ["version"], "tofu": ["version"], "atmos": ["version"]}.items():
        add("start", tool, words)
    for tool in ("infractl", "make", "just", "task", "mise", "terragrunt"):
        add("start", tool, ["--version"])
    for tool in ("terraform", "tofu"):
        add("typo", tool, ["pln"], module, ends=None)
    add("typo", "infractl", ["pln", "dev"], ends=None)
    for tool in ("make", "just", "task", "terragrunt"):
        add("typo", tool, ["pln"], ends=None)
    add("typo", "mise", ["run", "pln"], ends=None)
    add("completion", "infractl", ["--", "infractl", "plan", ""], env=env | {"COMPLETE": "bash", "_CLAP_COMPLETE_INDEX": "2"})
    add("completion", "terraform", [], module, env | {"COMP_LINE": "terraform pl"})
    add("completion", "tofu", [], module, env | {"COMP_LINE": "tofu pl"})
    add("completion", "make", ["-npq"], ends=None)
    add("completion", "just", ["--summary"])
    add("completion", "task", ["--silent", "--list-all"])

    flags = ["-input=false", "-no-color"]
    for tool in ("terraform", "tofu"):
        folder = module if tool == "terraform" else root / "tofu"
        add("plan", tool, ["plan", *flags], folder, clear)
        add("apply", tool, ["apply", *flags, "-auto-approve"], folder, clear)
        add("output", tool, ["output", "-raw", "host"], folder, clear)
        add("genenv", tool, ["output", "-json"], folder, clear)
    for verb in ("plan", "apply", "genenv"):
        add(verb, "infractl", [verb, "dev"])
    add("output", "infractl", ["output", "dev", "host", "--raw"])
    add("exec", "infractl", ["exec", "dev", "--", "true"])
    for verb in ("plan", "apply", "genenv", "output", "exec"):
        for tool in ("make", "just", "task"):
            add(verb, tool, [verb])
        add(verb, "mise", ["run", verb])
    for verb, words in {"plan": ["plan"], "apply": ["apply", "-auto-approve"], "output": ["output", "-raw", "host"]}.items():
        add(verb, "terragrunt", ["run", "--", *words, "-no-color"], module)
    add("plan", "atmos", ["terraform", "plan", "dev", "-s", "dev", "--skip-init"])
    add("apply", "atmos", ["terraform", "apply", "dev", "-s", "dev", "--skip-init", "-auto-approve"])
    return all_works
