//! Ties and near-ties, which rounding decides.

use crate::oracle::Oracle;
use crate::table::pretokenizers::metaspace;
use crate::texts::Random;
use crate::unigram::Model;

/// Pieces of two to four letters, with few distinct scores, some of them sums of others.
fn model(random: &mut Random, split: bool) -> Model {
    let letters = ["a", "b", "c", "▁"];
    let letters = &letters[..2 + random.below(3)];
    let values = [-0.1, -0.2, -0.3, -0.7, -1.0, -1.1, -2.2, -3.1, -3.3, -4.2, -7.3, -9.8]
        .map(|value: f64| value * [1.0, 1.0, 1e-3, 1e3][random.below(4)]);
    let distinct = 1 + random.below(values.len());
    let mut pieces = vec![("▁".to_owned(), values[random.below(distinct)])];
    for letter in letters {
        if random.chance(90) {
            pieces.push(((*letter).to_owned(), values[random.below(distinct)]));
        }
    }
    for _ in 0..random.below(40) {
        let inner = random.chance(10);
        let mut piece = if random.chance(40) { "▁".to_owned() } else { String::new() };
        for _ in 0..1 + random.below(5) {
            let letter = random.pick(letters);
            piece.push_str(if letter == "▁" && !inner { "a" } else { letter });
        }
        pieces.push((piece, values[random.below(distinct)]));
    }
    let scheme = random.pick(&["always", "never", "first"]);
    Model { pre_tokenizer: metaspace(scheme, split), ..Model::default() }.with_pieces(pieces)
}

fn sweep(seeds: std::ops::Range<u64>, texts_each: usize) {
    for seed in seeds {
        let mut random = Random::new(seed);
        let split = random.chance(20);
        let model = model(&mut random, split);
        let mut oracle = Oracle::new(&model.json()).expect("covered");
        for _ in 0..texts_each {
            let len = [5, 20, 60, 300, 3000][random.below(5)];
            let spaces = random.below(30);
            let text: String = (0..random.below(len))
                .map(|_| match random.below(100) {
                    n if n < spaces => ' ',
                    99 => 'x',
                    _ => ['a', 'a', 'b', 'c'][random.below(4)],
                })
                .collect();
            let all = oracle.all_ids(&text);
            if let Err(difference) = oracle.agrees(&text, &all, None) {
                panic!("seed {seed}: {difference}\n{}", model.json());
            }
        }
    }
}

#[test]
fn few_letters_and_few_scores() {
    sweep(0..300, 20);
}

#[test]
#[ignore = "minutes: part of the exhaustive run"]
fn many_models_of_few_letters() {
    sweep(1000..5000, 20);
}

#[test]
fn what_came_before_decides() {
    let pieces = [("a", -3.1), ("aa", -4.2), ("x", -7.3), ("▁", -1.0)];
    let model =
        Model { pre_tokenizer: metaspace("never", false), ..Model::default() }.with_pieces(pieces);
    let mut oracle = Oracle::new(&model.json()).unwrap();
    assert_ne!(oracle.all_ids("aaa")[..1], oracle.all_ids("xaaa")[1..2]);
    for before in 0..300 {
        oracle.check(&format!("{}aaa aaa aaaaa", "x ".repeat(before)), None);
        oracle.check(&format!("{}aaa aaa aaaaa", "x".repeat(before)), None);
    }
}
