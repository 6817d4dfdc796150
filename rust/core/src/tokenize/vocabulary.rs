//! Facts about a vocabulary.

/// What the rest of the crate needs to know of a vocabulary, added tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Vocabulary {
    /// Number of distinct tokens.
    pub tokens: usize,
    /// Every id that the tokenizer can produce is below this bound (largest id + 1).
    pub id_bound: u32,
    /// The id that is removed from every text: of `unk_token`, or a Unigram model's `unk_id`.
    pub unk_id: Option<u32>,
    /// `int(median(len(token)))` over all tokens, in code points; the middle two are averaged
    /// before truncation. model2vec cuts a text to `max_length` times this many code points.
    pub median_token_length: usize,
}

impl Vocabulary {
    /// Gathers the facts from the code-point lengths of all distinct tokens.
    pub(crate) fn new(mut lengths: Vec<u32>, id_bound: u32, unk_id: Option<u32>) -> Self {
        lengths.sort_unstable();
        let middle = lengths.len() / 2;
        let median_token_length = match lengths.len() {
            0 => 0,
            n if n % 2 == 1 => lengths[middle] as usize,
            _ => (lengths[middle - 1] as usize + lengths[middle] as usize) / 2,
        };
        Self { tokens: lengths.len(), id_bound, unk_id, median_token_length }
    }
}
