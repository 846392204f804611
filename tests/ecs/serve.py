"""AWS for the tests of ECS: `serve.py PORT`.

moto's: task definitions, clusters, networks, log groups and streams, repositories of images.
Real: the containers of a task run in the docker engine, with its named volumes; their output goes to moto's logs, their exit codes into the task.
Played, here: the phases of a task, services and their deployments, the faults that a test asks for; a request is refused
whose signature is five minutes off.

A fault: POST /test/faults with JSON; it is met by the requests of one action that name `of` (a cluster, a family), `times` times
(default 1), so that tests side by side leave each other's alone:
  {"action": "DescribeTasks", "of": "x", "status": 400, "error": "ThrottlingException", "message": "Rate exceeded"}
  {"action": "RunTask", "of": "x", "lose": "500"}         done, and the answer is an error; any action
  {"action": "RunTask", "of": "x", "lose": "cut"}         done, and the connection ends without an answer; any action
  {"action": "RunTask", "of": "x", "failures": [{"reason": "RESOURCE:MEMORY"}]}
  {"action": "task", "of": "x", "provisioning": 60}       the next task of the family x stays PROVISIONING for so many seconds
  {"action": "task", "of": "x", "pending": 60}            it stays PENDING for so many seconds
  {"action": "task", "of": "x", "log-after": 5}           group and stream of its log are there so many seconds after it began
  {"action": "task", "of": "x", "stop": {"stoppedReason": "…", "stopCode": "…", "container": {"reason": "…", "exitCode": 0}}}
"""
import calendar
import io
import json
import re
import socket
import subprocess
import sys
import threading
import time
import uuid

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple

ACCOUNT, STEP, SKEW = "123456789012", 0.3, 300
MOTO = DomainDispatcherApplication(create_backend_app)
LOCK = threading.RLock()
TASKS, TOKENS, SERVICES, FAULTS = {}, {}, {}, []
SCOPE = re.compile(r"Credential=[^/]*/\d+/([^/]+)/")


class Refused(Exception):
    """An error of AWS: status, code, text."""


def moto(region, target, body):
    """What moto answers to a request of JSON 1.1."""
    data, answer = json.dumps(body).encode(), {}
    service = "logs" if target.startswith("Logs") else "ecs"
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": "/", "QUERY_STRING": "", "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1", "wsgi.input": io.BytesIO(data), "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": "http", "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": False,
        "wsgi.run_once": False, "CONTENT_LENGTH": str(len(data)), "CONTENT_TYPE": "application/x-amz-json-1.1",
        "HTTP_X_AMZ_TARGET": target,
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=testing/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0",
    }
    text = b"".join(MOTO(environ, lambda status, headers, *_: answer.update(status=status)))
    value = json.loads(text or b"{}")
    if not answer["status"].startswith("200"):
        raise Refused(400, value.get("__type", "ServerException").rsplit("#")[-1], value.get("message", ""))
    return value


def ecs(region, action, body):
    return moto(region, "AmazonEC2ContainerServiceV20141113." + action, body)


def logs(region, action, body):
    return moto(region, "Logs_20140328." + action, body)


def taken(action, text):
    """The next fault of an action for who names this, used up by one."""
    with LOCK:
        for fault in FAULTS:
            if fault["action"] == action and fault["of"] in text:
                fault["times"] = fault.get("times", 1) - 1
                if fault["times"] <= 0:
                    FAULTS.remove(fault)
                return fault
    return None


def cluster_of(region, body):
    name = body.get("cluster", "default").rsplit("/", 1)[-1]
    if not ecs(region, "DescribeClusters", {"clusters": [name]})["clusters"]:
        raise Refused(400, "ClusterNotFoundException", "Cluster not found.")
    return f"arn:aws:ecs:{region}:{ACCOUNT}:cluster/{name}"


# --- tasks


