//! The column that a spec is, read as plainly as can be.

use super::Spec;
use super::make::width;

/// What a column of these chunks is, read as plainly as can be.
pub(super) fn read(schema: &Spec, chunks: &[Spec]) -> Result<Vec<Option<Vec<u8>>>, ()> {
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

/// What gives the text of a row.
type Read<'a> = Box<dyn Fn(usize) -> Result<Option<Vec<u8>>, ()> + 'a>;

/// A function from rows to texts.
fn reader<'a>(format: &'a [u8], spec: &'a Spec) -> Result<Read<'a>, ()> {
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
