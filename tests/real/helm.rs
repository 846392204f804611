//! Releases by helm 3 and helm 4 on a real API: installed, unchanged, changed, compared, failed, stuck, repaired, removed.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::common::{CANARY, Run, Sandbox, need, processes, send, start, wait_for};
use crate::kube::{CONTEXT, Kube};

/// A project with a chart, a namespace of its own, and one helm.
pub(crate) struct Lab {
    pub(crate) project: Sandbox,
    kube: &'static Kube,
    namespace: String,
    helm: PathBuf,
}

const CHART: &str = "apiVersion: v2\nname: web\nversion: 0.1.0\n";

/// Pods that kwok plays as their annotation says, a Secret, and what is turned on.
const TEMPLATE: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: { name: "{{ .Release.Name }}" }
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: "{{ .Release.Name }}" } }
  template:
    metadata:
      labels: { app: "{{ .Release.Name }}" }
      annotations: {{ .Values.pods | default dict | toJson }}
    spec: { containers: [{ name: app, image: "web:1" }] }
---
apiVersion: v1
kind: Secret
metadata: { name: "{{ .Release.Name }}" }
stringData: { password: {{ .Values.auth.password | quote }}, list: {{ .Values.list | toJson | quote }} }
{{- range $name, $annotations := .Values.jobs }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: "{{ $.Release.Name }}-{{ $name }}"
  labels: { app.kubernetes.io/instance: "{{ $.Release.Name }}" }
  annotations: {{ $annotations.of | default dict | toJson }}
spec:
  backoffLimit: 0
  template:
    metadata:
      labels: { app.kubernetes.io/instance: "{{ $.Release.Name }}" }
      annotations: {{ $annotations.pods | default dict | toJson }}
    spec: { restartPolicy: Never, containers: [{ name: app, image: "load:1" }] }
{{- end }}
"#;

const VALUES: &str = "replicas: 1\nauth: { password: none }\njobs: {}\nlist: []\n";

impl Lab {
    /// None where the API or this helm is not there.
    pub(crate) fn new(helm: &str) -> Option<Lab> {
        let helm = PathBuf::from(need(helm)?);
        let kube = Kube::up()?;
        let project = Sandbox::empty()
            .with_secrets(&[("PASSWORD", &format!("{CANARY}helm")), ("LOGIN", &format!("{CANARY}kube"))]);
        project.write("charts/web/Chart.yaml", CHART);
        project.write("charts/web/values.yaml", VALUES);
        project.write("charts/web/templates/all.yaml", TEMPLATE);
        let bin = project.home.path("bin");
        std::fs::create_dir_all(&bin).unwrap();
        symlink(&helm, bin.join("helm")).unwrap();
        let kubectl =
            std::env::var_os("INFRACTL_TEST_KUBECTL").map_or("/usr/bin/kubectl".into(), PathBuf::from);
        symlink(kubectl, bin.join("kubectl")).unwrap();
        // What a shell may have, and what must not count.
        let project = project
            .on_path(bin.join("helm"))
            .with_var("HELM_NAMESPACE", "elsewhere")
            .with_var("HELM_KUBECONTEXT", "nowhere")
            .with_var("KUBECONFIG", "/nowhere");
        let lab = Lab { project, kube, namespace: kube.namespace(), helm };
        lab.values("replicas: 1\n");
        lab.step("");
        Some(lab)
    }

    /// The step, with these options besides.
    pub(crate) fn step(&self, more: &str) {
        self.step_with(more, "");
    }

    fn step_with(&self, more: &str, rules: &str) {
        self.write(&self.kube.section(), more, rules);
    }

    fn write(&self, cluster: &str, more: &str, rules: &str) {
        let namespace = &self.namespace;
        let step = format!(
            "{{ helm = {{ release = \"web\", chart = \"charts/web\", namespace = \"{namespace}\", values = [\"values.yaml\"], \
             set = {{ auth.password = \"{{{{secret.PASSWORD}}}}\", list = \"{{{{output.list}}}}\" }}{more} }}{rules} }}"
        );
        let text = format!(
            "{cluster}\n[outputs]\nlist = [1, \"two\"]\n[pipelines]\nup = [{step}]\n\
             down = [{{ helm = {{ uninstall = \"web\", namespace = \"{namespace}\" }} }}]\n"
        );
        for name in ["dev", "rec"] {
            self.project.environment(name, &text);
        }
    }

    fn values(&self, text: &str) {
        self.project.write("values.yaml", text);
    }

    #[track_caller]
    fn up(&self, code: i32) -> Run {
        self.project.run(&["up", "dev"], code)
    }

    /// The real helm, by hand.
    fn helm(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.helm);
        command
            .args(["--kubeconfig".as_ref(), self.kube.kubeconfig().as_os_str()])
            .args(["--kube-context", CONTEXT, "--namespace", &self.namespace])
            .args(args)
            .current_dir(self.project.root())
            .env("HOME", self.project.home.root())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// A helm that was killed in the middle.
    fn killed_helm(&self, pods: &str) {
        self.values(&format!("replicas: 2\npods: {{ {pods} }}\n"));
        let args = [
            "upgrade",
            "--install",
            "web",
            "charts/web",
            "--values",
            "values.yaml",
            "--wait",
            "--timeout",
            "60s",
        ];
        let mut child = self.helm(&args).spawn().unwrap();
        wait_for("helm to be at it", || self.status().starts_with("pending"));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// How the last revision is.
    fn status(&self) -> String {
        let output =
            self.helm(&["status", "web", "--output", "json"]).stdout(Stdio::piped()).output().unwrap();
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        said["info"]["status"].as_str().unwrap_or("absent").to_owned()
    }

    fn get(&self, args: &[&str]) -> serde_json::Value {
        self.kube.json(&[&["--namespace", &self.namespace, "get"], args].concat())
    }
}

const NEVER: &str = "infractl.test/never: 'true'";
/// What undoes it. Helm 3 compares with the last revision that went well: what only a failed one had would stay.
const READY: &str = "infractl.test/never: 'false'";
const NO_IMAGE: &str = "infractl.test/waiting: ErrImagePull, infractl.test/message: 'manifest unknown'";

/// Each test with both.
macro_rules! with_both {
    ($($name:ident),+ $(,)?) => { $(
        mod $name {
            #[test]
            fn by_helm_3() {
                let Some(lab) = super::Lab::new("helm3") else { return };
                super::cases::$name(&lab);
            }

            #[test]
            fn by_helm_4() {
                let Some(lab) = super::Lab::new("helm4") else { return };
                super::cases::$name(&lab);
            }
        }
    )+ };
}

with_both!(
    a_release_is_installed_compared_changed_and_removed,
    what_is_never_ready_is_told_by_its_pods_before_it_is_taken_back,
    a_job_that_failed_ends_the_step,
    what_a_helm_that_died_left_behind_is_repaired,
    a_run_that_was_killed_is_gone_on_with,
    an_interrupt_reaches_helm_once,
    faults_say_what_to_do,
    two_at_once_do_not_harm_each_other,
    a_script_does_the_same,
);

mod cases {
    use super::*;

    pub(super) fn a_release_is_installed_compared_changed_and_removed(lab: &Lab) {
        let project = &lab.project;
        project
            .infractl(&["up", "dev", "--dry-run"])
            .code(0)
            .prints("the release `web` is not there")
            .prints("upgrade --install web charts/web")
            .never_says("CANARY");
        project.run(&["check", "dev", "--exit-code"], 2).prints("web: the release `web` is not there");
        lab.up(0).says("revision 1, 1 pod ready");
        let secret = lab.get(&["secret", "web"]);
        let value = |key: &str| {
            use base64::Engine as _;
            let text = secret["data"][key].as_str().unwrap();
            String::from_utf8(base64::engine::general_purpose::STANDARD.decode(text).unwrap()).unwrap()
        };
        assert_eq!(value("password"), format!("{CANARY}helm"));
        assert_eq!(value("list"), "[1,\"two\"]", "an output keeps its type");
        lab.up(0).says("already there, revision 1, 1 pod ready");
        project.run(&["check", "dev", "--exit-code"], 0);
        project.infractl(&["up", "dev", "--dry-run"]).code(0).prints("already there: nothing would change");

        lab.values("replicas: 2\n");
        project.run(&["check", "dev", "--exit-code"], 2).prints("web: Deployment web: spec.replicas: 1 → 2");
        project
            .infractl(&["up", "dev", "--dry-run"])
            .code(0)
            .prints("# Deployment web: spec.replicas: 1 → 2");
        lab.up(0).says("revision 2, 2 pods ready");

        // Of a secret only that it differs.
        project.edit("environments/dev/environment.toml", "{{secret.PASSWORD}}", "x{{secret.PASSWORD}}");
        project.run(&["check", "dev"], 0).prints("web: Secret web: changed");
        lab.up(0).says("revision 3");

        project.write("charts/web/Chart.yaml", &CHART.replace("0.1.0", "0.2.0"));
        project.run(&["check", "dev"], 0).prints("web: chart: web-0.1.0 → web-0.2.0");
        lab.up(0).says("revision 4");

        assert!(!project.home.path(".config/helm").exists() && !project.home.path(".cache/helm").exists());
        project.run(&["down", "dev", "--confirm", "dev"], 0).says("removed `web`");
        project.run(&["down", "dev", "--confirm", "dev"], 0).says("there is no release `web`");
        assert!(lab.get(&["deployments"])["items"].as_array().unwrap().is_empty());
    }

    pub(super) fn what_is_never_ready_is_told_by_its_pods_before_it_is_taken_back(lab: &Lab) {
        lab.values(&format!("replicas: 1\npods: {{ {NO_IMAGE} }}\n"));
        lab.step(", timeout = \"6s\"");
        let run = lab.up(1).says("ErrImagePull").says("manifest unknown").says("was not ready in time");
        assert!(run.err.contains("pod web-"), "{}", run.err);
        assert_eq!(lab.status(), "failed", "nothing is taken back unasked");
        lab.step(", timeout = \"6s\", rollback-on-failure = true");
        // No revision was ever deployed.
        lab.up(1).says("ErrImagePull").says("removed it");
        assert_eq!(lab.status(), "absent");
        lab.values("replicas: 1\n");
        lab.up(0).says("revision 1");
        lab.values(&format!("replicas: 1\npods: {{ {NO_IMAGE} }}\n"));
        let run = lab.up(1).says("ErrImagePull").says("went back to revision 1");
        let (told, back) = (run.err.find("ErrImagePull"), run.err.find("goes back"));
        assert!(told < back, "the reason is told first:\n{}", run.err);
        assert_eq!(lab.status(), "deployed");
        // Helm that does not wait says that all is well; what is looked at afterwards is not.
        lab.step(", timeout = \"6s\", wait = false");
        lab.up(0);
        lab.step(", timeout = \"6s\"");
        lab.up(1).says("ErrImagePull");
    }

    pub(super) fn a_job_that_failed_ends_the_step(lab: &Lab) {
        lab.values("jobs: { load: { pods: { infractl.test/fails: 'true' } } }\n");
        lab.step(", timeout = \"300s\", wait-for-jobs = true");
        let begun = Instant::now();
        lab.up(1).says("Job web-load: ").says("BackoffLimitExceeded");
        assert!(begun.elapsed() < Duration::from_secs(200), "it ended as soon as the Job had failed");
        lab.project.run(&["down", "dev", "--confirm", "dev"], 0);
        lab.values("jobs: { load: {} }\n");
        lab.up(0).says("revision 1, 1 pod ready");
        // A hook of helm's own.
        lab.values(
            "jobs: { hook: { of: { helm.sh/hook: post-upgrade }, pods: { infractl.test/fails: 'true' } } }\n",
        );
        lab.up(1).says("BackoffLimitExceeded").says("a Job of the chart failed");
    }

    pub(super) fn what_a_helm_that_died_left_behind_is_repaired(lab: &Lab) {
        lab.killed_helm(NEVER);
        assert_eq!(lab.status(), "pending-install");
        lab.values("replicas: 1\n");
        // Somebody may be at it.
        lab.step(", repair = true");
        lab.up(75).says("is `pending-install` since").says("another helm may be at it");
        assert_eq!(lab.status(), "pending-install");
        // The time of the step is over: nobody is.
        std::thread::sleep(Duration::from_secs(10));
        lab.step_with("", ", timeout = \"10s\"");
        lab.up(1).says("a helm that died left it so").says("repair = true").says("helm uninstall web");
        assert_eq!(lab.status(), "pending-install");
        lab.step_with(", repair = true", ", timeout = \"10s\"");
        lab.up(0).says("left behind by a helm that died: remove what it began").says("revision 1");
        lab.killed_helm(NEVER);
        assert_eq!(lab.status(), "pending-upgrade");
        lab.values("replicas: 1\n");
        std::thread::sleep(Duration::from_secs(10));
        lab.up(0).says("go back to revision 1");
        assert_eq!(lab.status(), "deployed");
    }

    /// Waits until helm waits; nothing secret stands in the list of processes.
    fn begun(lab: &Lab) {
        wait_for("helm to be at it", || lab.status().starts_with("pending"));
        assert_eq!(processes(CANARY), [""; 0]);
        assert!(!processes(&lab.namespace).is_empty());
    }

    pub(super) fn a_run_that_was_killed_is_gone_on_with(lab: &Lab) {
        lab.up(0);
        let never = format!("replicas: 2\npods: {{ {NEVER} }}\n");
        lab.values(&never);
        let mut child = start(&mut lab.project.command(&["up", "dev"]));
        begun(lab);
        child.kill().unwrap();
        child.wait().unwrap();
        // Its helm is asked to end; whether it still writes that into the release or not, the next run goes on.
        wait_for("helm to end", || processes(&lab.namespace).is_empty());
        lab.step(", repair = true");
        lab.values(&format!("replicas: 2\npods: {{ {READY} }}\n"));
        lab.up(0).says("2 pods ready");
        lab.step("");
        // The machine dies: both are gone at once.
        lab.values(&never.replace("yes", "true").replace("replicas: 2", "replicas: 3"));
        let mut child = start(&mut lab.project.command(&["up", "dev"]));
        begun(lab);
        send(&child, Signal::STOP);
        kill_helm(lab);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(lab.status(), "pending-upgrade");
        lab.values("replicas: 2\n");
        lab.up(1)
            .says("left behind by a run that died")
            .says("a helm that died left it so")
            .says("repair = true");
        assert_eq!(lab.status(), "pending-upgrade");
        // That nobody is at it is known from then on.
        lab.step(", repair = true");
        lab.up(0).says("left behind by a helm that died: go back to revision").says("2 pods ready");
        assert_eq!(lab.status(), "deployed");
    }

    fn kill_helm(lab: &Lab) {
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            if line.contains("upgrade --install") && line.contains(&lab.namespace) {
                let pid: i32 = entry.file_name().to_str().unwrap().parse().unwrap();
                let pid = rustix::process::Pid::from_raw(pid).unwrap();
                rustix::process::kill_process(pid, Signal::KILL).unwrap();
                wait_for("helm to be gone", || {
                    !Path::new(&format!("/proc/{}/cmdline", pid.as_raw_nonzero())).exists()
                        || std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero()))
                            .unwrap_or_default()
                            .is_empty()
                });
            }
        }
    }

    pub(super) fn an_interrupt_reaches_helm_once(lab: &Lab) {
        lab.up(0);
        lab.values(&format!("replicas: 2\npods: {{ {NEVER} }}\n"));
        let child = start(&mut lab.project.command(&["up", "dev"]));
        begun(lab);
        send(&child, Signal::INT);
        let run = Run::ended(child.wait_with_output().unwrap());
        lab.project.ended(run, 130).says("helm marks the release `web` as failed");
        assert_eq!(lab.status(), "failed", "it is not left locked");
        lab.values(&format!("replicas: 2\npods: {{ {READY} }}\n"));
        lab.up(0).says("2 pods ready");
    }

    pub(super) fn faults_say_what_to_do(lab: &Lab) {
        let project = &lab.project;
        lab.values("replicas: [\n");
        lab.up(1).says("values.yaml").says("a file of values is no YAML");
        project.write("values.yaml", "sops:\n  mac: ENC[AES256_GCM,data:x]\n");
        lab.up(78).says("`values.yaml` is encrypted");
        std::fs::remove_file(project.path("values.yaml")).unwrap();
        lab.up(78).says("there is no file of values `values.yaml`");
        lab.values("replicas: 1\n");
        project.edit("environments/dev/environment.toml", "charts/web", "charts/wbe");
        lab.up(78).says("there is no chart `charts/wbe`");
        project.edit(
            "environments/dev/environment.toml",
            "\"charts/wbe\"",
            "\"wbe\", repo = \"http://127.0.0.1:9\"",
        );
        lab.up(1).says("127.0.0.1:9").says("correct `repo`");
        project.write("charts/web/templates/bad.yaml", "{{ fail \"no such thing\" }}");
        lab.step("");
        lab.up(1).says("no such thing").says("cannot be rendered");
        project.write(
            "charts/web/templates/bad.yaml",
            "apiVersion: example.com/v1\nkind: Thing\nmetadata: { name: a }\n",
        );
        lab.up(1).says("does not know a kind of resource");
        project.write("charts/web/templates/bad.yaml", "");
        project.write(
            "charts/web/Chart.yaml",
            &format!(
                "{CHART}dependencies: [{{ name: pg, version: 1.0.0, repository: 'http://127.0.0.1:9' }}]\n"
            ),
        );
        lab.up(1).says("helm dependency build");
        project.write("charts/web/Chart.yaml", CHART);
        // What somebody else made.
        lab.kube.apply(&format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{ name: web, namespace: {} }}\n",
            lab.namespace
        ));
        lab.up(1).says("helm did not make");
        lab.kube.kubectl(&["delete", "secret", "web", "--namespace", &lab.namespace]);
        // Who may do nothing.
        let section = lab.kube.section();
        lab.write(&section.replace("\"lab\"", "\"viewer\""), "", "");
        lab.up(1).says("may not do this");
        lab.write(&section.replace("\"lab\"", "\"nowhere\""), "", "");
        lab.up(1).says("[cluster]");
        // Nobody there.
        let text = std::fs::read_to_string(lab.kube.kubeconfig()).unwrap();
        let at = text.find("127.0.0.1:").unwrap();
        let port: String = text[at + 10..].chars().take_while(char::is_ascii_digit).collect();
        project.write("away", &text.replace(&format!("127.0.0.1:{port}"), "127.0.0.1:9"));
        lab.write(&section.replace(&lab.kube.kubeconfig().display().to_string(), "away"), "", "");
        lab.up(1).says("the cluster does not answer");
        project
            .infractl(&["up", "dev", "--dry-run"])
            .code(0)
            .prints("what would change in the release is not known");
        lab.write("", "", "");
        lab.up(78).says("[cluster]");
        assert_eq!(lab.status(), "absent");
    }

    pub(super) fn two_at_once_do_not_harm_each_other(lab: &Lab) {
        lab.values("replicas: 3\n");
        let both = ["dev", "rec"].map(|name| start(&mut lab.project.command(&["up", name])));
        let ended = both.map(|child| Run::ended(child.wait_with_output().unwrap()));
        assert!(ended.iter().any(|run| run.code == 0), "{ended:?}");
        assert!(ended.iter().all(|run| matches!(run.code, 0 | 1 | 75)), "{ended:?}");
        lab.up(0).says("3 pods ready");
        assert_eq!(lab.status(), "deployed");
    }

    pub(super) fn a_script_does_the_same(lab: &Lab) {
        let script = lab.project.infractl(&["up", "dev", "--print"]).code(0).out;
        assert!(script.contains("--values -") && !script.contains("--set"), "{script}");
        lab.project.write("up.sh", &script);
        let mut command = Command::new("bash");
        command
            .arg("up.sh")
            .current_dir(lab.project.root())
            .envs(lab.project.vars.iter().cloned())
            .stdin(Stdio::null());
        command.env("HOME", lab.project.home.root()).env("PASSWORD", format!("{CANARY}helm"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(lab.status(), "deployed");
    }
}
