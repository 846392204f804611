//! Something for each environment of a run, found fast: lines of one environment come one after the other.

/// By name of the environment.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    all: Vec<(String, T)>,
    last: usize,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Lanes { all: Vec::new(), last: 0 }
    }
}

impl<T> Lanes<T> {
    pub(super) fn get(&self, environment: &str) -> Option<&T> {
        self.all.iter().find(|(name, _)| name == environment).map(|(_, lane)| lane)
    }

    pub(super) fn get_mut(&mut self, environment: &str) -> Option<&mut T> {
        if self.all.get(self.last).is_none_or(|(name, _)| name != environment) {
            self.last = self.all.iter().position(|(name, _)| name == environment)?;
        }
        self.all.get_mut(self.last).map(|(_, lane)| lane)
    }

    /// Adds one that is new.
    pub(super) fn add(&mut self, environment: &str, lane: T) -> &mut T {
        self.last = self.all.len();
        self.all.push((environment.to_owned(), lane));
        &mut self.all[self.last].1
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.all.iter().map(|(_, lane)| lane)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.all.iter_mut().map(|(_, lane)| lane)
    }
}
