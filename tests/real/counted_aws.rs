//! A project, a cluster of its own in the back end of ECS, and the real `aws` program, each of whose starts is written down
//! with its arguments.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

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
        let program = project.path("bin/aws");
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = path_with([&program]);
        let cloud = CountedAws { project, cluster: unique(), image, url, path };
        cloud.aws(&["ecs", "create-cluster", "--cluster-name", &cloud.cluster]);
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

    /// A call of the program, as somebody makes it by hand.
    pub(crate) fn by_hand(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.project.path("bin/aws"));
        self.env(&mut command).args(["--region", REGION]).args(args);
        command
    }

    /// What it prints.
    pub(crate) fn aws(&self, args: &[&str]) -> String {
        String::from_utf8(output(&mut self.by_hand(args))).unwrap()
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
        let mut json: serde_json::Value = serde_json::from_str(json).unwrap();
        json["of"] = self.cluster.as_str().into();
        let json = json.to_string();
        let url = format!("{}/test/faults", self.url);
        output(Command::new("curl").args(["-sf", "-X", "POST", "-d", &json, &url]));
    }
}
