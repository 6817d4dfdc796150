//! Any expression that is taken, over any text, against the reference's engine.

use m2v_fast::probe::Expression;
use tokenizers::utils::SysRegex;

use crate::input::{self, Input};
use crate::reference::quietly;

/// What expressions are made of: with these the fuzzer gets to some that are taken sooner.
const PARTS: &[&str] = &[
    r"\p{L}",
    r"\p{N}",
    r"\s",
    r"\S",
    r"\w",
    r"[\r\n]",
    r"[^\s\p{L}\p{N}]",
    " ?",
    "'s",
    "(?i:",
    "(?:",
    "(",
    ")",
    "|",
    "?",
    "*",
    "+",
    "{1,3}",
    "(?!",
    "(?=",
    "[^",
    "[",
    "]",
    "&&",
    "-",
    ".",
    "$",
    "++",
    "?+",
    r"\p{Lu}",
    r"\p{M}",
    r"\p{Han}",
    "a",
    "b",
    "k",
    "é",
    "一",
    "(?>",
    "??",
    "{2}",
];

/// The first byte says how many parts the expression has; the rest after them is the text.
pub fn regex(data: &[u8]) {
    let mut input = Input::new(data);
    let count = input.below(40);
    let pattern: String = (0..count)
        .map(|_| match input.byte() {
            byte if usize::from(byte) < 2 * PARTS.len() => PARTS[usize::from(byte) / 2].to_owned(),
            byte => char::from(byte & 0x7f).to_string(),
        })
        .collect();
    let text = input::text(input.rest());
    let Ok(expression) = Expression::new(&pattern) else {
        return;
    };
    let ours: Vec<_> = expression.matches(&text).collect();
    if expression.covers() {
        let covered: usize = ours.iter().map(|(start, end)| end - start).sum();
        assert_eq!(covered, text.len(), "{pattern:?} covers {text:?}");
    }
    let theirs = quietly(|| Ok(SysRegex::new(&pattern)?.find_iter(&text).collect::<Vec<_>>()));
    match theirs {
        Ok(theirs) => assert_eq!(ours, theirs, "{pattern:?} in {text:?}"),
        // It gave up on the text.
        Err(message) => assert_eq!(message, "panicked", "{pattern:?} is no expression"),
    }
}
