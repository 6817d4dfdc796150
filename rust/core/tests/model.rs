//! Whole models through the public interface: batches, threads, interrupts, errors.
#![allow(clippy::unwrap_used)]

mod support;

use std::cell::Cell;

use m2v_fast::{
    Backend, BatchOptions, CountSlot, EncodeOptions, Error, LoadOptions, Matrix, Model, Text,
    Unknown,
};

const DIM: usize = 24;

fn model() -> (tempfile::TempDir, Model) {
    let folder = support::folder(DIM);
    let model = Model::load(folder.path(), LoadOptions::default()).unwrap();
    (folder, model)
}

fn texts(count: usize) -> Vec<String> {
    let words = ["vector", "search", "embeddings", "the", ".", "zebra", "\u{1f600}", "Öl"];
    (0..count)
        .map(|i| {
            (0..i % 23).map(|j| words[(i * 7 + j * j) % words.len()]).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

fn options() -> EncodeOptions {
    EncodeOptions::new().normalize(true)
}

fn encode(model: &Model, texts: &[String], options: EncodeOptions, threads: usize) -> Vec<u32> {
    let mut out = vec![f32::NAN; texts.len() * DIM];
    let batch = BatchOptions::new().threads(threads);
    model.encode_batch(texts, options, batch, &mut out).unwrap();
    out.into_iter().map(f32::to_bits).collect()
}

#[test]
fn a_vector_of_its_own_has_the_settings_of_the_model() {
    let (_folder, model) = model();
    let mut out = vec![0.0; DIM];
    model.encode_into("The embeddings.", model.default_options(), &mut out).unwrap();
    assert_eq!(model.encode("The embeddings.").unwrap(), out);
}

#[test]
fn a_vector_is_the_mean_of_its_rows() {
    let (_folder, model) = model();
    let token = |name: &str| support::tokens().iter().position(|token| token == name).unwrap();
    let ids: Vec<usize> = ["the", "em", "##bed", "##ding", "##s", "."].map(token).into();
    let options = options().normalize(false);
    let mut out = vec![0.0; DIM];
    model.encode_into("The embeddings.", options, &mut out).unwrap();
    for (column, value) in out.into_iter().enumerate() {
        let sum = ids.iter().fold(0.0, |sum, &id| sum + support::number(id, column));
        assert_eq!(value.to_bits(), (sum / ids.len() as f32).to_bits());
    }
}

#[test]
fn threads_batches_and_kernels_do_not_change_a_bit() {
    let (_folder, model) = model();
    let texts = texts(3000);
    let expected = encode(&model, &texts, options(), 1);
    for backend in Backend::available() {
        let model = model.with_backend(backend);
        assert_eq!(model.backend(), backend);
        for threads in [1, 2, 3, 8, 0] {
            assert!(encode(&model, &texts, options(), threads) == expected, "{backend}, {threads}");
        }
    }
    for (text, row) in texts.iter().zip(expected.chunks(DIM)).step_by(17) {
        assert_eq!(encode(&model, std::slice::from_ref(text), options(), 1), row);
    }
}

#[test]
fn a_counted_vector_is_the_same_and_so_are_its_counts() {
    let (_folder, dropping) = model();
    let texts = texts(60);
    for model in [dropping.with_unknown(Unknown::Keep), dropping] {
        for max_length in [None, Some(0), Some(1), Some(3), Some(7), Some(512)] {
            let options = options().max_length(max_length);
            let vectors = encode(&model, &texts, options, 1);
            let counts = model.count_batch(&texts, max_length, BatchOptions::default()).unwrap();
            for (place, text) in texts.iter().enumerate() {
                let mut out = vec![f32::NAN; DIM];
                let count = model.encode_counted(text, options, &mut out).unwrap();
                assert_eq!(count, counts[place], "{text:?} {max_length:?}");
                let bits: Vec<u32> = out.into_iter().map(f32::to_bits).collect();
                assert_eq!(bits, vectors[place * DIM..][..DIM], "{text:?} {max_length:?}");
            }
        }
    }
}

#[test]
fn a_file_read_into_memory_gives_what_a_mapped_one_gives() {
    let folder = support::folder(DIM);
    let texts = texts(200);
    let given = LoadOptions::new();
    let ways = [given.clone(), given.clone().memory_map(false), given.huge_pages(true)];
    let [mapped, read, large] = ways.map(|way| {
        let model = Model::load(folder.path(), way).unwrap();
        encode(&model, &texts, options(), 1)
    });
    assert_eq!(mapped, read);
    assert_eq!(mapped, large);
}

/// A text that takes its time: so long a batch is under way when it is interrupted, however fast
/// the machine.
struct Slow;

impl Text for Slow {
    fn prefix<'a>(&'a self, _: Option<usize>, _: &'a mut String) -> m2v_fast::Result<&'a str> {
        std::thread::sleep(std::time::Duration::from_millis(2));
        Ok("vector search")
    }

    fn is_longer(&self, _: usize) -> bool {
        false
    }

    fn size(&self) -> usize {
        1 << 20
    }
}

#[test]
fn an_interrupt_stops_a_batch_and_leaves_the_model_usable() {
    let (_folder, model) = model();
    let slow: Vec<Slow> = (0..10_000).map(|_| Slow).collect();
    let asked = Cell::new(0);
    let interrupted = || {
        asked.set(asked.get() + 1);
        asked.get() == 2
    };
    for threads in [1, 2] {
        asked.set(0);
        let mut out = vec![0.0; slow.len() * DIM];
        let batch = BatchOptions::new().threads(threads).interrupted(&interrupted);
        let result = model.encode_batch(&slow, options(), batch, &mut out);
        assert!(matches!(result, Err(Error::Interrupted)), "{result:?}");
        assert_eq!(asked.get(), 2);
    }
    encode(&model, &texts(10), options(), 1);
}

/// A text that cannot be read.
struct Unreadable(bool);

impl Text for Unreadable {
    fn prefix<'a>(&'a self, _: Option<usize>, _: &'a mut String) -> m2v_fast::Result<&'a str> {
        if self.0 { Err(Error::surrogate(3, 0xd800)) } else { Ok("vector search") }
    }

    fn is_longer(&self, _: usize) -> bool {
        false
    }

    fn size(&self) -> usize {
        2000
    }
}

#[test]
fn of_several_texts_at_fault_the_first_is_named() {
    let (_folder, model) = model();
    let texts: Vec<_> = (0..5000).map(|i| Unreadable(i > 1234)).collect();
    for threads in [1, 2, 4] {
        for _ in 0..10 {
            let mut out = vec![0.0; texts.len() * DIM];
            let batch = BatchOptions::new().threads(threads);
            let error = model.encode_batch(&texts, options(), batch, &mut out).unwrap_err();
            assert!(matches!(error, Error::Surrogate { index: 1235, .. }), "{error}");
        }
    }
}

#[test]
fn the_text_is_cut_in_code_points_and_the_ids_are_cut_before_unknown_ones_go() {
    let (_folder, model) = model();
    let median = model.tokenizer().vocabulary().median_token_length;
    let ids = |text: &str, limit| {
        model.tokenize_batch(&[text], limit, BatchOptions::default()).unwrap().remove(0)
    };
    assert_eq!(ids("\u{e4}\u{4e2d} a \u{4e2d} b", Some(3)), ids("a a", None));
    let vector = |text: &str, max_length| {
        encode(&model, &[text.to_owned()], options().max_length(max_length).normalize(false), 1)
    };
    // Two bytes a character: a cut in bytes would lose the second letter.
    let inside = format!("\u{e4}{}b", "\u{a0}".repeat(5 * median - 2));
    let outside = format!("\u{e4}{}b", "\u{a0}".repeat(5 * median - 1));
    assert_eq!(vector(&inside, Some(5)), vector("a b", None));
    assert_eq!(vector(&outside, Some(5)), vector("a", None));
    assert_eq!(vector(&outside, None), vector("a b", None));
    assert_eq!(vector("a b", Some(0)), vec![0; DIM]);
}

#[test]
fn an_output_of_the_wrong_size_is_an_error() {
    let (_folder, model) = model();
    assert!(matches!(model.encode_into("a", options(), &mut [0.0; 3]), Err(Error::Argument(_))));
    let result = model.encode_batch(&["a"], options(), BatchOptions::default(), &mut [0.0; 3]);
    assert!(matches!(result, Err(Error::Argument(_))));
}

#[test]
fn arguments_that_do_not_fit_are_errors_that_say_which() {
    let (_folder, model) = model();
    let bound = model.tokenizer().vocabulary().id_bound;
    let (batch, texts) = (BatchOptions::new(), [Some("the"), None]);
    let slots: Vec<CountSlot> = std::iter::repeat_with(CountSlot::default).take(3).collect();
    let mut one = [0.0; DIM];
    let mut short = [0.0; 5];
    let mut out = vec![0.0; 2 * DIM];
    let said = |result: m2v_fast::Result<()>| match result {
        Err(Error::Argument(problem)) => problem,
        other => panic!("{other:?}"),
    };
    let nothing = |_: &[f32], _: &mut [u8]| {};
    let cases = [
        (
            said(model.encode_ids(&[0, bound, 1], true, &mut one)),
            format!(
                "the id {bound} in place 1 is none of the vocabulary, whose ids are below {bound}"
            ),
        ),
        (
            said(model.encode_ids(&[0], true, &mut short)),
            "the output has room for 5 floats; a vector has 24".to_owned(),
        ),
        (
            said(model.rows_of(&[u32::MAX], &mut one)),
            format!(
                "the id 4294967295 in place 0 is none of the vocabulary, whose ids are below {bound}"
            ),
        ),
        (
            said(model.rows_of(&[0, 1], &mut one)),
            "the output has room for 24 floats; 2 rows of 24 need 48".to_owned(),
        ),
        (
            said(model.encode_each(&["a"], options(), batch, &mut [])),
            "0 outputs for 1 texts".to_owned(),
        ),
        (
            said(model.encode_each(&["a", "b"], options(), batch, &mut [&mut one, &mut short])),
            "output 1 has room for 5 floats; a vector has 24".to_owned(),
        ),
        (
            said(model.encode_some(&texts, options(), batch, &mut short, None)),
            "the output has room for 5 items; 2 rows of 24 need 48".to_owned(),
        ),
        (
            said(model.encode_some(&texts, options(), batch, &mut out, Some(&slots))),
            "3 places for the counts of 2 texts".to_owned(),
        ),
        (
            said(model.encode_as(&texts, options(), batch, &mut [], 0, nothing, None)),
            "a row of the output has no items".to_owned(),
        ),
        (
            said(model.encode_as(&texts, options(), batch, &mut [0; 3], 2, nothing, None)),
            "the output has room for 3 items; 2 rows of 2 need 4".to_owned(),
        ),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn what_is_shared_may_be_and_is_short_to_look_at() {
    fn may_be_shared<T: Send + Sync>() {}
    may_be_shared::<Model>();
    may_be_shared::<Matrix>();
    may_be_shared::<Error>();
    may_be_shared::<LoadOptions>();
    may_be_shared::<EncodeOptions>();
    let (_folder, model) = model();
    assert!(format!("{model:?}").len() < 10_000);
    let bundled = "../../python/m2v_fast/bundled/minilm";
    let model = Model::load(bundled, LoadOptions::new()).unwrap();
    assert!(format!("{model:?}").len() < 10_000);
}

/// A text that says that it is as long as can be, and is not.
struct Boastful;

impl Text for Boastful {
    fn prefix<'a>(&'a self, _: Option<usize>, _: &'a mut String) -> m2v_fast::Result<&'a str> {
        Ok("the")
    }

    fn is_longer(&self, _: usize) -> bool {
        false
    }

    fn size(&self) -> usize {
        usize::MAX
    }
}

#[test]
fn sizes_are_only_estimates() {
    let (_folder, model) = model();
    let mut out = vec![0.0; 3 * DIM];
    let texts = [Boastful, Boastful, Boastful];
    model.encode_batch(&texts, options(), BatchOptions::new(), &mut out).unwrap();
    assert_eq!(out[..DIM], out[2 * DIM..]);
    assert!(model.encode_cost(&texts, None) > 0);
}

#[test]
fn of_several_faults_in_a_file_the_same_one_is_named_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let header = r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,0]},
        "b":{"dtype":"F32","shape":[2],"data_offsets":[0,0]},
        "c":{"dtype":"U8","shape":[3],"data_offsets":[7,0]},
        "d":{"dtype":"F4","shape":[1],"data_offsets":[0,0]}}"#;
    let length = (header.len() as u64).to_le_bytes();
    std::fs::write(&path, [&length, header.as_bytes()].concat()).unwrap();
    let message = || Matrix::open(&path, "embeddings", true).unwrap_err().to_string();
    let first = message();
    assert!(first.contains("not a complete safetensors file: "), "{first}");
    assert!((0..50).all(|_| message() == first), "{first}");
}

#[test]
fn a_text_beyond_what_positions_can_count_is_an_error_unless_it_is_cut() {
    let (_folder, model) = model();
    let text = "zebra ".repeat(60_000_000);
    let mut out = vec![0.0; DIM];
    let error =
        model.encode_into(&text, options().max_length(None), &mut out).unwrap_err().to_string();
    assert!(error.contains("360000000 bytes") && error.contains("max_length"), "{error}");
    model.encode_into(&text, options(), &mut out).unwrap();
}
