"""What the tests install and start, for a measurement: scripts of tests/install, whose protocol stands in lib.sh there."""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager


@contextmanager
def running(top, state, names):
    """The variables that the scripts of these names say, and what is not to be had with the reason. What they start ends at the end."""
    (state / "log").mkdir(parents=True, exist_ok=True)
    with open(state / "lock", "w", encoding="utf-8") as lock:
        # tests/run would end what is started here.
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = {name: lines(state / name) for name in ("started", "cleanup")}
        found, lacking = {}, {}
        try:
            for name in names:
                [script] = top.glob(f"tests/install/[0-9][0-9]-{name}")
                with open(state / "log" / name, "wb") as log:
                    done = subprocess.run([script], env=os.environ | {"STATE": str(state)} | found, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, text=True)
                said = [line.split(" ", 2) for line in done.stdout.splitlines()]
                found |= dict(" ".join(words[1:]).split("=", 1) for words in said if words[0] == "env")
                lacking |= {words[1]: words[2] for words in said if words[0] == "lack"}
                if done.returncode:
                    lacking[name] = f"{script.name} failed"
            yield found, lacking
        finally:
            for line in reversed([line for line in lines(state / "started") if line not in before["started"]]):
                end(*line.split()[:2])
            for folder in [line for line in lines(state / "cleanup") if line not in before["cleanup"]]:
                # An engine leaves the name space of the host network mounted.
                for mounted in [line.split()[1] for line in lines("/proc/mounts")]:
                    if mounted.startswith(f"{folder}/"):
                        subprocess.run(["umount", "-l", mounted], check=False)
                shutil.rmtree(folder, ignore_errors=True)
            for name, text in before.items():
                (state / name).write_text("".join(f"{line}\n" for line in text), encoding="utf-8")


def lines(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


def end(pid, begun):
    """A process with the time at which it was started, as `must_end` says."""

    def is_there():
        fields = "".join(lines(f"/proc/{pid}/stat")).rsplit(")", 1)[-1].split()
        return len(fields) > 19 and fields[19] == begun and fields[0] != "Z"

    for sent in (signal.SIGTERM, signal.SIGKILL):
        if is_there():
            os.kill(int(pid), sent)
        for _ in range(150):
            if not is_there():
                return
            time.sleep(0.1)
