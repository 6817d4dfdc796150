//! Vectors in one piece of memory, in the chunks that their texts came in.

use std::sync::Arc;

use crate::elements::Element;
use crate::export;
use crate::ffi::{ArrowArray, ArrowArrayStream, ArrowSchema};
use crate::memory::Memory;
use crate::shared::{Chunk, Shared};

/// A vector for each row, or null: a column of the Arrow type
/// `FixedSizeList<element not null>[width]`.
#[derive(Clone)]
pub struct Vectors {
    pub(crate) shared: Arc<Shared>,
}

impl Vectors {
    /// Room for all rows of some chunks, to be written to; zeros where `nulls` says that a row is null.
    /// Without it none is.
    pub(crate) fn new(
        element: Element,
        dim: usize,
        chunks: &[usize],
        nulls: Option<impl Iterator<Item = bool>>,
    ) -> m2v_fast::Result<Self> {
        let argument = |error: crate::Error| m2v_fast::Error::Argument(error.to_string());
        let width = element.width(dim).map_err(argument)?;
        let rows: usize = chunks.iter().sum();
        let bytes = rows.checked_mul(width).and_then(|numbers| numbers.checked_mul(element.size()));
        let mut memory = bytes.and_then(Memory::new).ok_or_else(|| {
            m2v_fast::Error::memory(format!("{rows} vectors"), bytes.unwrap_or(usize::MAX))
        })?;
        let mut placed = Vec::with_capacity(chunks.len());
        let (mut first, mut bits) = (0, 0);
        for &rows in chunks {
            placed.push(Chunk { first, rows, bits, nulls: 0 });
            first += rows;
            bits += rows.div_ceil(8);
        }
        let mut all_nulls = 0;
        let row_bytes = width * element.size();
        let validity = nulls.map(|mut nulls| {
            let numbers = memory.bytes_mut();
            let mut validity = vec![0; bits];
            for chunk in &mut placed {
                for row in 0..chunk.rows {
                    let null = nulls.next().unwrap_or_default();
                    if null {
                        let start = (chunk.first + row) * row_bytes;
                        numbers[start..start + row_bytes].fill(0);
                    }
                    chunk.nulls += usize::from(null);
                    validity[chunk.bits + row / 8] |= u8::from(!null) << (row % 8);
                }
                all_nulls += chunk.nulls;
            }
            validity
        });
        let nulls = all_nulls;
        let shared = Shared { element, width, rows, chunks: placed, memory, validity, nulls };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The numbers, as long as nobody else has them.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        Arc::get_mut(&mut self.shared).map_or(&mut [], |shared| shared.memory.bytes_mut())
    }

    /// The same as floats, if they are.
    pub(crate) fn floats(&mut self) -> &mut [f32] {
        let Some(shared) = Arc::get_mut(&mut self.shared) else { return &mut [] };
        match shared.element {
            Element::Float32 => shared.memory.floats_mut(),
            _ => &mut [],
        }
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.rows
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shared.rows == 0
    }

    /// Numbers of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.shared.width
    }

    /// How many rows are null.
    #[must_use]
    pub fn nulls(&self) -> usize {
        self.shared.nulls
    }

    /// Number of chunks.
    #[must_use]
    pub fn chunks(&self) -> usize {
        self.shared.chunks.len()
    }

    /// The first row that is null, if any is.
    #[must_use]
    pub fn first_null(&self) -> Option<usize> {
        let validity = self.shared.validity.as_ref()?;
        let null = |chunk: &Chunk, row: usize| validity[chunk.bits + row / 8] >> (row % 8) & 1 == 0;
        self.shared.chunks.iter().find_map(|chunk| {
            (0..chunk.rows).find(|&row| null(chunk, row)).map(|row| chunk.first + row)
        })
    }

    /// What they consist of.
    #[must_use]
    pub fn element(&self) -> &Element {
        &self.shared.element
    }

    /// All numbers, row by row, zeros for nulls; they never move.
    #[must_use]
    pub fn numbers(&self) -> &[u8] {
        self.shared.memory.bytes()
    }

    pub(crate) fn row_bytes(&self) -> usize {
        self.shared.width * self.shared.element.size()
    }

    /// The type, for a consumer.
    #[must_use]
    pub fn schema(&self) -> ArrowSchema {
        export::schema(&self.shared)
    }

    /// All rows as one array, for a consumer; nothing is copied but, of several chunks with nulls,
    /// the bits that say so.
    #[must_use]
    pub fn array(&self) -> ArrowArray {
        export::whole(&self.shared)
    }

    /// The chunks one after another, for a consumer.
    #[must_use]
    pub fn stream(&self) -> ArrowArrayStream {
        export::stream(&self.shared)
    }
}
