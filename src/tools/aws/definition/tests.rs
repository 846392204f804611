//! Shapes of definitions: what AWS answers for each is no change, and a change of each is seen.

#![expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]

use serde_json::{Value as Json, json};

use super::*;

const ARN: &str = "arn:aws:ecs:eu-west-3:123456789012:task-definition/etl:41";

/// A container with these fields besides.
fn one(more: Json) -> Json {
    let mut container = json!({ "name": "etl", "image": "r/etl:1", "memory": 512 });
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    container
}

/// A task of Fargate with these containers and fields.
fn fargate(containers: Json, more: Json) -> Json {
    let mut all = json!({
        "family": "etl", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "executionRoleArn": "arn:aws:iam::123456789012:role/exec", "containerDefinitions": containers,
    });
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

/// What AWS answers for what was registered: its defaults, its own fields, other orders.
fn answered(file: &Json) -> Json {
    let mut all = file.as_object().unwrap().clone();
    all.retain(|_, value| !value.is_null());
    let tags = all.remove("tags");
    let mode = all.get("networkMode").and_then(Json::as_str).unwrap_or("bridge").to_owned();
    let default = |fields: &mut Map<String, Json>, key: &str, value: Json| {
        fields.entry(key).or_insert(value);
    };
    for (key, value) in [
        ("taskDefinitionArn", json!(ARN)),
        ("revision", json!(41)),
        ("status", json!("ACTIVE")),
        ("requiresAttributes", json!([{ "name": "ecs.capability.task-eni" }])),
        ("compatibilities", json!(["EC2", "FARGATE"])),
        ("registeredAt", json!(1_764_352_800.123)),
        ("registeredBy", json!("arn:aws:iam::123456789012:user/ci")),
        ("placementConstraints", json!([])),
        ("volumes", json!([])),
        ("networkMode", json!("bridge")),
        ("enableFaultInjection", json!(false)),
        ("somethingNew", json!(false)),
    ] {
        default(&mut all, key, value);
    }
    for key in ["cpu", "memory"] {
        let Some(value) = all.get(key).cloned() else { continue };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let meant = match text.to_lowercase().replace(' ', "") {
            text if text.ends_with("vcpu") => {
                (text.trim_end_matches("vcpu").parse::<f64>().unwrap() * 1024.0).to_string()
            }
            text if text.ends_with("gb") => {
                (text.trim_end_matches("gb").parse::<f64>().unwrap() * 1024.0).to_string()
            }
            text => text,
        };
        all.insert(key.into(), meant.into());
    }
    for volume in all["volumes"].as_array_mut().unwrap().iter_mut().filter_map(Json::as_object_mut) {
        default(volume, "configuredAtLaunch", json!(false));
        if let Some(efs) = volume.get_mut("efsVolumeConfiguration").and_then(Json::as_object_mut) {
            default(efs, "rootDirectory", json!("/"));
        } else {
            default(volume, "host", json!({}));
        }
    }
    for container in
        all["containerDefinitions"].as_array_mut().unwrap().iter_mut().filter_map(Json::as_object_mut)
    {
        container.retain(|_, value| !value.is_null());
        for (key, value) in [
            ("cpu", json!(0)),
            ("essential", json!(true)),
            ("environment", json!([])),
            ("mountPoints", json!([])),
            ("volumesFrom", json!([])),
            ("portMappings", json!([])),
            ("systemControls", json!([])),
            ("readonlyRootFilesystem", json!(false)),
        ] {
            default(container, key, value);
        }
        if container.contains_key("firelensConfiguration") {
            default(container, "user", json!("0"));
        }
        for port in
            container["portMappings"].as_array_mut().unwrap().iter_mut().filter_map(Json::as_object_mut)
        {
            let own = if mode == "bridge" { json!(0) } else { port["containerPort"].clone() };
            default(port, "hostPort", own);
            default(port, "protocol", json!("tcp"));
        }
        if let Some(check) = container.get_mut("healthCheck").and_then(Json::as_object_mut) {
            default(check, "interval", json!(30));
            default(check, "timeout", json!(5));
            default(check, "retries", json!(3));
        }
        for key in ["environment", "secrets", "portMappings", "mountPoints"] {
            if let Some(list) = container.get_mut(key).and_then(Json::as_array_mut) {
                list.reverse();
            }
        }
    }
    for key in ["containerDefinitions", "volumes", "requiresCompatibilities"] {
        if let Some(list) = all.get_mut(key).and_then(Json::as_array_mut) {
            list.reverse();
        }
    }
    json!({ "taskDefinition": all, "tags": tags.unwrap_or_else(|| json!([])) })
}

/// A name, a definition, and changes that have to be seen: where, and what stands there then; null is gone.
type Shape = (&'static str, Json, Vec<(&'static str, Json)>);

