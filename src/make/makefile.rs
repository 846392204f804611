//! A Makefile as it stands: its lines as what they are, nothing looked up yet.

use super::lines::{Line, logical};
use super::note::At;
use super::split::{split_at, without_comment, word};

/// A line and what it is.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Where it begins.
    pub at: At,
    /// What it is.
    pub is: Is,
}

/// What a line is.
#[derive(Debug, Clone)]
pub(super) enum Is {
    /// Nothing, or a comment.
    Blank,
    /// A variable gets a value.
    Set(Set),
    /// Targets and what they need; recipe lines follow.
    Rule(Rule),
    /// A line for the shell.
    Recipe(String),
    /// `ifeq`, `ifneq`, `ifdef`, `ifndef`.
    If(Condition),
    /// `else`, with another condition or without one.
    Else(Option<Condition>),
    /// `endif`.
    Endif,
    /// Another file stands here; whether make minds when it is not there.
    Include(String, bool),
    /// Variables that programs see; all of them when there is no name.
    Export(Vec<String>),
    /// What make knows and has no meaning for infractl.
    Directive,
    /// Why it is nothing that make would take.
    Unknown(&'static str),
}

/// A variable gets a value.
#[derive(Debug, Clone)]
pub(super) struct Set {
    pub name: String,
    pub how: How,
    pub value: String,
    pub is_exported: bool,
    /// Only for these targets.
    pub targets: Vec<String>,
}

/// How a variable gets its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// `=`: read when it is used.
    Late,
    /// `:=`: read at once.
    Now,
    /// `?=`: unless it has one.
    Unless,
    /// `+=`: more of it.
    More,
    /// `!=`: what a command prints.
    Shell,
}

/// Targets and what they need.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub targets: String,
    pub needs: String,
}

/// A condition as written.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub is_negated: bool,
    /// The name of a variable, or two texts that are compared.
    pub of: Compared,
}

/// What a condition looks at.
#[derive(Debug, Clone)]
pub(super) enum Compared {
    Defined(String),
    Texts(String, String),
}

/// A file as its lines, and what each of them is.
pub(super) fn parse(file: &str, text: &str) -> (Vec<Line>, Vec<Item>) {
    let lines = logical(file, text);
    let mut items = Vec::with_capacity(lines.len());
    let mut prefix = '\t';
    let mut in_rule = false;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let is_recipe = line.text.starts_with(prefix) || (prefix == '\t' && line.is_recipe);
        if is_recipe && in_rule {
            let text = if line.is_recipe { line.text.as_str() } else { &line.text[prefix.len_utf8()..] };
            items.push(Item { at: line.at.clone(), is: Is::Recipe(text.to_owned()) });
            continue;
        }
        let bare = without_comment(line.text.trim()).trim();
        if let Some(rest) = word(bare, "define") {
            let (set, end) = define(rest, &lines, at);
            at = end;
            items.push(Item { at: line.at.clone(), is: Is::Set(set) });
            continue;
        }
        let is = what(bare);
        if let Is::Set(set) = &is
            && set.name == ".RECIPEPREFIX"
        {
            prefix = set.value.chars().next().unwrap_or('\t');
        }
        if let Is::Rule(rule) = &is
            && let Some((needs, recipe)) = split_at(&rule.needs, ';')
        {
            let rule = Rule { targets: rule.targets.clone(), needs: needs.to_owned() };
            items.push(Item { at: line.at.clone(), is: Is::Rule(rule) });
            items.push(Item { at: line.at.clone(), is: Is::Recipe(recipe.trim().to_owned()) });
            in_rule = true;
            continue;
        }
        match &is {
            Is::Rule(_) => in_rule = true,
            // Conditions stand between the lines of a recipe as well.
            Is::Blank | Is::If(_) | Is::Else(_) | Is::Endif => {}
            Is::Unknown(_) if in_rule && line.text.starts_with(' ') => {
                let why = "begins with blanks where make wants a tab";
                items.push(Item { at: line.at.clone(), is: Is::Unknown(why) });
                continue;
            }
            _ => in_rule = false,
        }
        items.push(Item { at: line.at.clone(), is });
    }
    (lines, items)
}

/// What a line outside of a recipe is.
fn what(line: &str) -> Is {
    if line.is_empty() {
        return Is::Blank;
    }
    if let Some(condition) = condition(line) {
        return Is::If(condition);
    }
    if let Some(rest) = word(line, "else") {
        return Is::Else(condition(rest.trim()));
    }
    if word(line, "endif").is_some() {
        return Is::Endif;
    }
    for (name, may_miss) in [("include", false), ("-include", true), ("sinclude", true)] {
        if let Some(rest) = word(line, name) {
            return Is::Include(rest.trim().to_owned(), may_miss);
        }
    }
    if let Some(set) = assignment(line) {
        return Is::Set(set);
    }
    if let Some(rest) = word(line, "export") {
        return Is::Export(rest.split_whitespace().map(str::to_owned).collect());
    }
    if ["unexport", "vpath", "endef", "undefine", "load"].iter().any(|name| word(line, name).is_some()) {
        return Is::Directive;
    }
    rule(line)
}

