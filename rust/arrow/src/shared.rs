//! What vectors and whoever they were handed to hold on to.

use crate::elements::Element;
use crate::memory::Memory;

pub(crate) struct Shared {
    pub(crate) element: Element,
    /// Numbers of a row.
    pub(crate) width: usize,
    pub(crate) rows: usize,
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) memory: Memory,
    /// Of each chunk one after another, beginning on a byte of its own each; nothing if no row is
    /// null.
    pub(crate) validity: Option<Vec<u8>>,
    pub(crate) nulls: usize,
}

/// Some of the rows.
#[derive(Clone, Copy)]
pub(crate) struct Chunk {
    pub(crate) first: usize,
    pub(crate) rows: usize,
    /// Where its bits begin in the validity.
    pub(crate) bits: usize,
    pub(crate) nulls: usize,
}
