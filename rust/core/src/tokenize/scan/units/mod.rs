//! A raw text cut into units, 64 bytes at a time: where what becomes of a text can be told from
//! its parts, whatever they are.
//!
//! White space separates. A unit is a run of anything else, but ASCII punctuation can be told
//! apart from it: every character by itself, or in runs. Which bytes are which, the engine says.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
mod set;

pub(in crate::tokenize) use set::Set;

use crate::backend::{Backend, Runnable};

/// The bytes that one step looks at.
const BLOCK: usize = 64;

/// Texts are cut in windows of this many bytes, so that a long text of which only the first ids
/// are wanted is not read to its end, and the positions stay in the nearest cache.
const WINDOW: usize = 4096;

/// What separates units, and what is told apart.
#[derive(Debug, Clone, Copy)]
pub(in crate::tokenize) struct Cutting {
    /// Separates; holds the space.
    pub(in crate::tokenize) space: Set,
    pub(in crate::tokenize) punctuation: Set,
    /// Bytes of ASCII that go with any neighbour, as those beyond ASCII do: there is no cut on
    /// either side of them. Only counts where punctuation is told apart in runs.
    pub(in crate::tokenize) odd: Set,
    pub(in crate::tokenize) runs: bool,
}

/// The classes of 64 bytes, one bit each; `odd` has those beyond ASCII as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    space: u64,
    punctuation: u64,
    odd: u64,
}

/// What comes after a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::tokenize) enum Step<R> {
    /// The next one.
    Next,
    /// One that begins with this unit and is longer. Not after the last window of a text.
    More(usize),
    /// Nothing.
    Stop(R),
}

/// Some units of a text, in order.
#[derive(Debug)]
pub(in crate::tokenize) struct Window<'a> {
    from: usize,
    starts: &'a [u32],
    ends: &'a [u32],
    /// Whether no units come behind these.
    pub(in crate::tokenize) is_last: bool,
}

impl Window<'_> {
    pub(in crate::tokenize) fn len(&self) -> usize {
        self.starts.len()
    }

    /// Start and end of a unit in the text.
    #[inline]
    pub(in crate::tokenize) fn unit(&self, at: usize) -> (usize, usize) {
        (self.from + self.starts[at] as usize, self.from + self.ends[at] as usize)
    }
}

/// Where the units of a window start and end.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct Units {
    starts: Vec<u32>,
    ends: Vec<u32>,
    count: usize,
}

