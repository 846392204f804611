#![expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]

use serde_json::{Value as Json, json};

use super::*;
use crate::config::model::{FailurePlace, OneOrMany, Pattern};

const ARN: &str = "arn:aws:ecs:eu-west-3:123456789012:task/etl-cluster/0f1e2d3c4b5a";

fn definition() -> Json {
    let log = |name: &str| json!({ "logDriver": "awslogs", "options": { "awslogs-group": format!("/ecs/{name}"), "awslogs-stream-prefix": "ecs" } });
    json!({
        "executionRoleArn": "arn:aws:iam::123456789012:role/ecsTaskExecutionRole",
        "taskRoleArn": "arn:aws:iam::123456789012:role/etlTaskRole",
        "containerDefinitions": [
            { "name": "etl", "image": "123456789012.dkr.ecr.eu-west-3.amazonaws.com/forecast/etl:9b1f2c3", "logConfiguration": log("etl") },
            { "name": "sidecar", "image": "nginx", "essential": false, "logConfiguration": log("sidecar") },
        ]
    })
}

fn task(containers: Json, more: &Json) -> Json {
    let mut task = json!({
        "taskArn": ARN, "clusterArn": "arn:aws:ecs:eu-west-3:123456789012:cluster/etl-cluster",
        "taskDefinitionArn": "arn:aws:ecs:eu-west-3:123456789012:task-definition/forecast-etl:41", "lastStatus": "STOPPED",
        "attachments": [{ "type": "ElasticNetworkInterface", "status": "DELETED", "details": [
            { "name": "subnetId", "value": "subnet-0a1b" }, { "name": "networkInterfaceId", "value": "eni-0c2d" } ] }],
        "containers": containers,
    });
    task.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task
}

fn of(task: &Json, lines: &[&str]) -> Verdict {
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    verdict(&[], &Stopped::of(task, &definition(), &lines))
}

/// A task that never started, for this reason.
fn not_started(reason: &str) -> Verdict {
    of(
        &task(
            json!([{ "name": "etl" }]),
            &json!({ "stopCode": "TaskFailedToStart", "stoppedReason": reason }),
        ),
        &[],
    )
}

/// A task whose program ended with 1 after these lines.
fn crashed(lines: &[&str]) -> Verdict {
    of(&exited(1), lines)
}

fn exited(code: i64) -> Json {
    let more = json!({ "stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited" });
    task(json!([{ "name": "etl", "exitCode": code }]), &more)
}

fn looks(verdict: &Verdict) -> Vec<String> {
    verdict.branch.look.iter().map(|look| look.0.literals().collect()).collect()
}

