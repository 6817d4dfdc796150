//! Which road a tokenizer.json takes, and why.

use super::Engine;
use super::added_tokens::{AddedTokens as Added, added_tokens};
use super::bert::Bert;
use super::file::nested::{Kind, Leaf, leaves};
use super::file::parts::{check_post_processor, check_version};
use super::file::spec::Spec;
use super::index::{Parts, Sections};
use super::models::unigram::Unigram;
use super::models::{Known, Model};
use super::output::NO_ID;
use super::refusals::{NotCovered, not_covered};
use super::road::Road;
use super::road::segments::Segments;
use super::sentences::Sentences;
use super::stored::{self, Made, Stored};
use super::text::normalizers::{self, Normalizer};
use super::text::pretokenizers::PreTokenizer;
use super::vocabulary::Vocabulary;

/// The engine for a file. `keep` is called with the index of a vocabulary of at least so many
/// tokens, if it can have one.
pub(super) fn plan(
    spec: &Spec<'_>,
    least: usize,
    keep: impl FnOnce(&Sections<'_>),
) -> Result<(Engine, Vocabulary), NotCovered> {
    check_version(spec)?;
    check_post_processor(spec.post_processor)?;
    if is_bert(spec)? {
        // Where it does not take the file, the road may.
        if let Ok((bert, vocabulary, known)) = Bert::plan(spec) {
            let engine = Engine::Bert(Box::new(bert));
            if vocabulary.tokens >= least {
                stored::store(spec, &known, &engine, &vocabulary, keep);
            }
            return Ok((engine, vocabulary));
        }
    }
    let normalizer = Normalizer::plan(spec.normalizer)?;
    let mut pre_tokenizer = PreTokenizer::plan(spec.pre_tokenizer)?;
    let (model, facts) = Model::read(spec, &mut pre_tokenizer)?;
    let added = Added::of(spec, &facts.known, &normalizer)?;
    let mut lengths = facts.lengths;
    lengths.extend(&added.new_lengths);
    let id_bound = added.id_bound.max(facts.id_bound);
    if id_bound == NO_ID {
        return not_covered("the largest id that there is");
    }
    // One that only the added tokens have is made by no model, but it is left out all the same.
    let unk_token = spec.model.unk_token.as_deref();
    let unk_id = facts.unk_id.or_else(|| added.id(unk_token?));
    let vocabulary = Vocabulary::new(lengths, id_bound, unk_id);
    let engine = assemble(normalizer, pre_tokenizer, added, model, unk_id);
    if vocabulary.tokens >= least {
        stored::store(spec, &facts.known, &engine, &vocabulary, keep);
    }
    Ok((engine, vocabulary))
}

/// The engine of an index, if it is whole.
pub(super) fn from_index(parts: &Parts) -> Option<(Engine, Vocabulary)> {
    let Stored { file, known, vocabulary, made, mut arrays } = stored::read(parts)?;
    let spec = Spec::from_json(file.get().as_bytes()).ok()?;
    if let Made::Bert(stored) = made {
        let bert = Bert::load(stored, &spec, &vocabulary, &known, &mut arrays)?;
        return Some((Engine::Bert(Box::new(bert)), vocabulary));
    }
    let model = Model::load(made, vocabulary.id_bound, &mut arrays)?;
    let normalizer = Normalizer::plan(spec.normalizer).ok()?;
    let mut pre_tokenizer = PreTokenizer::plan(spec.pre_tokenizer).ok()?;
    if let Model::Unigram(model) = &model
        && model.replacement != Unigram::fold(&mut pre_tokenizer)
    {
        return None;
    }
    let added = Added::of(&spec, &known, &normalizer).ok()?;
    if added.id_bound > vocabulary.id_bound {
        return None;
    }
    let unk_id = vocabulary.unk_id;
    let engine = assemble(normalizer, pre_tokenizer, added, model, unk_id);
    Some((engine, vocabulary))
}

impl Added {
    fn of(spec: &Spec<'_>, known: &Known, normalizer: &Normalizer) -> Result<Self, NotCovered> {
        let mut buffers = normalizers::Buffers::default();
        added_tokens(
            spec,
            known.len,
            |token| known.ids.get(token).copied(),
            |text, out| normalizer.append(text, &mut buffers, out),
        )
    }

    fn id(&self, content: &str) -> Option<u32> {
        self.ids.iter().find(|(token, _)| token == content).map(|&(_, id)| id)
    }
}

/// Puts together what was read.
fn assemble(
    normalizer: Normalizer,
    pre_tokenizer: PreTokenizer,
    added: Added,
    model: Model,
    unk_id: Option<u32>,
) -> Engine {
    // Whether a word counts as first depends on where its first character came from: of the acute
    // accent come a space and a mark, of which the mark is first as well.
    let moves = |alone: bool| {
        normalizer.trims()
            || (!normalizer.is_identity() && (!added.normalized.is_empty() || !alone))
    };
    let follows = pre_tokenizer.first_matters().is_some_and(moves);
    let segments = Segments::new(normalizer, added, follows);
    match (model, pre_tokenizer.metaspace()) {
        (Model::Unigram(model), Some((metaspace, false)))
            if !metaspace.split && model.unk_id != NO_ID =>
        {
            Engine::Sentences(Box::new(Sentences::new(segments, metaspace, model)))
        }
        (model, _) => Engine::Road(Box::new(Road::new(segments, pre_tokenizer, model, unk_id))),
    }
}

/// Whether a file has the parts that BERT has.
fn is_bert(spec: &Spec<'_>) -> Result<bool, NotCovered> {
    let normalizer = leaves(Kind::Normalizer, spec.normalizer)?;
    let pre_tokenizer = leaves(Kind::PreTokenizer, spec.pre_tokenizer)?;
    Ok(spec.model.kind.as_deref() == Some("WordPiece")
        && matches!(normalizer.as_slice(), [] | [Leaf { kind: "BertNormalizer", .. }])
        && matches!(pre_tokenizer.as_slice(), [Leaf { kind: "BertPreTokenizer", .. }]))
}
