//! Asks people; refuses when nobody is there.

use std::io::ErrorKind;

use dialoguer::console::Term;

use crate::failure::{Failure, Kind};
use crate::ui::Ui;
use crate::ui::hidden::{self, NoAnswer, Typed};

/// Asks for the name of a thing before it is harmed. Anything else than the name declines.
pub(crate) fn confirm_name(ui: &Ui, question: &str, name: &str) -> Result<(), Failure> {
    if !ui.mode.can_ask {
        return Err(Failure::new(Kind::Declined, format!("{question}: nobody is there to ask"))
            .help(format!("pass `--confirm {name}` if you mean it")));
    }
    let input: dialoguer::Input<'_, String> =
        dialoguer::Input::new().with_prompt(format!("{question}. Type `{name}` to go on")).allow_empty(true);
    let answer = ask(ui, true, |term| input.interact_text_on(term))?;
    if answer.trim() == name {
        Ok(())
    } else {
        Err(Failure::new(Kind::Declined, format!("declined: that is not `{name}`; nothing was done")))
    }
}

/// Lets the user pick one of several names.
pub(crate) fn pick(ui: &Ui, question: &str, names: &[String]) -> Result<String, Failure> {
    if !ui.mode.can_ask {
        return Err(Failure::new(Kind::Usage, format!("{question}: nobody is there to ask")));
    }
    // Nothing is chosen beforehand: Enter alone picks nothing.
    let select = dialoguer::Select::new().with_prompt(question).items(names);
    ask(ui, false, |term| select.interact_on_opt(term))?
        .and_then(|index| names.get(index).cloned())
        .ok_or_else(|| Failure::new(Kind::Declined, "declined; nothing was done"))
}

/// The same with the first one chosen beforehand; its number.
pub(crate) fn pick_or_first(ui: &Ui, question: &str, names: &[String]) -> Result<usize, Failure> {
    let select = dialoguer::Select::new().with_prompt(question).items(names).default(0);
    ask(ui, false, |term| select.interact_on_opt(term))?
        .ok_or_else(|| Failure::new(Kind::Declined, "declined; nothing was done"))
}

/// Asks for a line of text; Enter alone is the usual answer, or none.
pub(crate) fn line(ui: &Ui, question: &str, usual: Option<&str>) -> Result<String, Failure> {
    let mut input: dialoguer::Input<'_, String> =
        dialoguer::Input::new().with_prompt(question).allow_empty(true);
    if let Some(usual) = usual {
        input = input.default(usual.to_owned());
    }
    ask(ui, true, |term| input.interact_text_on(term))
}

/// Asks for a text that is not shown while it is typed.
pub(crate) fn hidden(ui: &Ui, question: &str) -> Result<Typed, Failure> {
    if !ui.mode.can_ask {
        return Err(Failure::new(Kind::Declined, format!("{question}: nobody is there to ask")));
    }
    match ui.suspended(|| hidden::read(question)) {
        Some(Ok(typed)) => Ok(typed),
        Some(Err(NoAnswer::Interrupted)) => {
            Err(Failure::new(Kind::Interrupted, "interrupted; nothing was done"))
        }
        Some(Err(error)) => Err(Failure::new(Kind::Declined, format!("{error}; nothing was done"))),
        None => Err(Failure::new(Kind::Declined, "no answer; nothing was done")),
    }
}

/// Asks a question with two answers; no is the first.
pub(crate) fn yes(ui: &Ui, question: &str) -> Result<bool, Failure> {
    if !ui.mode.can_ask {
        return Err(Failure::new(Kind::Declined, format!("{question} Nobody is there to ask")));
    }
    let input = dialoguer::Confirm::new().with_prompt(question).default(false);
    ask(ui, true, |term| input.interact_on(term))
}

/// Asks with the terminal for itself, and leaves it as it was, however that ends.
fn ask<T>(
    ui: &Ui,
    ends_line: bool,
    question: impl FnOnce(&Term) -> dialoguer::Result<T>,
) -> Result<T, Failure> {
    let answer = ui.suspended(|| {
        let term = Term::stderr();
        let answer = question(&term);
        if answer.is_err() {
            // Lists hide the cursor; what was half typed is no line yet.
            let _ = term.show_cursor();
            let _ = if ends_line { term.write_line("") } else { Ok(()) };
        }
        answer
    });
    match answer {
        Some(Ok(answer)) => Ok(answer),
        Some(Err(dialoguer::Error::IO(error))) if error.kind() == ErrorKind::Interrupted => {
            Err(Failure::new(Kind::Interrupted, "interrupted; nothing was done"))
        }
        Some(Err(error)) => {
            Err(Failure::new(Kind::Declined, format!("no answer: {error}; nothing was done")))
        }
        None => Err(Failure::new(Kind::Declined, "no answer; nothing was done")),
    }
}
