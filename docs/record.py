#!/usr/bin/env python3
"""Records infractl at work on the example project as an SVG: `docs/record.py [infractl] > docs/demo.svg`.

Runs the real program on a copy of the example and draws what it printed, colours included.
"""
import html
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = [
    "infractl apply --all --confirm prod",
    "infractl genenv rec --check",
    "infractl history",
]
COLORS = {"31": "#f07178", "32": "#7fd962", "33": "#ffb454", "36": "#59c2ff"}
WIDTH, LINE, CHAR, PAD = 96, 19, 8.05, 18


def record(program: str) -> list[str]:
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        for part in ["environments", "credentials", "shared", ".sops.yaml", ".gitignore"]:
            source = ROOT / part
            if source.is_dir():
                ignored = shutil.ignore_patterns("terraform.tfstate*", ".terraform*", ".env.*")
                shutil.copytree(source, project / part, ignore=ignored)
            else:
                shutil.copy(source, project / part)
        env = {"PATH": os.environ["PATH"], "HOME": folder, "USER": "you", "INFRACTL_NO_INPUT": "1"}
        for command in COMMANDS:
            lines.append(f"\x1b[1m$ {command}\x1b[0m")
            words = [program, *command.split()[1:], "--color", "always"]
            done = subprocess.run(words, cwd=project, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            lines += done.stdout.rstrip("\n").split("\n")
            if done.returncode:
                lines.append(f"\x1b[33m[exit code {done.returncode}]\x1b[0m")
            lines.append("")
    return lines[:-1]


def spans(line: str):
    style = {}
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        code = re.fullmatch(r"\x1b\[([0-9;]*)m", part)
        if not code:
            if part:
                yield part, dict(style)
            continue
        for number in code.group(1).split(";"):
            if number in ("", "0"):
                style.clear()
            elif number == "1":
                style["font-weight"] = "bold"
            elif number == "2":
                style["opacity"] = "0.6"
            elif number in COLORS:
                style["fill"] = COLORS[number]


def svg(lines: list[str]) -> str:
    height = len(lines) * LINE + 2 * PAD
    width = int(WIDTH * CHAR + 2 * PAD)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-label="infractl applies four environments, checks a file and shows the history">',
        f'<rect width="{width}" height="{height}" rx="8" fill="#0f1419"/>',
        '<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13.4" fill="#d9d7ce">',
    ]
    for number, line in enumerate(lines, 1):
        text = "".join(
            "<tspan{}>{}</tspan>".format(
                "".join(f' {key}="{value}"' for key, value in style.items()), html.escape(part)
            )
            for part, style in spans(line)
        )
        out.append(f'<text x="{PAD}" y="{PAD + number * LINE - 5}" xml:space="preserve">{text}</text>')
    return "\n".join([*out, "</g>", "</svg>", ""])


if __name__ == "__main__":
    sys.stdout.write(svg(record(sys.argv[1] if len(sys.argv) > 1 else str(ROOT / "target/release/infractl"))))
