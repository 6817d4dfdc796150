//! A column of texts: every chunk of it held, every row looked at.

use std::mem;

use m2v_fast::{BatchOptions, CountSlot, Counts, EncodeOptions, Model};

use crate::array::{Checked, Validity, element};
use crate::elements::Element;
use crate::error::{Error, Result};
use crate::ffi::{ArrowArray, ArrowArrayStream, ArrowSchema, Owned};
use crate::format::{Index, Layout, Plan};
use crate::strings::Reader;
use crate::texts::ArrowText;
use crate::vectors::Vectors;

/// Texts of one or several chunks, where their producer has them.
///
/// The chunks are released when this is dropped, and a stream as soon as it was read.
pub struct Column {
    /// A text for each row: none for a null, and none for one that is that of an earlier row.
    texts: Vec<Option<ArrowText>>,
    /// Of a dictionary: for each row, the first row with its text (that row itself, often), or
    /// [`NULL`]. Empty for other columns.
    first: Vec<usize>,
    /// The number of rows of each chunk.
    chunks: Vec<usize>,
    nulls: usize,
    /// What the texts are in. Behind them, so that nothing outlives it.
    _arrays: Vec<Owned<ArrowArray>>,
}

/// Sums over the rows of a column; nulls count nothing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Tokens that were kept, unknown ones included.
    pub tokens: usize,
    /// How many of these are unknown.
    pub unknown: usize,
    /// Texts that the limit cut.
    pub truncated: usize,
}

/// In place of a row: the text is null.
const NULL: usize = usize::MAX;

impl Column {
    /// Takes an array and its schema, and marks both as taken.
    ///
    /// # Errors
    /// It is not strings, or contradicts itself; both are released then.
    ///
    /// # Safety
    /// The pointers lead to structures of a producer that keeps to the interface in what cannot be
    /// checked: pointers are null or lead to as much memory as the counts beside them say, which
    /// does not change until it is released.
    pub unsafe fn from_array(
        schema: *mut ArrowSchema,
        array: *mut ArrowArray,
        column: Option<&str>,
    ) -> Result<Self> {
        // SAFETY: the caller vouches for the pointers.
        let schema = unsafe { Owned::take(schema) };
        // SAFETY: as above.
        let array = unsafe { Owned::take(array) };
        let plan = Plan::new(schema?.get(), column)?;
        let mut building = Building::new(plan);
        building.add(array?)?;
        Ok(building.column)
    }