class Task:
    """A task: what DescribeTasks tells, and its containers in docker."""

    def __init__(self, region, cluster, definition, body, started_by, group=None):
        self.region, self.definition = region, definition
        self.id = uuid.uuid4().hex
        self.overrides = {one["name"]: one for one in body.get("overrides", {}).get("containerOverrides", [])}
        name = cluster.rsplit("/", 1)[-1]
        arn = f"arn:aws:ecs:{region}:{ACCOUNT}:task/{name}/{self.id}"
        self.containers = [
            {"name": one["name"], "image": one["image"], "lastStatus": "PENDING", "taskArn": arn,
             "containerArn": f"{arn}/{one['name']}"} for one in definition["containerDefinitions"]
        ]
        self.told = {
            "taskArn": arn, "clusterArn": cluster, "taskDefinitionArn": definition["taskDefinitionArn"], "group": group or "family:" + definition["family"],
            "lastStatus": "PROVISIONING", "desiredStatus": "RUNNING", "createdAt": time.time(), "containers": self.containers, "attachments": [],
            "launchType": body.get("launchType", "FARGATE"), "startedBy": started_by, "overrides": body.get("overrides", {}), "stoppedReason": "",
        }
        self.user_reason, self.is_ended = None, threading.Event()
        self.is_logged, self.late = threading.Event(), []
        threading.Thread(target=self.live, daemon=True).start()

    def docker_name(self, name):
        return f"infractl-ecs-{self.id}-{name}"

    def phase(self, status, seconds=STEP):
        self.told["lastStatus"] = status
        self.is_ended.wait(seconds)

    def live(self):
        fault = taken("task", self.definition["family"]) or {}
        self.phase("PROVISIONING", fault.get("provisioning", STEP))
        self.phase("PENDING", fault.get("pending", STEP))
        if self.user_reason is not None:
            return self.stopped("UserInitiated", self.user_reason)
        try:
            if "stop" in fault:
                stop = fault["stop"]
                self.containers[0].update(stop.get("container", {}))
                return self.stopped(stop.get("stopCode", "TaskFailedToStart"), stop.get("stoppedReason", ""))
            for one in self.definition["containerDefinitions"]:
                self.pulled(one)
            if "log-after" in fault:
                threading.Timer(fault["log-after"], self.makes_logs).start()
            else:
                self.makes_logs()
        except Refused as refused:
            return self.stopped("TaskFailedToStart", str(refused.args[2]))
        if self.user_reason is not None:
            return self.stopped("UserInitiated", self.user_reason)
        running = [(one, self.start(one)) for one in self.definition["containerDefinitions"]]
        self.told["startedAt"] = time.time()
        for container in self.containers:
            container["lastStatus"] = "RUNNING"
        self.phase("RUNNING", 0)
        readers = [threading.Thread(target=self.reads, args=pair, daemon=True) for pair in running]
        for reader in readers:
            reader.start()
        while all(program.poll() is None for one, program in running if one.get("essential", True)):
            if self.is_ended.wait(0.1):
                break
        for one, program in running:
            while program.poll() is None:
                # The engine may not have made it yet.
                subprocess.run(["docker", "stop", "-t", "1", self.docker_name(one["name"])], capture_output=True)
                time.sleep(0.1)
        for (one, program), container, reader in zip(running, self.containers, readers):
            container["exitCode"] = program.wait()
            reader.join()
            self.looks_back(container)
        if self.user_reason is not None:
            return self.stopped("UserInitiated", self.user_reason)
        self.stopped("EssentialContainerExited", "Essential container in task exited")

    def stopped(self, code, reason):
        self.told["desiredStatus"] = "STOPPED"
        self.phase("DEPROVISIONING")
        for container in self.containers:
            container["lastStatus"] = "STOPPED"
        self.told.update(stopCode=code, stoppedReason=reason, stoppedAt=time.time(), executionStoppedAt=time.time(), lastStatus="STOPPED")

    def looks_back(self, container):
        """Whether the engine killed a container for its memory."""
        name = self.docker_name(container["name"])
        state = subprocess.run(["docker", "inspect", "--format", "{{.State.OOMKilled}}", name], capture_output=True, text=True)
        if state.stdout.strip() == "true":
            container["reason"] = "OutOfMemoryError: Container killed due to memory usage"
        subprocess.run(["docker", "rm", "--force", name], capture_output=True)

    def pulled(self, one):
        if subprocess.run(["docker", "image", "inspect", one["image"]], capture_output=True).returncode:
            pull = subprocess.run(["docker", "pull", "-q", one["image"]], capture_output=True, text=True)
            if pull.returncode:
                reason = "CannotPullContainerError: " + pull.stderr.strip()[:250]
                self.container(one["name"])["reason"] = reason
                raise Refused(0, "", reason)

    def makes_logs(self):
        for one in self.definition["containerDefinitions"]:
            self.makes_log(one)
        with LOCK:
            self.is_logged.set()
            for late in self.late:
                self.puts(*late)

    def makes_log(self, one):
        options = (one.get("logConfiguration") or {}).get("options", {})
        if "awslogs-group" not in options:
            return
        region, group = options.get("awslogs-region", self.region), options["awslogs-group"]
        try:
            if options.get("awslogs-create-group") == "true":
                try:
                    logs(region, "CreateLogGroup", {"logGroupName": group})
                except Refused as refused:
                    if refused.args[1] != "ResourceAlreadyExistsException":
                        raise
            logs(region, "CreateLogStream", {"logGroupName": group, "logStreamName": self.stream(one)})
        except Refused as refused:
            reason = ("ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create "
                      f"Cloudwatch log stream: {refused.args[1]}: The specified log group does not exist. : exit status 1")
            raise Refused(0, "", reason) from None

    def stream(self, one):
        options = one["logConfiguration"]["options"]
        return f"{options.get('awslogs-stream-prefix', one['name'])}/{one['name']}/{self.id}"

    def container(self, name):
        return next(container for container in self.containers if container["name"] == name)

    def start(self, one):
        over = self.overrides.get(one["name"], {})
        variables = {pair["name"]: pair["value"] for pair in [*(one.get("environment") or []), *(over.get("environment") or [])]}
        command = ["docker", "run", "--pull", "never", "--network", "none", "--name", self.docker_name(one["name"])]
        if "memory" in one:
            command += ["--memory", f"{one['memory']}m", "--memory-swap", f"{one['memory']}m"]
        for name, value in variables.items():
            command += ["--env", f"{name}={value}"]
        for mount in one.get("mountPoints") or []:
            command += ["--volume", f"{mount['sourceVolume']}:{mount['containerPath']}"]
        entry = one.get("entryPoint") or []
        if entry:
            command += ["--entrypoint", entry[0]]
        command += [one["image"], *entry[1:], *(over.get("command") or one.get("command") or [])]
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def reads(self, one, program):
        options = (one.get("logConfiguration") or {}).get("options", {})
        for line in program.stdout:
            if "awslogs-group" in options and line.strip("\n"):
                event = {"timestamp": int(time.time() * 1000), "message": line.rstrip("\n")}
                with LOCK:
                    is_late = not self.is_logged.is_set()
                    if is_late:
                        self.late.append((one, event))
                if not is_late:
                    self.puts(one, event)

    def puts(self, one, event):
        options = one["logConfiguration"]["options"]
        logs(options.get("awslogs-region", self.region), "PutLogEvents",
             {"logGroupName": options["awslogs-group"], "logStreamName": self.stream(one), "logEvents": [event]})

    def end(self, reason):
        self.user_reason = reason
        self.told["desiredStatus"] = "STOPPED"
        self.is_ended.set()


