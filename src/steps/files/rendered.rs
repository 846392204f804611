//! Files of the project with `{{…}}` in them, rendered for the environment: in memory only.

use crate::config::model::{Copy, FilePath};
use crate::config::template::{Rendered, Template};
use crate::disk;
use crate::failure::{Failure, Kind, Problem, Snippet};
use crate::steps::files::items::{Content, Item};
use crate::steps::meet::meet;
use crate::work::values::Known;
use crate::work::{StepCx, needs, relative};

/// A template as it is in the project.
struct Source {
    path: String,
    name: String,
    mode: u32,
    text: String,
    template: Template,
}

/// Renders all templates of a step; everything wrong in them is told at once, with its place.
pub(crate) async fn files(step: &mut StepCx<'_>, copy: &Copy) -> Result<Vec<Item>, Failure> {
    let sources = sources(step, copy)?;
    let templates: Vec<&Template> = sources.iter().map(|source| &source.template).collect();
    let wanted = needs::Needs::of_templates(step.env, &templates);
    meet(step, &wanted).await?;
    let known = Known::of(step);
    let mut problems = Vec::new();
    let mut kind = Kind::Config;
    let mut all = Vec::new();
    for source in sources {
        let mut sensitive = false;
        for (name, span) in source.template.spans() {
            let Ok(one) = Template::parse(&format!("{{{{{name}}}}}")) else { continue };
            match known.render(step, &one) {
                Ok(Rendered::Secret(_)) if source.mode & 0o077 != 0 && !sensitive => {
                    sensitive = true;
                    problems.push(source.problem(
                        span,
                        format!("`{name}` is secret, and a file of mode {:04o} is read by others", source.mode),
                        vec!["write `mode = \"0600\"`; put what others have to read into a step of its own".to_owned()],
                    ));
                }
                Ok(_) => {}
                Err(failure) => {
                    kind = failure.kind;
                    problems.push(source.problem(span, format!("{:#}", failure.error), failure.help));
                }
            }
        }
        if problems.is_empty() {
            let text = match known.render(step, &source.template)? {
                Rendered::Plain(text) => text.into(),
                Rendered::Secret(text) => text,
            };
            all.push(Item { path: source.name.into(), mode: source.mode, content: Content::Text(text) });
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(Failure::problems(kind, problems)) }
}

/// The files that go along as they are: a file that is a template as well is rendered.
pub(crate) fn plain(copy: &Copy) -> impl Iterator<Item = &FilePath> {
    copy.files.iter().filter(|file| !copy.templates.contains(file))
}

/// What a dry run says of them: which names are filled in.
pub(crate) fn describe(step: &StepCx<'_>, copy: &Copy) -> Result<Vec<String>, Failure> {
    let line = |source: Source| {
        let mut names: Vec<String> = source.template.names().map(ToString::to_string).collect();
        names.sort();
        names.dedup();
        let names = if names.is_empty() { "nothing in it".to_owned() } else { names.join(", ") };
        format!("# render {}: {names}", source.path)
    };
    Ok(sources(step, copy)?.into_iter().map(line).collect())
}

impl Source {
    fn problem(&self, span: std::ops::Range<usize>, message: String, help: Vec<String>) -> Problem {
        Problem {
            message,
            place: Some(Snippet { path: self.path.clone(), text: self.text.clone(), span }),
            help,
        }
    }
}

fn sources(step: &StepCx<'_>, copy: &Copy) -> Result<Vec<Source>, Failure> {
    let given = copy.mode.as_deref().and_then(|mode| u32::from_str_radix(mode, 8).ok());
    let mut all: Vec<Source> = Vec::new();
    let mut problems = Vec::new();
    for file in &copy.templates {
        let path = relative(step, &file.0);
        let text = disk::read_text(&file.0)?;
        let name = file.0.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_there = |other: &FilePath| other.0.file_name() == file.0.file_name();
        if all.iter().any(|known| known.name == name) || plain(copy).any(is_there) {
            return Err(Failure::new(Kind::Config, format!("two of the files are `{name}` there"))
                .help("copy one of them in a step of its own, to another folder"));
        }
        let mode = match given {
            Some(mode) => mode,
            None => disk::mode_of(&file.0)?.unwrap_or(0o644),
        };
        match Template::parse(&text) {
            Ok(template) => all.push(Source { path, name, mode, text, template }),
            Err(wrong) => problems.push(Problem {
                message: wrong.message,
                place: Some(Snippet { path, text, span: wrong.span }),
                help: vec![wrong.help],
            }),
        }
    }
    if problems.is_empty() { Ok(all) } else { Err(Failure::problems(Kind::Config, problems)) }
}
