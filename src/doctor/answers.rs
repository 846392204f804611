//! Credentials: does the cloud, the engine, the registry answer to whom we are?

use std::time::Duration;

use super::asks::Asks;
use super::finding::Finding;
use super::network;
use crate::disk;
use crate::exec::{Cmd, Io, RunError};
use crate::steps::terraform::equip_any;
use crate::text::{last_line, plain};
use crate::tools::docker;
use crate::work::{StepCx, values};

const GROUP: &str = "credentials";
/// A cloud that has not answered by then is told as silent.
const LIMIT: Duration = Duration::from_secs(10);

/// A question to a cloud.
struct Question {
    program: &'static str,
    args: &'static [&'static str],
    /// What its answer means, before it.
    means: &'static str,
    help: &'static str,
    /// A variable that leads the question elsewhere.
    endpoint: &'static str,
}

const QUESTIONS: [Question; 3] = [
    Question {
        program: "aws",
        args: &["sts", "get-caller-identity", "--query", "Arn", "--output", "text"],
        means: "aws knows us as",
        help: "log in (`aws sso login`), or put AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY into the secrets",
        endpoint: "AWS_ENDPOINT_URL",
    },
    Question {
        program: "openstack",
        args: &["token", "issue", "-f", "value", "-c", "expires"],
        means: "openstack gives a token until",
        help: "check OS_AUTH_URL, OS_USERNAME and OS_PASSWORD, or OS_CLOUD, in the secrets or your environment",
        endpoint: "OS_AUTH_URL",
    },
    Question {
        program: "az",
        args: &["account", "show", "--query", "name", "--output", "tsv", "--only-show-errors"],
        means: "az works in the subscription",
        help: "log in: `az login`",
        endpoint: "",
    },
];

/// Asks those that the environment uses.
pub(crate) async fn check(step: &StepCx<'_>, asks: &Asks) -> Vec<Finding> {
    let questions = QUESTIONS.iter().filter(|question| asks.program(question.program));
    let clouds = futures_util::future::join_all(questions.map(|question| cloud(step, question)));
    let engine = async { if asks.program("docker") { Some(engine(step).await) } else { None } };
    let (clouds, engine) = tokio::join!(clouds, engine);
    clouds.into_iter().flatten().chain(engine.flatten()).chain(registry(step)).collect()
}

async fn cloud(step: &StepCx<'_>, question: &Question) -> Option<Finding> {
    let Question { program, means, help, endpoint, .. } = question;
    let cmd = Cmd::new(*program).args(question.args.iter().copied()).io(Io::Capture).timeout(Some(LIMIT));
    let cmd = match equip_any(step, cmd) {
        Ok(cmd) => cmd,
        Err(failure) => return Some(Finding::failed(GROUP, failure)),
    };
    let is_led = cmd.env.contains_key(*endpoint) || step.cx.vars.get(endpoint).is_some();
    if !is_led && *program != "az" && !network::is_there() {
        return Some(
            Finding::warning(GROUP, format!("{program} was not asked: there is no network"))
                .help("connect this machine to a network"),
        );
    }
    Some(match step.quietly(&cmd).await {
        Ok(done) if done.code == 0 => {
            let said = String::from_utf8_lossy(&done.stdout);
            Finding::ok(GROUP, format!("{means} {}", plain(last_line(&said))))
        }
        Ok(done) => Finding::error(GROUP, format!("{program} does not answer to us"))
            .why(plain(last_line(&done.tail)).into_owned())
            .help(*help),
        // Said with the programs.
        Err(RunError::NotFound { .. }) => return None,
        Err(error) => Finding::error(GROUP, error.to_string()).help(*help),
    })
}

async fn engine(step: &StepCx<'_>) -> Option<Finding> {
    Some(match step.quietly(&docker::engine().timeout(Some(LIMIT))).await {
        Ok(done) if done.code == 0 => {
            let version = String::from_utf8_lossy(&done.stdout).trim().to_owned();
            Finding::ok(GROUP, format!("docker's engine {} answers", plain(&version)))
        }
        Ok(done) => Finding::error(GROUP, "docker's engine does not answer")
            .why(plain(last_line(&done.tail)).into_owned())
            .help("start it (`sudo systemctl start docker`, or Docker Desktop), or set DOCKER_HOST to where it is"),
        Err(RunError::NotFound { .. }) => return None,
        Err(error) => Finding::error(GROUP, error.to_string()).help("start docker, or set DOCKER_HOST"),
    })
}

/// Whether docker has a login for the registry, where it needs one; the registry itself is not asked.
fn registry(step: &StepCx<'_>) -> Option<Finding> {
    let registry = step.env.registry.as_ref()?;
    let server = values::argument(step, &registry.server.0).ok()?;
    if registry.login.is_some() || registry.password.is_some() {
        return Some(Finding::ok(GROUP, format!("a push logs in to {server} by itself")));
    }
    let file = docker::config_folder(&step.cx.vars)?.join("config.json");
    let text = disk::read_lossy_if_there(&file).ok().flatten();
    let config: serde_json::Value = serde_json::from_str(&text.unwrap_or_default()).unwrap_or_default();
    let has = |key: &str| config[key].get(&server).is_some();
    let is_known = has("auths") || has("credHelpers") || config["credsStore"].is_string();
    Some(if is_known {
        Finding::ok(GROUP, format!("docker has a login for {server}"))
    } else {
        Finding::warning(GROUP, format!("docker has no login for {server}"))
            .help(format!("log in: `docker login {server}`"))
    })
}