    /// Takes a stream, marks it as taken, and reads it to its end. `interrupted` is asked between two
    /// chunks.
    ///
    /// # Errors
    /// It is not strings, contradicts itself, or fails. The stream is released on every way out.
    ///
    /// # Safety
    /// As [`Column::from_array`].
    pub unsafe fn from_stream(
        stream: *mut ArrowArrayStream,
        column: Option<&str>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Self> {
        // SAFETY: the caller vouches for the pointer.
        let mut stream = unsafe { Owned::take(stream) }?;
        let plan = Plan::new(stream.schema()?.get(), column)?;
        let mut building = Building::new(plan);
        while let Some(array) = stream.next()? {
            building.add(array)?;
            if interrupted() {
                return Err(Error::Interrupted);
            }
        }
        Ok(building.column)
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// How many rows are null.
    #[must_use]
    pub fn nulls(&self) -> usize {
        self.nulls
    }

    /// The first row that is null, if any is.
    #[must_use]
    pub fn first_null(&self) -> Option<usize> {
        if self.nulls == 0 {
            return None;
        }
        (0..self.len()).find(|&row| self.is_null(row))
    }

    /// The text of each row; none for a null.
    pub fn rows(&self) -> impl Iterator<Item = Option<&ArrowText>> {
        (0..self.len()).map(|row| self.row(row))
    }

    fn row(&self, row: usize) -> Option<&ArrowText> {
        match self.first.get(row) {
            Some(&NULL) => None,
            Some(&first) => self.texts[first].as_ref(),
            None => self.texts[row].as_ref(),
        }
    }

    fn is_null(&self, row: usize) -> bool {
        self.row(row).is_none()
    }

    /// About how many nanoseconds encoding them takes on one thread.
    #[must_use]
    pub fn cost(&self, model: &Model, options: EncodeOptions) -> u64 {
        model.encode_some_cost(&self.texts, options.max_length)
    }

    /// Writes the vector of each row to `out`, and leaves those of nulls as they are.
    ///
    /// # Errors
    /// Of the core: a text is not UTF-8, or cannot be tokenized; the message names the row.
    pub fn encode_into(
        &self,
        model: &Model,
        options: EncodeOptions,
        batch: BatchOptions<'_>,
        out: &mut [f32],
    ) -> m2v_fast::Result<()> {
        model.encode_some(&self.texts, options, batch, out, None)?;
        self.repeat(out, model.dim());
        Ok(())
    }

    /// The vectors of all rows, in the chunks that the texts came in, with nulls where they are.
    ///
    /// # Errors
    /// As [`Column::encode_into`], or [`m2v_fast::Error::Argument`] if there is no memory for them.
    pub fn encode(
        &self,
        model: &Model,
        options: EncodeOptions,
        batch: BatchOptions<'_>,
        element: &Element,
        totals: Option<&mut Totals>,
    ) -> m2v_fast::Result<Vectors> {
        let slots: Option<Vec<CountSlot>> =
            totals.is_some().then(|| self.texts.iter().map(|_| CountSlot::default()).collect());
        let counts = slots.as_deref();
        let nulls = (self.nulls > 0).then(|| (0..self.len()).map(|row| self.is_null(row)));
        let mut vectors = Vectors::new(element.clone(), model.dim(), &self.chunks, nulls)?;
        match element {
            Element::Float32 => {
                let out = vectors.floats();
                model.encode_some(&self.texts, options, batch, out, counts)?;
                self.repeat(out, model.dim());
            }
            element => {
                let width = vectors.row_bytes();
                let write = |vector: &[f32], out: &mut [u8]| element.write(vector, out);
                model.encode_as(
                    &self.texts,
                    options,
                    batch,
                    vectors.bytes(),
                    width,
                    write,
                    counts,
                )?;
                self.repeat(vectors.bytes(), width);
            }
        }
        if let (Some(totals), Some(counts)) = (totals, counts) {
            for row in 0..self.len() {
                let first = self.first.get(row).copied().unwrap_or(row);
                let Some(slot) = counts.get(first) else { continue };
                let Counts { tokens, unknown, truncated, .. } = slot.get();
                totals.tokens += tokens;
                totals.unknown += unknown;
                totals.truncated += usize::from(truncated);
            }
        }
        Ok(vectors)
    }

    /// Copies what was made of the first row with a text to the others with it.
    fn repeat<T: Copy>(&self, out: &mut [T], width: usize) {
        for (row, &first) in self.first.iter().enumerate() {
            if first != row && first != NULL {
                out.copy_within(first * width..(first + 1) * width, row * width);
            }
        }
    }
}

/// A column, chunk by chunk.
struct Building {
    plan: Plan,
    column: Column,
    dictionary: Seen,
}

/// Which entries of the last chunk's dictionary occurred, and where first.
#[derive(Default)]
struct Seen {
    /// Addresses and sizes, by which the next chunk's dictionary is known to be the same memory.
    mark: Vec<usize>,
    /// For each entry, the first row with it, or [`NULL`] if there was none.
    rows: Vec<usize>,
}

impl Building {
    fn new(plan: Plan) -> Self {
        let (texts, first, chunks, arrays) = Default::default();
        let column = Column { texts, first, chunks, nulls: 0, _arrays: arrays };
        Self { plan, column, dictionary: Seen::default() }
    }

    /// Adds the rows of a chunk, and holds it.
    fn add(&mut self, array: Owned<ArrowArray>) -> Result<()> {
        let rows = Rows::new(array.get(), self.plan.child, self.column.chunks.len())?;
        let length = rows.length;
        let room = self.column.texts.try_reserve(length).is_ok()
            && (matches!(self.plan.layout, Layout::Plain(_))
                || self.column.first.try_reserve(length).is_ok());
        if !room {
            return Err(Error::Memory(format!("there is no memory for {length} rows")));
        }
        match self.plan.layout {
            Layout::Plain(strings) => {
                let reader = Reader::new(rows.array, strings, &rows.what)?;
                for row in 0..length {
                    let text = reader
                        .get(rows.skipped + row)
                        .map_err(|problem| Error::row(self.column.texts.len(), problem))?
                        .filter(|_| !rows.parents.is_null(row));
                    self.column.nulls += usize::from(text.is_none());
                    self.column.texts.push(text);
                }
            }
            Layout::Dictionary(index, strings) => self.add_coded(&rows, index, strings)?,
        }
        self.column.chunks.push(length);
        self.column._arrays.push(array);
        Ok(())
    }

    fn add_coded(
        &mut self,
        rows: &Rows<'_>,
        index: Index,
        strings: crate::format::Strings,
    ) -> Result<()> {
        let Rows { array, what, .. } = rows;
        array.needs_buffers(2, what)?;
        let (validity, indices) = (array.validity(what)?, array.needed(1, what)?);
        let what = format!("the dictionary of {what}");
        let entries = Checked::new(array.dictionary(&rows.what)?, &what)?;
        let reader = Reader::new(entries, strings, &what)?;
        self.dictionary.is_of(&entries)?;
        let column = &mut self.column;
        for row in 0..rows.length {
            let here = column.texts.len();
            let place = rows.skipped + row;
            let mut first = NULL;
            let mut text = None;
            if !validity.is_null(place) && !rows.parents.is_null(row) {
                // SAFETY: the interface: an index for each row, from the buffer's beginning on.
                let entry = unsafe { index.read(indices, array.offset + place) };
                let entry = entry
                    .and_then(|entry| usize::try_from(entry).ok())
                    .filter(|&entry| entry < entries.length)
                    .ok_or_else(|| {
                        Error::row(here, format!("its index is not one of the {}", entries.length))
                    })?;
                first = self.dictionary.rows[entry];
                if first == NULL {
                    text = reader.get(entry).map_err(|problem| Error::row(here, problem))?;
                    // An entry may be null itself.
                    if text.is_some() {
                        first = here;
                        self.dictionary.rows[entry] = here;
                    }
                }
            }
            column.nulls += usize::from(first == NULL);
            column.texts.push(text);
            column.first.push(first);
        }
        Ok(())
    }
}

impl Seen {
    /// Forgets what it knows, unless the chunk has the dictionary of the one before: chunks are held,
    /// so that the same addresses are the same texts.
    fn is_of(&mut self, entries: &Checked<'_>) -> Result<()> {
        let mut mark = vec![entries.length, entries.offset];
        mark.extend((0..entries.buffer_count()).map(|place| entries.buffer(place) as usize));
        if mem::replace(&mut self.mark, mark) != self.mark || self.rows.len() != entries.length {
            self.rows.clear();
            if self.rows.try_reserve_exact(entries.length).is_err() {
                return Err(Error::Memory(format!(
                    "there is no memory for a dictionary of {} entries",
                    entries.length
                )));
            }
            self.rows.resize(entries.length, NULL);
        }
        Ok(())
    }
}

impl Index {
    /// # Safety
    /// The buffer has more than `place` numbers of this kind.
    unsafe fn read(self, buffer: *const u8, place: usize) -> Option<u64> {
        // SAFETY: the caller vouches for it.
        unsafe {
            match self {
                Self::I8 => element::<i8>(buffer, place).try_into().ok(),
                Self::U8 => Some(element::<u8>(buffer, place).into()),
                Self::I16 => element::<i16>(buffer, place).try_into().ok(),
                Self::U16 => Some(element::<u16>(buffer, place).into()),
                Self::I32 => element::<i32>(buffer, place).try_into().ok(),
                Self::U32 => Some(element::<u32>(buffer, place).into()),
                Self::I64 => element::<i64>(buffer, place).try_into().ok(),
                Self::U64 => Some(element::<u64>(buffer, place)),
            }
        }
    }
}

/// The array that the rows of a chunk are in.
struct Rows<'a> {
    array: Checked<'a>,
    /// Rows of it before the chunk's first: a struct's own offset, which counts for its children.
    skipped: usize,
    length: usize,
    /// Rows of the struct that are null, whatever the child says.
    parents: Validity,
    what: String,
}

impl<'a> Rows<'a> {
    fn new(array: &'a ArrowArray, child: Option<(usize, usize)>, chunk: usize) -> Result<Self> {
        let what = format!("chunk {chunk}");
        let whole = Checked::new(array, &what)?;
        let Some((count, place)) = child else {
            let (skipped, length, parents) = (0, whole.length, Validity::NONE);
            return Ok(Self { array: whole, skipped, length, parents, what });
        };
        whole.needs_buffers(1, &what)?;
        let parents = whole.validity(&what)?;
        let child = whole.child(count, place, &what)?;
        let inner = format!("column {place} of {what}");
        let child = Checked::new(child, &inner)?;
        if child.length < whole.end() {
            return Err(Error::value(format!(
                "{inner} has {} rows; the table has {} from row {} on",
                child.length, whole.length, whole.offset
            )));
        }
        let (skipped, length) = (whole.offset, whole.length);
        Ok(Self { array: child, skipped, length, parents, what: inner })
    }
}
