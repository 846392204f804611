//! The table of why tasks of ECS fail: what AWS or the program says, what it means, what looks closer.

use crate::config::model::FailurePlace;

/// A rule.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) at: FailurePlace,
    /// What the line holds before the pattern; anything if empty.
    pub(super) about: &'static str,
    pub(super) pattern: &'static str,
    pub(crate) says: &'static str,
    /// Commands; `{name}` is filled in.
    pub(crate) look: &'static [&'static str],
    /// Another try is sensible.
    pub(crate) retry: bool,
}

const PULL: &str = "CannotPull|pull image|registry auth";
const INIT: &str = "ResourceInitializationError|unable to pull secrets|unable to retrieve";
const DRIVER: &str = "logger args|logging driver|log stream";
const EFS: &str = "EFS|mount";
const ANY: &str = "";
/// Nothing answers: the way out of the subnet.
const SILENT: &str = r"i/o timeout|request canceled|RequestCanceled|context canceled|context deadline|deadline exceeded|connection issue between the task and|Please check your task network configuration|RequestError|signal: killed|MissingEndpoint|Client\.Timeout";
const DENIED: &str = "AccessDenied|not authorized to perform|403 Forbidden|access denied";

const IMAGE: &[&str] = &["aws ecr describe-images --repository-name {repository} --image-ids {image-id}"];
const PLATFORM: &[&str] = &[
    "docker buildx imagetools inspect {image}",
    "aws ecs describe-task-definition --task-definition {definition} --query taskDefinition.runtimePlatform",
];
const EXECUTION: &[&str] = &[
    "aws iam list-attached-role-policies --role-name {execution-role}",
    "aws ecr get-repository-policy --repository-name {repository}",
];
const WAY: &[&str] = &[
    "aws ec2 describe-subnets --subnet-ids {subnet}",
    "aws ec2 describe-route-tables --filters Name=association.subnet-id,Values={subnet}",
    "aws ec2 describe-security-groups --group-ids {security-group}",
    "aws ec2 describe-vpc-endpoints --query VpcEndpoints[].ServiceName",
];
const SECRET_ROLE: &[&str] = &[
    "aws iam list-attached-role-policies --role-name {execution-role}",
    "aws secretsmanager describe-secret --secret-id {secret}",
];
const SECRET: &[&str] = &["aws secretsmanager describe-secret --secret-id {secret}"];
const GROUP: &[&str] = &[
    "aws logs describe-log-groups --log-group-name-prefix {group}",
    "aws logs create-log-group --log-group-name {group}",
];
const ROLE: &[&str] =
    &["aws iam get-role --role-name {execution-role} --query Role.AssumeRolePolicyDocument"];
const TASK_ROLE: &[&str] = &["aws iam list-attached-role-policies --role-name {task-role}"];
const TASK: &[&str] = &["aws ecs describe-tasks --cluster {cluster} --tasks {task}"];
const DEFINITION: &[&str] = &["aws ecs describe-task-definition --task-definition {definition}"];
const LOG: &[&str] = &["aws logs get-log-events --log-group-name {group} --log-stream-name {stream}"];
const ADDRESS: &[&str] = &[
    "aws ec2 describe-network-interfaces --network-interface-ids {interface}",
    "aws ec2 describe-nat-gateways --query NatGateways[].NatGatewayAddresses[].PublicIp",
];
const STOPPER: &[&str] =
    &["aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=StopTask"];
const HEALTH: &[&str] = &[
    "aws ecs describe-services --cluster {cluster} --services {service}",
    "aws elbv2 describe-target-health --target-group-arn {target-group}",
];
const EVENTS: &[&str] =
    &["aws ecs describe-services --cluster {cluster} --services {service} --query services[].events[:5]"];
const QUOTA: &[&str] = &["aws service-quotas list-service-quotas --service-code fargate"];
const FREE: &[&str] =
    &["aws ec2 describe-subnets --subnet-ids {subnet} --query Subnets[].AvailableIpAddressCount"];
const FILES: &[&str] = &["aws efs describe-mount-targets --file-system-id {file-system}"];

const fn why(
    name: &'static str,
    about: &'static str,
    pattern: &'static str,
    says: &'static str,
    look: &'static [&'static str],
    retry: bool,
) -> Row {
    Row { name, at: FailurePlace::Reason, about, pattern, says, look, retry }
}

const fn log(
    name: &'static str,
    pattern: &'static str,
    says: &'static str,
    look: &'static [&'static str],
) -> Row {
    Row { name, at: FailurePlace::Log, about: ANY, pattern, says, look, retry: false }
}

