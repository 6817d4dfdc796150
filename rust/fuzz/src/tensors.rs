//! Any file as model.safetensors: what is wrong with it is said, and what is taken gives the
//! vectors of its own numbers.

use std::fs;

use m2v_fast::{Matrix, Model};
use serde_json::{Map, Value, json};

use crate::input::{self, Input};
use crate::naive::{self, Kind};
use crate::place;

/// Tokens of the model that files are tried with.
const TOKENS: usize = 4;

/// If the first byte is a multiple of four, the others are the file; else they say what it is like.
pub fn tensors(data: &[u8]) {
    let mut input = Input::new(data);
    let file = match input.byte() % 4 {
        0 => input.rest().to_vec(),
        _ => made(&mut input),
    };
    check(&file);
}

/// A file that is nearly as it should be.
fn made(input: &mut Input<'_>) -> Vec<u8> {
    let mut header = Map::new();
    let mut data = Vec::new();
    if input.byte().is_multiple_of(8) {
        header.insert("__metadata__".to_owned(), json!({"format": input::text(input.short())}));
    }
    let rows = 1 + input.below(6);
    let dim = 1 + input.below(9);
    for name in ["embeddings", "mapping", "weights", "other"] {
        let wanted = match name {
            "embeddings" => !input.byte().is_multiple_of(16),
            _ => input.byte().is_multiple_of(3),
        };
        if !wanted {
            continue;
        }
        let (dtype, mut shape) = match name {
            "embeddings" => (input.pick(&["F32", "F16", "BF16", "F64", "I8"]), vec![rows, dim]),
            "mapping" => (input.pick(&["I64", "I32"]), vec![TOKENS]),
            _ => (input.pick(&["F16", "F32", "F64"]), vec![TOKENS]),
        };
        let dtype = match input.byte() {
            0..8 => input.pick(&["U8", "BOOL", "U16", "C64", "F8_E4M3", "F4", "X", "I16", "U64"]),
            _ => dtype,
        };
        match input.byte() {
            0 => shape.push(1),
            1 => drop(shape.pop()),
            2 => shape[0] = 0,
            3 => shape[0] = usize::MAX,
            4 => shape[0] = input.number() as usize,
            _ => {}
        }
        let size: usize = match dtype {
            "I64" | "F64" | "U64" | "C64" => 8,
            "F32" | "I32" => 4,
            "F16" | "BF16" | "I16" | "U16" => 2,
            _ => 1,
        };
        let bytes = shape.iter().fold(size, |all, &n| all.saturating_mul(n)).min(1 << 12);
        let start = data.len();
        for at in 0..bytes {
            // Rows within the matrix, mostly.
            let number = if at % size == 0 { input.byte() % (rows as u8 + 1) } else { 0 };
            data.push(if name == "mapping" { number } else { input.byte() });
        }
        let mut offsets = [start, data.len()];
        if input.byte() < 6 {
            offsets[input.below(2)] = input.pick(&[0, 1, usize::MAX, 1 << 40, start + 1]);
        }
        header.insert(
            name.to_owned(),
            json!({"dtype": dtype, "shape": shape, "data_offsets": offsets}),
        );
    }
    let mut header = Value::Object(header).to_string().into_bytes();
    if input.byte() < 16 {
        let at = input.below(header.len());
        header[at] ^= input.byte();
    }
    header.resize(header.len() + usize::from(input.byte() % 9), b' ');
    let length = match input.byte() {
        0 => u64::MAX,
        1 => 2 << 30,
        2 => input.number().into(),
        3 => header.len() as u64 + 1,
        _ => header.len() as u64,
    };
    let mut file = [&length.to_le_bytes()[..], &header, &data].concat();
    match input.byte() {
        0 => file.push(0),
        1..4 => file.truncate(input.below(file.len() + 1)),
        _ => {}
    }
    file
}

