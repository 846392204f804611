//! A project, a cluster of its own in the back end of ECS, and the real `aws` program, each of whose starts is written down
//! with its arguments.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::common::{CANARY, Run, Sandbox, need, output, path_with};
use crate::docker::unique;

pub(crate) const REGION: &str = "eu-west-3";

pub(crate) struct CountedAws {
    pub(crate) project: Sandbox,
    pub(crate) cluster: String,
    pub(crate) image: String,
    url: String,
    path: std::ffi::OsString,
}

impl CountedAws {
    /// None without a back end.
    pub(crate) fn new() -> Option<CountedAws> {
        let url = need("ecs")?.into_string().unwrap();
        let aws = need("aws")?;
        let image = need("image")?.into_string().unwrap();
        let project = Sandbox::empty();
        let log = project.path("aws.log");
        let text = format!(
            "#!/bin/sh\nprintf '%s\\n' \"$*\" >>'{}'\nexec '{}' \"$@\"\n",
            log.display(),
            aws.to_string_lossy()
        );
        project.write("bin/aws", &text);
        project.write("aws.log", "");
        let program = project.path("bin/aws");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = path_with([&program]);
        let cloud = CountedAws { project, cluster: unique(), image, url, path };
        cloud.ask("CreateCluster", &json!({ "clusterName": cloud.cluster }));
        Some(cloud)
    }

    fn env<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .env("PATH", &self.path)
            .env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", "testing")
            .env("AWS_SECRET_ACCESS_KEY", format!("{CANARY}-key"))
            .env("AWS_DEFAULT_REGION", REGION)
    }

    /// What ECS answers to somebody else, who starts no program for it.
    #[track_caller]
    pub(crate) fn ask(&self, action: &str, input: &Value) -> Value {
        let answer: Value = serde_json::from_slice(&output(&mut self.question(action, input))).unwrap();
        assert!(answer.get("__type").is_none(), "{action} {input}: {answer}");
        answer
    }

    /// The same, to be asked.
    pub(crate) fn question(&self, action: &str, input: &Value) -> Command {
        let target = format!("X-Amz-Target: AmazonEC2ContainerServiceV20141113.{action}");
        let who = format!("Authorization: AWS4-HMAC-SHA256 Credential=a/20260101/{REGION}/ecs/aws4_request");
        let mut curl = Command::new("curl");
        curl.args(["-s", "-X", "POST", "-H", &target, "-H", &who]);
        curl.args(["-H", "Content-Type: application/x-amz-json-1.1", "-d", &input.to_string(), &self.url]);
        curl
    }

    /// Registers the definition of this file, as somebody else.
    pub(crate) fn register(&self, file: &str) {
        self.ask("RegisterTaskDefinition", &serde_json::from_str(&self.project.read(file)).unwrap());
    }

    /// What EC2 prints of this machine's only network: ids, as JSON.
    pub(crate) fn network(&self, words: &[&str]) -> String {
        let mut aws = Command::new(self.project.path("bin/aws"));
        String::from_utf8(output(self.env(&mut aws).args(["--region", REGION, "ec2"]).args(words))).unwrap()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.project.command(args);
        self.env(&mut command);
        command
    }

    #[track_caller]
    pub(crate) fn infractl(&self, args: &[&str]) -> Run {
        let run = Run::of(&mut self.command(args));
        self.project.assert_no_canary_on_disk();
        run
    }

    /// Starts of the program since the last time.
    pub(crate) fn calls(&self) -> Vec<String> {
        let text = self.project.read("aws.log");
        std::fs::write(self.project.path("aws.log"), "").unwrap();
        assert!(!text.contains(CANARY), "a secret among arguments:\n{text}");
        text.lines().map(str::to_owned).collect()
    }

    /// A fault for the next requests, or for the tasks of this project.
    pub(crate) fn fault(&self, json: &str) {
        let mut json: Value = serde_json::from_str(json).unwrap();
        json["of"] = self.cluster.as_str().into();
        let json = json.to_string();
        let url = format!("{}/test/faults", self.url);
        output(Command::new("curl").args(["-sf", "-X", "POST", "-d", &json, &url]));
    }
}
