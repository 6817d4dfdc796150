//! The arrays of an index, in the order in which they are put in and taken out.

use super::Parts;
use super::store::{Plain, Store, bytes_of};

/// Arrays on their way into an index.
#[derive(Debug, Default)]
pub(in crate::tokenize) struct ArraysOut<'a> {
    pub(in crate::tokenize) sections: Vec<&'a [u8]>,
}

impl<'a> ArraysOut<'a> {
    pub(in crate::tokenize) fn put<T: Plain>(&mut self, values: &'a [T]) {
        self.sections.push(bytes_of(values));
    }
}

/// Arrays on their way out of one.
#[derive(Debug)]
pub(in crate::tokenize) struct ArraysIn<'a> {
    parts: &'a Parts,
    /// The section of the next one.
    next: usize,
}

impl<'a> ArraysIn<'a> {
    /// Those behind so many sections.
    pub(in crate::tokenize) fn behind(parts: &'a Parts, sections: usize) -> Self {
        Self { parts, next: sections }
    }

    /// The next one, where it lies: what it holds may change at any time.
    pub(in crate::tokenize) fn mapped<T: Plain>(&mut self) -> Option<Store<T>> {
        let values = self.parts.section(self.next);
        self.next += 1;
        values
    }

    /// A copy of the next one, which can be checked once and trusted then.
    pub(in crate::tokenize) fn owned<T: Plain>(&mut self) -> Option<Vec<T>> {
        self.mapped().map(|values| values.to_vec())
    }
}
