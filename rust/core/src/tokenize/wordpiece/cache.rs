//! Ids of the chunks seen last.
//!
//! Two entries to a set, one set to a line of the processor's cache; a new chunk takes the first
//! place of its set and the one there moves to the second. Nothing grows: what a text can cost is
//! bounded, whatever is in it.

/// Ids that an entry holds itself; longer lists are not kept.
pub(super) const INLINE: usize = 3;

/// What is known of a chunk.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(16))]
pub(super) struct Value {
    pub(super) ids: [u32; INLINE],
    pub(super) meta: Meta,
}
