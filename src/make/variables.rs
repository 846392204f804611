//! Variables of a shell: what is assigned and exported, and secrets among it.

use indexmap::IndexMap;

use super::maker::Maker;
use super::marks;
use super::note::At;
use super::secret;
use super::shell::{Piece, Simple, Word};
use super::words::{State, Whole, argument};

/// A password in an address, or behind an option that says so, becomes a variable.
pub(super) fn hide_secrets(maker: &mut Maker<'_>, at: &At, text: &str) -> String {
    let mut text = text.to_owned();
    let mut found: Vec<(String, String)> = Vec::new();
    if let Some(password) = secret::in_address(&text) {
        found.push(("PASSWORD".to_owned(), password.to_owned()));
    }
    for word in text.split_whitespace() {
        if let Some((name, value)) = word.split_once('=')
            && secret::is_secret(name, value)
            && !value.contains('$')
        {
            found.push((
                crate::text::upper_snake(name.trim_start_matches('-')),
                value.trim_matches(['"', '\'']).to_owned(),
            ));
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    for pair in words.windows(2) {
        if pair[0].starts_with("--") && secret::is_secret(pair[0], pair[1]) && !pair[1].starts_with('-') {
            let name = crate::text::upper_snake(pair[0].trim_start_matches('-'));
            found.push((name, pair[1].trim_matches(['"', '\'']).to_owned()));
        }
    }
    for (name, value) in found {
        maker.secret(at, &name, &value);
        text = text.replace(&format!("'{value}'"), &value).replace(&value, &marks::outer(&name, ""));
    }
    text
}

/// A variable of the shell.
pub(super) fn assign(
    maker: &mut Maker<'_>,
    state: &mut State,
    at: &At,
    name: &str,
    word: &Word,
    is_exported: bool,
) {
    let value = argument(word, state);
    if let Some(text) = word.text().filter(|text| secret::is_secret(name, text)) {
        maker.secret(at, name, text);
        state.vars.insert(name.to_owned(), Some(marks::outer(name, "")));
        return;
    }
    if is_exported && let Some(value) = &value {
        state.exports.insert(name.to_owned(), value.clone());
    }
    state.vars.insert(name.to_owned(), value);
}

/// A variable that programs see.
pub(super) fn export(
    maker: &mut Maker<'_>,
    state: &mut State,
    at: &At,
    word: &Word,
    is_exported: bool,
) -> Result<(), Whole> {
    let Some(Piece::Text(first)) = word.0.first() else { return Err(Whole) };
    let Some((name, rest)) = first.split_once('=') else {
        // A name alone: what it holds is seen from now on.
        if let Some(Some(value)) = state.vars.get(first.as_str()).cloned() {
            state.exports.insert(first.clone(), value);
        }
        return Ok(());
    };
    let mut pieces = word.0.clone();
    pieces[0] = Piece::Text(rest.to_owned());
    if rest.is_empty() {
        pieces.remove(0);
    }
    let (name, word) = (name.to_owned(), Word(pieces));
    assign(maker, state, at, &name, &word, is_exported);
    let is_known = state.vars.get(&name).is_some_and(Option::is_some);
    if is_known || !is_exported { Ok(()) } else { Err(Whole) }
}

/// What a command sees besides what every one sees.
pub(super) fn environment(
    maker: &mut Maker<'_>,
    simple: &Simple,
    state: &State,
    at: &At,
) -> Result<IndexMap<String, String>, Whole> {
    let mut env = state.exports.clone();
    for (name, word) in &simple.assigns {
        if let Some(text) = word.text().filter(|text| secret::is_secret(name, text)) {
            maker.secret(at, name, text);
            continue;
        }
        let value = argument(word, state).and_then(|value| marks::plain(&value)).ok_or(Whole)?;
        env.insert(name.clone(), value);
    }
    Ok(env)
}
