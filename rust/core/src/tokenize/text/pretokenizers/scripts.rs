//! UnicodeScripts: cuts where the script changes.

/// A script by number; 0 for a space and for what is not assigned, which go with what is before.
type Script = u8;

const PAGE: usize = 128;
const PAGES: usize = 0x11_0000 / PAGE;

/// The file that `scripts/make_script_table.py` writes by asking the reference: the number of each
/// page's table, then the tables.
static BYTES: &[u8] = include_bytes!("scripts.bin");

fn script(c: char) -> Script {
    let (pages, tables) = BYTES.split_at(2 * PAGES);
    let (pages, _) = pages.as_chunks();
    let page = usize::from(u16::from_le_bytes(pages[c as usize / PAGE]));
    tables[page * PAGE + c as usize % PAGE]
}

/// Calls `word` with start and end of every word until it returns false, and says so. What comes
/// before the first character of a script is dropped, as in the reference.
pub(super) fn split(text: &[u8], word: &mut dyn FnMut(usize, usize) -> bool) -> bool {
    let text = std::str::from_utf8(text).unwrap_or_default();
    let mut open: Option<(usize, Script)> = None;
    for (at, c) in text.char_indices() {
        let script = script(c);
        match open {
            _ if script == 0 => {}
            Some((_, last)) if last == script => {}
            Some((start, _)) => {
                if !word(start, at) {
                    return false;
                }
                open = Some((at, script));
            }
            None => open = Some((at, script)),
        }
    }
    open.is_none_or(|(start, _)| word(start, text.len()))
}

#[cfg(all(test, feature = "fallback"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use tokenizers::pre_tokenizers::unicode_scripts::UnicodeScripts;
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    use super::*;

    fn check(text: &str) {
        let mut pretokenized = PreTokenizedString::from(text);
        UnicodeScripts::new().pre_tokenize(&mut pretokenized).unwrap();
        let splits = pretokenized.get_splits(OffsetReferential::Original, OffsetType::Byte);
        let expected: Vec<&str> = splits.iter().map(|&(word, ..)| word).collect();
        let mut found = Vec::new();
        split(text.as_bytes(), &mut |start, end| {
            found.push(&text[start..end]);
            true
        });
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn every_scalar_between_others() {
        let scalars: Vec<char> = ('\0'..=char::MAX).collect();
        for chunk in scalars.chunks(3000) {
            check(&chunk.iter().collect::<String>());
            // Each between two of another script, and behind one of its own page.
            let between: String =
                chunk.iter().flat_map(|&c| ['a', c, 'б', c, '中', c, ' ', chunk[0]]).collect();
            check(&between);
        }
        for text in ["", " ", "  どこで生れ。Yes  no", "\u{378}a\u{378} b"] {
            check(text);
        }
    }
}
