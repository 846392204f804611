"""Runs commands by turns and says what they took."""

import os
import shutil
import statistics
import threading
import time


class Command:
    """A program with its arguments, folder and environment; `ends` is the exit code that it has to end with, None any but 0."""

    def __init__(self, words, folder, env, ends=0):
        self.words, self.folder, self.env, self.ends = words, folder, env, ends

    def start(self, output="/dev/null"):
        os.chdir(self.folder)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, output, flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        return os.posix_spawnp(self.words[0], self.words, self.env, file_actions=actions)

    def run(self):
        """Seconds, and seconds of processors, its children's included."""
        begun = time.perf_counter()
        _, status, usage = os.wait4(self.start(), 0)
        took = time.perf_counter() - begun
        self.check(status, "")
        return took, usage.ru_utime + usage.ru_stime

    def watched(self):
        """Of a long run: seconds, seconds of processors with its children and `own` without them, and its own `memory` in MB."""
        begun = time.perf_counter()
        pid, seen, ended = self.start(), {"own": 0.0, "memory": 0.0}, threading.Event()

        def watch():
            while not ended.wait(0.02):
                try:
                    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                        fields = stat.read().rsplit(")", 1)[1].split()
                    with open(f"/proc/{pid}/status", encoding="ascii") as status:
                        most = [int(line.split()[1]) for line in status if line.startswith("VmHWM")]
                except OSError:
                    return
                seen["own"] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
                seen["memory"] = max([seen["memory"]] + [kb / 1024 for kb in most])

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, usage = os.wait4(pid, 0)
        took = time.perf_counter() - begun
        ended.set()
        watcher.join()
        self.check(status, "")
        return {"wall": took, "cpu": usage.ru_utime + usage.ru_stime} | seen

    def check(self, status, said):
        code = os.waitstatus_to_exitcode(status)
        if (code == 0) if self.ends is None else (code != self.ends):
            raise RuntimeError(f"`{' '.join(self.words)}` ends with {code}: {said.strip()[-400:]}")

    def tried(self, output):
        """Why it does not do what it has to do; none when it does."""
        try:
            status = os.waitpid(self.start(output), 0)[1]
            with open(output, encoding="utf-8", errors="replace") as file:
                self.check(status, file.read())
        except (RuntimeError, OSError) as error:
            return str(error)
        return None

    def memory(self):
        """The most that the process itself ever had, in MB, without its children."""
        pid = self.start()
        most = 0
        while True:
            try:
                with open(f"/proc/{pid}/status", encoding="ascii") as status:
                    most = max([most] + [int(line.split()[1]) for line in status if line.startswith("VmHWM")])
            except OSError:
                pass
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self.check(status, "")
                return most / 1024
            time.sleep(0.002)


def copied(program, folder):
    """A copy of a program, as an installation makes one: how long it takes to start depends on how its file came to lie in memory (here by up to a
    third), so that all of them are to lie in the same way. What is no program of its own stays where it is."""
    with open(program, "rb") as file:
        if file.read(4) != b"\x7fELF":
            return str(program)
    os.makedirs(folder, exist_ok=True)
    return shutil.copy(program, folder)


def by_turns(commands, rounds):
    """For each name of a command the medians: `ms`, `cpu` in ms, and `least` in ms. A slow moment hits all of them."""
    took = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            sample = command.run()
            if number > 0:
                took[name].append(sample)
    return {name: summary(samples) for name, samples in took.items()}


def summary(samples):
    wall, cpu = [sample[0] for sample in samples], [sample[1] for sample in samples]
    return {
        "ms": round(statistics.median(wall) * 1e3, 2),
        "cpu": round(statistics.median(cpu) * 1e3, 2),
        "least": round(min(wall) * 1e3, 2),
    }
