//! The four normalization forms, over the reference's own tables.

use crate::tokenize::text::unicode::{self, HANGUL};

/// A normalization form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Nfc,
    Nfd,
    Nfkc,
    Nfkd,
}

impl Form {
    pub(super) fn composes(self) -> bool {
        matches!(self, Self::Nfc | Self::Nfkc)
    }
}

/// Appends the normalized text. `run` is working memory.
pub(super) fn normalize(form: Form, text: &str, run: &mut Vec<(u8, char)>, out: &mut String) {
    run.clear();
    let mut open = Open { run, form, out };
    for c in text.chars() {
        if c.is_ascii() {
            open.part(c);
        } else if HANGUL.contains(&u32::from(c)) {
            unicode::hangul_jamo(u32::from(c)).for_each(|part| open.part(part));
        } else if matches!(form, Form::Nfc | Form::Nfd) {
            unicode::decomposition(c).for_each(|part| open.part(part));
        } else {
            unicode::compatibility(c).for_each(|part| open.part(part));
        }
    }
    open.flush();
}

/// A starter and what follows it: all that can still change.
struct Open<'a> {
    run: &'a mut Vec<(u8, char)>,
    form: Form,
    out: &'a mut String,
}

impl Open<'_> {
    /// Takes one fully decomposed scalar.
    fn part(&mut self, c: char) {
        let class = if c.is_ascii() { 0 } else { unicode::properties(c).combining_class() };
        if class == 0 {
            self.sort();
            // With nothing but its starter left, a run may take a further one in: Hangul, and
            // vowel signs of class 0.
            if let (true, [(0, first)]) = (self.form.composes(), self.run.as_mut_slice())
                && let Some(composed) = unicode::compose(*first, c)
            {
                *first = composed;
                return;
            }
            self.write();
        }
        self.run.push((class, c));
    }

    /// Puts the marks in order, and composes them with their starter.
    fn sort(&mut self) {
        let marks = usize::from(self.run.first().is_some_and(|&(class, _)| class == 0));
        if self.run.len() <= marks {
            return;
        }
        // Stable: marks of one class keep their order.
        self.run[marks..].sort_by_key(|&(class, _)| class);
        if marks == 0 || !self.form.composes() {
            return;
        }
        let mut starter = self.run[0].1;
        let mut last = 0;
        self.run.retain(|&(class, c)| {
            if class == 0 {
                return true;
            }
            // A mark of the same class that stayed is in the way.
            if last < class
                && let Some(composed) = unicode::compose(starter, c)
            {
                starter = composed;
                return false;
            }
            last = class;
            true
        });
        self.run[0].1 = starter;
    }

    fn write(&mut self) {
        self.out.extend(self.run.drain(..).map(|(_, c)| c));
    }

    fn flush(&mut self) {
        self.sort();
        self.write();
    }
}
