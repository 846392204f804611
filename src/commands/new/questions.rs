//! What `new` asks at a terminal.

use std::path::Path;

use secrecy::SecretString;

use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::secrets::names;
use crate::starter::{self, Given, Template};
use crate::ui::prompt;

/// What is taken when nobody is asked.
const ENVIRONMENTS: &str = "dev,prod";

/// What the root modules begin with.
pub(super) fn template(cx: &Ctx) -> Result<Template, Failure> {
    if !cx.ui.mode.can_ask {
        return Ok(Template::Empty);
    }
    let about: Vec<String> = Template::ALL.iter().map(|template| template.about().to_owned()).collect();
    let picked = prompt::pick_or_first(&cx.ui, "What does it begin with", &about)?;
    Ok(Template::ALL.get(picked).copied().unwrap_or(Template::Empty))
}

/// The names of the environments.
pub(super) fn environments(cx: &Ctx) -> Result<Vec<String>, Failure> {
    let answer = if cx.ui.mode.can_ask {
        prompt::line(&cx.ui, "Environments", Some(ENVIRONMENTS))?
    } else {
        ENVIRONMENTS.to_owned()
    };
    Ok(answer.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

/// The secrets that the template wants and that are not there yet; without a template one of any name. An empty answer
/// is none.
pub(super) fn secrets(
    cx: &Ctx,
    template: Option<Template>,
    mut given: Vec<Given>,
    root: &Path,
) -> Result<Vec<Given>, Failure> {
    // Standard input has been read, or everything was said by flags.
    if !cx.ui.mode.can_ask || !given.is_empty() {
        return Ok(given);
    }
    let Some(template) = template else { return Ok(given) };
    let file = root.join(starter::common());
    if file.exists() {
        return Ok(given);
    }
    for name in template.secrets() {
        given.extend(secret(cx, name)?);
    }
    if template.secrets().is_empty() {
        let name = prompt::line(&cx.ui, "Name of a first secret (Enter for none)", None)?;
        let name = name.trim();
        if !name.is_empty() {
            if let Some(reason) = names::unusable(name.as_bytes()) {
                return Err(Failure::new(
                    Kind::Usage,
                    format!("`{}` can be no secret: {reason}", name.escape_debug()),
                ));
            }
            given.extend(secret(cx, name)?);
        }
    }
    Ok(given)
}

fn secret(cx: &Ctx, name: &str) -> Result<Option<Given>, Failure> {
    let typed = prompt::hidden(&cx.ui, &format!("Value of {name} (Enter for later)"))?;
    if typed.more {
        return Err(Failure::new(
            Kind::Usage,
            "several lines were pasted, and this terminal does not mark their end",
        )
        .help(format!("put it in afterwards: `infractl secrets set common {name} --from-file FILE`")));
    }
    let text = String::from_utf8_lossy(&typed.text).into_owned();
    let value = SecretString::from(text);
    let is_none = secrecy::ExposeSecret::expose_secret(&value).is_empty();
    Ok((!is_none).then(|| Given { environment: None, name: name.to_owned(), value }))
}