def active(region, name):
    """The definition of this name, which has to be in use."""
    definition = ecs(region, "DescribeTaskDefinition", {"taskDefinition": name})["taskDefinition"]
    if definition["status"] != "ACTIVE":
        raise Refused(400, "ClientException", "TaskDefinition is inactive")
    return definition


def run_task(region, body):
    cluster = cluster_of(region, body)
    definition = active(region, body["taskDefinition"])
    if definition.get("networkMode") == "awsvpc" and "networkConfiguration" not in body:
        raise Refused(400, "InvalidParameterException", "Network Configuration must be provided when networkMode 'awsvpc' is specified.")
    token = body.get("clientToken")
    with LOCK:
        if token not in TOKENS or token is None:
            tasks = [Task(region, cluster, definition, body, body.get("startedBy", "")) for _ in range(body.get("count", 1))]
            TASKS.update({task.told["taskArn"]: task for task in tasks})
            TOKENS[token] = tasks
        tasks = TOKENS[token]
    return {"tasks": [task.told for task in tasks], "failures": []}


def found(name):
    return next((task for arn, task in TASKS.items() if name in (arn, task.id)), None)


def describe_tasks(region, body):
    cluster_of(region, body)
    tasks = [(name, found(name)) for name in body["tasks"]]
    missing = [{"arn": name, "reason": "MISSING"} for name, task in tasks if task is None]
    return {"tasks": [task.told for _, task in tasks if task], "failures": missing}