fn shapes() -> Vec<Shape> {
    vec![
        (
            "the least",
            json!({ "family": "etl", "containerDefinitions": [one(json!({}))] }),
            vec![
                ("/containerDefinitions/0/image", json!("r/etl:2")),
                ("/containerDefinitions/0/memory", json!(1024)),
                ("/networkMode", json!("host")),
                ("/taskRoleArn", json!("arn:aws:iam::123456789012:role/other")),
            ],
        ),
        (
            "fargate",
            fargate(json!([one(json!({}))]), json!({})),
            vec![
                ("/cpu", json!("512")),
                ("/memory", json!("1024")),
                ("/requiresCompatibilities", json!(["FARGATE", "EC2"])),
                ("/executionRoleArn", json!("arn:aws:iam::123456789012:role/exec2")),
                ("/executionRoleArn", Json::Null),
            ],
        ),
        (
            "numbers",
            fargate(json!([one(json!({}))]), json!({ "cpu": 256, "memory": 512 })),
            vec![("/cpu", json!(512))],
        ),
        (
            "units",
            fargate(json!([one(json!({}))]), json!({ "cpu": ".25 vCPU", "memory": "0.5 GB" })),
            vec![("/cpu", json!("1 vCPU")), ("/memory", json!("1GB"))],
        ),
        (
            "nulls",
            fargate(
                json!([one(json!({ "command": null, "environment": null }))]),
                json!({ "taskRoleArn": null }),
            ),
            vec![
                ("/taskRoleArn", json!("arn:aws:iam::123456789012:role/t")),
                ("/containerDefinitions/0/command", json!(["x"])),
            ],
        ),
        (
            "empty lists",
            fargate(
                json!([one(json!({ "command": [], "secrets": [], "dockerLabels": {} }))]),
                json!({ "volumes": [] }),
            ),
            vec![("/containerDefinitions/0/dockerLabels", json!({ "a": "" }))],
        ),
        (
            "environment",
            fargate(
                json!([one(json!({ "environment": [
            { "name": "MODE", "value": "full" }, { "name": "EMPTY", "value": "" }, { "name": "A", "value": "1" } ] }))]),
                json!({}),
            ),
            vec![
                ("/containerDefinitions/0/environment/0/value", json!("quick")),
                ("/containerDefinitions/0/environment/1/value", json!("x")),
                ("/containerDefinitions/0/environment/1", Json::Null),
                ("/containerDefinitions/0/environment/0/name", json!("MODE2")),
                ("/containerDefinitions/0/environment", json!([])),
            ],
        ),
        (
            "a large number as text",
            fargate(json!([one(json!({ "environment": [{ "name": "N", "value": "00012" }] }))]), json!({})),
            vec![("/containerDefinitions/0/environment/0/value", json!("12"))],
        ),
        (
            "secrets",
            fargate(
                json!([one(json!({ "secrets": [
            { "name": "URI", "valueFrom": "arn:aws:secretsmanager:eu-west-3:123456789012:secret:m-AbCdEf" },
            { "name": "P", "valueFrom": "/etl/p" } ] }))]),
                json!({}),
            ),
            vec![
                (
                    "/containerDefinitions/0/secrets/0/valueFrom",
                    json!("arn:aws:secretsmanager:eu-west-3:123456789012:secret:n-AbCdEf"),
                ),
                ("/containerDefinitions/0/secrets/1", Json::Null),
                (
                    "/containerDefinitions/0/secrets/1/valueFrom",
                    json!("arn:aws:ssm:eu-west-3:999999999999:parameter/etl/p"),
                ),
            ],
        ),
        (
            "ports of awsvpc",
            fargate(
                json!([one(
                    json!({ "portMappings": [{ "containerPort": 80 }, { "containerPort": 53, "protocol": "udp" }] })
                )]),
                json!({}),
            ),
            vec![
                ("/containerDefinitions/0/portMappings/0/containerPort", json!(81)),
                ("/containerDefinitions/0/portMappings/1/protocol", json!("tcp")),
                ("/containerDefinitions/0/portMappings/0/name", json!("web")),
            ],
        ),
        (
            "ports of a bridge",
            json!({ "family": "etl", "containerDefinitions": [one(json!({ "portMappings": [{ "containerPort": 80 }, { "containerPort": 90, "hostPort": 90 }] }))] }),
            vec![
                ("/containerDefinitions/0/portMappings/0/hostPort", json!(80)),
                ("/containerDefinitions/0/portMappings/1/hostPort", Json::Null),
            ],
        ),
        (
            "ports of the host",
            json!({ "family": "etl", "networkMode": "host", "containerDefinitions": [one(json!({ "portMappings": [{ "containerPort": 80, "hostPort": 80 }] }))] }),
            vec![("/networkMode", Json::Null)],
        ),
        (
            "a health check",
            fargate(json!([one(json!({ "healthCheck": { "command": ["CMD-SHELL", "true"] } }))]), json!({})),
            vec![
                ("/containerDefinitions/0/healthCheck/interval", json!(10)),
                ("/containerDefinitions/0/healthCheck/startPeriod", json!(60)),
                ("/containerDefinitions/0/healthCheck/command/1", json!("false")),
                ("/containerDefinitions/0/healthCheck", Json::Null),
            ],
        ),
        (
            "a whole health check",
            fargate(
                json!([one(
                    json!({ "healthCheck": { "command": ["CMD", "x"], "interval": 30, "timeout": 5, "retries": 3 } })
                )]),
                json!({}),
            ),
            vec![("/containerDefinitions/0/healthCheck/retries", json!(4))],
        ),
        (
            "commands",
            fargate(json!([one(json!({ "command": ["a", "b"], "entryPoint": ["sh", "-c"] }))]), json!({})),
            vec![
                ("/containerDefinitions/0/command", json!(["b", "a"])),
                ("/containerDefinitions/0/entryPoint", json!(["-c", "sh"])),
            ],
        ),
        (
            "two containers",
            fargate(
                json!([
                    one(json!({})),
                    one(json!({ "name": "proxy", "essential": false, "dependsOn": [
            { "containerName": "etl", "condition": "START" }] }))
                ]),
                json!({}),
            ),
            vec![
                ("/containerDefinitions/1/essential", json!(true)),
                ("/containerDefinitions/1/name", json!("proxy2")),
                ("/containerDefinitions/1/dependsOn/0/condition", json!("HEALTHY")),
                ("/containerDefinitions/1", Json::Null),
            ],
        ),
        (
            "the order of waiting",
            fargate(
                json!([one(json!({ "dependsOn": [
            { "containerName": "a", "condition": "START" }, { "containerName": "b", "condition": "START" }] }))]),
                json!({}),
            ),
            vec![(
                "/containerDefinitions/0/dependsOn",
                json!([{ "containerName": "b", "condition": "START" }, { "containerName": "a", "condition": "START" }]),
            )],
        ),
        (
            "logs",
            fargate(
                json!([one(json!({ "logConfiguration": { "logDriver": "awslogs", "options": {
            "awslogs-group": "/ecs/etl", "awslogs-region": "eu-west-3", "awslogs-stream-prefix": "ecs" } } }))]),
                json!({}),
            ),
            vec![
                ("/containerDefinitions/0/logConfiguration/options/awslogs-group", json!("/ecs/etl2")),
                ("/containerDefinitions/0/logConfiguration/options/awslogs-stream-prefix", Json::Null),
                ("/containerDefinitions/0/logConfiguration/logDriver", json!("splunk")),
                ("/containerDefinitions/0/logConfiguration", Json::Null),
            ],
        ),
        (
            "firelens",
            fargate(json!([one(json!({ "firelensConfiguration": { "type": "fluentbit" } }))]), json!({})),
            vec![
                ("/containerDefinitions/0/user", json!("1000")),
                ("/containerDefinitions/0/firelensConfiguration/type", json!("fluentd")),
            ],
        ),
        (
            "a user",
            fargate(json!([one(json!({ "user": "0" }))]), json!({})),
            vec![("/containerDefinitions/0/user", Json::Null)],
        ),
        (
            "efs",
            fargate(
                json!([one(
                    json!({ "mountPoints": [{ "sourceVolume": "d", "containerPath": "/data" }, { "sourceVolume": "d", "containerPath": "/more", "readOnly": true }] })
                )]),
                json!({ "volumes": [
            { "name": "d", "efsVolumeConfiguration": { "fileSystemId": "fs-1" } }] }),
            ),
            vec![
                ("/volumes/0/efsVolumeConfiguration/fileSystemId", json!("fs-2")),
                ("/volumes/0/efsVolumeConfiguration/rootDirectory", json!("/x")),
                ("/volumes/0/efsVolumeConfiguration/transitEncryption", json!("ENABLED")),
                ("/containerDefinitions/0/mountPoints/0/readOnly", json!(true)),
                ("/containerDefinitions/0/mountPoints/1/readOnly", json!(false)),
                ("/containerDefinitions/0/mountPoints/0/containerPath", json!("/data2")),
            ],
        ),
        (
            "volumes",
            fargate(
                json!([one(json!({}))]),
                json!({ "volumes": [{ "name": "a" }, { "name": "b", "host": { "sourcePath": "/b" } }] }),
            ),
            vec![
                ("/volumes/1/host/sourcePath", json!("/c")),
                ("/volumes/0", Json::Null),
                ("/volumes/0/host", json!({ "sourcePath": "/a" })),
            ],
        ),
        (
            "a volume of docker",
            json!({ "family": "etl", "containerDefinitions": [one(json!({}))], "volumes": [
            { "name": "v", "dockerVolumeConfiguration": { "scope": "shared", "autoprovision": true, "driver": "local" } }] }),
            vec![
                ("/volumes/0/dockerVolumeConfiguration/autoprovision", json!(false)),
                ("/volumes/0/dockerVolumeConfiguration/scope", json!("task")),
            ],
        ),
        (
            "volumes of others",
            fargate(
                json!([one(json!({ "volumesFrom": [{ "sourceContainer": "x", "readOnly": false }] }))]),
                json!({}),
            ),
            vec![("/containerDefinitions/0/volumesFrom/0/readOnly", json!(true))],
        ),
        (
            "the platform",
            fargate(
                json!([one(json!({}))]),
                json!({ "runtimePlatform": { "cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX" } }),
            ),
            vec![("/runtimePlatform/cpuArchitecture", json!("ARM64"))],
        ),
        (
            "disk",
            fargate(json!([one(json!({}))]), json!({ "ephemeralStorage": { "sizeInGiB": 50 } })),
            vec![("/ephemeralStorage/sizeInGiB", json!(60)), ("/ephemeralStorage", Json::Null)],
        ),
        (
            "linux",
            fargate(
                json!([one(
                    json!({ "linuxParameters": { "initProcessEnabled": true, "capabilities": { "add": [], "drop": ["ALL", "CHOWN"] } } })
                )]),
                json!({}),
            ),
            vec![
                ("/containerDefinitions/0/linuxParameters/initProcessEnabled", json!(false)),
                ("/containerDefinitions/0/linuxParameters/capabilities/add", json!(["SYS_PTRACE"])),
                ("/containerDefinitions/0/linuxParameters/capabilities/drop", json!(["ALL"])),
            ],
        ),
        (
            "limits",
            fargate(
                json!([one(
                    json!({ "ulimits": [{ "name": "nofile", "softLimit": 1024, "hardLimit": 4096 }], "memoryReservation": 128, "stopTimeout": 60 })
                )]),
                json!({}),
            ),
            vec![
                ("/containerDefinitions/0/ulimits/0/hardLimit", json!(8192)),
                ("/containerDefinitions/0/memoryReservation", json!(256)),
                ("/containerDefinitions/0/stopTimeout", Json::Null),
            ],
        ),
        (
            "labels",
            fargate(
                json!([one(json!({ "dockerLabels": { "com.example.team": "data", "empty": "" } }))]),
                json!({}),
            ),
            vec![
                ("/containerDefinitions/0/dockerLabels/com.example.team", json!("web")),
                ("/containerDefinitions/0/dockerLabels/empty", Json::Null),
            ],
        ),
        (
            "files of variables",
            fargate(
                json!([one(
                    json!({ "environmentFiles": [{ "type": "s3", "value": "arn:aws:s3:::b/a.env" }, { "type": "s3", "value": "arn:aws:s3:::b/b.env" }] })
                )]),
                json!({}),
            ),
            vec![(
                "/containerDefinitions/0/environmentFiles",
                json!([{ "type": "s3", "value": "arn:aws:s3:::b/b.env" }, { "type": "s3", "value": "arn:aws:s3:::b/a.env" }]),
            )],
        ),
        (
            "gpu",
            json!({ "family": "etl", "containerDefinitions": [one(json!({ "resourceRequirements": [{ "type": "GPU", "value": "1" }] }))] }),
            vec![("/containerDefinitions/0/resourceRequirements/0/value", json!("2"))],
        ),
        (
            "a proxy",
            fargate(
                json!([one(json!({}))]),
                json!({ "proxyConfiguration": { "type": "APPMESH", "containerName": "envoy", "properties": [
            { "name": "AppPorts", "value": "80" }, { "name": "EgressIgnoredIPs", "value": "169.254.170.2" }] } }),
            ),
            vec![("/proxyConfiguration/properties/0/value", json!("8080"))],
        ),
        (
            "placement",
            json!({ "family": "etl", "containerDefinitions": [one(json!({}))], "placementConstraints": [{ "type": "memberOf", "expression": "attribute:a == b" }] }),
            vec![
                ("/placementConstraints/0/expression", json!("attribute:a == c")),
                ("/placementConstraints", json!([])),
            ],
        ),
        (
            "hosts and kernel",
            fargate(
                json!([one(
                    json!({ "extraHosts": [{ "hostname": "h", "ipAddress": "10.0.0.1" }], "systemControls": [{ "namespace": "net.core.somaxconn", "value": "1024" }], "dnsServers": ["1.1.1.1", "8.8.8.8"] })
                )]),
                json!({}),
            ),
            vec![
                ("/containerDefinitions/0/extraHosts/0/ipAddress", json!("10.0.0.2")),
                ("/containerDefinitions/0/systemControls/0/value", json!("2048")),
                ("/containerDefinitions/0/dnsServers", json!(["8.8.8.8", "1.1.1.1"])),
            ],
        ),
        (
            "tags",
            fargate(
                json!([one(json!({}))]),
                json!({ "tags": [{ "key": "team", "value": "data" }, { "key": "a", "value": "" }] }),
            ),
            vec![("/tags/0/value", json!("web"))],
        ),
        (
            "a field of the future",
            fargate(json!([one(json!({ "quantumLink": { "mode": "spooky", "on": false } }))]), json!({})),
            vec![
                ("/containerDefinitions/0/quantumLink/mode", json!("none")),
                ("/containerDefinitions/0/quantumLink", Json::Null),
            ],
        ),
        (
            "flags",
            fargate(
                json!([one(
                    json!({ "privileged": false, "interactive": false, "pseudoTerminal": false, "readonlyRootFilesystem": true })
                )]),
                json!({ "pidMode": "task" }),
            ),
            vec![
                ("/containerDefinitions/0/readonlyRootFilesystem", json!(false)),
                ("/containerDefinitions/0/privileged", json!(true)),
                ("/pidMode", Json::Null),
            ],
        ),
    ]
}

