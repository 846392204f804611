//! Waits as loops with curl, openssl and bash's own sockets.

use indexmap::IndexMap;

use crate::config::model::{Input, Method};
use crate::config::step::{Until, Wait};
use crate::config::template::Rendered;
use crate::failure::Failure;
use crate::steps::command;
use crate::steps::http::{is_harmless, pattern};
use crate::text::JsonPath;
use crate::work::script::{Script, literal, no_script, seconds};
use crate::work::values::{Known, no_value};
use crate::work::{StepCx, relative};
use secrecy::ExposeSecret as _;

impl Script {
    pub(crate) fn wait(
        &mut self,
        step: &StepCx<'_>,
        wait: &Wait,
        known: &Known,
    ) -> Result<Vec<String>, Failure> {
        let each = seconds(wait.each);
        let (mut before, mut defined) = (String::new(), String::new());
        let check = match &wait.until {
            Until::Tcp { address } => {
                self.helpers.insert("tcp_answers");
                format!("tcp_answers {} {each}", self.argument(step, known, address)?)
            }
            Until::Http { url, method, status, body, json, headers, redirects, address, ca } => {
                if *redirects && !headers.keys().all(|name| is_harmless(name)) {
                    // curl takes them along to another server.
                    return Err(no_script(step));
                }
                self.helpers.insert("http_answers");
                for (name, template) in headers {
                    let text = match known.render(step, template)? {
                        Rendered::Plain(text) => text,
                        Rendered::Secret(text) => text.expose_secret().to_owned(),
                    };
                    before.push_str(&format!("printf '%s\\n' {}; ", self.word(&format!("{name}: {text}"))));
                }
                let status = if status.is_empty() { "2..".to_owned() } else { pattern(status) };
                let values = self.values(step, known, json)?;
                let mut judge = String::new();
                if !values.is_empty() {
                    let name = format!("check_{}_json", step.frame.number);
                    defined = format!("{name}() {{ {}; }}; ", values.join(" && "));
                    judge = format!("judge={name} ");
                }
                let mut check = format!(
                    "{judge}http_answers {} {each} {} {}",
                    self.argument(step, known, url)?,
                    literal(&status),
                    or_empty(body.as_deref())
                );
                match method {
                    Method::Get => {}
                    Method::Head => check.push_str(" --head"),
                    method => check.push_str(&format!(" --request {}", method.word())),
                }
                if *redirects {
                    check.push_str(" -L");
                }
                if let Some(at) = address {
                    let at = self.argument(step, known, at)?;
                    check.push_str(&format!(" --connect-to ::{at}:"));
                }
                if let Some(ca) = ca {
                    check.push_str(&format!(" --cacert {}", literal(&relative(step, ca))));
                }
                check
            }
            Until::Tls { name, issuer, days_left, address: at, ca } => {
                self.helpers.insert("tls_is_good");
                let mut address = self.argument(step, known, name)?;
                if !name.0.as_str().contains(':') {
                    address.push_str(":443");
                }
                let mut check =
                    format!("tls_is_good {address} {each} {days_left} {}", or_empty(issuer.as_deref()));
                if let Some(at) = at {
                    // The last one counts.
                    let port = address.rsplit(':').next().unwrap_or("443").trim_end_matches('\'').to_owned();
                    check.push_str(&format!(" -connect {}:{port}", self.argument(step, known, at)?));
                }
                if let Some(ca) = ca {
                    check.push_str(&format!(" -CAfile {}", literal(&relative(step, ca))));
                }
                check
            }
            Until::File { path, .. } => format!("[ -e {} ]", self.argument(step, known, path)?),
            Until::Command { command, output, .. } => {
                let mut cmd = command::build(step, command, known)?;
                cmd.env.retain(|name, _| command.env.contains_key(name));
                // One word for the loop: the line is run by a shell of its own below.
                let line = self.command(step, &cmd);
                let body = format!("check_{}() {{ {line}; }}", step.frame.number);
                let name = format!("check_{}", step.frame.number);
                let check = match output {
                    Some(pattern) => {
                        self.helpers.insert("matches");
                        format!("matches {} {name}", or_empty(Some(pattern)))
                    }
                    None => name,
                };
                return Ok(vec![format!("{{ {body}; }}"), self.wait_for(step, wait, &check)]);
            }
            Until::Ecs { name, cluster, region } => {
                let ecs = super::ecs::Ecs::of(step, known, name, cluster.as_ref(), region.as_ref())?;
                let line = self.command(step, &ecs.steady_by_program().ok_or_else(|| no_script(step))?);
                let name = format!("check_{}", step.frame.number);
                let defined = format!("{{ {name}() {{ [ -n \"$( {line} )\" ]; }}; }}");
                return Ok(vec![defined, self.wait_for(step, wait, &name)]);
            }
            Until::Object { aspect, of, namespace, selector } => {
                let words = [namespace.as_ref(), selector.as_ref()];
                let objects = super::kubernetes::Objects::of(step, known, aspect, of, words)?;
                let lines = objects.script(step, self)?;
                let name = format!("check_{}", step.frame.number);
                return Ok(vec![format!("{{ {name}() {{ {lines}; }}; }}"), self.wait_for(step, wait, &name)]);
            }
            Until::Ssh { .. } => ":".to_owned(),
        };
        let line = self.wait_for(step, wait, &check);
        Ok(match &wait.until {
            // Each try reads the header lines anew.
            Until::Http { .. } => {
                let name = format!("check_{}", step.frame.number);
                let check = match before.as_str() {
                    "" => format!("{check} </dev/null"),
                    lines => format!("{{ {lines}}} | {check}"),
                };
                vec![format!("{{ {defined}{name}() {{ {check}; }}; }}"), self.wait_for(step, wait, &name)]
            }
            _ => vec![line],
        })
    }

    fn wait_for(&mut self, step: &StepCx<'_>, wait: &Wait, check: &str) -> String {
        let what = step.name.strip_prefix("wait ").unwrap_or(step.name);
        let line = format!("{} {} {}", literal(what), wait.attempts, wait.every.as_millis());
        if wait.hold.is_zero() {
            self.helpers.insert("wait_for");
            return format!("wait_for {line} {check}");
        }
        self.helpers.insert("hold_for");
        let breaks = wait.at_most.map_or(-1, i64::from);
        format!("hold_for {line} {} {breaks} {check}", wait.hold.as_millis())
    }

    /// The values that the JSON of an answer has to have, each as a question about a file.
    fn values(
        &mut self,
        step: &StepCx<'_>,
        known: &Known,
        json: &IndexMap<String, Input>,
    ) -> Result<Vec<String>, Failure> {
        let mut all = Vec::new();
        for (path, value) in json {
            self.helpers.insert("json_is");
            let (value, _) = value.fill(&known.scope(step)).map_err(|error| no_value(step, error))?;
            let path = JsonPath::parse(path).map_or_else(|| path.clone(), |path| path.for_jq());
            let value = self.word(&crate::work::values::text(&value));
            all.push(format!("json_is \"$1\" {} {value}", literal(&path)));
        }
        Ok(all)
    }

    fn argument(
        &mut self,
        step: &StepCx<'_>,
        known: &Known,
        argument: &crate::config::model::Argument,
    ) -> Result<String, Failure> {
        let text = known.argument(step, &argument.0)?;
        Ok(self.word(&text))
    }
}

fn or_empty(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).map_or_else(|| "''".to_owned(), literal)
}
