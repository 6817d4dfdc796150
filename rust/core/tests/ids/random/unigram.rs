//! Random Unigram models.

use crate::texts::{IDEOGRAPHS, LETTERS, MARKS, PUNCTUATION, Random, SCRIPTS, WORDS};
use crate::unigram::Model;

pub(super) fn model(random: &mut Random) -> String {
    let mut model = Model { byte_fallback: random.chance(30), ..Model::default() };
    model.vocab.clear();
    let inner = random.chance(25);
    let scores = 1 + random.below(300);
    let sign = if random.chance(5) { "" } else { "-" };
    let pools: &[&[&str]] = &[WORDS, PUNCTUATION, MARKS, LETTERS, IDEOGRAPHS, SCRIPTS];
    let mut pieces: Vec<String> = Vec::new();
    for _ in 0..random.below(200) {
        let mut piece = String::new();
        if random.chance(50) {
            piece.push('▁');
        }
        for _ in 0..random.below(4) {
            let pool = pools[random.below(pools.len())];
            piece.push_str(random.pick(pool));
            if inner && random.chance(20) {
                piece.push('▁');
            }
        }
        pieces.push(piece);
    }
    if random.chance(60) {
        for part in pools.iter().copied().flatten() {
            pieces.extend(part.chars().flat_map(char::to_lowercase).map(String::from));
        }
        pieces.extend(('a'..='z').map(String::from));
        pieces.push("▁".to_owned());
    }
    if random.chance(60) {
        let missing = random.below(4) * 100;
        pieces
            .extend((0..256).filter(|&byte| byte != missing).map(|byte| format!("<0x{byte:02X}>")));
    }
    for special in ["<unk>", "<s>", "<unk>x", "<unk><unk>", "éé", "жж"] {
        if random.chance(30) {
            pieces.push(special.to_owned());
        }
    }
    pieces.push("<unk>".to_owned());
    for piece in pieces {
        let score = random.below(scores) as f64 * [0.37, 1.0, 0.1][random.below(3)];
        model.vocab.push((piece, format!("{sign}{score:?}")));
    }
    model.unk_id = match random.below(10) {
        0 => None,
        1 | 2 => Some(random.below(model.vocab.len())),
        _ => Some(model.vocab.len() - 1),
    };
    model.model()
}
