//! Machines: does ssh answer there? Nobody logs in, so no host key is taken on trust.

use std::time::Duration;

use tokio::io::AsyncReadExt as _;

use super::asks::Asks;
use super::finding::Finding;
use crate::hosts::host::{self, Machine};
use crate::net::connect;
use crate::work::StepCx;
use crate::work::values::Known;

const GROUP: &str = "hosts";
/// A machine that has not answered by then is told as silent.
const LIMIT: Duration = Duration::from_secs(3);
/// The port of ssh.
const PORT: u16 = 22;

/// Asks all machines that steps log in to.
pub(crate) async fn check(step: &mut StepCx<'_>, asks: &Asks) -> Vec<Finding> {
    let known = Known::of(step);
    let mut findings = Vec::new();
    let mut machines: Vec<Machine> = Vec::new();
    for name in &asks.hosts {
        match host::machines(step, &known, name) {
            Ok(found) => machines.extend(found),
            Err(failure) => {
                let why = failure.error.to_string();
                let help = format!("apply first: `infractl apply {}`", step.env.name);
                findings.push(
                    Finding::warning(GROUP, format!("`{name}` has no address that is known now"))
                        .why(why)
                        .help(help),
                );
            }
        }
    }
    // A machine behind another one is reached from there only.
    let mut doors: Vec<&Machine> = machines.iter().map(door).collect();
    doors.sort_by(|a, b| a.name.cmp(&b.name));
    doors.dedup_by(|a, b| a.name == b.name);
    let environment = step.env.name.as_str();
    findings.extend(
        futures_util::future::join_all(doors.into_iter().map(|machine| ask(environment, machine))).await,
    );
    findings
}

fn door(machine: &Machine) -> &Machine {
    machine.jump.as_deref().map_or(machine, door)
}

async fn ask(environment: &str, machine: &Machine) -> Finding {
    let (name, port) = (&machine.name, machine.port.unwrap_or(PORT));
    let place = format!("{}:{port}", machine.address);
    let help = format!("see more: `infractl ssh {environment} {name} -v`");
    let no = |text: &str| Finding::error(GROUP, format!("`{name}` ({place}) does not answer: {text}"));
    let mut stream = match connect::connect(&machine.address, port, LIMIT).await {
        Ok(stream) => stream,
        Err(answer) => return answer.check.into_iter().fold(no(&answer.text), Finding::help).help(help),
    };
    let mut first = [0; 4];
    match tokio::time::timeout(LIMIT, stream.read_exact(&mut first)).await {
        Ok(Ok(_)) if first == *b"SSH-" => Finding::ok(GROUP, format!("`{name}` ({place}) answers")),
        Ok(Ok(_)) => no("what answers there is not ssh").help(help),
        Ok(Err(_)) => no("it hung up without an answer").help(help),
        Err(_) => no("connected, then silent").help(help),
    }
}
