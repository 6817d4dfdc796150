//! What the vocabularies of the table's models hold: characters and runs of a few of them that the
//! texts are made of, in the forms that normalizers give them, so that ids tell texts apart.

use std::collections::BTreeSet;

use tokenizers::NormalizedString;

use crate::texts::POOLS;

/// What stands for a byte in a byte-level vocabulary.
pub(crate) fn byte_char(byte: u8) -> char {
    let visible = |byte: &u8| matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff);
    if visible(&byte) {
        return char::from(byte);
    }
    char::from_u32(0x100 + (0..byte).filter(|other| !visible(other)).count() as u32).unwrap()
}

pub(crate) fn byte_chars(text: &str) -> String {
    text.bytes().map(byte_char).collect()
}

/// A number of a string, the same in every run.
pub(crate) fn number(of: &str) -> u32 {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = of.bytes().fold(0x811c_9dc5, step);
    hash ^ hash >> 15
}

/// A fragment as it is and as normalizers may leave it.
fn forms(fragment: &str) -> Vec<String> {
    let normalized = |change: fn(&mut NormalizedString) -> &mut NormalizedString| {
        change(&mut NormalizedString::from(fragment)).get().to_owned()
    };
    vec![
        fragment.to_owned(),
        fragment.to_lowercase(),
        normalized(|text| text.nfkd()),
        normalized(|text| text.nfkd().lowercase()),
        normalized(|text| text.nfkc().lowercase()),
        normalized(|text| text.nfd().filter(|c| !('\u{300}'..'\u{370}').contains(&c))),
    ]
}

/// Characters, and runs of two to four of them. Some characters are in none of them, so that words
/// become unknown.
#[derive(Debug, Clone)]
pub(crate) struct Runs {
    pub(crate) chars: Vec<String>,
    pub(crate) runs: Vec<String>,
    /// What texts are made of as it is, and pairs of some of it.
    pub(crate) words: Vec<String>,
}

/// Of the texts as they are, or of their bytes in a byte-level vocabulary.
pub(crate) fn runs(of_bytes: bool) -> Runs {
    let [mut chars, mut runs, mut words, mut few] = [(); 4].map(|()| BTreeSet::new());
    let missing =
        |c: char| c == 'q' || (!c.is_ascii() && number(&c.to_string()).is_multiple_of(16));
    let mut last = String::new();
    for fragment in POOLS.iter().copied().flatten() {
        for form in forms(fragment) {
            if !of_bytes {
                chars.extend(form.chars().filter(|&c| !missing(c)).map(String::from));
            }
            let written = if of_bytes { byte_chars(&form) } else { form.clone() };
            if number(&form).is_multiple_of(8) && form.len() < 9 {
                few.insert(written.clone());
            }
            words.insert(written);
            // With what came before, so that runs go beyond fragments.
            let joined = format!("{}{form}", last.chars().last().unwrap_or(' '));
            for text in [&form, &joined] {
                let text = if of_bytes { byte_chars(text) } else { text.replace(' ', "▁") };
                let all: Vec<char> = text.chars().collect();
                let hash = number(&text) as usize;
                let len = 2 + hash % 3;
                for start in [0, all.len().saturating_sub(len), hash / 3 % all.len().max(1)] {
                    let run: String = all.iter().skip(start).take(len).collect();
                    if run.chars().nth(1).is_some() && !run.chars().any(missing) {
                        runs.insert(run);
                    }
                }
            }
            last = form;
        }
    }
    if of_bytes {
        chars.extend((0..=255).map(|byte| byte_char(byte).to_string()));
        // One byte of no character that is common, and signs that Metaspace puts in.
        chars.remove(&byte_char(0xb7).to_string());
    }
    chars.insert("▁".to_owned());
    let pairs: Vec<String> =
        few.iter().flat_map(|one| few.iter().map(move |other| format!("{one}{other}"))).collect();
    words.extend(pairs);
    let [chars, runs, words] = [chars, runs, words].map(|all| all.into_iter().collect());
    Runs { chars, runs, words }
}

/// `<0x00>` and so on.
pub(crate) fn byte_tokens() -> impl Iterator<Item = String> {
    (0..=255_u8).map(|byte| format!("<0x{byte:02X}>"))
}
