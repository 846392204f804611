//! The graph of environments as a drawing: for Graphviz, and as a page of its own. Pure.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::config::Glance;
use crate::text::plain;

/// A box, and the room around it.
const WIDTH: usize = 190;
const HEIGHT: usize = 52;
const GAP: (usize, usize) = (70, 18);

/// For Graphviz: an arrow points to what waits.
pub(super) fn dot(all: &[Glance]) -> String {
    let mut out = String::from("digraph environments {\n  rankdir = LR;\n  node [shape = box];\n");
    for env in all {
        let more = if env.protected { " [penwidth = 2]" } else { "" };
        let _ = writeln!(out, "  \"{}\"{more};", env.name);
        for other in &env.depends_on {
            let _ = writeln!(out, "  \"{other}\" -> \"{}\";", env.name);
        }
    }
    out + "}\n"
}

/// One page, with nothing that is fetched.
pub(super) fn html(project: &str, all: &[Glance]) -> String {
    let places = places(all);
    let (mut arrows, mut boxes) = (String::new(), String::new());
    let (mut width, mut height) = (0, 0);
    for env in all {
        let (x, y) = places[env.name.as_str()];
        (width, height) = (width.max(x + WIDTH), height.max(y + HEIGHT));
        for other in &env.depends_on {
            let Some(&(from_x, from_y)) = places.get(other.as_str()) else { continue };
            let (from_x, from_y, to_y) = (from_x + WIDTH, from_y + HEIGHT / 2, y + HEIGHT / 2);
            let middle = usize::midpoint(from_x, x);
            let _ = writeln!(
                arrows,
                "<path d=\"M{from_x} {from_y} C{middle} {from_y} {middle} {to_y} {x} {to_y}\" marker-end=\"url(#end)\"/>"
            );
        }
        let class = if env.protected { " class=\"protected\"" } else { "" };
        let about = env.description.as_deref().unwrap_or_default();
        let mark = if env.protected { "protected" } else { "" };
        let second = [mark, about].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
        let (tx, ty) = (x + 12, y + 22);
        let _ = writeln!(
            boxes,
            "<g{class}><title>{}: {}</title><rect x=\"{x}\" y=\"{y}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" rx=\"6\"/>\
             <text x=\"{tx}\" y=\"{ty}\">{}</text><text class=\"about\" x=\"{tx}\" y=\"{}\">{}</text></g>",
            escaped(&env.name),
            escaped(&second),
            escaped(&cut(&env.name, 22)),
            ty + 18,
            escaped(&cut(&second, 28)),
        );
    }
    let title = format!("Environments of {}", escaped(project));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         <p>An arrow points to what waits. A bold box is protected.</p>\n\
         <div><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" role=\"img\" aria-label=\"{title}\">\n\
         <defs><marker id=\"end\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">\
         <path class=\"head\" d=\"M0 0 L8 4 L0 8 z\"/></marker></defs>\n{arrows}{boxes}</svg></div>\n</body>\n</html>\n",
        width + 2,
        height + 2,
    )
}

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:1rem;color:#1b1f24;background:#fff}h1{font-size:1.25rem}\
div{overflow-x:auto}rect{fill:#f3f5f7;stroke:#8a94a0}.protected rect{stroke-width:3;stroke:#b4540a}path{fill:none;stroke:#8a94a0;stroke-width:1.5}\
.head{fill:#8a94a0}text{fill:#1b1f24;font-weight:600}.about{fill:#57606a;font-size:12px;font-weight:400}\
@media(prefers-color-scheme:dark){body{color:#e6edf3;background:#14181d}rect{fill:#1f262e}text{fill:#e6edf3}.about{fill:#9da7b3}}";

/// The upper left corner of each: in columns, those that wait for nothing first.
fn places(all: &[Glance]) -> HashMap<&str, (usize, usize)> {
    let mut columns: HashMap<&str, usize> = HashMap::new();
    let mut filled: Vec<usize> = Vec::new();
    let mut places = HashMap::new();
    // They stand in order: what one waits for has its column already.
    for env in all {
        let before = env.depends_on.iter().filter_map(|other| columns.get(other.as_str()));
        let column = before.max().map_or(0, |column| column + 1);
        columns.insert(&env.name, column);
        filled.resize(filled.len().max(column + 1), 0);
        let row = filled[column];
        filled[column] += 1;
        places.insert(env.name.as_str(), (1 + column * (WIDTH + GAP.0), 1 + row * (HEIGHT + GAP.1)));
    }
    places
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn escaped(text: &str) -> String {
    let text = plain(text).replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glance(name: &str, on: &[&str]) -> Glance {
        let depends_on = on.iter().map(|name| (*name).to_owned()).collect();
        Glance { name: name.into(), description: Some("<b>".into()), protected: name == "prod", depends_on }
    }

    #[test]
    fn what_waits_stands_to_the_right_of_what_it_waits_for() {
        let all = [glance("shared", &[]), glance("dev", &["shared"]), glance("prod", &["shared", "dev"])];
        let places = places(&all);
        assert!(places["shared"].0 < places["dev"].0 && places["dev"].0 < places["prod"].0);
        let page = html("shop", &all);
        assert_eq!(page.matches("marker-end").count(), 3);
        assert!(!page.contains("<b>"), "{page}");
        assert_eq!(page.matches("http").count(), 1, "the name of SVG, and nothing that is fetched");
        assert_eq!(dot(&all).matches(" -> ").count(), 3);
    }
}