def stop_task(region, body):
    task = found(body["task"])
    if task is None:
        raise Refused(400, "InvalidParameterException", "The referenced task was not found.")
    task.end(body.get("reason") or "Task stopped by user")
    return {"task": task.told}


def list_tasks(region, body):
    cluster, status = cluster_of(region, body), body.get("desiredStatus", "RUNNING")
    tasks = [task.told for task in TASKS.values() if task.told["clusterArn"] == cluster]
    if "startedBy" in body:
        tasks = [task for task in tasks if task["startedBy"] == body["startedBy"]]
    if "serviceName" in body:
        tasks = [task for task in tasks if task["group"] == "service:" + body["serviceName"].rsplit("/", 1)[-1]]
    if "family" in body:
        tasks = [task for task in tasks if f"task-definition/{body['family']}:" in task["taskDefinitionArn"]]
    return {"taskArns": [task["taskArn"] for task in tasks if task["desiredStatus"] == status]}


# --- services


class Service:
    """A service: the newest deployment gets its tasks first, then those of the older ones go."""

    def __init__(self, region, cluster, body):
        self.region, self.body, self.tasks = region, body, {}
        name = body["serviceName"]
        self.told = {
            "serviceName": name, "clusterArn": cluster, "status": "ACTIVE", "desiredCount": body.get("desiredCount", 1),
            "serviceArn": f"arn:aws:ecs:{region}:{ACCOUNT}:service/{cluster.rsplit('/', 1)[-1]}/{name}", "runningCount": 0, "pendingCount": 0,
            "deploymentController": body.get("deploymentController", {"type": "ECS"}), "launchType": body.get("launchType", "FARGATE"), "deployments": [],
            "deploymentConfiguration": body.get("deploymentConfiguration", {}), "networkConfiguration": body.get("networkConfiguration", {}), "events": [],
        }
        self.records = []
        self.deploy(body["taskDefinition"])
        threading.Thread(target=self.live, daemon=True).start()

    def deploy(self, definition, is_rollback=False):
        arn = ecs(self.region, "DescribeTaskDefinition", {"taskDefinition": definition})["taskDefinition"]["taskDefinitionArn"]
        for older in self.told["deployments"]:
            older["status"] = "ACTIVE"
        number, now = "ecs-svc/" + str(uuid.uuid4().int)[:19], time.time()
        deployment = {
            "id": number, "status": "PRIMARY", "taskDefinition": arn, "desiredCount": self.told["desiredCount"], "runningCount": 0, "pendingCount": 0,
            "failedTasks": 0, "rolloutState": "IN_PROGRESS", "rolloutStateReason": f"ECS deployment {number} in progress.", "createdAt": now, "updatedAt": now,
        }
        self.told["deployments"].insert(0, deployment)
        self.told["taskDefinition"], self.tasks[number] = arn, []
        if not is_rollback:
            service = self.told["serviceArn"]
            record = service.replace(":service/", ":service-deployment/") + "/" + uuid.uuid4().hex[:20]
            revision = service.replace(":service/", ":service-revision/") + "/" + str(uuid.uuid4().int)[:19]
            self.records.insert(0, {"serviceDeploymentArn": record, "serviceArn": service, "clusterArn": self.told["clusterArn"], "createdAt": now,
                                    "startedAt": now, "targetServiceRevisionArn": revision, "status": "IN_PROGRESS", "deployment": number})
        self.says(f"(service {self.told['serviceName']}) has started a deployment {number}.")

    def says(self, text):
        self.told["events"].insert(0, {"id": str(uuid.uuid4()), "createdAt": time.time(), "message": text})

    def live(self):
        quiet = 0
        while self.told["status"] == "ACTIVE":
            with LOCK:
                quiet = self.turn(quiet)
            time.sleep(STEP / 2)

    def turn(self, quiet):
        primary, older = self.told["deployments"][0], self.told["deployments"][1:]
        wanted = self.told["desiredCount"]
        tasks = self.tasks[primary["id"]]
        ended = [task for task in tasks if task.told["lastStatus"] == "STOPPED" and not hasattr(task, "counted")]
        for task in ended:
            task.counted = True
            primary["failedTasks"] += 1
        alive = [task for task in tasks if task.told["lastStatus"] != "STOPPED"]
        if primary["rolloutState"] != "FAILED":
            for _ in range(wanted - len(alive)):
                definition = ecs(self.region, "DescribeTaskDefinition", {"taskDefinition": primary["taskDefinition"]})["taskDefinition"]
                task = Task(self.region, self.told["clusterArn"], definition, {}, primary["id"], "service:" + self.told["serviceName"])
                TASKS[task.told["taskArn"]] = task
                tasks.append(task)
        primary["runningCount"] = sum(task.told["lastStatus"] == "RUNNING" for task in tasks)
        primary["pendingCount"] = wanted - primary["runningCount"]
        self.told["runningCount"] = primary["runningCount"] + sum(one["runningCount"] for one in older)
        if primary["rolloutState"] == "IN_PROGRESS":
            quiet = quiet + 1 if primary["runningCount"] == wanted else 0
            if quiet >= 8:
                self.completed(primary, older)
            elif primary["failedTasks"] >= 3:
                self.broken(primary, older)
        return quiet

    def completed(self, primary, older):
        primary.update(rolloutState="COMPLETED", rolloutStateReason=f"ECS deployment {primary['id']} completed.")
        record = self.records[0]
        record["status"] = "ROLLBACK_SUCCESSFUL" if record["deployment"] != primary["id"] else "SUCCESSFUL"
        record["finishedAt"] = time.time()
        for one in older:
            for task in self.tasks[one["id"]]:
                if task.told["lastStatus"] != "STOPPED":
                    task.end(f"Scaling activity initiated by (deployment {primary['id']})")
        self.told["deployments"] = [primary]
        self.says(f"(service {self.told['serviceName']}) (deployment {primary['id']}) deployment completed.")

    def broken(self, primary, older):
        breaker = self.told["deploymentConfiguration"].get("deploymentCircuitBreaker", {})
        if not breaker.get("enable"):
            return
        primary.update(rolloutState="FAILED", rolloutStateReason="ECS deployment circuit breaker: tasks failed to start.")
        self.says(f"(service {self.told['serviceName']}) (deployment {primary['id']}) deployment failed: tasks failed to start.")
        goes_back = breaker.get("rollback") and older
        reason = f"Service deployment {'rolled back' if goes_back else 'stopped'} because the circuit breaker threshold was exceeded."
        self.records[0].update(status="ROLLBACK_IN_PROGRESS" if goes_back else "STOPPED", statusReason=reason, failures=primary["failedTasks"])
        if breaker.get("rollback") and older:
            self.says(f"(service {self.told['serviceName']}) rolling back to deployment {older[0]['id']}.")
            self.deploy(older[0]["taskDefinition"], is_rollback=True)