fn check(file: &[u8]) {
    let path = place::path("model.safetensors");
    place::write(&path, file);
    let [mapped, read] =
        [true, false].map(|memory_map| Matrix::open(&path, "embeddings", memory_map));
    let (mapped, read) = match (mapped, read) {
        (Ok(mapped), Ok(read)) => (mapped, read),
        (Err(mapped), Err(read)) => {
            assert_eq!(mapped.to_string(), read.to_string());
            let problem = read.to_string();
            let problem = problem.strip_prefix(&format!("{}: ", path.display())).unwrap();
            assert!(problem.len() > 8, "an error that does not say what is wrong: {problem:?}");
            return;
        }
        (mapped, read) => panic!("mapped {mapped:?}, read {read:?}"),
    };
    let (rows, twin) = twin(file);
    assert_eq!((mapped.rows(), mapped.dim()), (rows, twin.dim));
    // What the model must be turned down for.
    let short = |len: usize| len < TOKENS;
    let bad = twin.mapping.as_ref().map_or(rows != TOKENS, |mapping| short(mapping.len()))
        || twin.weights.as_ref().is_some_and(|(_, weights)| short(weights.len()));
    let json = naive::tokenizer_json(TOKENS);
    let made = [mapped, read].map(|matrix| Model::from_parts(json.as_bytes(), matrix));
    for (model, is_mapped) in made.into_iter().zip([true, false]) {
        let model = match model {
            Ok(model) => model,
            Err(error) => {
                assert!(bad, "{error}, of {twin:?}");
                continue;
            }
        };
        assert!(!bad, "not turned down: {twin:?}");
        let dim = twin.dim;
        let ids = [3, 0, 1, 1, 2];
        let mut vector = vec![0.0; dim];
        for normalize in [false, true] {
            for ids in [&ids[..], &ids[..1], &[]] {
                model.encode_ids(ids, normalize, &mut vector).unwrap();
                let expected = twin.mean(ids, normalize);
                assert!(naive::same(&vector, &expected), "{vector:?}, {expected:?}, {twin:?}");
            }
        }
        assert!(model.encode_ids(&[TOKENS as u32], false, &mut vector).is_err());
        if is_mapped {
            // Written to while it is in use: any vector, but a vector.
            fs::write(&path, file.iter().map(|byte| !byte).collect::<Vec<u8>>()).unwrap();
            model.encode_ids(&ids, true, &mut vector).unwrap();
            assert_eq!(model.matrix().rows(), rows);
        }
    }
}

/// The numbers of a file that was taken.
fn twin(file: &[u8]) -> (usize, naive::Matrix) {
    let length = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let header: Value = serde_json::from_slice(&file[8..8 + length]).unwrap();
    let tensor = |name: &str| {
        let tensor = header.get(name)?;
        let offsets = &tensor["data_offsets"];
        let at = |n: usize| 8 + length + offsets[n].as_u64().unwrap() as usize;
        Some((tensor["dtype"].as_str().unwrap(), tensor["shape"].clone(), &file[at(0)..at(1)]))
    };
    let (dtype, shape, bytes) = tensor("embeddings").unwrap();
    let kind = Kind::from_name(dtype).unwrap();
    let [rows, dim] = [0, 1].map(|n| shape[n].as_u64().unwrap() as usize);
    let mapping = tensor("mapping").map(|(dtype, _, bytes)| match dtype {
        "I64" => bytes.as_chunks().0.iter().map(|&b| i64::from_le_bytes(b) as usize).collect(),
        "I32" => bytes.as_chunks().0.iter().map(|&b| i32::from_le_bytes(b) as usize).collect(),
        "I16" => bytes.as_chunks().0.iter().map(|&b| i16::from_le_bytes(b) as usize).collect(),
        "I8" => bytes.iter().map(|&b| b.cast_signed() as usize).collect(),
        "U64" => bytes.as_chunks().0.iter().map(|&b| u64::from_le_bytes(b) as usize).collect(),
        "U32" => bytes.as_chunks().0.iter().map(|&b| u32::from_le_bytes(b) as usize).collect(),
        "U16" => bytes.as_chunks().0.iter().map(|&b| u16::from_le_bytes(b) as usize).collect(),
        "U8" => bytes.iter().map(|&b| usize::from(b)).collect(),
        other => panic!("a mapping of {other} was taken"),
    });
    let weights = tensor("weights").map(|(dtype, _, bytes)| {
        let kind = Kind::from_name(dtype).unwrap();
        (kind, kind.numbers(bytes))
    });
    (rows, naive::Matrix { kind, dim, numbers: kind.numbers(bytes), mapping, weights })
}
