//! Finds every occurrence of many patterns, fast where there is none.
//!
//! Why not an Aho-Corasick automaton: each of its steps waits for the one before (about 300 MB/s), and its
//! vectorised searchers serve neither hundreds of patterns nor overlapping matches. Here each look is
//! independent: every `step` bytes four bytes of text are hashed into a small bit set. `step` is so small
//! that in each occurrence of each pattern one of `step` neighbouring groups of four bytes, chosen when the
//! pattern was added, is looked at; the rare hits are compared with the patterns that have those four bytes
//! there. So all occurrences are found, also those that overlap.

use std::ops::Range;

use super::patterns::Patterns;

/// Bytes hashed at once.
const GRAM: usize = 4;
/// 64-bit words of the bit set: 32 KiB, stays near the processor.
const WORDS: usize = 1 << 12;
/// Lists of candidates.
const BUCKETS: usize = 1 << 13;
/// How far into a pattern to search for the best place to look.
const WINDOWS: usize = 64;
/// With more entries than this the bit set says "perhaps" too often.
const CROWDED: usize = 1 << 14;

/// Four bytes of a pattern that may be looked at.
#[derive(Clone, Copy)]
struct Entry {
    pattern: u32,
    offset: u32,
}

/// A set of patterns to look for.
pub(super) struct Finder {
    patterns: Patterns,
    longest: usize,
    step: usize,
    filter: Box<[u64; WORDS]>,
    /// Bucket `b` is `entries[buckets[b]..buckets[b + 1]]`.
    buckets: Vec<u32>,
    entries: Vec<Entry>,
}

fn hash(gram: [u8; GRAM]) -> u32 {
    u32::from_le_bytes(gram).wrapping_mul(0x9E37_79B1)
}

fn bucket(hash: u32) -> usize {
    (hash >> (32 - BUCKETS.trailing_zeros())) as usize
}

/// Where in the pattern to look: at `step` grams in a row that are varied and that few patterns share. Else
/// keys that all begin with `-----` or `AAAA` would make every ruler in the text slow.
fn window(pattern: &[u8], step: usize, among: usize, used: &[u32]) -> usize {
    let cost = |gram: &[u8]| {
        let same = gram.windows(2).filter(|pair| pair[0] == pair[1]).count();
        used[bucket(hash([gram[0], gram[1], gram[2], gram[3]]))] + if same > 1 { 100 } else { 0 }
    };
    let mut costs = [0; WINDOWS + 3];
    let mut count = 0;
    for (to, gram) in costs.iter_mut().zip(pattern.windows(GRAM)).take(among + step - 1) {
        *to = cost(gram);
        count += 1;
    }
    let total = |(at, grams): (usize, &[u32])| (grams.iter().sum::<u32>(), at);
    costs[..count].windows(step).enumerate().map(total).min().map_or(0, |(_, at)| at)
}

impl Finder {
    /// Patterns are at least 4 bytes long, and there is one.
    #[expect(
        clippy::large_stack_arrays,
        reason = "32 KiB for a moment; the length of the array saves a check a look"
    )]
    pub(super) fn new(patterns: Patterns) -> Self {
        let (shortest, longest) = patterns.iter().fold((usize::MAX, 0), |(shortest, longest), pattern| {
            (pattern.len().min(shortest), pattern.len().max(longest))
        });
        debug_assert!(shortest >= GRAM);
        let mut step = match shortest {
            ..=GRAM => 1,
            5..7 => 2,
            _ => 4,
        };
        while step > 1 && patterns.len() * step > CROWDED {
            step /= 2;
        }

        let mut filter = Box::new([0; WORDS]);
        let mut buckets = vec![0; BUCKETS + 1];
        let mut chosen = Vec::with_capacity(patterns.len() * step);
        let among = if patterns.len() > CROWDED { WINDOWS / 8 } else { WINDOWS };
        for (number, pattern) in (0..).zip(patterns.iter()) {
            let window = window(pattern, step, among, &buckets);
            for (offset, gram) in (0..).zip(pattern.windows(GRAM)).skip(window).take(step) {
                let hash = hash([gram[0], gram[1], gram[2], gram[3]]);
                buckets[bucket(hash)] += 1;
                filter[(hash >> 20) as usize] |= 1 << ((hash >> 14) & 63);
                chosen.push((hash, Entry { pattern: number, offset }));
            }
        }
        // From how many a bucket has to where it ends; each entry that is put there moves that to where it begins.
        let mut end = 0;
        for bucket in &mut buckets {
            end += *bucket;
            *bucket = end;
        }
        let mut entries = vec![Entry { pattern: 0, offset: 0 }; chosen.len()];
        for (hash, entry) in chosen {
            let place = &mut buckets[bucket(hash)];
            *place -= 1;
            entries[*place as usize] = entry;
        }
        Finder { patterns, longest, step, filter, buckets, entries }
    }

    pub(super) fn patterns(&self) -> &Patterns {
        &self.patterns
    }

    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// Adds every occurrence, in no order.
    pub(super) fn find(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        match self.step {
            1 => self.scan::<1>(text, found),
            2 => self.scan::<2>(text, found),
            _ => self.scan::<4>(text, found),
        }
    }

    fn scan<const STEP: usize>(&self, text: &[u8], found: &mut Vec<Range<usize>>) {
        const AT_ONCE: usize = 8;
        let mut at = 0;
        // Eight looks, one branch.
        while let Some(window) = text.get(at..at + (AT_ONCE - 1) * STEP + GRAM) {
            let mut hits = 0;
            for i in 0..AT_ONCE {
                let p = i * STEP;
                hits |= self.look(hash([window[p], window[p + 1], window[p + 2], window[p + 3]])) << i;
            }
            while hits != 0 {
                self.compare(text, at + hits.trailing_zeros() as usize * STEP, found);
                hits &= hits - 1;
            }
            at += AT_ONCE * STEP;
        }
        while at + GRAM <= text.len() {
            self.compare(text, at, found);
            at += STEP;
        }
    }

    /// 1 if a pattern may have a gram with this hash.
    #[inline]
    fn look(&self, hash: u32) -> u64 {
        (self.filter[(hash >> 20) as usize] >> ((hash >> 14) & 63)) & 1
    }

    /// Adds the occurrences of patterns that have the gram at `at` among those chosen.
    fn compare(&self, text: &[u8], at: usize, found: &mut Vec<Range<usize>>) {
        let hash = hash([text[at], text[at + 1], text[at + 2], text[at + 3]]);
        let bucket = bucket(hash);
        for entry in &self.entries[self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize] {
            let Some(start) = at.checked_sub(entry.offset as usize) else { continue };
            let pattern = self.patterns.get(entry.pattern as usize);
            if text[start..].starts_with(pattern) {
                found.push(start..start + pattern.len());
            }
        }
    }
}
