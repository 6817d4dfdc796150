//! Random small models: vectors on every instruction set against the naive twin.

use m2v_fast::{Backend, BatchOptions, DType, EncodeOptions, Matrix, Model, Weighting};

use crate::input::Input;
use crate::naive::{self, Kind};

/// The head of the input says what the model is like; its numbers follow, then texts.
pub fn vectors(data: &[u8]) {
    let mut input = Input::new(data);
    let (kind, dtype) = input.pick(&[
        (Kind::F16, DType::Float16),
        (Kind::BF16, DType::BFloat16),
        (Kind::F32, DType::Float32),
        (Kind::F64, DType::Float64),
        (Kind::I8, DType::Int8),
    ]);
    let dim = match input.byte() {
        255 => 1 + input.below(1100),
        small => 1 + usize::from(small) % 140,
    };
    let tokens = 2 + input.below(12);
    let mapping: Option<Vec<i64>> = input.flag().then(|| {
        let rows = 1 + input.below(9);
        (0..tokens).map(|_| input.below(rows) as i64).collect()
    });
    let rows = mapping.as_ref().map_or(tokens, |rows| 1 + *rows.iter().max().unwrap() as usize);
    let weights = input.pick(&[None, None, Some(Kind::F16), Some(Kind::F32), Some(Kind::F64)]);
    let weights: Option<(Kind, Vec<u8>)> =
        weights.map(|kind| (kind, numbers(&mut input, kind, tokens)));
    let bytes = numbers(&mut input, kind, rows * dim);

    let twin = naive::Matrix {
        kind,
        dim,
        numbers: kind.numbers(&bytes),
        mapping: mapping.as_ref().map(|rows| rows.iter().map(|&row| row as usize).collect()),
        weights: weights.as_ref().map(|(kind, bytes)| (*kind, kind.numbers(bytes))),
    };
    let halves: Vec<u16>;
    let singles: Vec<f32>;
    let doubles: Vec<f64>;
    let weighting = match &weights {
        None => None,
        Some((Kind::F16, bytes)) => {
            halves = bytes.as_chunks().0.iter().map(|&bytes| u16::from_le_bytes(bytes)).collect();
            Some(Weighting::Float16(&halves))
        }
        Some((Kind::F32, bytes)) => {
            singles = bytes.as_chunks().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
            Some(Weighting::Float32(&singles))
        }
        Some((_, bytes)) => {
            doubles = bytes.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect();
            Some(Weighting::Float64(&doubles))
        }
    };
    let matrix =
        Matrix::from_parts(Box::new(bytes), rows, dim, dtype, mapping.as_deref(), weighting);
    let json = naive::tokenizer_json(tokens);
    let model = Model::from_parts(json.as_bytes(), matrix.unwrap()).unwrap();
    let normalize = input.flag();
    let max_length = input.flag().then(|| input.below(20));
    let options = EncodeOptions::new().max_length(max_length).normalize(normalize);
    compare(&model, &twin, options, input);
}

/// Numbers in stored form: often of the input, else made of one byte of it, so that a few bytes
/// make a whole row.
fn numbers(input: &mut Input<'_>, kind: Kind, count: usize) -> Vec<u8> {
    let mut state = u64::from(input.number()) << 1 | 1;
    let exact = input.flag();
    let mut bytes = Vec::with_capacity(count * kind.size());
    for _ in 0..count * kind.size() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.push(if exact && !input.is_empty() { input.byte() } else { (state >> 24) as u8 });
    }
    bytes
}

fn compare(model: &Model, twin: &naive::Matrix, options: EncodeOptions, input: Input<'_>) {
    let texts: Vec<String> = input
        .rest()
        .chunks(24)
        .map(|bytes| {
            bytes
                .iter()
                .map(|byte| [char::from(b'a' + byte % 14), ' '][usize::from(*byte > 250)])
                .collect()
        })
        .collect();
    let mut expected = Vec::new();
    for text in &texts {
        let ids = model.ids(text, options.max_length).unwrap();
        expected.push(twin.mean(&ids, options.normalize));
        let mut rows = vec![0.0; ids.len() * twin.dim];
        model.rows_of(&ids, &mut rows).unwrap();
        assert!(naive::same(&rows, &twin.rows(&ids)), "rows of {ids:?}, {twin:?}");
    }
    for backend in Backend::available() {
        let model = model.with_backend(backend);
        let mut out = vec![f32::NAN; texts.len() * twin.dim];
        let batch = BatchOptions::new().threads(2);
        model.encode_batch(&texts, options, batch, &mut out).unwrap();
        for ((text, expected), found) in texts.iter().zip(&expected).zip(out.chunks(twin.dim)) {
            assert!(
                naive::same(found, expected),
                "{backend}, {options:?}, {text:?}:\n naive {expected:?}\n found {found:?}\n{twin:?}"
            );
        }
    }
}
