//! What a terminal shows while several environments run: drawn by a small terminal of the test.

use std::collections::BTreeSet;

use crate::common::{Sandbox, on_a_terminal};

const SPINNER: &str = "⠁⠂⠄⡀⢀⠠⠐⠈";

/// A terminal without a bottom: rows of characters and a cursor.
struct Screen {
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
    width: usize,
}

impl Screen {
    fn new(width: usize) -> Self {
        Screen { rows: vec![Vec::new()], row: 0, column: 0, width }
    }

    fn put(&mut self, c: char) {
        if self.column == self.width {
            self.down();
            self.column = 0;
        }
        let row = &mut self.rows[self.row];
        row.resize(row.len().max(self.column + 1), ' ');
        row[self.column] = c;
        self.column += 1;
    }

    fn down(&mut self) {
        self.row += 1;
        if self.row == self.rows.len() {
            self.rows.push(Vec::new());
        }
    }

    fn texts(&self) -> Vec<String> {
        self.rows.iter().map(|row| row.iter().collect::<String>().trim_end().to_owned()).collect()
    }

    /// Draws everything; `frame` sees what stands there each time the cursor goes up again.
    fn draw(&mut self, text: &str, mut frame: impl FnMut(&[String])) {
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            match c {
                '\r' => self.column = 0,
                '\n' => self.down(),
                '\x1b' => {
                    assert_eq!(
                        chars.next(),
                        Some('['),
                        "a sequence that the terminal of the test does not know"
                    );
                    let mut number = String::new();
                    let end = chars.by_ref().find(|c| {
                        number.push(*c);
                        c.is_ascii_alphabetic()
                    });
                    let count = number.trim_end_matches(char::is_alphabetic).parse().unwrap_or(1);
                    match end {
                        Some('A') => {
                            frame(&self.texts());
                            self.row = self.row.saturating_sub(count);
                        }
                        Some('B') => (0..count).for_each(|_| self.down()),
                        Some('K') if number.starts_with('2') => self.rows[self.row].clear(),
                        Some('K') => self.rows[self.row].truncate(self.column),
                        Some('J') => {
                            self.rows[self.row].truncate(self.column);
                            self.rows.truncate(self.row + 1);
                        }
                        Some('G') => self.column = count - 1,
                        Some('C') => self.column += count,
                        Some('D') => self.column = self.column.saturating_sub(count),
                        Some('m' | 'h' | 'l') => {}
                        other => panic!("{other:?} {number:?}"),
                    }
                }
                c if c.is_control() => {}
                c => self.put(c),
            }
        }
    }
}

fn is_live(text: &str) -> bool {
    text.starts_with(|c| SPINNER.contains(c))
}

fn project() -> Sandbox {
    let project = Sandbox::new();
    for name in ["aa", "bb", "cc"] {
        project.write(
            format!("environments/{name}/environment.toml"),
            &format!(
                "protected = {}\n[secrets]\nfiles = []\nrequired = []\n[pipelines]\ngreet = [{{ name = \"one\", command = \"for n in 1 2 3 4 5; do \
                 echo {name}-$n; sleep 0.2; done\" }}, {{ name = \"two\", command = \"sleep 0.5; touch done-{name}\" }}]\n",
                name != "cc"
            ),
        );
    }
    project
}

#[test]
fn each_environment_has_one_live_line_and_no_line_is_lost() {
    for width in [80, 20] {
        let project = project();
        let args = "greet --env aa,bb,cc --jobs 3 --confirm aa,bb";
        let (code, out) = on_a_terminal(&project, width, "", args);
        assert_eq!(code, 0, "{out}");
        let mut screen = Screen::new(usize::try_from(width).unwrap());
        let mut seen = BTreeSet::new();
        screen.draw(&out, |rows| {
            let live: Vec<&str> = rows.iter().map(String::as_str).filter(|row| is_live(row)).collect();
            for name in ["aa", "bb", "cc"] {
                let own = live.iter().filter(|row| row.chars().nth(2) == name.chars().next()).count();
                assert!(own <= 1, "{own} live lines of {name} at {width} columns: {rows:#?}");
            }
            seen.insert(live.len());
        });
        assert!(seen.contains(&3), "three at the same time at {width} columns: {seen:?}\n{out:?}");
        let rows = screen.texts();
        assert!(!rows.iter().any(|row| is_live(row)), "{width} columns: {rows:#?}");
        // At 20 columns long lines go over several rows.
        let all = rows.join("");
        for name in ["aa", "bb", "cc"] {
            for n in 1..=5 {
                let line = format!("{name} │   {name}-{n}");
                assert_eq!(all.matches(&line).count(), 1, "{line} at {width} columns: {rows:#?}");
            }
            for step in ["one", "two"] {
                let line = format!("{name} │ ✓ {step}");
                assert_eq!(all.matches(&line).count(), 1, "{line} at {width} columns: {rows:#?}");
            }
        }
        assert!(all.contains("3 done"), "{rows:#?}");
    }
}

#[test]
fn several_protected_environments_are_asked_about_one_after_the_other() {
    let project = project();
    let (code, out) = on_a_terminal(&project, 80, "aa\nno\n", "greet --env aa,bb,cc");
    assert_eq!(code, 77, "{out}");
    assert!(out.contains("that is not `bb`; nothing was done"), "{out}");
    assert!(["aa", "bb", "cc"].iter().all(|name| !project.path(format!("done-{name}")).exists()));
    let (code, out) = on_a_terminal(&project, 80, "aa\nbb\n", "greet --env aa,bb,cc");
    assert_eq!(code, 0, "{out}");
    let place = |text: &str| out.find(text).unwrap_or_else(|| panic!("{text}: {out}"));
    assert!(place("Type `aa` to go on") < place("Type `bb` to go on"));
    assert!(!out.contains("Type `cc`") && !out.contains("Type `aa,bb`"), "{out}");
    assert!(["aa", "bb", "cc"].iter().all(|name| project.path(format!("done-{name}")).exists()));
}