const fn exit(
    name: &'static str,
    pattern: &'static str,
    says: &'static str,
    look: &'static [&'static str],
) -> Row {
    Row { name, at: FailurePlace::Exit, about: ANY, pattern, says, look, retry: false }
}

/// Those that say more come first.
#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    // What AWS says: the image.
    why("platform", ANY, "descriptor matching platform|find a descriptor for platform|no matching manifest for", "the image is built for another processor than the task has: `platform` of the image, or `runtimePlatform` of the definition", PLATFORM, false),
    why("attestation", ANY, "no processor for media-type|in-toto", "the tag names a provenance manifest, not an image: build without provenance", IMAGE, false),
    why("pull-limit", ANY, "toomanyrequests|429 Too Many Requests|pull rate limit", "the registry wants fewer pulls: keep a copy of the image in ECR", &[], false),
    why("disk", ANY, "no space left on device", "the image and its data do not fit on the disk of the task: `ephemeralStorage` of the definition", DEFINITION, false),
    why("secret", "secret|asm|ssm|parameter", r"ResourceNotFoundException|Invalid ?ARN|did not (find|contain) json key|invalid parameters|ParameterNotFound|retrieved secret .* (is|was) (binary|empty)|can't find the specified secret", "the secret is not there: its name, its region, its account, or the JSON key `arn:key::`", SECRET, false),
    why("execution-role", "secret|asm|ssm|kms", DENIED, "the execution role may not read the secret: `secretsmanager:GetSecretValue` or `ssm:GetParameters`, and `kms:Decrypt` for a key of your own", SECRET_ROLE, false),
    why("log-group", DRIVER, "log group does not exist|ResourceNotFoundException", "the group of the log is not there: make it, or set `awslogs-create-group`", GROUP, false),
    why("role", DRIVER, DENIED, "the execution role may not write the log: `logs:CreateLogStream`, `logs:PutLogEvents`, and `logs:CreateLogGroup` with `awslogs-create-group`", EXECUTION, false),
    why("network", DRIVER, SILENT, "the task does not reach CloudWatch Logs: no way out of the subnet, no endpoint `logs`, or a wrong `awslogs-region`", WAY, true),
    why("log-group", ANY, "failed to initialize logging driver|failed to validate logger args", "the log driver does not start: its group, its region, its role", GROUP, false),
    why("env-file", ANY, "failed to download env files|environment file", "the file of variables in S3 is not there, or the execution role may not read it: `s3:GetObject`, `s3:GetBucketLocation`", EXECUTION, false),
    why("efs", EFS, DENIED, "the file system refuses the task: its policy, its access point, or the task role", FILES, false),
    why("efs", ANY, "failed to invoke EFS utils|unable to mount|mount\\.nfs4", "the file system cannot be mounted: root directory, a mount target in this zone, DNS, port 2049 of its security group", FILES, false),
    why("execution-role", PULL, r"not authorized to perform|AccessDenied|403 Forbidden|\b403\b|no basic auth credentials", "the registry does not let the task have the image: the execution role (`ecr:GetAuthorizationToken`, `ecr:BatchGetImage`, `ecr:GetDownloadUrlForLayer`), the policy of the repository, or of the S3 endpoint", EXECUTION, false),
    why("network", PULL, SILENT, "the task does not reach the registry: a public subnet needs `assign-public-ip = true`, a private one NAT or the endpoints `ecr.api`, `ecr.dkr`, `logs` and S3; the security group port 443 out", WAY, true),
    why("network", INIT, SILENT, "the task does not reach AWS: NAT, or the endpoints `secretsmanager`, `ssm`, `kms`, `ecr.api`; the security group port 443 out", WAY, true),
    why("execution-role", INIT, DENIED, "the execution role may not do that", EXECUTION, false),
    why("registry", PULL, r"ref pull has been retried .*(EOF|reset by peer|50[0-9]|temporarily)|httpReadSeeker: failed open|httpReaderSeeker: failed open", "the registry broke off for a moment", IMAGE, true),
    why("image", ANY, r"pull access denied|repository does not exist|manifest unknown|API error \(404\)|name unknown", "the image is not in the registry: its repository, its tag, its region, its account", IMAGE, false),
    why("image", PULL, "not found|does not exist", "the image is not in the registry: its repository, its tag, its region, its account", IMAGE, false),
    why("registry", PULL, "ref pull has been retried", "the registry did not give the image, and may in a moment", IMAGE, true),
    why("image", ANY, "CannotPullContainer", "the image cannot be pulled", IMAGE, false),
    // What AWS says: the machine, the network, the rights.
    why("memory", ANY, "OutOfMemory|Container killed due to memory usage|OOMKilled", "a container wanted more memory than it may have, whatever its exit code says: the next size of Fargate, or its `memory`", DEFINITION, false),
    why("entry-point", ANY, "executable file not found|no such file or directory|permission denied: unknown|CannotStartContainerError.*exec", "the command of the container does not start: the entry point of the image, the `command` of the definition", DEFINITION, false),
    why("health-check", ANY, r"failed ELB health checks|failed container health checks|Health checks failed|is unhealthy in|\(port \d+\) is unhealthy|Request timed out", "the health check fails: path, port, code, `startPeriod` and `healthCheckGracePeriodSeconds`, the security group between balancer and task", HEALTH, false),
    why("subnets", ANY, "InsufficientFreeAddresses|has insufficient free addresses|not enough free addresses", "the subnet has no free address", FREE, true),
    why("subnets", ANY, r"subnet .*does not exist|InvalidSubnetID|security group .*does not exist|InvalidGroup|InvalidSecurityGroup", "a subnet or security group is not there, or not in this region or network", WAY, false),
    why("subnets", ANY, "Timeout waiting for network interface provisioning|CreateNetworkInterface|network interface", "the network interface was not made: addresses of the subnet, limits of the account, or AWS", FREE, true),
    why("capacity", ANY, "SpotInterruption|Spot (Task|instance) .*(interrupted|terminated)", "AWS took the machine back: `FARGATE` in the place of `FARGATE_SPOT`", TASK, true),
    why("capacity", ANY, r"Capacity is unavailable|RESOURCE:(CPU|MEMORY|ENI|GPU|PORTS)|No Container Instances were found|MemberOf placement constraint|^AGENT\b|\bAGENT\b.*\barn\b|^ATTRIBUTE\b|unable to place a task", "there is no room for the task now: other subnets, `FARGATE` in the place of a Spot provider, more machines in the cluster", EVENTS, true),
    why("missing", ANY, r"^MISSING\b|ClusterNotFoundException|Cluster not found", "AWS does not know it: another cluster, another region, or stopped more than an hour ago", &["aws ecs list-clusters"], false),
    why("inactive", ANY, r"^INACTIVE\b|TaskDefinition is inactive|task definition .*INACTIVE", "it was taken out of use", DEFINITION, false),
    why("quota", ANY, r"reached the limit on the number of|LimitExceededException|quota", "a quota of the account is used up", QUOTA, false),
    why("pass-role", ANY, "iam:PassRole", "whoever starts the task may not hand it its roles: `iam:PassRole` on both", ROLE, false),
    why("role", ANY, "unable to assume the service linked role", "the account uses ECS for the first time: once more", ROLE, true),
    why("role", ANY, "unable to assume|Fargate requires task definition to have execution role", "ECS may not take on the role: its trust policy has to name `ecs-tasks.amazonaws.com`", ROLE, false),
    why("definition", ANY, "Network Configuration must be provided|No Fargate configuration exists|is not a container|Override for container", "the definition does not fit how it is run", DEFINITION, false),
    why("start", ANY, "^still PROVISIONING after", "AWS had no machine and no network interface for it yet: free addresses of the subnets, room in their zones, quotas", FREE, true),
    why("start", ANY, "^still PENDING after", "its machine was there, and its containers were not: a big image, a slow way to the registry, or a container that waits for another (`dependsOn`)", TASK, true),
    why("start", ANY, "DockerTimeoutError|ContainerRuntimeTimeoutError|ContainerRuntimeError|CannotCreateContainerError|CannotCreateVolumeError|CannotInspect|CannotStartContainerError|CannotStopContainerError", "the machine of AWS did not start the container", TASK, true),
    why("stopped-by-aws", ANY, "TerminationNotice|retired|host maintenance|Scaling activity initiated by|ServiceSchedulerInitiated|deployment ", "AWS ended it: the service scales, a deployment replaces it, or its machine is retired", EVENTS, true),
    why("stopped-by-someone", ANY, "UserInitiated|stopped by user", "somebody stopped it", STOPPER, false),
    why("log-router", ANY, "firelens s3 config", "the configuration of the log router is not in S3: its bucket, its key", DEFINITION, false),
    // What the program says.
    log("platform", "exec format error", "the image is built for another processor than the task has: `platform` of the image, or `runtimePlatform` of the definition", PLATFORM),
    log("database-credentials", r"bad auth|Authentication failed|password authentication failed|Access denied for user|role .* does not exist|SASL authentication failed|AuthenticationFailed|code.{0,3} ?18\b", "the database does not take user and password: the version of the secret that was used, the database of the user, characters that need `%` in the address", SECRET),
    log("database-credentials", "must be escaped according to RFC ?3986", "the password has characters that need `%` in the address", SECRET),
    log("database-role", "user is not allowed to do action|AtlasError|not authorized on .* to execute command|permission denied for (table|schema|relation|database)", "the user of the database may not do this", &[]),
    log("database-full", "over your space quota", "the database is full", &[]),
    log("database-access", r"tlsv1.?alert.?internal.?error|SSL alert number 80", "Atlas refuses the address that the task comes from: its Network Access list", ADDRESS),
    log("database-tls", "CERTIFICATE_VERIFY_FAILED|unable to get local issuer certificate|self.signed certificate", "the certificate is not trusted: the bundle of authorities in the image", &[]),
    log("local-variables", r"(localhost|127\.0\.0\.1|mongo1)\S*.{0,60}(Connection refused|ECONNREFUSED)|(Connection refused|ECONNREFUSED).{0,60}(localhost|127\.0\.0\.1|mongo1)", "a variable of the local environment is used in the cloud: the address is this task itself", DEFINITION),
    log("dns", r"querySrv (ENOTFOUND|ECONNREFUSED)|DNS query name does not exist|Name or service not known|getaddrinfo|DNS.{0,20}SRV|ENOTFOUND", "the name of the host has no address: as it is written, or the DNS of the network", DEFINITION),
    log("dns", "Temporary failure in name resolution|resolution lifetime expired|EAI_AGAIN", "the DNS of the network does not answer: `enableDnsSupport`, the resolver", &["aws ec2 describe-vpcs --query Vpcs[].VpcId", "aws ec2 describe-subnets --subnet-ids {subnet}"]),
    log("database-access", r"no pg_hba\.conf entry", "the database has no rule for this address or user", ADDRESS),
    log("database-access", r"MongoServerSelectionError|ServerSelectionTimeoutError|ReplicaSetNoPrimary|timed out after 30000 ms|connection .*closed.*:27017|:27017.*(closed|timed out)", "the database is not reached from the address that the task leaves by: its Network Access list, or the way out", ADDRESS),
    log("database-access", r"psycopg2?\.OperationalError|could not connect to server|SequelizeConnection|Can't connect to MySQL|(ECONNREFUSED|ETIMEDOUT|Connection (refused|timed out)).{0,80}:?(5432|3306|27017)|(5432|3306|27017).{0,80}(ECONNREFUSED|ETIMEDOUT|refused|timed out)|ECONNREFUSED", "the database is not reached: its security group, its address", &["aws ec2 describe-security-groups --group-ids {security-group}"]),
    log("task-role", r"UnrecognizedClientException|ExpiredToken|Unable to locate credentials|NoCredentialsError|AccessDenied|not authorized to perform", "the program may not do that: the task role, which is not the execution role", TASK_ROLE),
    log("code", "dnspython.* must be installed|ModuleNotFoundError|Cannot find module", "a library is missing in the image", &[]),
    log("memory", "JavaScript heap out of memory|MemoryError|java.lang.OutOfMemoryError", "the program ran out of memory", DEFINITION),
    // How it ended.
    exit("killed", "^137$", "it was killed: for its memory, or because it did not end within `stopTimeout`", DEFINITION),
    exit("terminated", "^143$", "it was asked to end (SIGTERM) and did", STOPPER),
    exit("entry-point", "^12[67]$", "the command of the container is not there or may not be run: the entry point of the image, the `command` of the definition", DEFINITION),
    exit("code", "^134$", "the program gave up (abort): its last lines say why", LOG),
    exit("code", "^139$", "the program crashed (segmentation fault)", LOG),
    exit("code", "^2$", "the program does not understand how it is called, or failed: its last lines say which", LOG),
    exit("code", "^[1-9][0-9]*$", "the program failed: its last lines say why", LOG),
    why("code", ANY, "Essential container in task exited", "a container ended that the task does not go on without", LOG, false),
    why("start", ANY, "Task failed to start", "the task did not start, and AWS does not say why", TASK, true),
];
