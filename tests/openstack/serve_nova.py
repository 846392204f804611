"""Nova in one process: the real compute API, scheduler, conductor and compute manager with Nova's fake virt driver,
wired by the fixtures of Nova's own functional tests: SQLite in memory, Placement in process; Glance, Neutron and
Cinder are fixtures. Every request's token is checked with the real Keystone.

  serve_nova.py PORT KEYSTONE-URL      with the project in NOVA_PROJECT_ID; prints "ready"

Beside the API of Nova:
  /image          what the client asks of Glance
  /test/servers   ?names=a,b,a makes ACTIVE servers of these names and answers with their ids
  /test/status    ?name=a answers with the status and the task of a server, by its name or its id

A machine takes 2 s to stop or start (POWER_SECONDS); one with "slow" in its name 60 s to stop; one with "broken" in
its name accepts the request and then does not stop. Containers with the label infractl.machine=NAME stop and start with
the server of that name.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import time
import traceback
import warnings
from urllib.parse import parse_qs

PORT, KEYSTONE = int(sys.argv[1]), sys.argv[2]

from nova.tests.functional import integrated_helpers  # first: it patches the standard library

import eventlet
import eventlet.wsgi
import requests

SECONDS = float(os.environ.get("POWER_SECONDS", "2"))


def power(original, is_off):
    def changed(driver, *args, **kwargs):
        # power_off(instance, …), power_on(context, instance, …)
        name = args[0 if is_off else 1].display_name
        time.sleep(60 if is_off and "slow" in name else SECONDS)
        if is_off and "broken" in name:
            raise RuntimeError("the hypervisor does not answer")
        containers(name, "stop" if is_off else "start")
        return original(driver, *args, **kwargs)

    return changed


def containers(name, what):
    if not shutil.which("docker"):
        return
    found = subprocess.run(
        ["docker", "ps", "-aq", "--filter", f"label=infractl.machine={name}"], stdout=subprocess.PIPE, text=True
    )
    for container in found.stdout.split():
        subprocess.run(
            ["docker", what, *(["-t", "1"] if what == "stop" else []), container], stdout=subprocess.DEVNULL
        )


class Cloud(integrated_helpers._IntegratedTestBase):
    ADMIN_API = True
    CAST_AS_CALL = False
    microversion = "2.37"

    def runTest(self):
        warnings.resetwarnings()  # Nova's fixtures make errors of SQLAlchemy's deprecation warnings
        warnings.simplefilter("ignore")
        self.flags(instances=-1, cores=-1, ram=-1, group="quota")
        self.flags(service_down_time=10**9)  # nobody reports that the services are up
        from nova.virt import fake

        fake.FakeDriver.power_off = power(fake.FakeDriver.power_off, True)
        fake.FakeDriver.power_on = power(fake.FakeDriver.power_on, False)
        image = self.glance.image1
        images = [{
            "id": image["id"], "name": image["name"], "status": "active", "visibility": "public",
            "container_format": "raw", "disk_format": "raw",
        }]
        nova = self.api_fixture.app()
        checked = {}

        def who(token):
            """User, project and roles by a token, remembered for a minute; none if it is not valid."""
            if not token:
                return None
            until, found = checked.get(token, (0, None))
            if until > time.time():
                return found
            answer = requests.get(
                KEYSTONE + "/auth/tokens", headers={"X-Auth-Token": token, "X-Subject-Token": token}, timeout=10
            )
            found = None
            if answer.status_code == 200 and "project" in answer.json()["token"]:
                told = answer.json()["token"]
                found = told["user"]["id"], told["project"]["id"], [role["name"] for role in told["roles"]]
            checked[token] = time.time() + 60, found
            return found

        def reply(start, status, value):
            text = json.dumps(value).encode()
            start(status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
            return [text]

        def glance(path, query, start):
            if path in ("/image", "/image/"):
                link = {"rel": "self", "href": f"http://127.0.0.1:{PORT}/image/v2/"}
                return reply(start, "300 Multiple Choices", {
                    "versions": [{"id": "v2.9", "status": "CURRENT", "links": [link]}]
                })
            one = re.match(r"/image/v2/images/([^/]+)$", path)
            if one:
                found = [image for image in images if image["id"] == one.group(1)]
                return reply(start, "200 OK", found[0]) if found else reply(start, "404 Not Found", {})
            wanted = query.get("name")
            return reply(start, "200 OK", {"images": [i for i in images if not wanted or i["name"] in wanted]})

        def make(names):
            made = []
            for name in names:
                server = {"name": name, "imageRef": images[0]["id"], "flavorRef": "1", "networks": "none"}
                made.append(self.api.post_server({"server": server}))
            end = time.time() + 300
            for server in made:
                while (status := self.api.get_server(server["id"])["status"]) != "ACTIVE":
                    if status == "ERROR" or time.time() > end:
                        raise RuntimeError(f"{server['id']} is {status}")
                    time.sleep(0.2)
            print("made", *names, flush=True)
            return [server["id"] for server in made]

        def app(env, start):
            path, query = env["PATH_INFO"], parse_qs(env.get("QUERY_STRING", ""))
            if path == "/test/servers":
                return reply(start, "200 OK", make(query["names"][0].split(",")))
            if path == "/test/status":
                found = [s for s in self.api.get_servers() if query["name"][0] in (s["name"], s["id"])]
                return reply(start, "200 OK", [[s["status"], s["OS-EXT-STS:task_state"]] for s in found])
            if path.startswith("/image"):
                return glance(path, query, start)
            user = who(env.get("HTTP_X_AUTH_TOKEN"))
            if user is None and path not in ("", "/", "/v2.1", "/v2.1/"):
                message = "The request you have made requires authentication."
                return reply(start, "401 Unauthorized", {
                    "error": {"code": 401, "title": "Unauthorized", "message": message}
                })
            name, project, roles = user or ("nobody", "nobody", [])
            env["HTTP_X_AUTH_USER"] = "admin" if "admin" in roles else name
            env["HTTP_X_AUTH_PROJECT_ID"], env["HTTP_X_ROLES"] = project, ",".join(roles)
            return nova(env, start)

        # Green threads: the servers of the standard library would block the whole process.
        eventlet.spawn(eventlet.wsgi.server, eventlet.listen(("127.0.0.1", PORT)), app, log_output=False)
        self.api.project_id = os.environ["NOVA_PROJECT_ID"]
        print("ready", flush=True)
        while True:
            time.sleep(3600)


def make_room():
    from nova.virt import fake

    for driver in (fake.FakeDriver, fake.SmallFakeDriver):
        driver.vcpus, driver.memory_mb, driver.local_gb = 1000, 800000, 600000


cloud = Cloud()
try:
    make_room()
    cloud.setUp()
    cloud.runTest()
except BaseException:
    traceback.print_exc()  # Nova's own hook swallows it
    os._exit(1)
