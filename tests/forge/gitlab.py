"""A fake of GitLab, which cannot be had for tests: its answers about users, namespaces and projects as far as a publisher
asks for them, with real pushes by `git http-backend`, and the faults of a real one:

    unready      so many requests are answered 502, as nginx does while GitLab starts
    busy         so many requests are answered 429 with `Retry-After: 1`
    unseen       so many requests for a project that is there are answered 404
    late         so many requests of git after a project was made are answered 404
    nobody       pushes to the default branch are refused, whoever asks

The first branch that is pushed becomes the default one and is protected: what is forced is refused.

    gitlab.py FOLDER TOKEN     prints its port; POST /test {"unready": 3} sets faults, GET /test tells what was asked
"""

import base64
import json
import os
import subprocess
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FOLDER, TOKEN = sys.argv[1:3]
LOCK = threading.RLock()
FAULTS, LATE, ASKED = {}, {}, []
PROJECTS = {}  # by path, as the API tells them
NAMESPACES = {"root": 1, "infra": 2, "infra/lab": 3}

HOOK = """#!/bin/sh
while read -r old new name; do
  if [ -e nobody ] && [ "$name" = "$(git symbolic-ref HEAD)" ]; then
    echo "GitLab: You are not allowed to push code to protected branches on this project." >&2
    exit 1
  fi
  case $old in *[1-9a-f]*) ;; *) continue ;; esac
  if [ -n "$(git rev-list "$new..$old" 2>/dev/null)" ]; then
    echo "GitLab: You are not allowed to force push code to a protected branch on this project." >&2
    exit 1
  fi
done
"""


def taken(fault):
    with LOCK:
        left = FAULTS.get(fault, 0)
        FAULTS[fault] = max(0, left - 1)
        return left > 0


def place(path):
    return os.path.join(FOLDER, path + ".git")


def git(path, *args):
    return subprocess.run(["git", "--git-dir", place(path), *args], capture_output=True, text=True, check=False)


def make(path, name, visibility):
    subprocess.run(["git", "init", "-q", "--bare", place(path)], check=True)
    git(path, "symbolic-ref", "HEAD", "refs/heads/main")
    git(path, "config", "http.receivepack", "true")
    hook = os.path.join(place(path), "hooks", "pre-receive")
    with open(hook, "w") as file:
        file.write(HOOK)
    os.chmod(hook, 0o755)
    number = len(PROJECTS) + 1
    PROJECTS[path] = {"id": number, "name": name, "path_with_namespace": path, "visibility": visibility}


def default(path):
    """The first branch that was pushed, until somebody sets another one."""
    branches = git(path, "for-each-ref", "--format=%(refname:short)", "refs/heads").stdout.split()
    if not branches:
        return None
    head = git(path, "symbolic-ref", "--short", "HEAD").stdout.strip()
    if head not in branches:
        git(path, "symbolic-ref", "HEAD", "refs/heads/" + branches[0])
        head = branches[0]
    return head


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def send(self, status, body, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            data = b""
            while length := int(self.rfile.readline(), 16):
                data += self.rfile.read(length)
                self.rfile.readline()
            self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def do_GET(self):
        self.answer()

    do_POST = do_PUT = do_GET

    def answer(self):
        body = self.body()
        path, _, query = self.path.partition("?")
        if path == "/test":
            with LOCK:
                FAULTS.update(json.loads(body or b"{}"))
                return self.send(200, {"asked": ASKED, "projects": list(PROJECTS)})
        with LOCK:
            ASKED.append(f"{self.command} {path}")
        if taken("unready"):
            return self.send(502, b"<html>GitLab is not responding</html>", Content_Type="text/html")
        if taken("busy"):
            return self.send(429, b"Retry later", Content_Type="text/plain", Retry_After="1")
        if path.startswith("/api/v4/"):
            if self.headers.get("PRIVATE-TOKEN") != TOKEN:
                return self.send(401, {"message": "401 Unauthorized"})
            with LOCK:
                return self.api(path[len("/api/v4/") :], json.loads(body) if body else {})
        return self.git(path, query, body)

    def api(self, path, body):
        parts = [urllib.parse.unquote(part) for part in path.split("/")]
        if parts == ["user"]:
            return self.send(200, {"id": 1, "username": "root"})
        if parts[0] == "namespaces":
            number = NAMESPACES.get(parts[1])
            return self.send(200, {"id": number}) if number else self.send(404, {"message": "404 Namespace Not Found"})
        if parts == ["projects"]:
            owner = next(name for name, number in NAMESPACES.items() if number == body.get("namespace_id", 1))
            project = f"{owner}/{body['path']}"
            if project in PROJECTS:
                why = ["has already been taken"]
                return self.send(400, {"message": {"project_namespace.name": why, "name": why, "path": why}})
            make(project, body["name"], body["visibility"])
            LATE[project] = FAULTS.get("late", 0)
            return self.send(201, {**PROJECTS[project], "default_branch": None})
        project = PROJECTS.get(parts[1])
        if project is None or (self.command == "GET" and taken("unseen")):
            return self.send(404, {"message": "404 Project Not Found"})
        if self.command == "PUT":
            if git(parts[1], "rev-parse", "-q", "--verify", "refs/heads/" + body["default_branch"]).returncode:
                return self.send(400, {"message": {"base": ["Could not change HEAD: branch does not exist"]}})
            git(parts[1], "symbolic-ref", "HEAD", "refs/heads/" + body["default_branch"])
        return self.send(200, {**project, "default_branch": default(parts[1])})

    def git(self, path, query, body):
        login = self.headers.get_all("Authorization") or []
        wanted = "Basic " + base64.b64encode(f"oauth2:{TOKEN}".encode()).decode()
        if login != [wanted]:
            return self.send(401, b"HTTP Basic: Access denied", WWW_Authenticate='Basic realm="GitLab"')
        project = path[1:].split(".git/")[0]
        with LOCK:
            late = LATE.get(project, 0)
            LATE[project] = max(0, late - 1)
        if project not in PROJECTS or late:
            why = b"The project you were looking for could not be found or you don't have permission to view it."
            return self.send(404, why, Content_Type="text/plain")
        nobody = os.path.join(place(project), "nobody")
        if FAULTS.get("nobody"):
            open(nobody, "w").close()
        elif os.path.exists(nobody):
            os.remove(nobody)
        variables = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": FOLDER,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "REMOTE_USER": "root",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=variables, capture_output=True, check=False)
        head, _, data = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        status = int(headers.pop("Status", "200").split()[0])
        default(project)
        self.send(status, data, **headers)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


server = Server(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
# Whoever started it is gone when standard input ends.
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
