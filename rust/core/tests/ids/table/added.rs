//! Added tokens of every flag.

use serde_json::{Value, json};

/// An added token; of the flags `w`, `l`, `r`, `n` and `s` those that are named are on. Its id is
/// what the vocabulary says or the next one that is free: the reference reads none of a file.
pub(crate) fn added(content: &str, flags: &str) -> Value {
    json!({
        "id": 7_000_000,
        "content": content,
        "single_word": flags.contains('w'),
        "lstrip": flags.contains('l'),
        "rstrip": flags.contains('r'),
        "normalized": flags.contains('n'),
        "special": flags.contains('s'),
    })
}

/// Sets of them, with the names of the sets.
pub(crate) fn sets() -> Vec<(&'static str, Vec<Value>)> {
    let every = ["", "w", "l", "r", "lr", "wl", "wr", "wlr"];
    let contents = ["the", "[M]", "ab.", "中文", "<x>", "é", "1", "don't"];
    let of = |more: &str| {
        let one = |(content, flags): (&&str, &str)| added(content, &format!("{flags}{more}"));
        contents.iter().zip(every).map(one).collect()
    };
    vec![
        ("none", vec![]),
        ("special", vec![added("[UNK]", "s"), added("[M]", "ls"), added("<s>", "s")]),
        (
            "few",
            vec![added("the", "n"), added("中文", ""), added("<x>", "lr"), added("don't", "nw")],
        ),
        ("every flag", of("")),
        ("every flag, normalized", of("n")),
        (
            "odd",
            vec![
                added("New York", "n"),
                added("a  b", "ln"),
                added("▁a", "n"),
                added("\u{301}", ""),
                added("Ġa", ""),
                added("ＡＢ", "n"),
                added("e\u{301}", "n"),
                added("  ", "r"),
                added("##a", ""),
                added("", "n"),
            ],
        ),
    ]
}
