//! Maps of `Precompiled` made here.
// Each family of tests uses a part of it.
#![allow(dead_code)]

use serde_json::{Value, json};

/// A map of "e\u{302}" to "ê", "ﬁ" to "fi", "\u{1}" to nothing and "\t" to a space.
pub(crate) fn small_charsmap() -> Value {
    charsmap(&[
        ("e\u{302}", "ê"),
        ("ﬁ", "fi"),
        ("\u{1}", ""),
        ("\t", " "),
        ("ê\u{301}", "\u{1ebf}"),
    ])
}

/// A `Precompiled` of these replacements: a double array made by hand, where each node's children
/// lie in a block of 256 units of their own.
pub(crate) fn charsmap(keys: &[(&str, &str)]) -> Value {
    let mut units = vec![0_u32; 256];
    let mut replacements = String::new();
    // (unit of the node, position of its block)
    let mut blocks: Vec<(Vec<u8>, usize)> = vec![(Vec::new(), 256)];
    units.resize(512, 0);
    units[0] = 256 << 10;
    for &(key, replacement) in keys {
        let mut block = 256;
        for (n, &byte) in key.as_bytes().iter().enumerate() {
            let prefix = key.as_bytes()[..=n].to_vec();
            let unit = block ^ usize::from(byte);
            let known = blocks.iter().find(|(known, _)| *known == prefix).map(|&(_, at)| at);
            let next = known.unwrap_or_else(|| {
                let next = units.len();
                units.resize(next + 256, 0);
                blocks.push((prefix, next));
                next
            });
            units[unit] |= u32::from(byte) | ((unit ^ next) as u32) << 10;
            if n + 1 == key.len() {
                units[unit] |= 1 << 8;
                units[next] = 1 << 31 | replacements.len() as u32;
                replacements.push_str(replacement);
                replacements.push('\0');
            }
            block = next;
        }
    }
    let mut blob = (4 * units.len() as u32).to_le_bytes().to_vec();
    blob.extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
    blob.extend(replacements.as_bytes());
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut base64 = String::new();
    for group in blob.chunks(3) {
        let word = [0, 1, 2].map(|at| group.get(at).copied().unwrap_or(0));
        let bits = u32::from_be_bytes([0, word[0], word[1], word[2]]);
        for at in 0..4 {
            let digit = char::from(digits[(bits >> (18 - 6 * at) & 63) as usize]);
            base64.push(if at <= group.len() { digit } else { '=' });
        }
    }
    json!({"type": "Precompiled", "precompiled_charsmap": base64})
}
