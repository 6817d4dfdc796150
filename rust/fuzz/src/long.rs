//! A few bytes, repeated to a long text, through every engine behind every normalizer: what it takes
//! grows with the text and no faster.

use std::cell::RefCell;
use std::time::Duration;

use m2v_fast::probe::Probe;
use serde_json::{Value, json};

use crate::bounds::measure;
use crate::input::{self, Input};
use crate::models::SMALL;
use crate::reference::{Reference, keep_quiet};

#[path = "../../core/tests/support/charsmap.rs"]
mod charsmap;

/// Bytes of a text: ten thousand times a power of two, long ones more rarely.
const POWERS: [usize; 16] = [0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 10];
const LEAST: usize = 10_000;
/// The fallback takes a hundred times as long.
const LONGEST_FOR_FALLBACK: usize = 160_000;
/// Up to here the ids are compared with the reference's.
const COMPARED: usize = 20_000;

/// What a text may take on our engines and on the fallback: bytes of memory and nanoseconds a byte,
/// with AddressSanitizer on a busy machine.
const OURS: (usize, u64) = (192, 5_000);
const THEIRS: (usize, u64) = (2048, 40_000);
const MEMORY: usize = 64 << 20;
const TIME: Duration = Duration::from_secs(2);

struct Loaded {
    probe: Probe,
    json: String,
    reference: Option<Reference>,
}

/// Normalizers that grow, shrink, look around and go back.
fn normalizers() -> Vec<Option<Value>> {
    let kind = |kind: &str| json!({"type": kind});
    let replace = |pattern: Value, content: &str| json!({"type": "Replace", "pattern": pattern, "content": content});
    let sequence = |steps: &[Value]| json!({"type": "Sequence", "normalizers": steps});
    let bert = json!({"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
        "strip_accents": null, "lowercase": true});
    let mut all = vec![
        // As the model has it.
        None,
        Some(Value::Null),
        Some(bert.clone()),
        Some(charsmap::small_charsmap()),
        Some(json!({"type": "Strip", "strip_left": true, "strip_right": true})),
        Some(json!({"type": "Prepend", "prepend": "\u{2581}"})),
        Some(replace(json!({"String": "a"}), "ab a")),
        Some(replace(json!({"String": " "}), "\u{2581}")),
        Some(replace(json!({"Regex": r"\s+"}), " ")),
        Some(replace(json!({"Regex": r"\s+$"}), "")),
        Some(replace(json!({"Regex": "(a+|b)+c"}), "x")),
        Some(sequence(&[kind("NFKC"), bert, kind("NFKC")])),
        Some(sequence(&[
            kind("Nmt"),
            charsmap::small_charsmap(),
            kind("NFD"),
            kind("StripAccents"),
        ])),
        Some(sequence(&vec![replace(json!({"String": "e"}), "ee"); 12])),
        Some(sequence(&[kind("NFKD"), replace(json!({"String": "l"}), "\u{fdfa}"), kind("NFKD")])),
    ];
    all.extend(
        ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "ByteLevel"]
            .map(|name| Some(kind(name))),
    );
    all
}

fn load(model: &str, normalizer: Option<&Value>) -> Option<Loaded> {
    let mut file: Value = serde_json::from_str(model).expect("it is JSON");
    if let Some(normalizer) = normalizer {
        file["normalizer"] = normalizer.clone();
    }
    let json = file.to_string();
    let probe = Probe::new(json.as_bytes()).ok()?;
    Some(Loaded { probe, json, reference: None })
}

thread_local! {
    static LOADED: RefCell<Vec<Vec<Option<Option<Loaded>>>>> = RefCell::new(
        SMALL.iter().map(|_| normalizers().iter().map(|_| None).collect()).collect(),
    );
}

/// The first bytes choose model, normalizer and size; the rest is what is repeated, between
/// another part at the start and one at the end.
pub fn long(data: &[u8]) {
    keep_quiet();
    let mut input = Input::new(data);
    let normalizers = normalizers();
    let (model, normalizer) = (input.below(SMALL.len()), input.below(normalizers.len()));
    let size = LEAST << POWERS[usize::from(input.byte()) % POWERS.len()];
    let limit = input.byte();
    let limit = (limit < 64).then_some(usize::from(limit) * 8);
    let (first, last) = (input::text(input.short()), input::text(input.short()));
    let piece = input::text(input.rest());
    if piece.is_empty() {
        return;
    }
    LOADED.with_borrow_mut(|loaded| {
        let slot = &mut loaded[model][normalizer];
        let slot =
            slot.get_or_insert_with(|| load(&SMALL[model].1, normalizers[normalizer].as_ref()));
        let Some(loaded) = slot else { return };
        let engine = loaded.probe.tokenizer().engine();
        let ((memory, time), size) = match engine {
            "fallback" => (THEIRS, size.min(LONGEST_FOR_FALLBACK)),
            _ => (OURS, size),
        };
        let text = [first.as_str(), &piece.repeat(size.div_ceil(piece.len())), &last].concat();
        check(loaded, &text, limit, memory, time);
    });
}

fn check(loaded: &mut Loaded, text: &str, limit: Option<usize>, memory: usize, time: u64) {
    let Loaded { probe, json, reference } = loaded;
    let mut ids = Vec::new();
    let (found, bytes, taken) = measure(|| probe.ids_into(text, limit, &mut ids));
    let about = || {
        let engine = probe.tokenizer().engine();
        format!("{engine}, {} bytes of {:.60?}, limit {limit:?}\n{json:.2000}", text.len(), text)
    };
    assert!(bytes <= MEMORY + memory * text.len(), "{bytes} bytes of memory: {}", about());
    let room = TIME + Duration::from_nanos(time * text.len() as u64);
    assert!(taken <= room, "{taken:?}: {}", about());
    if let Err(error) = &found {
        let error = error.to_string();
        let known = ["longer than", "takes too long", "crate says", "panicked on it"];
        assert!(known.iter().any(|known| error.contains(known)), "{error}: {}", about());
        return;
    }
    if text.len() <= COMPARED {
        let reference = reference
            .get_or_insert_with(|| Reference::new(json.as_bytes()).expect("it loads there, too"));
        let expected = reference.ids(text).expect("it encodes there, too");
        let kept = &expected[..limit.unwrap_or(usize::MAX).min(expected.len())];
        let known = kept.iter().filter(|&&id| Some(id) != reference.unk_id);
        assert!(ids.iter().eq(known), "other ids: {}", about());
    }
}
