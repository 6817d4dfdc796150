//! Specs of the fuzzer's bytes, true ones first, and lies about them.

use super::Spec;
use crate::input::Input;

pub(super) struct Shape {
    pub(super) format: &'static [u8],
    pub(super) index: Option<u8>,
    pub(super) table: bool,
}

impl Shape {
    pub(super) fn chunk(&self, input: &mut Input<'_>) -> Spec {
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

pub(super) fn width(index: u8) -> usize {
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
    pub(super) fn lie(&mut self, input: &mut Input<'_>) {
        if input.flag()
            && let Some(inner) = self.child.as_mut().or(self.dictionary.as_mut())
        {
            return inner.lie(input);
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

    pub(super) fn lie_about_the_type(&mut self, input: &mut Input<'_>) {
        if input.flag()
            && let Some(inner) = self.child.as_mut().or(self.dictionary.as_mut())
        {
            return inner.lie_about_the_type(input);
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
