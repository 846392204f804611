//! What is said before a file of secrets is written: who can read it although he should not, what stays in clear, what no
//! program can use.

use std::path::Path;

use crate::context::Ctx;
use crate::secrets::differs::{self, Differences};
use crate::secrets::names::{Remarks, Values};
use crate::secrets::{Labels, SecretsError, Store, Wrong};
use crate::sops::{Encrypted, Format, KeyGroups, Plain, Rule, Survey};

/// What a document was before it was changed: of that nothing is said again.
#[derive(Debug, Default)]
pub(crate) struct Before {
    clear: Vec<String>,
    remarks: Remarks,
    values: Values,
}

impl Before {
    /// Looks at it; `values` are those that it is changed by.
    pub(crate) fn of(plain: &Plain, values: Values) -> Self {
        Before { clear: survey(plain).clear, remarks: Remarks::of(plain, values), values }
    }
}

/// Refuses what no program can use and a file of which nothing would be encrypted; warns of what is odd and of what stays
/// in clear, unless it was so before.
pub(crate) fn content(cx: &Ctx, file: &str, plain: &Plain, before: &Before) -> Result<(), SecretsError> {
    for remark in Remarks::of(plain, before.values).since(&before.remarks).odd(file)? {
        cx.ui.warn(format!("`{file}`: {remark}"));
    }
    let (survey, rule) = (survey(plain), plain.metadata().rule());
    if let Some(why) = differs::nothing(&survey, rule) {
        return Err(SecretsError::NothingEncrypted { file: file.to_owned(), why });
    }
    let clear: Vec<String> = survey.clear.into_iter().filter(|name| !before.clear.contains(name)).collect();
    // Whoever writes such a name knows.
    if !clear.is_empty() && !matches!(rule, Rule::UnencryptedSuffix(_)) {
        let by = differs::text(rule);
        cx.ui.warn(format!("`{file}`: in clear stays, by its rule `{by}`: {}", clear.join(", ")));
    }
    Ok(())
}

/// Warns when a file that is there is for others, or encrypted otherwise, than the rule for it says.
pub(crate) fn differences(cx: &Ctx, store: &Store<'_>, path: &Path, file: &Encrypted) {
    let found = from_rule(store, path, file);
    [found.readers, found.content].into_iter().flatten().for_each(|wrong| warn(cx, wrong));
}

/// The same for a file whose readers are about to be as the rule says.
pub(crate) fn clear(cx: &Ctx, store: &Store<'_>, path: &Path, file: &Encrypted) {
    from_rule(store, path, file).content.into_iter().for_each(|wrong| warn(cx, wrong));
}

fn from_rule(store: &Store<'_>, path: &Path, file: &Encrypted) -> Differences {
    differs::from_rule(store.root(), store.keys().named_rules().as_deref(), path, file)
}

fn warn(cx: &Ctx, wrong: Wrong) {
    cx.ui.warn(format!("`{}`: {}", wrong.file, wrong.message));
    if let Some(help) = wrong.help {
        cx.ui.note(help);
    }
}

/// Warns when none of the keys of whoever writes a file is among those that will open it.
pub(crate) async fn shut_out(cx: &Ctx, store: &mut Store<'_>, file: &str, recipients: &KeyGroups) {
    if !store.can_open(recipients, cx.runner.as_ref()).await {
        let labels = Labels::of_project(store.root(), store.keys().named_rules().as_deref());
        let names: Vec<String> = recipients.groups.iter().flatten().map(|key| labels.short(key)).collect();
        cx.ui.warn(format!(
            "none of your keys will open `{file}`: it is for {} only",
            crate::text::list(&names, "and")
        ));
    }
}

fn survey(plain: &Plain) -> Survey {
    match plain.format() {
        Format::Binary => Survey::default(),
        _ => Survey::of(plain.branches(), plain.metadata().rule()),
    }
}
