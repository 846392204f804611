"""How the time of infractl grows: with environments, secrets, outputs, steps, and what a tool prints."""

import math
import shutil

from measure import Command, by_turns
from project import DEFAULTS, KEY, dotenv, seal, write

# Of each series: what grows, what is done, how often.
SERIES = {
    "one-of": ("environments", "one of them is loaded", [1, 10, 100, 1000]),
    "environments": ("environments", "all are loaded and checked", [1, 10, 100, 1000]),
    "secrets": ("secrets", "all are opened, one is printed", [10, 100, 1000, 10000]),
    "masked": ("secrets", "all are masked in what a step prints", [10, 100, 1000, 10000]),
    "outputs": ("outputs", "one is read", [10, 100, 1000, 10000]),
    "steps": ("steps", "each starts `true`", [1, 10, 100, 1000]),
    "log": ("MB that a step prints", "masked, shown, kept", [1, 4, 16, 64]),
}


def measured(root, tools, env, rounds):
    """The points of every series, and how steep it ends on two logarithmic scales."""
    found = {}
    for name, (_, _, sizes) in SERIES.items():
        commands = {size: made(name, size, root / f"{name}-{size}", tools, env) for size in sizes}
        points = by_turns(commands, rounds)
        found[name] = {"points": [[size, points[size]["ms"]] for size in sizes]}
        found[name]["slope"] = round(slope(found[name]["points"]), 2)
        for size in sizes:
            shutil.rmtree(root / f"{name}-{size}")
    return found


def slope(points):
    """Of the last three points, by least squares: those before are the start of the program."""
    pairs = [(math.log(size), math.log(ms)) for size, ms in points[-3:]]
    x, y = (sum(pair[at] for pair in pairs) / len(pairs) for at in (0, 1))
    return sum((a - x) * (b - y) for a, b in pairs) / sum((a - x) ** 2 for a, _ in pairs)


def made(name, size, root, tools, env):
    """A project of that size, and the command."""
    infractl = tools["infractl"]
    write(root / "credentials/key.txt", KEY + "\n")
    count = size if name in ("secrets", "masked") else 50
    values = {f"SECRET_{number}": f"value-{number:06}/of+{number * 7919 % 1000003:07}" for number in range(count)}
    seal(root / "credentials/common.enc.env", dotenv(values), tools, env)
    text = DEFAULTS.replace(', "credentials/{{environment}}.enc.env"', "").split("[env-file]")[0]
    if name in ("one-of", "environments"):
        write(root / "environments/defaults.toml", '[project]\nname = "bench"\n')
        for number in range(size):
            write(root / f"environments/e{number:04}/environment.toml", f'[outputs]\nhost = "h{number}.example.org"\n')
        words = ["validate", "--all", "-q"] if name == "environments" else ["output", "e0000", "host", "--raw"]
        return Command([infractl, *words], root, env)
    write(root / "environments/defaults.toml", text)
    own = root / "environments/dev/environment.toml"
    if name == "outputs":
        write(own, "")
        outputs = "".join(f'output "o{number}" {{ value = "value of {number}" }}\n' for number in range(size))
        write(root / "environments/dev/main.tf", 'variable "region" { default = "here" }\n' + outputs)
        apply = Command([tools["terraform"], "apply", "-auto-approve"], own.parent, env)
        apply.run()
        return Command([infractl, "output", "dev", "o7", "--raw"], root, env)
    if name == "secrets":
        write(own, "")
        return Command([infractl, "secrets", "get", "dev", "SECRET_7"], root, env)
    step = "{ command = 'echo no secret' }"
    if name == "log":
        line = "aws_instance.web[7]: Still creating... [1m20s elapsed] known after apply\n"
        write(root / "log.txt", line * (size * 1_000_000 // len(line)))
        step = "{ command = ['cat', 'log.txt'] }"
    if name == "steps":
        step = ", ".join(["{ command = ['true'], secrets = [] }"] * size)
    write(own, f'[pipelines]\nbench = {{ effect = "reads", steps = [{step}] }}\n')
    return Command([infractl, "bench", "dev"], root, env)
