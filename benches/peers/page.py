"""docs/speed.md, from what was measured."""

from chain import CASES, CHAINS
from chain import GOAL as CHAIN_GOAL
from growth import SERIES
from many import GOAL
from many import TOOLS as NAMES
from work import TOOLS, WORKS


def page(figures):
    lines = [
        "# Speed",
        "",
        "Measured beside what one would take instead, by turns, by `benches/peers/run`, which also wrote this page,",
        f"on {figures['machine']}. Figures are medians. Every program is a fresh copy of itself: how long one takes to start depends on how its file",
        "lies in memory.",
    ]
    for name, part in (("works", one), ("many", many), ("chain", chain), ("growth", growth)):
        if name in figures:
            lines += ["", *part(figures)]
    lines += [
        "",
        "`tests/bench` builds the last commit and what is checked out, measures both by turns, and fails when something takes more than 10 % longer.",
        "",
    ]
    return "\n".join(lines)


def one(figures):
    tools = [tool for tool in TOOLS if tool in figures["versions"]]
    lines = [
        "## One environment",
        "",
        f"In milliseconds, {figures['rounds']} rounds. {busy(figures['load'])}",
        "",
        "One root module with three outputs and a local state; 17 secrets in two files of SOPS with a key of age. infractl, make, just, task, mise and",
        "terragrunt open both files in each run; terraform, tofu and atmos get the values in clear. make, just and task call a script of ten lines that runs",
        "`sops`, exports every line and starts terraform; mise reads such files itself. terragrunt and atmos run without an init and without a log.",
        "",
        "| work | " + " | ".join(tools) + " | goal of infractl |",
        "|---|" + "--:|" * (len(tools) + 1),
    ]
    for work, (words, goal) in WORKS.items():
        row = figures["works"].get(work, {})
        cells = [shown(row, tool) for tool in tools]
        bare = row.get("terraform", {}).get("ms")
        if goal.startswith("+") and bare and "infractl" in row:
            goal = f"{goal} (is {row['infractl']['ms'] - bare:+.1f})"
        lines.append(f"| {words} | " + " | ".join(cells) + f" | {goal} |")
    lines += ["", "Versions: " + ", ".join(f"{tool} {version}" for tool, version in figures["versions"].items()) + "."]
    lines += not_measured(figures["missing"])
    lines += ["", "Memory of infractl itself, at most, in MB:", "", "| what | MB | goal |", "|---|--:|--:|"]
    return lines + [f"| {what} | {mb:.0f} | {goal} |" for what, (mb, goal) in figures["memory"].items()]


def many(figures):
    found = figures["many"]
    provider = "a provider of its own, hashicorp/local" if found["provider"] else "terraform's built-in provider, for no other could be built"
    listed = found["one"]
    lines = [
        "## Many",
        "",
        f"`plan` of so many environments at once, each with a state and {provider}; no change. The floor is what terraform",
        "alone takes of a processor for all of them, one after the other (of 500 every tenth, times ten), by the number of processors. Cold: neither",
        "the cache of providers nor any environment has the provider, which comes as an archive from this disk; an `init` of each is part of it, in the floor too.",
        "The scripts of make and xargs fill the cache by the first `init` alone, and give all the same cache. Own: of infractl without terraform.",
        "",
        "| environments | cache | tool | s | to the floor | goal | CPU s | own CPU s | own memory MB |",
        "|--:|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in found["rows"]:
        before = f"| {row['environments']} | {row['cache']} |"
        lines.append(f"{before} floor | {row['floor']:.2f} | | | {row['floor'] * row['processors']:.1f} | | |")
        for tool, took in row["tools"].items():
            is_ours = tool == "infractl"
            ratio = f"{took['wall'] / row['floor']:.2f}"
            own = f"{took['own']:.2f} | {took['memory']:.0f}" if is_ours else "|"
            ratio = f"**{ratio}** | {GOAL}" if is_ours else f"{ratio} |"
            lines.append(f"{before} {NAMES[tool]} | {took['wall']:.2f} | {ratio} | {took['cpu']:.1f} | {own} |")
    rounds = [f"{row['environments']} {row['cache']}: {row['rounds']} ({row['load']})" for row in found["rows"]]
    lines += ["", "Rounds, and processes that wanted to run when they began: " + ", ".join(rounds) + "."]
    lines += not_measured(found["missing"])
    lines += [
        "",
        f"| of {listed['environments']:,} environments | ms | goal |",
        "|---|--:|--:|",
        f"| all are listed, one is loaded (`output`) | {listed['one']:.1f} | 5 |",
        f"| all are told (`env list`) | {listed['list']:.1f} | |",
    ]
    return lines


def chain(figures):
    lines = [
        "## Chain",
        "",
        "Whole examples of this repository, beside plain scripts that do the same steps with the same programs (`benches/peers/by-hand`), on this machine.",
        "In seconds. The scripts do without what infractl does besides: a lock, a record of the run, masks, what it asks to say what is wrong.",
        "Programs: how often one is started, by it and by what it starts; not by the engine in its containers.",
        "",
        "| example | | infractl | by hand | ratio | goal | CPU s | by hand | programs | by hand |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    chains = {name: figures["chain"][name] for name in CHAINS if name in figures["chain"]}
    for name, found in chains.items():
        for case, both in found.get("cases", {}).items():
            ours, script = both["infractl"], both["by hand"]
            cells = [name, CASES[case], f"**{ours['s']:.2f}**", f"{script['s']:.2f}", f"{ours['s'] / script['s']:.2f}", str(CHAIN_GOAL)]
            cells += [f"{ours['cpu']:.2f}", f"{script['cpu']:.2f}", str(ours["programs"] or "-"), str(script["programs"] or "-")]
            lines.append(f"| {' | '.join(cells)} |")
    lines += [""] + [f"- {CHAINS[name].title}. " + about(found) for name, found in chains.items()]
    return lines


def about(found):
    return f"{found['rounds']} rounds. {busy(found['load'])}" if "cases" in found else f"Not measured: {found['missing']}."


def growth(figures):
    lines = [
        "## Growth",
        "",
        "Both scales are logarithmic, with the same length for ten times as much: what takes ten times as long for ten times as much rises by 45",
        "degrees, a slope of 1. The slope is that of the last three points; before them it is the start of the program that is seen.",
        "",
        "![time against environments, secrets, outputs, steps and megabytes of output](speed.svg)",
        "",
        "| what grows | what is done | " + "points | slope |",
        "|---|---|---|--:|",
    ]
    for name, (grows, done, _) in SERIES.items():
        points = ", ".join(f"{size:,}: {ms:g} ms" for size, ms in figures["growth"][name]["points"])
        lines.append(f"| {grows} | {done} | {points} | {figures['growth'][name]['slope']:.2f} |")
    return lines


def busy(load):
    other = ": other work beside it, so ratios say more than times" if load > 1 else ""
    return f"The machine had {load:.1f} processes that wanted to run when it began{other}."


def not_measured(missing):
    return ["", "Not measured: " + "; ".join(f"{name} ({why})" for name, why in missing.items()) + "."] if missing else []


def shown(row, tool):
    if tool not in row:
        return "-"
    text = f"{row[tool]['ms']:.1f}" if row[tool]["ms"] < 20 else f"{row[tool]['ms']:.0f}"
    return f"**{text}**" if tool == "infractl" else text
