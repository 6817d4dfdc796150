//! A raw text, as it is, unit by unit, some units at a time: where what becomes of a text can be
//! told from its parts.

use super::{Cutting, Units, cut};
use crate::backend::Runnable;

/// Texts are cut in windows of this many bytes, so that a long text of which only the first ids
/// are wanted is not read to its end, and the positions stay in the nearest cache.
const WINDOW: usize = 4096;

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
            cut(backend, cutting, seen, self);
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

    /// Gives back what one text of uncommon size took.
    pub(in crate::tokenize) fn trim(&mut self) {
        if self.starts.len() > 16 * WINDOW {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Set, tests};
    use super::*;
    use crate::backend::Backend;

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
            Cutting::new(blank, none, none, false),
            Cutting::new(space, marks, none, false),
            Cutting::new(space, marks, odd, true),
        ]
    }

    #[test]
    fn every_backend_agrees_with_the_definition() {
        let lengths = (0..200).chain([500, 4095, 4096, 4097, 9000, 20_000]);
        let texts = tests::texts(lengths, b"ab .,_\0\xe4");
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
