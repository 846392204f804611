//! The variables that terraform sees when it is started for an environment.

use secrecy::{ExposeSecret as _, SecretString};

use super::equip;
use crate::exec::{Cmd, Value};
use crate::failure::Failure;
use crate::work::StepCx;

/// The variables that terraform would see.
pub(crate) struct Seen {
    cmd: Cmd,
    vars: crate::context::Vars,
}

impl Seen {
    pub(crate) fn of(step: &StepCx<'_>) -> Result<Self, Failure> {
        Ok(Seen { cmd: equip(step, Cmd::new("terraform"))?, vars: step.cx.vars.clone() })
    }

    /// The value of one that is not empty.
    pub(crate) fn secret(&self, name: &str) -> Option<SecretString> {
        let found = match self.cmd.env.get(name) {
            Some(Value::Plain(text)) => Some(text.clone().into()),
            Some(Value::Secret(text)) => Some(text.clone()),
            None => self.vars.get(name).map(|text| text.to_owned().into()),
        };
        found.filter(|text: &SecretString| !text.expose_secret().is_empty())
    }

    /// The same as text.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.secret(name).map(|text| text.expose_secret().to_owned())
    }

    /// The first of these that is there.
    pub(crate) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.get(name))
    }
}
