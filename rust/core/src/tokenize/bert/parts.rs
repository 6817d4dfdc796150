//! What the fast path needs of a model.

use super::charmap::CharMap;
use super::follow::Follow;
use crate::backend::Runnable;
use crate::tokenize::models::wordpiece::Pieces;
use crate::tokenize::scan::{Cutting, Rewrite};
use crate::tokenize::text::added::Matcher;
use crate::tokenize::text::normalizers::bert::Normalizer;

/// Buffers of more bytes than this are not kept from text to text.
pub(super) const LARGE: usize = 1 << 18;

/// What the fast path needs of a model.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    pub(super) pieces: &'a Pieces,
    pub(super) map: &'a CharMap,
    /// What the map stands for: the model's normalizer, or none where the text is normalized first.
    pub(super) normalizer: Normalizer,
    /// The normalizer of a text in which added tokens are to be found.
    pub(super) before: Normalizer,
    pub(super) unk_id: u32,
    pub(super) backend: Runnable,
    pub(super) cutting: &'a Cutting,
    pub(super) rewrite: Rewrite,
    /// Added tokens to be found in the rewritten text.
    pub(super) added: Option<(&'a Matcher, &'a Follow)>,
}
