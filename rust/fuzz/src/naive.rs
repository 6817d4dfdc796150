//! A model's arithmetic written down as plainly as can be, number by number.

use half::{bf16, f16};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    F16,
    BF16,
    F32,
    F64,
    I8,
}

impl Kind {
    pub(crate) const ALL: [Self; 5] = [Self::F16, Self::BF16, Self::F32, Self::F64, Self::I8];

    /// As safetensors spells it.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| format!("{kind:?}") == name)
    }

    pub(crate) fn size(self) -> usize {
        match self {
            Self::I8 => 1,
            Self::F16 | Self::BF16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }

    /// All numbers of a tensor. Every one of them is a double.
    pub(crate) fn numbers(self, bytes: &[u8]) -> Vec<f64> {
        let numbers = bytes.chunks_exact(self.size());
        numbers
            .map(|number| match self {
                Self::I8 => f64::from(number[0] as i8),
                Self::F16 => f16::from_le_bytes(number.try_into().unwrap()).to_f64(),
                Self::BF16 => bf16::from_le_bytes(number.try_into().unwrap()).to_f64(),
                Self::F32 => f32::from_le_bytes(number.try_into().unwrap()).into(),
                Self::F64 => f64::from_le_bytes(number.try_into().unwrap()),
            })
            .collect()
    }
}

#[derive(Debug)]
pub(crate) struct Matrix {
    pub(crate) kind: Kind,
    pub(crate) dim: usize,
    pub(crate) numbers: Vec<f64>,
    /// Row of each id.
    pub(crate) mapping: Option<Vec<usize>>,
    /// Weight of each id, and the type they are stored in.
    pub(crate) weights: Option<(Kind, Vec<f64>)>,
}

/// The type in which a weighted number is formed: NumPy's, and float32 for bfloat16.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Product {
    Half,
    Single,
    Double,
}

impl Matrix {
    fn product(&self) -> Product {
        match (self.kind, self.weights.as_ref().map(|(kind, _)| kind)) {
            (Kind::F64, _) | (_, Some(Kind::F64)) | (Kind::I8, None) => Product::Double,
            (Kind::F16 | Kind::I8, Some(Kind::F16)) => Product::Half,
            _ => Product::Single,
        }
    }

    /// The number of an id in a column, times its weight.
    fn weighted(&self, id: u32, column: usize) -> f64 {
        let id = id as usize;
        let row = self.mapping.as_ref().map_or(id, |mapping| mapping[id]);
        let number = self.numbers[row * self.dim + column];
        let Some((_, weights)) = &self.weights else { return number };
        match self.product() {
            Product::Double => number * weights[id],
            Product::Single => (number as f32 * weights[id] as f32).into(),
            Product::Half => f16::from_f32(number as f32 * weights[id] as f32).to_f64(),
        }
    }

    /// The vector of some ids.
    pub(crate) fn mean(&self, ids: &[u32], normalize: bool) -> Vec<f32> {
        let column = |column: usize| {
            let count = ids.len();
            if count == 0 {
                return 0.0;
            }
            if self.product() == Product::Double {
                let sum = ids.iter().fold(0.0, |sum, &id| sum + self.weighted(id, column));
                return (sum / count as f64) as f32;
            }
            let sum = ids.iter().fold(0.0_f32, |sum, &id| sum + self.weighted(id, column) as f32);
            let mean = sum / count as f32;
            match (self.kind, self.product()) {
                (Kind::I8, Product::Half) => f16::from_f32(mean).to_f32(),
                _ => mean,
            }
        };
        let mut vector: Vec<f32> = (0..self.dim).map(column).collect();
        if normalize {
            let norm = pairwise(&vector).sqrt() + 1e-32;
            vector.iter_mut().for_each(|number| *number /= norm);
        }
        vector
    }

    /// The rows of some ids.
    pub(crate) fn rows(&self, ids: &[u32]) -> Vec<f32> {
        let row = |&id: &u32| (0..self.dim).map(move |column| self.weighted(id, column) as f32);
        ids.iter().flat_map(row).collect()
    }
}

/// The sum of the squares in NumPy's order.
fn pairwise(numbers: &[f32]) -> f32 {
    let n = numbers.len();
    if n > 128 {
        let middle = n / 2 - n / 2 % 8;
        return pairwise(&numbers[..middle]) + pairwise(&numbers[middle..]);
    }
    let mut rest = numbers;
    let mut sum = 0.0;
    if n >= 8 {
        let mut r = [0.0; 8];
        while rest.len() >= 8 {
            for (sum, number) in r.iter_mut().zip(rest) {
                *sum += number * number;
            }
            rest = &rest[8..];
        }
        sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    }
    rest.iter().fold(sum, |sum, number| sum + number * number)
}

/// Whether vectors are the same to the bit; a NaN is a NaN.
pub(crate) fn same(one: &[f32], other: &[f32]) -> bool {
    let same = |(a, b): (&f32, &f32)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
    one.len() == other.len() && one.iter().zip(other).all(same)
}

/// tokenizer.json of a WordPiece model of so many tokens, at least 2: `[UNK]`, then `a`, `b`, …
pub(crate) fn tokenizer_json(tokens: usize) -> String {
    let tokens: serde_json::Map<_, _> = (0..tokens)
        .map(|id| match id {
            0 => ("[UNK]".to_owned(), 0.into()),
            id => (char::from_u32('a' as u32 + id as u32 - 1).unwrap().to_string(), id.into()),
        })
        .collect();
    serde_json::json!({"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
        "normalizer": null, "pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": null,
        "decoder": null, "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab": tokens,
        "continuing_subword_prefix": "", "max_input_chars_per_word": 100}})
    .to_string()
}
