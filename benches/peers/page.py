"""docs/speed.md, from what was measured."""

from growth import SERIES
from work import TOOLS, WORKS


def page(figures):
    tools = [tool for tool in TOOLS if tool in figures["versions"]]
    lines = [
        "# Speed",
        "",
        "Measured beside what one would take instead, in one run, by turns, by `benches/peers/run`, which also wrote this page. Figures are medians in",
        f"milliseconds of {figures['rounds']} rounds, on {figures['machine']}. {figures['load']}",
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
    if figures["missing"]:
        lines += ["", "Not measured: " + "; ".join(f"{name} ({why})" for name, why in figures["missing"].items()) + "."]
    lines += ["", "Memory of infractl itself, at most, in MB:", "", "| what | MB | goal |", "|---|--:|--:|"]
    lines += [f"| {what} | {mb:.0f} | {goal} |" for what, (mb, goal) in figures["memory"].items()]
    lines += [
        "",
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
    lines += [
        "",
        "`tests/bench` builds the last commit and what is checked out, measures both by turns, and fails when something takes more than 10 % longer.",
        "",
    ]
    return "\n".join(lines)


def shown(row, tool):
    if tool not in row:
        return "-"
    text = f"{row[tool]['ms']:.1f}" if row[tool]["ms"] < 20 else f"{row[tool]['ms']:.0f}"
    return f"**{text}**" if tool == "infractl" else text
