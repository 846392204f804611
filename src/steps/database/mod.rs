//! A role and a database of a PostgreSQL server: looked up, made where they are missing, never dropped.

mod made;
mod connect;

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use self::connect::Server;
use crate::config::Environment;
use crate::config::model::{Database, SecretOrTemplate};
use crate::config::template::{Rendered, Template};
use crate::config::verbs::Effect;
use crate::exec::BoxFuture;
use crate::failure::{Failure, Kind};
use crate::tools::postgres::Address;
use crate::tools::postgres::role::LONGEST;
use crate::work::StepCx;
use crate::work::kind::{Mention, StepKind};
use crate::work::script::Script;
use crate::work::values::{self, Known};

/// How long all of it may take, when the step has no limit.
const LIMIT: Duration = Duration::from_secs(600);

impl StepKind for Database {
    fn visit(&self, _: &Environment, see: &mut dyn FnMut(Mention<'_>)) {
        see(Mention::Template(&self.url));
        see(Mention::Template(&self.role.0));
        let arguments = self.name.iter().chain(&self.extensions);
        arguments.for_each(|argument| see(Mention::Template(&argument.0)));
        self.password.iter().for_each(|password| see(Mention::Template(&password.0)));
    }

    fn effect(&self) -> Option<Effect> {
        Some(Effect::Changes)
    }

    fn run<'a>(&'a self, step: &'a mut StepCx<'_>) -> BoxFuture<'a, Result<String, Failure>> {
        Box::pin(run(step, self))
    }

    fn describe(&self, step: &mut StepCx<'_>) -> Result<Vec<String>, Failure> {
        let names = Names::of(step, &Known::shown(step, self), self)?;
        let password = if self.password.is_some() { ", its password if a login with it fails" } else { "" };
        let mut line = format!("# PostgreSQL, what is missing of it: the role {}{password}", names.role);
        line.push_str(&format!(", its database {}", names.database));
        if !names.extensions.is_empty() {
            line.push_str(&format!(" with {}", names.extensions.join(", ")));
        }
        Ok(vec![line])
    }

    fn script(&self, step: &StepCx<'_>, _: &mut Script) -> Result<Vec<String>, Failure> {
        let why = format!(
            "`{}` has no script: psql would be given the password in clear, which the server may write into its log",
            step.name
        );
        Err(Failure::new(Kind::Usage, why).help("leave it out with `--skip`"))
    }
}

/// What is made, by its names.
struct Names {
    role: String,
    database: String,
    extensions: Vec<String>,
}

impl Names {
    fn of(step: &StepCx<'_>, known: &Known, wanted: &Database) -> Result<Names, Failure> {
        let name = |template: &Template, what: &str| {
            let name = known.argument(step, template)?;
            if name.is_empty() || name.len() > LONGEST || name.contains('\0') {
                let message = format!("`{name}` cannot be the name of {what}");
                return Err(Failure::new(Kind::Config, message)
                    .help(format!("use 1 to {LONGEST} bytes: a longer one is cut by PostgreSQL")));
            }
            Ok(name)
        };
        let role = name(&wanted.role.0, "a role")?;
        let database = wanted.name.as_ref().map(|given| name(&given.0, "a database")).transpose()?;
        let extensions = wanted.extensions.iter().map(|given| name(&given.0, "an extension"));
        Ok(Names {
            database: database.unwrap_or_else(|| role.clone()),
            role,
            extensions: extensions.collect::<Result<_, Failure>>()?,
        })
    }
}

async fn run(step: &mut StepCx<'_>, wanted: &Database) -> Result<String, Failure> {
    let known = Known::of(step);
    let names = Names::of(step, &known, wanted)?;
    let url = secret(step, &known, &wanted.url)?;
    let address = Address::parse(url.expose_secret(), true).map_err(|why| {
        Failure::new(Kind::Config, format!("the `url` of `{}` is not understood: {why}", step.name))
            .help("write it as `postgres://USER:PASSWORD@HOST:PORT/postgres`")
    })?;
    if let Some(password) = address.password() {
        values::mask(step, "password", password.expose_secret());
    }
    let password = match &wanted.password {
        Some(SecretOrTemplate(template)) => Some(password(step, &secret(step, &known, template)?)?),
        None => None,
    };
    let server = Server::new(step, &address)?;
    let limit = step.left().unwrap_or(LIMIT);
    tokio::select! {
        made = tokio::time::timeout(limit, made::all(step, &server, &names, password.as_ref())) => {
            made.unwrap_or_else(|_| {
                let limit = crate::text::duration(limit);
                Err(StepCx::too_late(format!("PostgreSQL at {} took longer than {limit}", server.shown)))
            })
        }
        () = step.cx.interrupts.pressed() => {
            Err(step.interrupted(format!("`{}` of `{}` was stopped", step.name, step.env.name)))
        }
    }
}

fn secret(step: &StepCx<'_>, known: &Known, template: &Template) -> Result<SecretString, Failure> {
    Ok(match known.render(step, template)? {
        Rendered::Plain(text) => text.into(),
        Rendered::Secret(text) => text,
    })
}

/// One that can be a password.
fn password(step: &StepCx<'_>, text: &SecretString) -> Result<SecretString, Failure> {
    let text = text.expose_secret();
    if text.is_empty() || text.contains('\0') {
        let message = format!("the password of `{}` is empty, or holds a NUL", step.name);
        return Err(
            Failure::new(Kind::Secrets, message).help("give it another value: nobody could log in with it")
        );
    }
    values::mask(step, "password", text);
    Ok(text.to_owned().into())
}
