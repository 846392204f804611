//! Hides secrets in everything that is shown: whole values, their lines and their usual encodings.

mod hidden;
mod finder;
mod forms;
mod lines;
mod spellings;
mod patterns;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use finder::Finder;
use forms::{Secret, is_short};
use indexmap::IndexSet;
pub use lines::Lines;
use patterns::Patterns;

/// What stands in the place of a secret.
pub(crate) const MASK: &str = "***";

/// What became of a value given to [`Masks::add`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a value that is too short is not masked: warn about it"]
pub enum Weight {
    /// It is masked from now on.
    Added,
    /// It has fewer than 4 characters (not counting white space around it) and is not masked.
    TooShort,
}

/// All secrets of this run. Clones share one list: everybody who prints holds one.
#[derive(Clone, Default)]
pub struct Masks(Arc<Mutex<State>>);

/// Gets a secret in clear.
type Listener = Arc<dyn Fn(&str) + Send + Sync>;

#[derive(Default)]
struct State {
    names: BTreeSet<String>,
    values: IndexSet<Secret>,
    /// Gets every value that is new.
    listener: Option<Listener>,
    /// What masks the first of `values`.
    redactor: Arc<Redactor>,
    /// So many.
    masked: usize,
    /// The lines of those of them that have several.
    lines: HashSet<Secret>,
}

impl Masks {
    /// An empty list.
    pub fn new() -> Self {
        Masks::default()
    }

    /// Masks this value from the next line on: as it is, line by line, and as `docs/masking.md` says. `name` is for counting only.
    pub fn add(&self, name: &str, value: &str) -> Weight {
        if is_short(value) {
            return Weight::TooShort;
        }
        let mut state = self.lock();
        state.names.insert(name.to_owned());
        if state.values.insert(Secret::new(value)) {
            let listener = state.listener.clone();
            drop(state);
            if let Some(listener) = listener {
                listener(value);
            }
        }
        Weight::Added
    }

    /// From now on `listener` gets every value that is added and new, in clear: for a CI system that masks
    /// what others print.
    pub fn on_add(&self, listener: impl Fn(&str) + Send + Sync + 'static) {
        self.lock().listener = Some(Arc::new(listener));
    }

    /// The text with every secret replaced by `***`.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.redactor().mask(text)
    }

    /// What masks the secrets known now; it does not learn of later ones. The forms of those that came since the last time
    /// are made here: where nothing is printed, they are never needed.
    pub fn redactor(&self) -> Arc<Redactor> {
        let mut state = self.lock();
        let State { values, redactor, masked, lines, .. } = &mut *state;
        if *masked < values.len() {
            let mut patterns = Patterns::default();
            for value in values.iter().skip(*masked) {
                forms::add(value.text(), lines, &mut patterns);
            }
            *masked = values.len();
            *redactor = Arc::new(redactor.and(patterns));
        }
        Arc::clone(redactor)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing here can be left half done by a panic, and going on without masks would be worse.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Counts only.
impl fmt::Debug for Masks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("Masks")
            .field("secrets", &state.names.len())
            .field("values", &state.values.len())
            .finish()
    }
}

/// Masks a fixed set of secrets.
#[derive(Default)]
pub struct Redactor {
    /// Each but the last has more than twice as many patterns as the next: what comes in small parts is not made ready
    /// again and again, and a text is looked through a few times at most.
    finders: Vec<Arc<Finder>>,
}

/// So many patterns are made ready again without a thought: it takes less than a millisecond.
const FEW: usize = 2048;

impl Redactor {
    /// What masks these as well.
    fn and(&self, mut patterns: Patterns) -> Redactor {
        let mut finders = self.finders.clone();
        while let Some(last) = finders.pop_if(|last| last.patterns().len() <= FEW.max(2 * patterns.len())) {
            patterns = last.patterns().and(&patterns);
        }
        finders.push(Arc::new(Finder::new(patterns)));
        Redactor { finders }
    }

    /// The text with every secret replaced by `***`; borrowed if there is none.
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut found = Vec::new();
        self.find(text.as_bytes(), &mut found);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut masked = Vec::with_capacity(text.len());
        replace(text.as_bytes(), 0, &found, &mut masked);
        Cow::Owned(String::from_utf8_lossy(&masked).into_owned())
    }

    /// Where secrets are in `text`, in order; those that overlap or touch are one.
    fn find(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        found.clear();
        self.scan(text, found);
        hidden::find(|text, found| self.scan(text, found), text, found);
        merge(found);
    }

    /// Adds every occurrence, in no order.
    fn scan(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        self.finders.iter().for_each(|finder| finder.find(text, found));
    }

    /// The longest text that can be one secret, in bytes.
    fn longest(&self) -> usize {
        self.finders.iter().map(|finder| finder.longest()).max().unwrap_or(0)
    }
}

/// Counts only.
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns = self.finders.iter().map(|finder| finder.patterns().len());
        f.debug_struct("Redactor").field("patterns", &patterns.sum::<usize>()).finish()
    }
}

/// Every form in which a value may be written, as [`Masks::add`] looks for it: for a search in files. None of one that is
/// too short.
pub(crate) fn forms_of(value: &str) -> Vec<zeroize::Zeroizing<Vec<u8>>> {
    if is_short(value) {
        return Vec::new();
    }
    let mut patterns = Patterns::default();
    forms::add(value, &mut HashSet::new(), &mut patterns);
    patterns.iter().map(|form| form.to_vec().into()).collect()
}

/// Sorts the ranges and joins those that overlap or touch.
fn merge(found: &mut Vec<Range<usize>>) {
    if found.len() < 2 {
        return;
    }
    found.sort_unstable_by_key(|r| r.start);
    found.dedup_by(|next, last| {
        let joined = next.start <= last.end;
        if joined {
            last.end = last.end.max(next.end);
        }
        joined
    });
}

/// Appends `text` to `out` with `found` masked. `text` begins at `offset` of what `found` counts in; ranges
/// may reach over its ends.
fn replace(text: &[u8], offset: usize, found: &[Range<usize>], out: &mut Vec<u8>) {
    let mut shown = 0;
    for range in found {
        let start = range.start.saturating_sub(offset).min(text.len());
        let end = range.end.saturating_sub(offset).min(text.len());
        if start < end {
            out.extend_from_slice(&text[shown..start]);
            out.extend_from_slice(MASK.as_bytes());
            shown = end;
        }
    }
    out.extend_from_slice(&text[shown..]);
}

#[cfg(test)]
mod tests;