def service_of(region, body):
    key = (cluster_of(region, body), body["service"].rsplit("/", 1)[-1])
    if key not in SERVICES or SERVICES[key].told["status"] != "ACTIVE":
        raise Refused(400, "ServiceNotFoundException", "Service not found.")
    return SERVICES[key]


def create_service(region, body):
    cluster = cluster_of(region, body)
    with LOCK:
        service = SERVICES[(cluster, body["serviceName"])] = Service(region, cluster, body)
    return {"service": service.told}


def update_service(region, body):
    service = service_of(region, body)
    with LOCK:
        service.told["desiredCount"] = body.get("desiredCount", service.told["desiredCount"])
        if "deploymentConfiguration" in body:
            service.told["deploymentConfiguration"] = body["deploymentConfiguration"]
        wanted = active(region, body.get("taskDefinition", service.told["taskDefinition"]))["taskDefinitionArn"]
        if wanted != service.told["taskDefinition"] or body.get("forceNewDeployment"):
            service.deploy(wanted)
    return {"service": service.told}


def describe_services(region, body):
    cluster = cluster_of(region, body)
    names = [(name, SERVICES.get((cluster, name.rsplit("/", 1)[-1]))) for name in body["services"]]
    return {"services": [service.told for _, service in names if service],
            "failures": [{"arn": name, "reason": "MISSING"} for name, service in names if service is None]}


