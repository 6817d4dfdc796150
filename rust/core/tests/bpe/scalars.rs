//! Every Unicode scalar value, in several contexts: the same pieces as the reference's
//! pre-tokenizers.

use crate::models;
use crate::pieces::Pieces;

/// The `_` stands for the scalar.
#[rustfmt::skip]
const CONTEXTS: &[&str] = &[
    "_", "a_b", " _", "_ ", "  _  ", "'_", "'_e", "'l_", "_'s", "._", "_.", " ._", "1_2", "12_", "\n_", "_\n", " \n _ x",
    "__", "_ _", "\t_a", "_\u{301}", "é_", "中_中", " _a", "a _1", " _ ", "_\u{3000}a", "'_l", "'v_",
];

fn sweep(scalars: &[char]) {
    for pre_tokenizer in
        models::of_bytes().into_iter().take(13).chain(models::of_chars().into_iter().skip(1))
    {
        let pieces = Pieces::new(&pre_tokenizer);
        for c in scalars {
            for context in CONTEXTS {
                pieces.check(&context.replace('_', c.encode_utf8(&mut [0; 4])));
            }
        }
    }
}

#[test]
fn some_scalars() {
    let mut scalars: Vec<char> = (0..0x250).filter_map(char::from_u32).collect();
    scalars.extend((0x2000..0x2030).chain(0x2ff8..0x3008).filter_map(char::from_u32));
    scalars.extend((0x250..0x11_0000).step_by(3499).filter_map(char::from_u32));
    scalars.extend(['\u{1e030}', '\u{fe0f}', '\u{feff}', '\u{212a}', '\u{fb06}', '\u{1680}']);
    scalars.extend(['\u{205f}', '\u{60c}', '\u{661}', '\u{16ee}']);
    sweep(&scalars);
}

#[test]
#[ignore = "hours: part of the exhaustive run"]
fn all_scalars() {
    let scalars: Vec<char> = ('\0'..=char::MAX).collect();
    assert_eq!(scalars.len(), 1_112_064);
    sweep(&scalars);
}

/// All scalars in one text each, which takes minutes instead of hours and still sees each class.
#[test]
fn all_scalars_in_batches() {
    let scalars: Vec<char> = ('\0'..=char::MAX).collect();
    for pre_tokenizer in [
        models::byte_level(false, true),
        models::split(models::GPT4, "Isolated", false),
        models::plain("Whitespace"),
        models::plain("BertPreTokenizer"),
        models::plain("WhitespaceSplit"),
        models::digits(true),
    ] {
        let pieces = Pieces::new(&pre_tokenizer);
        for batch in scalars.chunks(4096) {
            for context in ["a_ ", "._.", "1_"] {
                let parts = batch.iter().map(|c| context.replace('_', c.encode_utf8(&mut [0; 4])));
                pieces.check(&parts.collect::<String>());
            }
        }
    }
}
