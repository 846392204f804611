#!/usr/bin/env python3
"""Records infractl at work as an SVG: `docs/record.py demo [infractl] > docs/demo.svg`, and the same with `walk`.

Runs the real program on a copy of a project, on a terminal of tmux, and draws what stands there, colours included.
"""
import html
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCENES = {
    "demo": {
        "from": ROOT,
        "parts": ["environments", "credentials", "shared", ".sops.yaml", ".gitignore"],
        "commands": [
            "infractl apply dev",
            "infractl genenv dev --check",
            "infractl apply --all --confirm prod",
            "infractl history",
        ],
        "about": "infractl applies an environment, then all four of them, and shows the history",
    },
    "walk": {
        "from": ROOT / "docs/walk",
        "parts": ["Makefile", "scripts", "terraform", "ansible", "credentials", ".sops.yaml", ".gitignore"],
        "commands": [
            "infractl import make | head -n 20",
            "infractl import make --write --shim --yes > /dev/null",
            "infractl new .",
            "infractl plan test",
            "make apply ENV=test",
            "infractl genenv test --check",
        ],
        "about": "infractl reads a Makefile, adopts the repository, plans, applies by the old target, and checks the environment file",
    },
}
COLORS = {"31": "#f07178", "32": "#7fd962", "33": "#ffb454", "36": "#59c2ff"}
WIDTH, LINE, CHAR, PAD = 96, 19, 8.05, 18


def record(scene: dict, program: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        for part in scene["parts"]:
            source = scene["from"] / part
            if source.is_dir():
                ignored = shutil.ignore_patterns("terraform.tfstate*", ".terraform*", ".env.*")
                shutil.copytree(source, project / part, ignore=ignored)
            else:
                shutil.copy(source, project / part)
        keys = project / ".config/sops/age"
        keys.mkdir(parents=True)
        shutil.copy(ROOT / "credentials/demo-key-PROTECTS-NOTHING.txt", keys / "keys.txt")
        (project / ".bin").mkdir()
        (project / ".bin/infractl").symlink_to(Path(program).resolve())
        path = f"{project}/.bin:{os.environ['PATH']}"
        env = {"PATH": path, "HOME": folder, "USER": "you", "INFRACTL_NO_INPUT": "1", "LANG": "C.UTF-8"}
        script = "".join(f"printf '\\033[1m$ %s\\033[0m\\n' {shlex.quote(line)}; {line}; echo; " for line in scene["commands"])
        script += "touch .done; exec sleep 1000"
        tmux = ["tmux", "-S", f"{folder}/.tmux"]
        size = ["-x", str(WIDTH), "-y", "130"]
        subprocess.run([*tmux, "-f", "/dev/null", "new-session", "-d", *size, "sh", "-c", script], cwd=project, env=env, check=True)
        try:
            while not (project / ".done").exists():
                time.sleep(0.1)
            time.sleep(0.3)
            capture = [*tmux, "capture-pane", "-e", "-p"]
            shown = subprocess.run(capture, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout
        finally:
            subprocess.run([*tmux, "kill-server"], env=env, check=False)
    return shown.replace(folder, "~").rstrip().split("\n")


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
            elif number == "39":
                style.pop("fill", None)
            elif number == "1":
                style["font-weight"] = "bold"
            elif number == "2":
                style["opacity"] = "0.6"
            elif number in COLORS:
                style["fill"] = COLORS[number]


def svg(lines: list[str], about: str) -> str:
    height = len(lines) * LINE + 2 * PAD
    width = int(WIDTH * CHAR + 2 * PAD)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{about}">',
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
    scene = SCENES[sys.argv[1]]
    program = sys.argv[2] if len(sys.argv) > 2 else str(ROOT / "target/release/infractl")
    sys.stdout.write(svg(record(scene, program), scene["about"]))
