//! BertNormalizer, BertPreTokenizer and WordPiece, ids only.

mod exact;
pub(super) mod normalizer;
mod pieces;
pub(super) mod plan;

use super::output::Output;
use super::spec::Spec;
use super::{NotCovered, Vocabulary};
use plan::Plan;

/// An immutable WordPiece tokenizer.
#[derive(Debug)]
pub(crate) struct WordPiece {
    plan: Plan,
}

/// Working memory of one worker.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    exact: exact::Buffers,
}

impl WordPiece {
    /// The engine for a tokenizer.json, if it is one of its family.
    pub(crate) fn plan(spec: &Spec<'_>) -> Result<(Self, Vocabulary), NotCovered> {
        let mut plan = Plan::new(spec)?;
        let lengths = std::mem::take(&mut plan.lengths);
        let vocabulary = Vocabulary::new(lengths, plan.id_bound, Some(plan.unk_id));
        Ok((Self { plan }, vocabulary))
    }

    /// Appends the first `limit` ids of `text`, less the unknown id.
    pub(crate) fn ids_into(
        &self,
        text: &str,
        limit: Option<usize>,
        scratch: &mut Scratch,
        ids: &mut Vec<u32>,
    ) {
        let mut out = Output::new(ids, limit, self.plan.unk_id);
        if out.remaining == 0 {
            return;
        }
        let plan = &self.plan;
        exact::text(
            text,
            plan.raw.as_ref(),
            plan.normalizer,
            plan.normalized.as_ref(),
            &plan.pieces,
            &mut scratch.exact,
            &mut out,
        );
    }
}
