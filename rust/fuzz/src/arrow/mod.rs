//! Columns over the Arrow C data interface, with and without lies in them, against a naive reader
//! of the same numbers.
//!
//! What a consumer cannot check is kept true: pointers lead to as much memory as the numbers beside
//! them can ask for. Everything else may be anything.

mod make;
#[allow(unsafe_code)]
mod produce;
mod read;

use std::cell::RefCell;

use m2v_arrow::{Column, Element, Error};
use m2v_fast::{BatchOptions, EncodeOptions, Matrix, Model};

use crate::input::Input;
use crate::naive;

use make::Shape;
use produce::{release, take};
use read::read;

/// An array as a producer has it: all that the structures say, and the bytes behind them.
#[derive(Debug, Clone)]
struct Spec {
    format: Vec<u8>,
    length: i64,
    offset: i64,
    null_count: i64,
    buffer_count: i64,
    buffers: Vec<Option<Vec<u8>>>,
    child_count: i64,
    child: Option<Box<Spec>>,
    dictionary: Option<Box<Spec>>,
    released: bool,
}

/// The head of the input says what the column is like; the rest is texts and lies.
pub fn arrow(data: &[u8]) {
    let mut input = Input::new(data);
    let shape = Shape {
        format: input.pick(&[&b"u"[..], b"U", b"vu", b"n"]),
        index: input.pick(&[
            None,
            None,
            Some(b'c'),
            Some(b'C'),
            Some(b's'),
            Some(b'i'),
            Some(b'L'),
        ]),
        table: input.flag(),
    };
    let streamed = input.flag();
    let chunks = if streamed { input.below(4) } else { 1 };
    let mut specs: Vec<Spec> = (0..chunks).map(|_| shape.chunk(&mut input)).collect();
    // A stream without arrays has a schema all the same.
    let mut schema = specs.first().cloned().unwrap_or_else(|| shape.chunk(&mut input));
    let lies = input.below(4);
    for _ in 0..lies {
        match specs.len() {
            0 => {}
            count => specs[input.below(count)].lie(&mut input),
        }
    }
    if input.byte() > 240 {
        schema.lie_about_the_type(&mut input);
    }

    let expected = read(&schema, &specs);
    LOG.with_borrow_mut(|log| *log = Log::default());
    let column = take(&schema, &specs, streamed);
    match (column, expected) {
        (Err(error), Err(())) => {
            assert!(matches!(error, Error::Type(_) | Error::Value(_)), "{error:?}");
            assert!(!error.to_string().is_empty());
        }
        (Ok(column), Ok(rows)) => compare(&column, &rows, chunks),
        (Err(error), Ok(rows)) => panic!("{error}: {rows:?} of {schema:?} {specs:?}"),
        (Ok(_), Err(())) => panic!("taken: {schema:?} {specs:?}"),
    }
    LOG.with_borrow(|log| {
        assert_eq!((log.schemas_made, log.arrays_made), (log.schemas, log.arrays), "{log:?}");
        assert_eq!(log.streams, usize::from(streamed), "{log:?}");
    });
}

thread_local! {
    static MODEL: Model = {
        let numbers: Vec<u8> = (0..15 * 16 * 2).map(|i| (i * 37 % 251) as u8 & 0xbf).collect();
        let matrix =
            Matrix::from_parts(Box::new(numbers), 15, 16, m2v_fast::DType::Float16, None, None);
        Model::from_parts(naive::tokenizer_json(15).as_bytes(), matrix.unwrap()).unwrap()
    };
}

/// Rows and vectors of a column that was taken.
fn compare(column: &Column, rows: &[Option<Vec<u8>>], chunks: usize) {
    let found: Vec<_> = column.rows().map(|row| row.map(|text| text.bytes().to_vec())).collect();
    assert_eq!(found, rows);
    assert_eq!(column.nulls(), rows.iter().filter(|row| row.is_none()).count());
    assert_eq!(column.first_null(), rows.iter().position(Option::is_none));
    let texts: Result<Vec<_>, usize> = rows
        .iter()
        .enumerate()
        .map(|(place, row)| {
            row.as_ref().map(|row| String::from_utf8(row.clone())).transpose().map_err(|_| place)
        })
        .collect();
    MODEL.with(|model| {
        let options = EncodeOptions::new().max_length(5).normalize(true);
        for element in [Element::Float32, Element::Float16, Element::Ubinary] {
            let made = column.encode(model, options, BatchOptions::default(), &element, None);
            let (made, texts) = match (made, &texts) {
                (Ok(made), Ok(texts)) => (made, texts),
                (Err(m2v_fast::Error::Text { index, .. }), Err(place)) => {
                    assert_eq!(index, *place);
                    continue;
                }
                (made, texts) => panic!("{:?}, {texts:?}", made.err()),
            };
            assert_eq!((made.len(), made.chunks()), (rows.len(), chunks));
            assert_eq!(made.first_null(), rows.iter().position(Option::is_none));
            let row_bytes = (made.numbers().len() / rows.len().max(1)).max(1);
            let numbers = made.numbers().chunks(row_bytes);
            for (text, found) in texts.iter().zip(numbers) {
                let mut vector = vec![0.0; model.dim()];
                if let Some(text) = text {
                    model.encode_into(text, options, &mut vector).unwrap();
                }
                assert_eq!(found, plain(&vector, &element), "{text:?} as {element:?}");
            }
            release(made.schema(), made.array(), made.stream());
        }
    });
}

/// A vector's bytes, made one number at a time.
fn plain(vector: &[f32], element: &Element) -> Vec<u8> {
    match element {
        Element::Float32 => vector.iter().flat_map(|value| value.to_ne_bytes()).collect(),
        Element::Float16 => {
            vector.iter().flat_map(|&value| half::f16::from_f32(value).to_ne_bytes()).collect()
        }
        _ => vector
            .chunks(8)
            .map(|eight| {
                (0..8).map(|place| u8::from(eight[place] > 0.0) << (7 - place)).sum::<u8>()
            })
            .collect(),
    }
}

/// What became of the structures.
#[derive(Debug, Default)]
struct Log {
    schemas_made: usize,
    schemas: usize,
    arrays_made: usize,
    arrays: usize,
    streams: usize,
}

thread_local! {
    static LOG: RefCell<Log> = RefCell::default();
}