/// What AWS says of tasks that did not start: its words, the branch, and whether another try helps.
fn reasons() -> Vec<(String, &'static str, bool)> {
    const PULL: &str = "CannotPullContainerError: ";
    const INIT: &str = "ResourceInitializationError: ";
    let ecr = "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve ecr registry auth: service call has been retried 3 time(s): ";
    let asm = "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm: service call has been retried 1 time(s): ";
    let driver = "failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ";
    let router = "unable to download firelens s3 config file: unable to download s3 config extra.conf from bucket logs: ";
    let all: &[(&str, &str, &'static str, bool)] = &[
        (
            PULL,
            "pull image manifest has been retried 1 time(s): failed to resolve ref 123456789012.dkr.ecr.eu-west-3.amazonaws.com/forecast/etl:9b1f2c3: 123456789012.dkr.ecr.eu-west-3.amazonaws.com/forecast/etl:9b1f2c3: not found",
            "image",
            false,
        ),
        (PULL, "API error (404): repository forecast/etl not found", "image", false),
        (PULL, "Error response from daemon: manifest unknown: Requested image not found", "image", false),
        (
            PULL,
            "Error response from daemon: pull access denied for etl, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
            "image",
            false,
        ),
        (
            PULL,
            "inspect image has been retried 1 time(s): failed to resolve ref \"x/etl:1\": failed to authorize",
            "image",
            false,
        ),
        (
            PULL,
            "pull image manifest has been retried 7 time(s): image Manifest does not contain descriptor matching platform 'linux/amd64'",
            "platform",
            false,
        ),
        (
            PULL,
            "ref pull has been retried 1 time(s): failed to find a descriptor for platform",
            "platform",
            false,
        ),
        (
            PULL,
            "ref pull has been retried 1 time(s): failed to unpack image: no processor for media-type: unknown: application/vnd.in-toto+json",
            "attestation",
            false,
        ),
        (
            PULL,
            "Error response from daemon: Head \"https://123456789012.dkr.ecr.eu-west-3.amazonaws.com/v2/forecast/etl/manifests/1\": no basic auth credentials",
            "execution-role",
            false,
        ),
        (
            PULL,
            "pull access denied for x, repository does not exist or may require 'docker login': denied: User: arn:aws:sts::123456789012:assumed-role/r/i is not authorized to perform: ecr:BatchGetImage on resource: arn:aws:ecr:eu-west-3:123456789012:repository/etl",
            "execution-role",
            false,
        ),
        (
            PULL,
            "ref pull has been retried 5 time(s): failed to copy: httpReadSeeker: failed open: unexpected status code https://prod-eu-west-3-starport-layer-bucket.s3.eu-west-3.amazonaws.com/x: 403 Forbidden",
            "execution-role",
            false,
        ),
        (
            PULL,
            "ref pull has been retried 1 time(s): failed to copy: httpReadSeeker: failed open: failed to do request: EOF",
            "registry",
            true,
        ),
        (PULL, "ref pull has been retried 2 time(s): failed to extract layer", "registry", true),
        (
            PULL,
            "inspect image has been retried 5 time(s): httpReaderSeeker: failed open: could not fetch content",
            "registry",
            true,
        ),
        (
            PULL,
            "inspect image has been retried 5 time(s): failed to resolve ref \"docker.io/library/x:1\": failed to do request: Head https://registry-1.docker.io/v2/library/x/manifests/1: dial tcp 34.237.244.67:443: i/o timeout",
            "network",
            true,
        ),
        (
            PULL,
            "Get https://123456789012.dkr.ecr.eu-west-3.amazonaws.com/v2/: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)",
            "network",
            true,
        ),
        (PULL, "context deadline exceeded", "network", true),
        (PULL, "context canceled", "network", true),
        (
            PULL,
            "The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR. Check your task network configuration.",
            "network",
            true,
        ),
        (
            PULL,
            "inspect image has been retried 1 time(s): failed to resolve ref: unexpected status code: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.",
            "pull-limit",
            false,
        ),
        (
            PULL,
            "ref pull has been retried 1 time(s): failed to extract layer: write /var/lib/x: no space left on device: unknown",
            "disk",
            false,
        ),
        (
            INIT,
            &format!(
                "{ecr}AccessDeniedException: User: arn:aws:sts::1:assumed-role/r/i is not authorized to perform: ecr:GetAuthorizationToken on resource: *"
            ),
            "execution-role",
            false,
        ),
        (
            INIT,
            &format!(
                "{ecr}RequestError: send request failed caused by: Post https://api.ecr.eu-west-3.amazonaws.com/: dial tcp 52.94.1.2:443: i/o timeout. Please check your task network configuration."
            ),
            "network",
            true,
        ),
        (
            INIT,
            &format!(
                "{asm}failed to fetch secret arn:aws:secretsmanager:eu-west-3:123456789012:secret:MONGO_URI-a1B2c3 from secrets manager: AccessDeniedException: User is not authorized to perform: secretsmanager:GetSecretValue"
            ),
            "execution-role",
            false,
        ),
        (
            INIT,
            &format!(
                "{asm}failed to fetch secret X from secrets manager: RequestCanceled: request context canceled caused by: context deadline exceeded"
            ),
            "network",
            true,
        ),
        (
            INIT,
            &format!(
                "{asm}failed to fetch secret X from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret."
            ),
            "secret",
            false,
        ),
        (
            INIT,
            &format!("{asm}retrieved secret from Secrets Manager did not contain json key uri"),
            "secret",
            false,
        ),
        (
            INIT,
            "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): invalid parameters: /prod/MONGO_URI",
            "secret",
            false,
        ),
        (
            INIT,
            "unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secrets from ssm: service call has been retried 1 time(s): RequestError: send request failed",
            "network",
            true,
        ),
        (INIT, &format!("{asm}retrieved secret X is binary"), "secret", false),
        (INIT, &format!("{asm}Invalid ARN"), "secret", false),
        (
            INIT,
            &format!("{driver}ResourceNotFoundException: The specified log group does not exist."),
            "log-group",
            false,
        ),
        (
            INIT,
            &format!(
                "{driver}AccessDeniedException: User is not authorized to perform: logs:CreateLogStream"
            ),
            "role",
            false,
        ),
        (INIT, &format!("{driver}signal: killed"), "network", true),
        (
            INIT,
            &format!("{driver}MissingEndpoint: 'Endpoint' configuration is required for this service"),
            "network",
            true,
        ),
        (
            "CannotStartContainerError: ",
            "Error response from daemon: failed to initialize logging driver: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist.",
            "log-group",
            false,
        ),
        (
            INIT,
            "failed to download env files: file download command: non empty error stream: RequestCanceled",
            "env-file",
            false,
        ),
        (
            INIT,
            "failed to invoke EFS utils commands to set up EFS volumes: stderr: Failed to resolve \"fs-0123abcd.efs.eu-west-3.amazonaws.com\" - check that your file system ID is correct",
            "efs",
            false,
        ),
        (
            INIT,
            "failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: Connection timed out",
            "efs",
            false,
        ),
        (
            INIT,
            "failed to invoke EFS utils commands to set up EFS volumes: stderr: mount.nfs4: access denied by server while mounting 127.0.0.1:/",
            "efs",
            false,
        ),
        ("", "OutOfMemoryError: Container killed due to memory usage", "memory", false),
        (
            "CannotStartContainerError: ",
            "Error response from daemon: failed to create task for container: OCI runtime create failed: exec: \"python4\": executable file not found in $PATH: unknown",
            "entry-point",
            false,
        ),
        (
            "CannotStartContainerError: ",
            "OCI runtime create failed: exec: \"/app/run.sh\": stat /app/run.sh: no such file or directory: unknown",
            "entry-point",
            false,
        ),
        (
            "",
            "CannotCreateContainerError: Error response from daemon: devmapper: Thin Pool has too few free data blocks",
            "start",
            true,
        ),
        ("", "CannotCreateVolumeError: x", "start", true),
        ("", "CannotInspectContainerError: Could not transition to inspecting; timed out", "start", true),
        (
            "",
            "DockerTimeoutError: Could not transition to created; timed out after waiting 4m0s",
            "start",
            true,
        ),
        (
            "",
            "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 1m0s",
            "start",
            true,
        ),
        (
            "",
            "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-3:1:targetgroup/api/6d0ecf83)",
            "health-check",
            false,
        ),
        ("", "Task failed container health checks", "health-check", false),
        (
            "",
            "(service api, taskSet ecs-svc/1) (port 8080) is unhealthy in (target-group x) due to (reason Health checks failed with these codes: [502])",
            "health-check",
            false,
        ),
        (
            "",
            "(service api) (port 8080) is unhealthy in (target-group x) due to (reason Request timed out)",
            "health-check",
            false,
        ),
        ("", "Timeout waiting for network interface provisioning to complete.", "subnets", true),
        (
            "",
            "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment: CreateNetworkInterface: InternalError",
            "subnets",
            true,
        ),
        (
            "",
            "InsufficientFreeAddressesInSubnet: The specified subnet does not have enough free addresses",
            "subnets",
            true,
        ),
        (
            "",
            "An error occurred (InvalidParameterException) when calling the RunTask operation: Error retrieving subnet information for [subnet-0ff]: The subnet ID 'subnet-0ff' does not exist",
            "subnets",
            false,
        ),
        ("", "The security group 'sg-0123' does not exist", "subnets", false),
        (
            "",
            "Capacity is unavailable at this time. Please try again later or in a different availability zone",
            "capacity",
            true,
        ),
        ("", "RESOURCE:CPU", "capacity", true),
        ("", "RESOURCE:MEMORY (arn:aws:ecs:eu-west-3:1:container-instance/x)", "capacity", true),
        ("", "RESOURCE:ENI", "capacity", true),
        ("", "RESOURCE:GPU", "capacity", true),
        ("", "RESOURCE:PORTS", "capacity", true),
        ("", "AGENT", "capacity", true),
        ("", "ATTRIBUTE", "capacity", true),
        ("", "MISSING (arn:aws:ecs:eu-west-3:1:task/x/y)", "missing", false),
        ("", "INACTIVE", "inactive", false),
        ("", "No Container Instances were found in your cluster.", "capacity", true),
        (
            "",
            "service api was unable to place a task because MemberOf placement constraint unsatisfied",
            "capacity",
            true,
        ),
        ("", "You've reached the limit on the number of vCPUs you can run concurrently", "quota", false),
        ("", "You've reached the limit on the number of tasks you can run concurrently", "quota", false),
        (
            "",
            "User: arn:aws:iam::1:user/ci is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/r",
            "pass-role",
            false,
        ),
        (
            "",
            "ECS was unable to assume the role 'arn:aws:iam::1:role/r' that was provided for this task. Please verify that the role being passed has the proper trust relationship",
            "role",
            false,
        ),
        (
            "",
            "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
            "role",
            true,
        ),
        (
            "",
            "Fargate requires task definition to have execution role ARN to support ECR images.",
            "role",
            false,
        ),
        (
            "",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
            "definition",
            false,
        ),
        ("", "No Fargate configuration exists for given values.", "definition", false),
        (
            "",
            "Override for container named etl is not a container in the TaskDefinition.",
            "definition",
            false,
        ),
        ("", "TaskDefinition is inactive", "inactive", false),
        ("", "Task failed to start", "start", true),
        ("", "still PROVISIONING after 10m", "start", true),
        ("", "still PENDING after 10m", "start", true),
        // Of what no other rule knows.
        (
            "CannotStartContainerError: ",
            "Error response from daemon: failed to initialize logging driver: unknown log opt 'awslogs-grup' for awslogs log driver",
            "log-group",
            false,
        ),
        (INIT, &format!("{router}RequestError: send request failed"), "network", true),
        (INIT, &format!("{router}AccessDenied: Access Denied status code: 403"), "execution-role", false),
        (INIT, &format!("{router}NoSuchKey: The specified key does not exist."), "log-router", false),
    ];
    let whole = |(head, tail, name, retry): &(&str, &str, &'static str, bool)| {
        (format!("{head}{tail}"), *name, *retry)
    };
    all.iter().map(whole).collect()
}

#[test]
fn what_aws_says_has_a_branch() {
    for (reason, name, retry) in reasons() {
        let found = not_started(&reason);
        assert_eq!((found.branch.name.as_str(), found.branch.retry), (name, Some(retry)), "{reason}");
        assert!(found.evidence.contains(&reason), "{reason}: {:?}", found.evidence);
        let refused = verdict(&[], &Stopped::refused("eu-west-3", "c", &reason));
        assert_eq!(refused.branch.name, name, "{reason}");
        // The same where only the container tells.
        if !reason.starts_with(|c: char| c.is_uppercase()) || !reason.contains("Error: ") {
            continue;
        }
        let told = of(
            &task(
                json!([{ "name": "etl", "reason": reason }]),
                &json!({ "stoppedReason": "Task failed to start" }),
            ),
            &[],
        );
        assert_eq!(told.branch.name, name, "{reason}");
    }
}

/// The last line of a program, and the branch.
const LINES: &[(&str, &str)] = &[
    ("exec /usr/local/bin/python: exec format error", "platform"),
    (
        "pymongo.errors.ServerSelectionTimeoutError: cluster0-shard-00-00.mongodb.net:27017: timed out",
        "database-access",
    ),
    ("MongoServerSelectionError: Server selection timed out after 30000 ms", "database-access"),
    (
        "SSL handshake failed: cluster0-shard-00-00.x.mongodb.net:27017: [SSL: TLSV1_ALERT_INTERNAL_ERROR] tlsv1 alert internal error (_ssl.c:1129)",
        "database-access",
    ),
    (
        "error:0A000438:SSL routines:ssl3_read_bytes:tlsv1 alert internal error:SSL alert number 80",
        "database-access",
    ),
    ("MongoNetworkError: connection 3 to 18.1.2.3:27017 closed", "database-access"),
    ("MongooseServerSelectionError: Could not connect: type: 'ReplicaSetNoPrimary'", "database-access"),
    (
        "pymongo.errors.OperationFailure: bad auth : Authentication failed., full error: {'ok': 0, 'code': 8000, 'codeName': 'AtlasError'}",
        "database-credentials",
    ),
    (
        "pymongo.errors.OperationFailure: Authentication failed., full error: {'ok': 0.0, 'code': 18}",
        "database-credentials",
    ),
    (
        "pymongo.errors.InvalidURI: Username and password must be escaped according to RFC 3986, use urllib.parse.quote_plus",
        "database-credentials",
    ),
    (
        "OperationFailure: user is not allowed to do action [find] on [db.x], code 8000, AtlasError",
        "database-role",
    ),
    ("you are over your space quota, using 513 MB of 512 MB", "database-full"),
    (
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate",
        "database-tls",
    ),
    ("Error: querySrv ENOTFOUND _mongodb._tcp.cluster0.x.mongodb.net", "dns"),
    ("Error: querySrv ECONNREFUSED _mongodb._tcp.cluster0.x.mongodb.net", "dns"),
    ("ConfigurationError: The DNS query name does not exist: _mongodb._tcp.cluster0.", "dns"),
    ("socket.gaierror: [Errno -2] Name or service not known", "dns"),
    ("Error: getaddrinfo ENOTFOUND db.internal", "dns"),
    ("socket.gaierror: [Errno -3] Temporary failure in name resolution", "dns"),
    ("dns.resolver.LifetimeTimeout: The resolution lifetime expired after 21.1 seconds", "dns"),
    ("ServerSelectionTimeoutError: localhost:27017: [Errno 111] Connection refused", "local-variables"),
    ("ServerSelectionTimeoutError: mongo1:27017: [Errno 111] Connection refused", "local-variables"),
    ("Error: connect ECONNREFUSED 127.0.0.1:5432", "local-variables"),
    (
        "psycopg2.OperationalError: connection to server at \"10.0.1.2\", port 5432 failed: timeout expired",
        "database-access",
    ),
    ("Error: connect ECONNREFUSED 10.0.1.2:5432", "database-access"),
    ("FATAL: password authentication failed for user \"etl\"", "database-credentials"),
    (
        "FATAL: no pg_hba.conf entry for host \"10.0.1.2\", user \"etl\", database \"x\", no encryption",
        "database-access",
    ),
    (
        "ERROR 1045 (28000): Access denied for user 'etl'@'10.0.1.2' (using password: YES)",
        "database-credentials",
    ),
    (
        "botocore.exceptions.ClientError: An error occurred (UnrecognizedClientException) when calling the ListObjects operation",
        "task-role",
    ),
    (
        "botocore.exceptions.ClientError: An error occurred (ExpiredToken) when calling the PutObject operation",
        "task-role",
    ),
    ("botocore.exceptions.NoCredentialsError: Unable to locate credentials", "task-role"),
    (
        "botocore.exceptions.ClientError: An error occurred (AccessDenied) when calling the PutObject operation: Access Denied",
        "task-role",
    ),
    (
        "pymongo.errors.ConfigurationError: The \"dnspython\" module must be installed to use mongodb+srv:// URIs",
        "code",
    ),
    ("MemoryError", "memory"),
    ("urllib3: Connection reset by peer", "cut-off"),
    ("KeyError: 'station'", "code"),
];

#[test]
fn what_the_program_says_has_a_branch() {
    for (line, name) in LINES {
        let found = crashed(&["starting", line]);
        assert_eq!(found.branch.name, *name, "{line}");
        assert!(found.evidence.contains(&"etl: exit code 1".to_owned()));
        if *name != "code" {
            assert!(found.evidence.contains(&(*line).to_owned()), "{line}: {:?}", found.evidence);
        }
    }
}

const EXITS: [(i64, &str); 10] = [
    // Of a service: it is not meant to end at all.
    (0, "code"),
    (1, "code"),
    (2, "code"),
    (3, "code"),
    (126, "entry-point"),
    (127, "entry-point"),
    (134, "code"),
    (137, "killed"),
    (139, "code"),
    (143, "terminated"),
];

/// Stop code, reason, branch, and whether another try helps.
const STOPS: [(&str, &str, &str, bool); 4] = [
    ("SpotInterruption", "Your Spot Task was interrupted.", "capacity", true),
    ("TerminationNotice", "", "stopped-by-aws", true),
    (
        "ServiceSchedulerInitiated",
        "Scaling activity initiated by (deployment ecs-svc/1)",
        "stopped-by-aws",
        true,
    ),
    ("UserInitiated", "Task stopped by user", "stopped-by-someone", false),
];

#[test]
fn codes_and_stops_have_branches() {
    for (code, name) in EXITS {
        assert_eq!(of(&exited(code), &[]).branch.name, name, "{code}");
    }
    // Killed for its memory, whatever the code.
    for code in [0, 1, 137] {
        let starved = json!([{ "name": "etl", "exitCode": code, "reason": "OutOfMemoryError: Container killed due to memory usage" }]);
        assert_eq!(of(&task(starved, &json!({})), &["MemoryError"]).branch.name, "memory");
    }
    for (stop, reason, name, retry) in STOPS {
        let found = of(&stopped_by(stop, reason), &[]);
        assert_eq!((found.branch.name.as_str(), found.branch.retry), (name, Some(retry)), "{stop}");
        assert!(found.evidence.contains(&format!("stop code {stop}")));
    }
}

fn stopped_by(code: &str, reason: &str) -> Json {
    let more = json!({ "stopCode": code, "stoppedReason": reason });
    task(json!([{ "name": "etl", "exitCode": 143 }]), &more)
}

#[test]
fn every_row_decides_about_a_text() {
    let told = |task: &Json, line: &[&str]| {
        let lines: Vec<String> = line.iter().map(|line| (*line).to_owned()).collect();
        Stopped::of(task, &definition(), &lines)
    };
    let mut all: Vec<Stopped> =
        reasons().iter().map(|(reason, ..)| Stopped::refused("eu-west-3", "c", reason)).collect();
    all.extend(LINES.iter().map(|(line, _)| told(&exited(1), &[line])));
    all.extend(EXITS.map(|(code, _)| told(&exited(code), &[])));
    all.extend(STOPS.map(|(code, reason, ..)| told(&stopped_by(code, reason), &[])));
    let deciding = |stopped: &Stopped| Some(found(stopped, &seen(stopped)).next()?.0);
    let decided: Vec<usize> = all.iter().filter_map(deciding).collect();
    let is_idle = |at: &usize| !decided.contains(at);
    let idle: Vec<&str> = (0..ROWS.len()).filter(is_idle).map(|at| ROWS[at].pattern).collect();
    assert_eq!(idle, Vec::<&str>::new(), "no text is told by these");
}

#[test]
fn every_essential_container_counts() {
    let two = json!([{ "name": "sidecar", "exitCode": 4 }, { "name": "etl", "exitCode": 127 }, { "name": "other", "exitCode": 137 }]);
    let found = of(&task(two, &json!({ "stoppedReason": "Essential container in task exited" })), &[]);
    assert_eq!(found.branch.name, "entry-point");
    assert_eq!(found.others, ["code"]);
    assert!(found.evidence.contains(&"other: exit code 137".to_owned()));
    assert!(!found.evidence.iter().any(|line| line.starts_with("sidecar")), "{:?}", found.evidence);
}

#[test]
fn nothing_known_shows_all_that_was_seen() {
    let more = json!({ "stoppedReason": "", "createdAt": 1_764_367_000.5, "attachments": [{ "type": "ElasticNetworkInterface", "status": "PRECREATED" }] });
    let found = of(&task(json!([{ "name": "etl" }]), &more), &[]);
    assert_eq!((found.branch.name.as_str(), found.branch.retry), ("unknown", None));
    for seen in [
        "ElasticNetworkInterface: PRECREATED",
        "createdAt 2025-11-28T21:56:40Z",
        "etl: no exit code, it never ended by itself",
    ] {
        assert!(found.evidence.contains(&seen.to_owned()), "{seen}: {:?}", found.evidence);
    }
    let found = not_started("The moon is in the wrong house");
    assert_eq!(found.branch.name, "unknown");
    assert!(found.evidence.contains(&"The moon is in the wrong house".to_owned()));
    // Nor does an answer without anything break it.
    assert_eq!(verdict(&[], &Stopped::of(&Json::Null, &Json::Null, &[])).branch.name, "unknown");
}

#[test]
fn commands_have_the_names_filled_in() {
    let secret = "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: failed to fetch secret arn:aws:secretsmanager:eu-west-3:123456789012:secret:MONGO_URI-a1B2c3 from secrets manager: ResourceNotFoundException: Secrets Manager can't find the specified secret.";
    for (verdict, wanted) in [
        (
            not_started("CannotPullContainerError: manifest unknown"),
            "aws ecr describe-images --repository-name forecast/etl --image-ids imageTag=9b1f2c3 --region eu-west-3",
        ),
        (
            not_started("CannotPullContainerError: no basic auth credentials"),
            "aws iam list-attached-role-policies --role-name ecsTaskExecutionRole",
        ),
        (
            not_started("CannotPullContainerError: i/o timeout"),
            "aws ec2 describe-route-tables --filters Name=association.subnet-id,Values=subnet-0a1b --region eu-west-3",
        ),
        (
            not_started(secret),
            "aws secretsmanager describe-secret --secret-id arn:aws:secretsmanager:eu-west-3:123456789012:secret:MONGO_URI-a1B2c3 --region eu-west-3",
        ),
        (
            crashed(&["MongoServerSelectionError"]),
            "aws ec2 describe-network-interfaces --network-interface-ids eni-0c2d --region eu-west-3",
        ),
        (
            crashed(&["KeyError"]),
            "aws logs get-log-events --log-group-name /ecs/etl --log-stream-name ecs/etl/0f1e2d3c4b5a --region eu-west-3",
        ),
        (crashed(&["(AccessDenied)"]), "aws iam list-attached-role-policies --role-name etlTaskRole"),
        // What is not known is in capitals.
        (
            verdict(&[], &Stopped::refused("", "", "You've reached the limit on the number of tasks")),
            "aws service-quotas list-service-quotas --service-code fargate",
        ),
        (
            verdict(&[], &Stopped::refused("", "c", "service-x Task failed container health checks")),
            "aws ecs describe-services --cluster c --services SERVICE",
        ),
    ] {
        assert!(looks(&verdict).contains(&wanted.to_owned()), "{wanted}: {:?}", looks(&verdict));
    }
    for (image, wanted) in [
        ("nginx", ("nginx", "imageTag=latest")),
        ("localhost:5000/a/b:1", ("a/b", "imageTag=1")),
        ("1.dkr.ecr.eu-west-3.amazonaws.com/etl@sha256:ab", ("etl", "imageDigest=sha256:ab")),
    ] {
        assert_eq!(repository(image), (wanted.0.to_owned(), wanted.1.to_owned()));
    }
}

#[test]
fn a_log_that_is_elsewhere_is_not_looked_for_in_cloudwatch() {
    let looked = |log: Json, task: &Json| {
        let mut definition = definition();
        definition["containerDefinitions"][0]["logConfiguration"] = log;
        looks(&verdict(&[], &Stopped::of(task, &definition, &[])))
    };
    let whereabouts = "aws ecs describe-task-definition --task-definition forecast-etl:41 --query taskDefinition.containerDefinitions[].logConfiguration --region eu-west-3";
    let late = task(json!([{ "name": "etl", "reason": "failed to initialize logging driver" }]), &json!({}));
    for task in [&exited(1), &late] {
        assert_eq!(looked(json!({ "logDriver": "awsfirelens" }), task), [whereabouts]);
        assert_eq!(looked(Json::Null, task), [whereabouts]);
    }
    // In the region where it is, and with a stream that the machine alone knows.
    let options = json!({ "awslogs-group": "/ecs/etl", "awslogs-region": "eu-west-1" });
    assert_eq!(
        looked(json!({ "logDriver": "awslogs", "options": options }), &exited(1)),
        ["aws logs get-log-events --log-group-name /ecs/etl --log-stream-name STREAM --region eu-west-1"]
    );
}

#[test]
fn rules_of_the_task_come_first() {
    let rule = |pattern: &str, place: Option<FailurePlace>, says: &str| Diagnosis {
        r#match: Pattern(pattern.into()),
        r#in: place.map(OneOrMany::One),
        says: says.into(),
        look: Some(OneOrMany::One(Argument(Template::literal("check it")))),
        retry: Some(true),
    };
    let lines = ["bad auth : Authentication failed.".to_owned(), "E11000 duplicate key error".to_owned()];
    let stopped = Stopped::of(&exited(1), &definition(), &lines);
    let own =
        [rule("never", None, "no"), rule("e11000 DUPLICATE", None, "data: this delivery was loaded before")];
    let found = verdict(&own, &stopped);
    assert_eq!(
        (found.branch.name.as_str(), found.branch.says.as_str()),
        ("data", "this delivery was loaded before")
    );
    assert!(found.branch.is_own && found.branch.retry == Some(true));
    assert_eq!(found.others, ["database-credentials", "code"]);
    assert_eq!(found.evidence[0], "E11000 duplicate key error");
    assert_eq!(
        verdict(&[rule("e11000", Some(FailurePlace::Reason), "x")], &stopped).branch.name,
        "database-credentials"
    );
    assert_eq!(
        verdict(&[rule("^1$", Some(FailurePlace::Exit), "it is so: really")], &stopped).branch.name,
        "own"
    );
}

#[test]
fn the_same_crash_is_the_same_whatever_its_numbers() {
    let crash = |code: i64, last: &str| {
        let lines = ["x".to_owned(), last.to_owned(), String::new()];
        verdict(&[], &Stopped::of(&exited(code), &definition(), &lines)).crash
    };
    let first = crash(
        3,
        "2026-11-28T21:00:01.123Z ERROR order 550e8400-e29b-41d4-a716-446655440000 at 0x7f21 failed",
    );
    let then =
        crash(3, "2026-11-29T08:12:59.007Z ERROR order 123e4567-beef-12d3-dead-426614174000 at 0xbe failed");
    assert_eq!(first, then);
    assert_ne!(
        first,
        crash(
            4,
            "2026-11-28T21:00:01.123Z ERROR order 550e8400-e29b-41d4-a716-446655440000 at 0x7f21 failed"
        )
    );
    assert_ne!(first, crash(3, "another end"));
    let all =
        |crashes: &[&str]| is_enough(&crashes.iter().map(|crash| (*crash).to_owned()).collect::<Vec<_>>());
    assert!(all(&["a", "a", "a"]) && all(&["b", "a", "a", "a"]));
    assert!(!all(&["a", "a"]) && !all(&["a", "b", "a"]) && !all(&["a", "a", "b"]) && !all(&[]));
}

#[test]
fn every_row_can_be_read() {
    for (row, pattern) in ROWS.iter().zip(PATTERNS.iter()) {
        assert!(pattern.is_some(), "{}", row.name);
        assert!(!row.says.ends_with('.') && row.says.len() > 5, "{}", row.says);
    }
}

#[test]
fn a_task_that_did_not_begin_in_time_says_where_it_was_held_up() {
    for (status, says) in [("PROVISIONING", "free addresses of the subnets"), ("PENDING", "a big image")] {
        let more = json!({ "lastStatus": status, "stoppedReason": format!("still {status} after 10m 00s") });
        let verdict = of(&task(json!([{ "name": "etl" }]), &more), &[]);
        assert_eq!(verdict.branch.name, "start");
        assert!(verdict.branch.says.contains(says), "{}", verdict.branch.says);
    }
}
