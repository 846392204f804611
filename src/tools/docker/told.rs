//! The log of a container that is read more than once (`docker logs --timestamps`): each line is told once. Pure.

/// How far it was told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    newest: String,
    /// What is not newer was told by an earlier reading.
    before: String,
}

impl Told {
    /// Another reading begins; where, if there was one before.
    pub(crate) fn again(&mut self) -> Option<&str> {
        self.before.clone_from(&self.newest);
        (!self.before.is_empty()).then_some(self.before.as_str())
    }

    /// A line without its time; none if it was told, or if it is a word of docker about the log.
    pub(crate) fn take(&mut self, line: &str) -> Option<String> {
        let (time, text) = line.split_once(' ').unwrap_or((line, ""));
        if !is_time(time) || time <= self.before.as_str() {
            return None;
        }
        if time > self.newest.as_str() {
            time.clone_into(&mut self.newest);
        }
        // Docker keeps a long line in parts, and writes the time of the line before each of them.
        Some(text.replace(&format!("{time} "), ""))
    }
}

/// `2026-11-28T21:00:01.123456789Z`, always with nine digits: it sorts as text.
fn is_time(word: &str) -> bool {
    word.len() == 30 && word.ends_with('Z') && word.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "2026-11-28T21:00:01.000000001Z";
    const SECOND: &str = "2026-11-28T21:00:01.000000002Z";

    #[test]
    fn each_line_is_told_once() {
        let mut told = Told::default();
        assert_eq!(told.again(), None);
        // Out of order, as the two outputs of a program may be; and twice the same.
        for line in [SECOND, FIRST, SECOND] {
            assert_eq!(told.take(&format!("{line} a b")).as_deref(), Some("a b"));
        }
        assert_eq!(told.take(SECOND).as_deref(), Some(""));
        assert_eq!(told.again(), Some(SECOND));
        assert_eq!(told.take(&format!("{FIRST} a b")), None);
        assert_eq!(told.take(&format!("{SECOND} a b")), None);
        assert_eq!(told.take("2026-11-28T21:00:02.000000000Z  c").as_deref(), Some(" c"));
    }

    #[test]
    fn words_of_docker_are_no_lines_and_long_lines_are_whole() {
        let mut told = Told::default();
        assert_eq!(told.take("Error response from daemon: No such container: x"), None);
        assert_eq!(told.take(""), None);
        assert_eq!(told.take(&format!("{FIRST} long {FIRST} line")).as_deref(), Some("long line"));
    }
}