fn read(file: &Json) -> Definition {
    Definition::of(file.clone()).unwrap().0
}

/// Puts something at a path, the last part of which need not be there.
fn put(file: &mut Json, path: &str, value: Json) {
    let (above, last) = path.rsplit_once('/').unwrap();
    match (file.pointer_mut(above).unwrap(), value) {
        (Json::Object(fields), Json::Null) => drop(fields.remove(last)),
        (Json::Object(fields), value) => drop(fields.insert(last.to_owned(), value)),
        (Json::Array(items), Json::Null) => drop(items.remove(last.parse::<usize>().unwrap())),
        (Json::Array(items), value) => items[last.parse::<usize>().unwrap()] = value,
        (other, _) => panic!("{other}"),
    }
}

#[test]
fn what_aws_answers_for_a_definition_is_no_change() {
    assert!(shapes().len() >= 30);
    for (name, file, _) in shapes() {
        let revision = Revision::of(answered(&file)).unwrap();
        assert_eq!(revision.name, "etl:41");
        assert_eq!(revision.differs(&read(&file)), Vec::<String>::new(), "{name}");
        // Whoever takes the answer as the file finds no change either.
        let (taken, _) = Definition::of(answered(&file)).unwrap();
        assert_eq!(revision.differs(&taken), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn each_real_change_is_seen() {
    for (name, file, changes) in shapes() {
        let revision = Revision::of(answered(&file)).unwrap();
        for (path, value) in changes {
            let mut changed = file.clone();
            put(&mut changed, path, value);
            assert_ne!(revision.differs(&read(&changed)), Vec::<String>::new(), "{name}: {path}");
            // And back.
            let back = Revision::of(answered(&changed)).unwrap();
            // A tag that only AWS has is somebody else's.
            assert_ne!(back.differs(&read(&file)), Vec::<String>::new(), "{name}: {path}, back");
        }
    }
}

#[test]
fn differences_are_lines_with_their_way() {
    let old = fargate(
        json!([one(
            json!({ "environment": [{ "name": "MODE", "value": "full" }, { "name": "OLD", "value": "" }], "secrets": [{ "name": "S", "valueFrom": "a" }] })
        )]),
        json!({}),
    );
    let new = fargate(
        json!([
            one(
                json!({ "environment": [{ "name": "MODE", "value": "quick" }], "portMappings": [{ "containerPort": 80 }] })
            ),
            one(json!({ "name": "side" }))
        ]),
        json!({ "cpu": 512 }),
    );
    let mut lines = Revision::of(answered(&old)).unwrap().differs(&read(&new));
    lines.sort();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    cpu: 256 → 512
    etl.environment.MODE: full → quick
    etl.environment.OLD: "" → nothing
    etl.portMappings: nothing → {"80":{"containerPort":80}}
    etl.secrets: {"S":"a"} → nothing
    side: nothing → {"essential":true,"image":"r/etl:1","memory":512}
    "#);
}

#[test]
fn a_revision_of_ours_is_the_same_whatever_aws_has_added() {
    let file =
        read(&fargate(json!([one(json!({}))]), json!({ "tags": [{ "key": "team", "value": "data" }] })));
    let sent = file.input(true);
    assert_eq!(sent["tags"].as_array().map(Vec::len), Some(2));
    let mut answer = answered(&sent);
    answer["taskDefinition"]["newDefault"] = json!("ON");
    let revision = Revision::of(answer).unwrap();
    assert_eq!(revision.differs(&file), Vec::<String>::new());
    let other = read(&fargate(json!([one(json!({ "cpu": 10 }))]), json!({})));
    assert_ne!(revision.differs(&other), Vec::<String>::new());
    // Without the tag nobody knows whether it was taken out of the file.
    let untagged = Revision::of({
        let mut answer = answered(&file.input(false));
        answer["taskDefinition"]["newDefault"] = json!("ON");
        answer
    });
    assert_eq!(untagged.unwrap().differs(&file), ["newDefault: ON → nothing"]);
    assert_eq!(file.input(false)["tags"].as_array().map(Vec::len), Some(1));
}

#[test]
fn names_and_arns_are_one_in_one_account() {
    let file = |role: &str, secret: &str| {
        fargate(
            json!([one(json!({ "secrets": [{ "name": "P", "valueFrom": secret }] }))]),
            json!({ "executionRoleArn": role }),
        )
    };
    let long = file(
        "arn:aws:iam::123456789012:role/service/exec",
        "arn:aws:ssm:eu-west-3:123456789012:parameter/etl/p",
    );
    let short = file("exec", "/etl/p");
    assert_eq!(Revision::of(answered(&long)).unwrap().differs(&read(&short)), Vec::<String>::new());
    assert_eq!(Revision::of(answered(&short)).unwrap().differs(&read(&long)), Vec::<String>::new());
    let elsewhere =
        file("arn:aws:iam::999999999999:role/exec", "arn:aws:ssm:eu-west-1:123456789012:parameter/etl/p");
    assert_eq!(Revision::of(answered(&elsewhere)).unwrap().differs(&read(&short)).len(), 2);
}

#[test]
fn what_is_sent_is_what_the_program_takes() {
    let answer = answered(&fargate(json!([one(json!({ "command": null }))]), json!({ "cpu": 256 })));
    let (definition, cleaned) = Definition::of(answer).unwrap();
    let sent = definition.input(false);
    for key in OUTPUT_ONLY {
        assert!(sent.get(key).is_none(), "{key}");
    }
    assert_eq!(sent["cpu"], "256");
    assert!(!sent.to_string().contains("null"), "{sent}");
    assert!(cleaned.unwrap().contains("requiresAttributes"));
    let clean = Definition::of(json!({ "family": "f", "containerDefinitions": [] })).unwrap();
    assert_eq!(clean.1, None);
    for wrong in [json!([]), json!({}), json!({ "containerDefinitions": {} })] {
        assert!(Definition::of(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn an_image_goes_into_its_container() {
    let mut definition = read(&fargate(json!([one(json!({}))]), json!({})));
    assert!(definition.set_image("etl", "r/etl@sha256:1") && !definition.set_image("other", "x"));
    assert_eq!(definition.containers().next().unwrap()["image"], "r/etl@sha256:1");
}