fn rule(line: &str) -> Is {
    let Some((targets, needs)) = split_at(line, ':') else {
        // A call such as `$(eval …)` or `$(info …)` may stand alone.
        let is_call = line.starts_with("$(") || line.starts_with("${");
        return if is_call {
            Is::Unknown("only make could tell what it makes")
        } else {
            Is::Unknown("is no line of make")
        };
    };
    let needs = needs.trim_start_matches(':').trim();
    let names = || targets.split_whitespace().map(str::to_owned).collect();
    match assignment(needs).filter(|_| !needs.starts_with(';')) {
        Some(set) => Is::Set(Set { targets: names(), ..set }),
        None => Is::Rule(Rule { targets: targets.trim().to_owned(), needs: needs.to_owned() }),
    }
}

/// A line that gives a variable a value.
pub(super) fn assignment(line: &str) -> Option<Set> {
    let mut rest = line;
    let mut is_exported = false;
    while let Some((name, more)) = ["export", "override", "private"]
        .iter()
        .find_map(|name| Some((*name, word(rest, name)?)))
        .filter(|(_, more)| !more.trim_start().starts_with(['=', ':', '?', '+']))
    {
        is_exported |= name == "export";
        rest = more.trim_start();
    }
    let mut depth = 0_usize;
    let bytes = rest.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            b'=' if depth == 0 => {
                let (name, how) = operator(&rest[..at]);
                let name = name.trim();
                let is_name = !name.is_empty() && !name.contains(char::is_whitespace);
                let value = rest[at + 1..].trim_start().to_owned();
                return is_name.then(|| Set {
                    name: name.to_owned(),
                    how,
                    value,
                    is_exported,
                    targets: Vec::new(),
                });
            }
            b':' if depth == 0 && !matches!(bytes.get(at + 1), Some(b'=' | b':')) => return None,
            b':' if depth == 0
                && rest[at..].starts_with("::")
                && !rest[at..].trim_start_matches(':').starts_with('=') =>
            {
                return None;
            }
            _ => {}
        }
    }
    None
}

fn operator(before: &str) -> (&str, How) {
    match before.as_bytes().last() {
        Some(b'?') => (&before[..before.len() - 1], How::Unless),
        Some(b'+') => (&before[..before.len() - 1], How::More),
        Some(b'!') => (&before[..before.len() - 1], How::Shell),
        Some(b':') => (before.trim_end_matches(':'), How::Now),
        _ => (before, How::Late),
    }
}

/// The lines up to `endef`, and the number of the line behind it.
fn define(rest: &str, lines: &[Line], from: usize) -> (Set, usize) {
    let name = rest.trim().trim_end_matches(['=', ':', '?', '+']).trim();
    let (mut depth, mut at) = (1, from);
    let mut body: Vec<&str> = Vec::new();
    while let Some(line) = lines.get(at) {
        at += 1;
        let bare = line.text.trim();
        depth += usize::from(!line.is_recipe && word(bare, "define").is_some());
        depth -= usize::from(!line.is_recipe && word(bare, "endef").is_some());
        if depth == 0 {
            break;
        }
        body.push(&line.text);
    }
    let set = Set {
        name: name.to_owned(),
        how: How::Late,
        value: body.join("\n"),
        is_exported: false,
        targets: Vec::new(),
    };
    (set, at)
}

fn condition(line: &str) -> Option<Condition> {
    for (name, is_negated) in [("ifdef", false), ("ifndef", true)] {
        if let Some(rest) = word(line, name) {
            return Some(Condition { is_negated, of: Compared::Defined(rest.trim().to_owned()) });
        }
    }
    for (name, is_negated) in [("ifeq", false), ("ifneq", true)] {
        let Some(rest) = line.strip_prefix(name).map(str::trim) else { continue };
        let (left, right) = if let Some(inside) = rest.strip_prefix('(') {
            split_at(inside.strip_suffix(')').unwrap_or(inside), ',')?
        } else {
            let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (left, after) = rest[1..].split_once(quote)?;
            (left, after.trim())
        };
        let bare = |text: &str| text.trim().trim_matches(['"', '\'']).to_owned();
        return Some(Condition { is_negated, of: Compared::Texts(bare(left), bare(right)) });
    }
    None
}
