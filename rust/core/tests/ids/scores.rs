//! Scores, in every spelling, are what the reference reads.

use crate::oracle::Oracle;
use crate::table::pretokenizers::metaspace;
use crate::texts::Random;
use crate::unigram::Model;

/// A number as some program might write it.
fn spelled(random: &mut Random) -> String {
    let digits = |random: &mut Random, count: usize| -> String {
        (0..count).map(|_| char::from(b'0' + random.below(10) as u8)).collect()
    };
    let whole = random.below(30);
    match random.below(7) {
        0 => format!("-{whole}"),
        1 => whole.to_string(),
        2 => {
            let n = 1 + random.below(25);
            format!("-{whole}.{}", digits(random, n))
        }
        3 => {
            let n = 15 + random.below(3);
            format!("-{whole}.{}", digits(random, n))
        }
        4 => {
            let n = 1 + random.below(20);
            format!("-{whole}.{}e-{}", digits(random, n), random.below(30))
        }
        5 => {
            let n = 1 + random.below(18);
            format!("-0.{}E+{}", digits(random, n), random.below(5))
        }
        // A single-precision number made double, as sentencepiece models have it.
        _ => format!("{:?}", f64::from(-(random.below(1 << 24) as f32) / 999_983.0)),
    }
}

/// The words are chosen so that a sum of scores decides between them and their parts: a unit in
/// the last place shows.
#[test]
fn every_spelling() {
    for seed in 0..60 {
        let mut random = Random::new(seed);
        let mut model = Model { pre_tokenizer: metaspace("never", false), ..Model::default() };
        let mut scores = Vec::new();
        for c in 'a'..='z' {
            let score = spelled(&mut random);
            scores.push(score.parse::<f64>().unwrap());
            model.vocab.push((c.to_string(), score));
        }
        let mut words = Vec::new();
        for _ in 0..300 {
            let pair = [random.below(26), random.below(26)];
            let word: String = pair.map(|at| char::from(b'a' + at as u8)).iter().collect();
            // The nearest spelling of the sum, and its neighbours.
            let sum = scores[pair[0]] + scores[pair[1]];
            let near = [sum, sum.next_down(), sum.next_up()][random.below(3)];
            model.vocab.push((word.clone(), format!("{near:?}")));
            words.push(word);
        }
        let mut oracle = Oracle::new(&model.json()).unwrap();
        for word in &words {
            oracle.check(word, None);
        }
        for words in words.chunks(7) {
            oracle.check(&words.concat(), None);
            oracle.check(&words.join(" "), None);
        }
    }
}

#[test]
fn the_last_duplicate_counts_and_the_lowest_score_of_all() {
    let pieces = [("ab", -1.0), ("a", -2.0), ("b", -2.0), ("ab", -9.0), ("q", -3.0), ("q", -0.5)];
    let model = Model::default().with_pieces(pieces);
    let mut oracle = Oracle::new(&model.json()).unwrap();
    for text in ["ab", "abab q", "qqab", "zab z"] {
        oracle.check(text, None);
    }
}
