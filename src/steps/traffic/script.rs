//! Traffic as lines of bash. What was there before returns when the script ends badly, by its trap.

use super::sides::Sides;
use super::store::Store;
use super::{Traffic, own::Own};
use crate::config::model::CommandTable;
use crate::failure::Failure;
use crate::steps::command::build;
use crate::work::StepCx;
use crate::work::marked::marked;
use crate::work::script::{Script, literal, no_script};
use crate::work::values::Known;

impl Script {
    /// How shares are read and set, and what is wanted.
    pub(super) fn traffic(&mut self, step: &StepCx<'_>, traffic: &Traffic) -> Result<Vec<String>, Failure> {
        let name = &traffic.step.route.0;
        let known = marked(step, traffic);
        let (get, set) = match Store::known(step, &known, name)? {
            Store::Caddy(caddy) => self.caddy(&caddy.admin.url(&format!("/id/{}", caddy.id)), &caddy.sides),
            Store::Own(own) => self.own(step, &own, &known)?,
            // What is changed there is more than weights, and only infractl knows how the rest of it stays.
            Store::Alb(_) | Store::Route53(_) => return Err(no_script(step)),
        };
        let wanted = match (traffic.exactly, traffic.ends, traffic.step.green, traffic.step.to) {
            (None, false, Some(green), _) => green.to_string(),
            (None, false, None, Some(side)) => side.word().to_owned(),
            // What is written down only infractl knows.
            _ => return Err(no_script(step)),
        };
        self.helpers.insert("traffic_to");
        let function = name.replace('-', "_");
        Ok(vec![
            format!("traffic_get_{function}() {{ {get}; }}"),
            format!("traffic_set_{function}() {{ {set}; }}"),
            format!("traffic_to {} {wanted}", literal(&function)),
        ])
    }

    fn caddy(&mut self, url: &str, sides: &Sides) -> (String, String) {
        self.helpers.insert("caddy_upstreams");
        let (url, blue, green) = (self.word(url), self.word(&sides.blue), self.word(&sides.green));
        (
            format!("caddy_upstreams {url} {blue} {green}"),
            format!("caddy_upstreams {url} {blue} {green} \"$1\" \"$2\""),
        )
    }

    fn own(&mut self, step: &StepCx<'_>, own: &Own, known: &Known) -> Result<(String, String), Failure> {
        let mut line = |table: &CommandTable, given: &[(&str, &str)]| -> Result<String, Failure> {
            let mut cmd = build(step, table, known)?;
            cmd.env.retain(|name, _| table.env.contains_key(name));
            let mut cmd = cmd.env("INFRACTL_ROUTE", &own.route);
            for (name, _) in given {
                cmd = cmd.env(*name, format!("TRAFFIC_{name}"));
            }
            let mut line = self.command(step, &cmd);
            for (name, value) in given {
                line = line.replace(&format!("TRAFFIC_{name}"), value);
            }
            Ok(line)
        };
        let get = line(&own.get, &[])?;
        let set = line(&own.set, &[("INFRACTL_BLUE", "\"$1\""), ("INFRACTL_GREEN", "\"$2\"")])?;
        Ok((
            format!(
                "{{ traffic_green=$( {get} ) && echo \"$((100 - ${{traffic_green%%%}})) ${{traffic_green%%%}}\"; }}"
            ),
            set,
        ))
    }
}