impl Units {
    /// Calls `window` for the units of a text, a window of it at a time, and does as it says.
    #[inline]
    pub(in crate::tokenize) fn each<R>(
        &mut self,
        backend: Runnable,
        cutting: &Cutting,
        text: &[u8],
        mut take: impl FnMut(&Window<'_>) -> Step<R>,
    ) -> Option<R> {
        let mut from = 0;
        let mut window = WINDOW;
        while from < text.len() {
            let rest = &text[from..];
            let seen = &rest[..rest.len().min(window)];
            let looked_at = seen.len();
            self.cut(backend, cutting, seen);
            let mut count = self.count;
            let mut next = from + seen.len();
            let is_last = seen.len() == rest.len();
            if !is_last {
                // The last unit may go on behind the window.
                match self.starts[..count] {
                    [.., last] if last > 0 => (count, next) = (count - 1, from + last as usize),
                    [_] => {
                        window *= 2;
                        continue;
                    }
                    _ => {}
                }
            }
            let seen =
                Window { from, starts: &self.starts[..count], ends: &self.ends[..count], is_last };
            window = WINDOW;
            match take(&seen) {
                Step::Next => {}
                Step::More(at) => {
                    next = seen.unit(at).0;
                    window = 2 * looked_at;
                }
                Step::Stop(result) => return Some(result),
            }
            from = next;
        }
        None
    }

    /// Cuts a whole text. Every backend gives the same result.
    fn cut(&mut self, backend: Runnable, cutting: &Cutting, text: &[u8]) {
        let room = text.len().next_multiple_of(BLOCK) + BLOCK;
        if self.starts.len() < room {
            self.starts.resize(room, 0);
            self.ends.resize(room, 0);
        }
        match backend.get() {
            // SAFETY: the processor is proven to have the backend, which asks for all the features
            // that the function is compiled for.
            #[cfg(target_arch = "x86_64")]
            Backend::Avx512 => unsafe { avx512::cut(text, cutting, self) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Backend::Avx2 => unsafe { avx2::cut(text, cutting, self) },
            _ => portable::cut(text, cutting, self),
        }
    }

    /// Gives back what one text of uncommon size took.
    pub(in crate::tokenize) fn trim(&mut self) {
        if self.starts.len() > 16 * WINDOW {
            *self = Self::default();
        }
    }
}

/// The loop over blocks, given how one is classified and how its bits become positions. A macro and not a function, so that each
/// implementation compiles it with its own instructions.
macro_rules! over_blocks {
    ($text:expr, $cutting:expr, $units:expr, $block:path, $append:path) => {{
        let (text, cutting, units) = ($text, $cutting, $units);
        // What the byte before a block was.
        let (mut solid_before, mut punctuation_before, mut odd_before) = (0, 0, 0);
        let (mut started, mut ended) = (0, 0);
        let (blocks, tail) = text.as_chunks::<{ crate::tokenize::scan::units::BLOCK }>();
        // The padded tail is also what ends a unit that ends with the text.
        let mut last = [b' '; crate::tokenize::scan::units::BLOCK];
        last[..tail.len()].copy_from_slice(tail);
        for (block, at) in
            blocks.iter().chain([&last]).zip((0_u32..).step_by(crate::tokenize::scan::units::BLOCK))
        {
            let class: crate::tokenize::scan::units::Block = $block(block, cutting);
            let (solid, punctuation) = (!class.space, class.punctuation);
            let before = solid << 1 | solid_before;
            let punctuation_shifted = punctuation << 1 | punctuation_before;
            let apart = if cutting.runs {
                let odd = class.odd | class.odd << 1 | odd_before;
                (punctuation ^ punctuation_shifted) & !odd
            } else {
                punctuation | punctuation_shifted
            };
            let starts = solid & (!before | apart);
            let ends = before & (!solid | apart);
            solid_before = solid >> 63;
            punctuation_before = punctuation >> 63;
            odd_before = class.odd >> 63;
            started = $append(starts, at, &mut units.starts, started);
            ended = $append(ends, at, &mut units.ends, ended);
        }
        units.count = started;
    }};
}
use over_blocks;

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, byte by byte.
    fn naive(text: &[u8], cutting: &Cutting) -> Vec<(usize, usize)> {
        let space = |at: usize| cutting.space.has(text[at]);
        let apart = |at: usize| {
            let is = |set: &Set, at: usize| set.has(text[at]);
            let odd = |at: usize| text[at] >= 0x80 || is(&cutting.odd, at);
            let (this, before) = (is(&cutting.punctuation, at), is(&cutting.punctuation, at - 1));
            if cutting.runs { this != before && !odd(at) && !odd(at - 1) } else { this || before }
        };
        let mut units: Vec<(usize, usize)> = Vec::new();
        for at in (0..text.len()).filter(|&at| !space(at)) {
            match units.last_mut().filter(|last| last.1 == at && !apart(at)) {
                Some(last) => last.1 = at + 1,
                None => units.push((at, at + 1)),
            }
        }
        units
    }

    fn cuttings() -> Vec<Cutting> {
        let space = Set::new(|byte| matches!(byte, b' ' | b'\t' | b'\n'));
        let marks = Set::new(|byte| byte.is_ascii_punctuation());
        let odd = Set::new(|byte| matches!(byte, b'\0' | b'_' | 0x7f));
        let blank = Set::new(|byte| byte == b' ');
        let none = Set::default();
        vec![
            Cutting { space: blank, punctuation: none, odd: none, runs: false },
            Cutting { space, punctuation: marks, odd: none, runs: false },
            Cutting { space, punctuation: marks, odd, runs: true },
        ]
    }

    #[test]
    fn every_backend_agrees_with_the_definition() {
        let mut state = 7_u32;
        let mut texts: Vec<Vec<u8>> = vec![(0..=255).collect(), Vec::new(), b" ".to_vec()];
        for len in (0..200).chain([500, 4095, 4096, 4097, 9000, 20_000]) {
            for kind in 0..5 {
                let mut byte = || {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let byte = (state >> 24) as u8;
                    let few = b"ab .,_\0\xe4"[usize::from(byte) % 8];
                    [byte, byte & 0x7f, few, b'x', if byte == 0 { b' ' } else { b'x' }][kind]
                };
                texts.push((0..len).map(|_| byte()).collect());
            }
        }
        for backend in Backend::available() {
            let mut units = Units::default();
            for cutting in cuttings() {
                for text in &texts {
                    let mut found = Vec::new();
                    let all = units.each(Runnable::new(backend), &cutting, text, |window| {
                        found.extend((0..window.len()).map(|at| window.unit(at)));
                        Step::<()>::Next
                    });
                    assert!(all.is_none());
                    assert_eq!(found, naive(text, &cutting), "{backend} {text:?}");
                    units.trim();
                }
            }
        }
    }

    #[test]
    fn stops_when_told() {
        let mut units = Units::default();
        let mut count = 0;
        let text = b"a bc ".repeat(5000);
        let found = units.each(Runnable::default(), &cuttings()[0], &text, |_| {
            count += 1;
            Step::Stop("here")
        });
        assert_eq!((found, count), (Some("here"), 1));
    }

    /// Every unit that has another one in its window is taken with it, and nothing is lost where a
    /// window ends.
    #[test]
    fn more_is_more() {
        let mut units = Units::default();
        let text = b"a bc ".repeat(5000);
        let (mut pairs, mut alone) = (Vec::new(), 0);
        let all = units.each(Runnable::default(), &cuttings()[0], &text, |window| {
            let mut at = 0;
            while at + 1 < window.len() {
                pairs.push((window.unit(at).0, window.unit(at + 1).1));
                at += 2;
            }
            if at < window.len() {
                if !window.is_last {
                    return Step::More(at);
                }
                alone += 1;
            }
            Step::<()>::Next
        });
        assert_eq!((all, pairs.len(), alone), (None, 5000, 0));
        assert!(pairs.iter().zip(0..).all(|(&pair, n)| pair == (5 * n, 5 * n + 4)));
    }
}
