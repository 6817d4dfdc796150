//! Metaspace with `split`: every word by itself.

use super::super::output::Output;
use super::cache::{self, FEW, LONG, SHORT};
use super::lattice::{Lattice, UNKNOWN};
use super::line::Line;
use super::model::Model;

/// The ids of a short word, fused; the unknown one is among them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ids {
    ids: [u32; FEW],
    count: u8,
    unknown: bool,
}

pub(super) type Cache = cache::Cache<Ids, u32>;

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
        let going_on = if end - start <= SHORT {
            let key = cache::key(line.window(start), end - start);
            match cache.get(key) {
                Some(known) if !known.unknown => {
                    out.extend_few(&known.ids, usize::from(known.count))
                }
                Some(known) => out.extend(&known.ids[..usize::from(known.count).min(FEW)]),
                None => {
                    word(model, line.text(start, end), lattice, ids);
                    if ids.len() <= FEW {
                        let mut few = Ids { count: ids.len() as u8, ..Ids::default() };
                        few.ids[..ids.len()].copy_from_slice(ids);
                        few.unknown = ids.contains(&model.unk_id);
                        cache.put(key, few);
                        out.extend(ids)
                    } else {
                        long(model, line.text(start, end), cache, lattice, ids, out)
                    }
                }
            }
        } else if end - start <= LONG {
            long(model, line.text(start, end), cache, lattice, ids, out)
        } else {
            word(model, line.text(start, end), lattice, ids);
            out.extend(ids)
        };
        if !going_on {
            return false;
        }
        start = end;
    }
    true
}

fn long(
    model: &Model,
    text: &str,
    cache: &mut Cache,
    lattice: &mut Lattice,
    ids: &mut Vec<u32>,
    out: &mut Output<'_>,
) -> bool {
    match cache.get_long(text.as_bytes()) {
        Ok(known) => out.extend(known),
        Err(hash) => {
            word(model, text, lattice, ids);
            cache.put_long(hash, text.as_bytes(), ids.iter().copied());
            out.extend(ids)
        }
    }
}

/// Replaces `ids` by the ids of one word.
fn word(model: &Model, text: &str, lattice: &mut Lattice, ids: &mut Vec<u32>) {
    ids.clear();
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
