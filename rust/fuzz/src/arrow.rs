//! Columns over the Arrow C data interface, with and without lies in them, against a naive reader
//! of the same numbers.
//!
//! What a consumer cannot check is kept true: pointers lead to as much memory as the numbers beside
//! them can ask for. Everything else may be anything.

use std::cell::RefCell;
use std::ffi::{CString, c_int, c_void};
use std::ptr;

use m2v_arrow::{ArrowArray, ArrowArrayStream, ArrowSchema, Column, Element, Error};
use m2v_core::{BatchOptions, EncodeOptions, Matrix, Model};

use crate::input::Input;
use crate::naive;

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
        index: input.pick(&[None, None, Some(b'c'), Some(b'C'), Some(b's'), Some(b'i'), Some(b'L')]),
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
            Matrix::from_parts(Box::new(numbers), 15, 16, m2v_core::DType::Float16, None, None);
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
        let options = EncodeOptions { max_length: Some(5), normalize: true };
        for element in [Element::Float32, Element::Float16, Element::Ubinary] {
            let made = column.encode(model, options, BatchOptions::default(), &element, None);
            let (made, texts) = match (made, &texts) {
                (Ok(made), Ok(texts)) => (made, texts),
                (Err(m2v_core::Error::Text { index, .. }), Err(place)) => {
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
                    model.encode(text, options, &mut vector).unwrap();
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

struct Shape {
    format: &'static [u8],
    index: Option<u8>,
    table: bool,
}

impl Shape {
    fn chunk(&self, input: &mut Input<'_>) -> Spec {
        let rows = input.below(9);
        let before = input.below(3);
        let mut spec = match self.index {
            Some(index) => {
                let entries = 1 + input.below(4);
                let mut spec = Spec::new(&[index], rows, before);
                let width = width(index);
                let mut indices = vec![0; (rows + before) * width];
                for row in 0..rows + before {
                    indices[row * width] = input.below(entries) as u8;
                }
                let bits = bitmap(input, &mut spec.null_count, rows, before);
                spec.put(vec![bits, Some(indices)]);
                spec.dictionary = Some(Box::new(strings(self.format, input, entries, 0)));
                spec
            }
            None => strings(self.format, input, rows, before),
        };
        if self.table {
            let before = input.below(rows + 1);
            let mut table = Spec::new(b"+s", rows - before, before);
            let bits = bitmap(input, &mut table.null_count, rows - before, before);
            table.put(vec![bits]);
            // Of the child alone, which has a place of its own in the table.
            spec.released = false;
            table.child_count = 1;
            table.child = Some(Box::new(spec));
            spec = table;
        }
        spec
    }
}

fn width(index: u8) -> usize {
    match index {
        b'c' | b'C' => 1,
        b's' => 2,
        b'i' => 4,
        _ => 8,
    }
}

/// Some rows of strings behind others.
fn strings(format: &[u8], input: &mut Input<'_>, rows: usize, before: usize) -> Spec {
    let mut spec = Spec::new(format, rows, before);
    let all = rows + before;
    let texts: Vec<Vec<u8>> = (0..all)
        .map(|_| {
            let bytes = input.short();
            // Letters of the model, mostly.
            match input.byte() {
                250.. => bytes.to_vec(),
                _ => bytes.iter().map(|byte| b'a' + byte % 16).collect(),
            }
        })
        .collect();
    match format {
        b"n" => {
            spec.null_count = rows as i64;
            let buffers = if input.flag() { vec![None] } else { vec![] };
            spec.put(buffers);
        }
        b"vu" => {
            let (mut views, mut data) = (Vec::new(), [Vec::new(), Vec::new()]);
            for text in &texts {
                let mut view = [0; 16];
                view[..4].copy_from_slice(&(text.len() as i32).to_le_bytes());
                if text.len() <= 12 {
                    view[4..4 + text.len()].copy_from_slice(text);
                } else {
                    let buffer = input.below(2);
                    view[4..8].copy_from_slice(&text[..4]);
                    view[8..12].copy_from_slice(&(buffer as i32).to_le_bytes());
                    view[12..].copy_from_slice(&(data[buffer].len() as i32).to_le_bytes());
                    data[buffer].extend(text);
                }
                views.extend(view);
            }
            let sizes = data.iter().flat_map(|data| (data.len() as i64).to_le_bytes()).collect();
            let [first, second] = data;
            let bits = bitmap(input, &mut spec.null_count, rows, before);
            spec.put(vec![bits, Some(views), Some(first), Some(second), Some(sizes)]);
        }
        _ => {
            let mut ends = vec![0_i64];
            for text in &texts {
                ends.push(ends[ends.len() - 1] + text.len() as i64);
            }
            let offsets = ends
                .iter()
                .flat_map(|&end| match format {
                    b"u" => (end as i32).to_le_bytes().to_vec(),
                    _ => end.to_le_bytes().to_vec(),
                })
                .collect();
            let bits = bitmap(input, &mut spec.null_count, rows, before);
            spec.put(vec![bits, Some(offsets), Some(texts.concat())]);
        }
    }
    spec
}

/// Which rows are null: often none.
fn bitmap(
    input: &mut Input<'_>,
    null_count: &mut i64,
    rows: usize,
    before: usize,
) -> Option<Vec<u8>> {
    if input.flag() {
        *null_count = input.pick(&[0, -1]);
        return None;
    }
    let bits: Vec<u8> = (0..(rows + before).div_ceil(8)).map(|_| input.byte()).collect();
    let nulls = (before..rows + before).filter(|row| bits[row / 8] >> (row % 8) & 1 == 0).count();
    *null_count = if input.flag() { nulls as i64 } else { -1 };
    Some(bits)
}

impl Spec {
    fn new(format: &[u8], length: usize, offset: usize) -> Self {
        Self {
            format: format.to_vec(),
            length: length as i64,
            offset: offset as i64,
            null_count: 0,
            buffer_count: 0,
            buffers: Vec::new(),
            child_count: 0,
            child: None,
            dictionary: None,
            released: false,
        }
    }

    fn put(&mut self, buffers: Vec<Option<Vec<u8>>>) {
        self.buffer_count = buffers.len() as i64;
        self.buffers = buffers;
    }

    /// Changes something, here or further in.
    fn lie(&mut self, input: &mut Input<'_>) {
        if input.flag() {
            if let Some(inner) = self.child.as_mut().or(self.dictionary.as_mut()) {
                return inner.lie(input);
            }
        }
        let real = self.offset.saturating_add(self.length);
        match input.below(9) {
            // Numbers of the header, never beyond the memory that is there.
            0 => self.length = input.below(12) as i64 - 2,
            1 => self.offset = input.below(5) as i64 - 2,
            2 => self.null_count = i64::from(input.byte()) - 4,
            3 => {
                self.buffer_count = match self.format.as_slice() {
                    b"vu" => input.below(4) as i64 - 1,
                    _ => input.below(self.buffers.len() + 2) as i64 - 1,
                };
                let most = self.buffers.len() as i64;
                self.buffer_count = self.buffer_count.min(most);
            }
            4 => self.child_count = input.below(4) as i64 - 1,
            5 => {
                if let Some(inner) = self.child.as_mut().or(self.dictionary.as_mut()) {
                    inner.released = true;
                }
            }
            6 => {
                if let Some(buffer) = pick(input, &mut self.buffers) {
                    *buffer = None;
                }
            }
            // A text's offsets, views, indices, bits.
            7 => self.change_a_number(input),
            _ => {
                if let Some(Some(buffer)) = pick(input, &mut self.buffers)
                    && !matches!(self.format.as_slice(), b"u" | b"U" | b"vu")
                    && !buffer.is_empty()
                {
                    let place = input.below(buffer.len());
                    buffer[place] = input.byte();
                }
            }
        }
        if self.length > 0 && self.offset.saturating_add(self.length) > real {
            self.length = (real - self.offset).max(-1);
        }
        if self.offset > real {
            self.offset = real;
        }
    }

    fn change_a_number(&mut self, input: &mut Input<'_>) {
        let width = match self.format.as_slice() {
            b"u" => 4,
            b"U" => 8,
            b"vu" => 16,
            _ => return,
        };
        let most = match self.buffers.get(2) {
            Some(Some(values)) => values.len(),
            _ => 0,
        };
        let (view, sizes) = (width == 16, input.flag());
        if view && sizes {
            // A size, which must not be more than there is.
            let place = input.below(2);
            let data = self.buffers.get(2 + place).and_then(Option::as_ref).map_or(0, Vec::len);
            let size = input.below(data + 3) as i64 - 2;
            if let Some(Some(sizes)) = self.buffers.get_mut(4) {
                sizes[place * 8..][..8].copy_from_slice(&size.to_le_bytes());
            }
            return;
        }
        let Some(Some(numbers)) = self.buffers.get_mut(1) else { return };
        if numbers.len() < width {
            return;
        }
        let place = input.below(numbers.len() / width) * width;
        if view {
            numbers[place + input.below(16)] = input.byte();
        } else {
            let value = input.below(most + 5) as i64 - 4;
            numbers[place..][..width].copy_from_slice(&value.to_le_bytes()[..width]);
        }
    }

    fn lie_about_the_type(&mut self, input: &mut Input<'_>) {
        if input.flag() {
            if let Some(inner) = self.child.as_mut().or(self.dictionary.as_mut()) {
                return inner.lie_about_the_type(input);
            }
        }
        match input.below(3) {
            // Of one that reads no more memory than the true one.
            0 => {
                let bytes = input.short().iter().copied();
                self.format = bytes.filter(|byte| *byte != 0).chain(*b"?").collect();
            }
            1 => self.child_count = input.below(4) as i64 - 1,
            _ => self.released = true,
        }
    }
}

fn pick<'a, T>(input: &mut Input<'_>, from: &'a mut [T]) -> Option<&'a mut T> {
    match from.len() {
        0 => None,
        count => from.get_mut(input.below(count)),
    }
}

/// What a column of these chunks is, read as plainly as can be.
fn read(schema: &Spec, chunks: &[Spec]) -> Result<Vec<Option<Vec<u8>>>, ()> {
    if schema.released && chunks.is_empty() {
        // The schema of a stream that is released.
        return Err(());
    }
    let table = schema.format == b"+s" && schema.dictionary.is_none();
    if schema.released {
        return Err(());
    }
    let text = if table {
        if schema.child_count != 1 {
            return Err(());
        }
        schema.child.as_ref().filter(|child| !child.released).ok_or(())?
    } else {
        schema
    };
    check_type(text)?;
    let mut rows = Vec::new();
    for chunk in chunks {
        if chunk.released {
            // The end of a stream, or an array that was taken already.
            return Err(());
        }
        if table {
            let (length, offset) = header(chunk)?;
            if chunk.buffer_count != 1 {
                return Err(());
            }
            let valid = validity(chunk)?;
            let child = chunk.child.as_ref().filter(|child| !child.released).ok_or(())?;
            if chunk.child_count != 1 {
                return Err(());
            }
            let (child_length, _) = header(child)?;
            if child_length < offset + length {
                return Err(());
            }
            // A dictionary is not asked for a row of the table that is null.
            let inner = texts(text, child, offset, length, &valid)?;
            rows.extend(
                inner.into_iter().enumerate().map(|(row, text)| text.filter(|_| valid(row))),
            );
        } else {
            let (length, _) = header(chunk)?;
            rows.extend(texts(text, chunk, 0, length, &|_| true)?);
        }
    }
    Ok(rows)
}

fn check_type(schema: &Spec) -> Result<(), ()> {
    let is_strings = |format: &[u8]| matches!(format, b"u" | b"U" | b"vu" | b"n");
    match &schema.dictionary {
        None => is_strings(&schema.format).then_some(()).ok_or(()),
        Some(dictionary) => {
            let index = matches!(schema.format.as_slice(), b"c" | b"C" | b"s" | b"i" | b"L");
            (!dictionary.released && index && is_strings(&dictionary.format))
                .then_some(())
                .ok_or(())
        }
    }
}

/// Length and offset, if all numbers of the header can be.
fn header(spec: &Spec) -> Result<(usize, usize), ()> {
    let length = usize::try_from(spec.length).map_err(|_| ())?;
    let offset = usize::try_from(spec.offset).map_err(|_| ())?;
    if spec.buffer_count < 0 || !(-1..=spec.length).contains(&spec.null_count) {
        return Err(());
    }
    Ok((length, offset))
}

fn validity(spec: &Spec) -> Result<impl Fn(usize) -> bool + '_, ()> {
    let bits = spec.buffers[0].as_ref();
    let offset = spec.offset as usize;
    let valid = move |row: usize| {
        bits.is_none_or(|bits| bits[(offset + row) / 8] >> ((offset + row) % 8) & 1 == 1)
    };
    let nulls = (0..spec.length as usize).filter(|&row| !valid(row)).count();
    if bits.is_none() && spec.null_count > 0
        || bits.is_some() && spec.null_count >= 0 && spec.null_count != nulls as i64
    {
        return Err(());
    }
    Ok(valid)
}

/// `length` rows from row `skipped` on.
fn texts(
    schema: &Spec,
    spec: &Spec,
    skipped: usize,
    length: usize,
    wanted: &dyn Fn(usize) -> bool,
) -> Result<Vec<Option<Vec<u8>>>, ()> {
    let Some(dictionary) = &schema.dictionary else {
        let read = reader(&schema.format, spec)?;
        return (skipped..skipped + length).map(read).collect();
    };
    if spec.buffer_count != 2 {
        return Err(());
    }
    let valid = validity(spec)?;
    let end = spec.offset as usize + spec.length as usize;
    let indices = match &spec.buffers[1] {
        None if end > 0 => return Err(()),
        indices => indices.as_deref().unwrap_or_default(),
    };
    let entries = spec.dictionary.as_ref().filter(|entries| !entries.released).ok_or(())?;
    let (count, _) = header(entries)?;
    let read = reader(&dictionary.format, entries)?;
    let width = width(schema.format[0]);
    (skipped..skipped + length)
        .map(|row| {
            if !valid(row) || !wanted(row - skipped) {
                return Ok(None);
            }
            let bytes = &indices[(spec.offset as usize + row) * width..][..width];
            // Of signed indices, a negative one has the highest bit.
            let signed = matches!(schema.format[0], b'c' | b's' | b'i');
            if signed && bytes[width - 1] >= 128 {
                return Err(());
            }
            let mut index = [0; 8];
            index[..width].copy_from_slice(bytes);
            let index = u64::from_le_bytes(index);
            if index >= count as u64 { Err(()) } else { read(index as usize) }
        })
        .collect()
}

/// A function from rows to texts.
fn reader<'a>(
    format: &'a [u8],
    spec: &'a Spec,
) -> Result<Box<dyn Fn(usize) -> Result<Option<Vec<u8>>, ()> + 'a>, ()> {
    let (_, offset) = header(spec)?;
    let end = offset + spec.length as usize;
    if format == b"n" {
        return if spec.buffer_count > 1 { Err(()) } else { Ok(Box::new(|_| Ok(None))) };
    }
    if (format == b"vu" && spec.buffer_count < 3) || (format != b"vu" && spec.buffer_count != 3) {
        return Err(());
    }
    if spec.buffers[1].is_none() && end > 0 {
        return Err(());
    }
    let numbers = spec.buffers[1].as_deref().unwrap_or_default();
    if format == b"vu" {
        let data = &spec.buffers[2..4];
        let sizes = match &spec.buffers[4] {
            None => return Err(()),
            Some(sizes) => sizes,
        };
        let mut bounded = Vec::new();
        for (data, size) in data.iter().zip(sizes.as_chunks::<8>().0) {
            let size = usize::try_from(i64::from_le_bytes(*size)).map_err(|_| ())?;
            match data {
                None if size > 0 => return Err(()),
                data => bounded.push(&data.as_deref().unwrap_or_default()[..size]),
            }
        }
        let valid = validity(spec)?;
        return Ok(Box::new(move |row| {
            if !valid(row) {
                return Ok(None);
            }
            let view = &numbers[(offset + row) * 16..][..16];
            let part = |place: usize| {
                let bytes: [u8; 4] = view[place..place + 4].try_into().unwrap();
                usize::try_from(i32::from_le_bytes(bytes)).map_err(|_| ())
            };
            let length = part(0)?;
            if length <= 12 {
                return Ok(Some(view[4..4 + length].to_vec()));
            }
            let data = bounded.get(part(8)?).ok_or(())?;
            let start = part(12)?;
            data.get(start..start + length).map(|text| Some(text.to_vec())).ok_or(())
        }));
    }
    let valid = validity(spec)?;
    Ok(Box::new(move |row| {
        let at = |row: usize| match format {
            b"u" => i32::from_le_bytes(numbers[row * 4..][..4].try_into().unwrap()).into(),
            _ => i64::from_le_bytes(numbers[row * 8..][..8].try_into().unwrap()),
        };
        let (start, end) = (at(offset + row), at(offset + row + 1));
        if start < 0 || end < start {
            return Err(());
        }
        if !valid(row) {
            return Ok(None);
        }
        match &spec.buffers[2] {
            None if end > start => Err(()),
            None => Ok(Some(Vec::new())),
            Some(values) => Ok(Some(values[start as usize..end as usize].to_vec())),
        }
    }))
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

#[allow(unsafe_code)]
mod producer {
    //! Structures of a [`Spec`], as a producer in C would fill them.

    use super::*;

    /// Everything that a structure's pointers lead to.
    #[derive(Default)]
    struct Parts {
        format: CString,
        buffers: Vec<*const c_void>,
        _memory: Vec<Option<Vec<u64>>>,
        schema_children: Vec<*mut ArrowSchema>,
        array_children: Vec<*mut ArrowArray>,
        schemas: Vec<Box<ArrowSchema>>,
        arrays: Vec<Box<ArrowArray>>,
    }

    unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
        LOG.with_borrow_mut(|log| log.schemas += 1);
        // SAFETY: made by `schema_of`, and called once.
        unsafe {
            drop(Box::from_raw((*schema).private_data.cast::<Parts>()));
            (*schema).release = None;
        }
    }

    unsafe extern "C" fn release_array(array: *mut ArrowArray) {
        LOG.with_borrow_mut(|log| log.arrays += 1);
        // SAFETY: made by `array_of`, and called once.
        unsafe {
            drop(Box::from_raw((*array).private_data.cast::<Parts>()));
            (*array).release = None;
        }
    }

    unsafe extern "C" fn release_nothing<T>(_: *mut T) {}

    fn schema_of(spec: &Spec, top: bool) -> ArrowSchema {
        let mut parts = Box::new(Parts::default());
        parts.format = CString::new(spec.format.clone()).unwrap();
        for inner in [&spec.child, &spec.dictionary] {
            let inner = inner.as_ref().map(|inner| Box::new(schema_of(inner, false)));
            parts.schema_children.push(ptr::null_mut());
            if let Some(mut inner) = inner {
                *parts.schema_children.last_mut().unwrap() = &raw mut *inner;
                parts.schemas.push(inner);
            }
        }
        let mut schema = ArrowSchema::empty();
        schema.format = parts.format.as_ptr();
        schema.name = c"t".as_ptr();
        schema.n_children = spec.child_count;
        if spec.child.is_some() {
            // Two pointers more than there may be asked for.
            parts.schema_children.splice(1..1, [ptr::null_mut(), ptr::null_mut()]);
            schema.children = parts.schema_children.as_mut_ptr();
        }
        schema.dictionary = *parts.schema_children.last().unwrap();
        finish(spec, top, parts, |release, data| {
            schema.private_data = data;
            schema.release = match release {
                Kind::None => None,
                Kind::Inner => Some(release_nothing),
                Kind::Top => Some(release_schema),
            };
        });
        schema
    }

    fn array_of(spec: &Spec, top: bool) -> ArrowArray {
        let mut parts = Box::new(Parts::default());
        for buffer in &spec.buffers {
            // Aligned, with some bytes more.
            let copy = buffer.as_ref().map(|bytes| {
                let mut words = vec![0_u64; bytes.len() / 8 + 9];
                for (place, byte) in bytes.iter().enumerate() {
                    words[place / 8] |= u64::from(*byte) << (place % 8 * 8);
                }
                words
            });
            parts.buffers.push(copy.as_ref().map_or(ptr::null(), |copy| copy.as_ptr().cast()));
            parts._memory.push(copy);
        }
        for inner in [&spec.child, &spec.dictionary] {
            let inner = inner.as_ref().map(|inner| Box::new(array_of(inner, false)));
            parts.array_children.push(ptr::null_mut());
            if let Some(mut inner) = inner {
                *parts.array_children.last_mut().unwrap() = &raw mut *inner;
                parts.arrays.push(inner);
            }
        }
        let mut array = ArrowArray::empty();
        array.length = spec.length;
        array.offset = spec.offset;
        array.null_count = spec.null_count;
        array.n_buffers = spec.buffer_count;
        array.buffers = parts.buffers.as_mut_ptr();
        array.n_children = spec.child_count;
        if spec.child.is_some() {
            parts.array_children.splice(1..1, [ptr::null_mut(), ptr::null_mut()]);
            array.children = parts.array_children.as_mut_ptr();
        }
        array.dictionary = *parts.array_children.last().unwrap();
        finish(spec, top, parts, |release, data| {
            array.private_data = data;
            array.release = match release {
                Kind::None => None,
                Kind::Inner => Some(release_nothing),
                Kind::Top => Some(release_array),
            };
        });
        array
    }

    enum Kind {
        None,
        Inner,
        Top,
    }

    thread_local! {
        /// Parts of structures that nobody releases: those further in, and those that lie.
        static KEPT: RefCell<Vec<Box<Parts>>> = const { RefCell::new(Vec::new()) };
    }

    fn finish(spec: &Spec, top: bool, parts: Box<Parts>, set: impl FnOnce(Kind, *mut c_void)) {
        let kind = match (spec.released, top) {
            (true, _) => Kind::None,
            (false, true) => Kind::Top,
            (false, false) => Kind::Inner,
        };
        if matches!(kind, Kind::Top) {
            set(kind, Box::into_raw(parts).cast());
        } else {
            set(kind, ptr::null_mut());
            KEPT.with_borrow_mut(|kept| kept.push(parts));
        }
    }

    fn made_schema(spec: &Spec) -> ArrowSchema {
        let schema = schema_of(spec, true);
        LOG.with_borrow_mut(|log| log.schemas_made += usize::from(schema.release.is_some()));
        schema
    }

    fn made_array(spec: &Spec) -> ArrowArray {
        let array = array_of(spec, true);
        LOG.with_borrow_mut(|log| log.arrays_made += usize::from(array.release.is_some()));
        array
    }

    struct Source {
        schema: Spec,
        chunks: std::vec::IntoIter<Spec>,
    }

    unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
        // SAFETY: made by `take`, and not released yet.
        unsafe {
            let source = &*(*stream).private_data.cast::<Source>();
            out.write(made_schema(&source.schema));
        }
        0
    }

    unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
        // SAFETY: made by `take`, and not released yet.
        unsafe {
            let source = &mut *(*stream).private_data.cast::<Source>();
            out.write(source.chunks.next().map_or(ArrowArray::empty(), |spec| made_array(&spec)));
        }
        0
    }

    unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
        LOG.with_borrow_mut(|log| log.streams += 1);
        // SAFETY: made by `take`, and called once.
        unsafe {
            drop(Box::from_raw((*stream).private_data.cast::<Source>()));
            (*stream).release = None;
        }
    }

    /// Hands a column over.
    pub(super) fn take(schema: &Spec, chunks: &[Spec], streamed: bool) -> Result<Column, Error> {
        KEPT.with_borrow_mut(Vec::clear);
        if streamed {
            let source = Source { schema: schema.clone(), chunks: chunks.to_vec().into_iter() };
            let mut stream = ArrowArrayStream {
                get_schema: Some(get_schema),
                get_next: Some(get_next),
                get_last_error: None,
                release: Some(release_stream),
                private_data: Box::into_raw(Box::new(source)).cast(),
            };
            // SAFETY: the numbers of a spec do not reach beyond its memory.
            let column = unsafe { Column::from_stream(&raw mut stream, None, &|| false) };
            assert!(stream.release.is_none());
            return column;
        }
        let (mut schema, mut array) = (made_schema(schema), made_array(&chunks[0]));
        // SAFETY: as above.
        let column = unsafe { Column::from_array(&raw mut schema, &raw mut array, None) };
        assert!(schema.release.is_none() && array.release.is_none());
        column
    }

    /// Does what a consumer does at the end.
    pub(super) fn release(
        mut schema: ArrowSchema,
        mut array: ArrowArray,
        mut stream: ArrowArrayStream,
    ) {
        // SAFETY: just exported, and each released once.
        unsafe {
            let mut chunk = ArrowArray::empty();
            assert_eq!(stream.get_next.unwrap()(&raw mut stream, &raw mut chunk), 0);
            stream.release.unwrap()(&raw mut stream);
            if let Some(release) = chunk.release {
                release(&raw mut chunk);
            }
            schema.release.unwrap()(&raw mut schema);
            array.release.unwrap()(&raw mut array);
        }
        assert!(schema.release.is_none() && array.release.is_none() && stream.release.is_none());
    }
}

use producer::{release, take};