def delete_service(region, body):
    service = service_of(region, body)
    service.told["status"] = "INACTIVE"
    for tasks in service.tasks.values():
        for task in tasks:
            task.end("the service was deleted")
    return {"service": service.told}


BRIEF = ("serviceDeploymentArn", "serviceArn", "clusterArn", "createdAt", "startedAt", "finishedAt", "targetServiceRevisionArn", "status", "statusReason")


def list_service_deployments(region, body):
    return {"serviceDeployments": [{key: one[key] for key in BRIEF if key in one} for one in service_of(region, body).records]}


def described_deployment(service, record):
    """A record as DescribeServiceDeployments gives it, which says more than the list."""
    told = {key: record[key] for key in BRIEF if key in record and key != "targetServiceRevisionArn"}
    told["targetServiceRevision"] = {"arn": record["targetServiceRevisionArn"]}
    told["deploymentConfiguration"] = service.told["deploymentConfiguration"]
    failures = record.get("failures", 0)
    told["deploymentCircuitBreaker"] = {"status": "TRIGGERED" if failures else "MONITORING", "failureCount": failures, "threshold": 3}
    if record["status"].startswith("ROLLBACK"):
        told["rollback"] = {"reason": record["statusReason"], "startedAt": record["createdAt"]}
    return told


def describe_service_deployments(region, body):
    wanted = body["serviceDeploymentArns"]
    pairs = [(service, one) for service in SERVICES.values() for one in service.records if one["serviceDeploymentArn"] in wanted]
    return {"serviceDeployments": [described_deployment(*pair) for pair in pairs], "failures": []}


ACTIONS = {
    "RunTask": run_task, "DescribeTasks": describe_tasks, "StopTask": stop_task, "ListTasks": list_tasks, "CreateService": create_service,
    "UpdateService": update_service, "DescribeServices": describe_services, "DeleteService": delete_service,
    "ListServiceDeployments": list_service_deployments, "DescribeServiceDeployments": describe_service_deployments,
}


def app(environ, start_response):
    def answer(status, value):
        start_response(f"{status} -", [("Content-Type", "application/x-amz-json-1.1")])
        return [json.dumps(value).encode()]

    if environ["PATH_INFO"] == "/test/faults":
        fault = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        if not fault.get("of"):
            return answer(400, {"message": "whose fault? `of` is missing"})
        FAULTS.append(fault)
        return answer(200, {})
    service, _, action = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
    if not action:
        return MOTO(environ, start_response)
    given = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    signed = environ.get("HTTP_X_AMZ_DATE")
    if signed and abs(time.time() - calendar.timegm(time.strptime(signed, "%Y%m%dT%H%M%SZ"))) > SKEW:
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        return answer(403, {"__type": "InvalidSignatureException", "message": f"Signature expired: {signed} is now earlier than {now} ({now} - 5 min.)"})
    fault = taken(action, given.decode()) or {}
    if "status" in fault:
        return answer(fault["status"], {"__type": fault["error"], "message": fault.get("message", "")})
    if "failures" in fault:
        return answer(200, {"tasks": [], "failures": fault["failures"]})
    if not service.startswith("AmazonEC2ContainerService") or action not in ACTIONS:
        environ["wsgi.input"] = io.BytesIO(given)
        if "lose" not in fault:
            return MOTO(environ, start_response)
        list(MOTO(environ, lambda *_: None))
        return lost(environ, fault, answer)
    region = SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
    try:
        value = ACTIONS[action](region[1] if region else "us-east-1", json.loads(given or b"{}"))
    except Refused as refused:
        status, code, text = refused.args
        return answer(status, {"__type": code, "message": text})
    return lost(environ, fault, answer) if "lose" in fault else answer(200, value)


def lost(environ, fault, answer):
    if fault["lose"] == "cut":
        environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    return answer(500, {"__type": "ServerException", "message": "the answer of a test is lost"})


if __name__ == "__main__":
    run_simple("127.0.0.1", int(sys.argv[1]), app, threaded=True)
