//! Metaspace with `split`: every word by itself.

use super::lattice::{Lattice, UNKNOWN};
use super::model::Model;
use crate::tokenize::output::Output;
use crate::tokenize::road::cache::Cache;
use crate::tokenize::road::units::LONGEST_KEPT;
use crate::tokenize::sentences::line::Line;

/// Ids of the words of a line. Returns false when the limit is reached.
pub(super) fn line(
    model: &Model,
    line: &Line,
    cache: &mut Cache,
    lattice: &mut Lattice,
    ids: &mut Vec<u32>,
    out: &mut Output<'_>,
) -> bool {
    let mut start = line.start();
    while start < line.end() {
        let end = line.word_end(start);
        // Not to be taken for a unit of a raw text.
        let query =
            (end - start <= LONGEST_KEPT).then(|| cache.query(line.buffer(), start, end, true));
        let goes_on = if let Some(query) = &query
            && let Some(known) = cache.get(query)
        {
            known.put_out(out)
        } else {
            ids.clear();
            word(model, line.text(start, end), lattice, ids);
            if let Some(query) = &query {
                cache.put(query, ids, out.has_unknown(ids));
            }
            out.extend(ids)
        };
        if !goes_on {
            return false;
        }
        start = end;
    }
    true
}

/// Appends the ids of the words of a line, the unknown one included.
pub(super) fn all(model: &Model, line: &Line, lattice: &mut Lattice, ids: &mut Vec<u32>) {
    let mut start = line.start();
    while start < line.end() {
        let end = line.word_end(start);
        word(model, line.text(start, end), lattice, ids);
        start = end;
    }
}

/// Appends the ids of one word.
fn word(model: &Model, text: &str, lattice: &mut Lattice, ids: &mut Vec<u32>) {
    lattice.codes.clear();
    model.codes.extend(text, &mut lattice.codes);
    lattice.best::<false>(&model.trie, model.unk_score, 0.0);
    let simple = model.unknowns_are_simple();
    // The run of unknown characters that is open: its start and its number of nodes.
    let mut run: Option<(u32, usize)> = None;
    let close = |run: &mut Option<(u32, usize)>, end: u32, ids: &mut Vec<u32>| {
        let Some((start, nodes)) = run.take() else { return };
        if simple {
            ids.push(model.unk_id);
            return;
        }
        let chars = text.chars().skip(start as usize).take((end - start) as usize);
        model.unknown_run(&chars.collect::<String>(), nodes, |id| {
            ids.push(id);
            true
        });
    };
    let mut end = 0;
    for node in &lattice.path {
        let id = if node.slot == UNKNOWN { model.unk_id } else { model.trie.id(node.slot) };
        end = node.end;
        if id == model.unk_id {
            let (_, nodes) = run.get_or_insert((node.start, 0));
            *nodes += 1;
        } else {
            close(&mut run, node.start, ids);
            ids.push(id);
        }
    }
    close(&mut run, end, ids);
}
