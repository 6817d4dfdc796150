//! Every Unicode scalar value, in several contexts.

use serde_json::Value;

use crate::models::{Model, all_flags};
use crate::oracle::Oracle;

/// A model that knows every one of these scalars, at the start of a word and within.
fn model(scalars: &[char]) -> Model {
    let tokens = scalars.iter().flat_map(|c| [c.to_string(), format!("##{c}")]);
    Model::default().with_tokens(tokens)
}

const CONTEXTS: &[(&str, &str)] = &[
    ("", ""),
    ("ab", "cd"),
    ("e", ""),
    ("", "\u{301}"),
    ("\u{1d16d}", "\u{1d165}"),
    ("中", "か"),
    ("\u{302f}", "\u{323}"),
    ("-", "x"),
];

fn sweep(model: &Model, flags: &[Option<[Value; 4]>], scalars: &[char]) {
    for flags in flags {
        let model = Model { flags: flags.clone(), ..model.clone() };
        let mut oracle = Oracle::new(&model.json()).unwrap();
        eprintln!("{flags:?}");
        for scalar in scalars {
            oracle.check(scalar.encode_utf8(&mut [0; 4]), None);
        }
        // Batches, for speed; a batch that differs is taken apart.
        for batch in scalars.chunks(64) {
            for (before, after) in CONTEXTS {
                let parts: Vec<String> =
                    batch.iter().map(|c| format!("{before}{c}{after}")).collect();
                let text = parts.join(" ");
                let all = oracle.all_ids(&text);
                if let Err(difference) = oracle.agrees(&text, &all, None) {
                    for part in &parts {
                        oracle.check(part, None);
                    }
                    panic!("{flags:?} {difference}");
                }
            }
        }
    }
}

#[test]
fn some_scalars() {
    let mut scalars: Vec<char> = (0..0x3500).filter_map(char::from_u32).collect();
    scalars.extend((0x3500..0x11_0000).step_by(61).filter_map(char::from_u32));
    scalars.extend((0xF900..0xFB50).chain(0x1D160..0x1D180).filter_map(char::from_u32));
    let model = model(&scalars);
    let all = all_flags();
    // No normalizer, all on, all off, and each flag alone.
    let flags: Vec<_> = [0, 16, 1, 2, 3, 5, 9].map(|i: usize| all[i].clone()).into();
    sweep(&model, &flags, &scalars);
}

fn every_scalar() -> Vec<char> {
    let scalars: Vec<char> = ('\0'..=char::MAX).collect();
    assert_eq!(scalars.len(), 1_112_064);
    scalars
}

#[test]
#[ignore = "minutes: part of the exhaustive run"]
fn all_scalars_with_the_usual_flags() {
    let scalars = every_scalar();
    sweep(&model(&scalars), &all_flags()[16..], &scalars);
}

#[test]
#[ignore = "half an hour: part of the exhaustive run"]
fn all_scalars_with_all_flags() {
    let scalars = every_scalar();
    sweep(&model(&scalars), &all_flags()[..16], &scalars);
}
