//! Vectors in one piece of memory, in the chunks that their texts came in.

use std::alloc::{self, Layout};
use std::ptr::NonNull;
use std::sync::Arc;

use crate::elements::Element;
use crate::export;
use crate::ffi::{ArrowArray, ArrowArrayStream, ArrowSchema};

/// A vector for each row, or null: a column of the Arrow type
/// `FixedSizeList<element not null>[width]`.
#[derive(Clone)]
pub struct Vectors {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) element: Element,
    /// Numbers of a row.
    pub(crate) width: usize,
    pub(crate) rows: usize,
    pub(crate) chunks: Vec<Chunk>,
    pub(crate) memory: Memory,
    /// Of each chunk one after another, beginning on a byte of its own each; nothing if no row is
    /// null.
    pub(crate) validity: Option<Vec<u8>>,
    pub(crate) nulls: usize,
}

/// Some of the rows.
#[derive(Clone, Copy)]
pub(crate) struct Chunk {
    pub(crate) first: usize,
    pub(crate) rows: usize,
    /// Where its bits begin in the validity.
    pub(crate) bits: usize,
    pub(crate) nulls: usize,
}

impl Vectors {
    /// Zeros for all rows of some chunks. `nulls` says which are null; without it none is.
    pub(crate) fn new(
        element: Element,
        dim: usize,
        chunks: &[usize],
        nulls: Option<impl Iterator<Item = bool>>,
    ) -> m2v_core::Result<Self> {
        let argument = |error: crate::Error| m2v_core::Error::Argument(error.to_string());
        let width = element.width(dim).map_err(argument)?;
        let rows: usize = chunks.iter().sum();
        let bytes = rows.checked_mul(width).and_then(|numbers| numbers.checked_mul(element.size()));
        let memory = bytes.and_then(Memory::zeros).ok_or(m2v_core::Error::Memory {
            bytes: bytes.unwrap_or(usize::MAX),
            what: format!("{rows} vectors"),
        })?;
        let mut placed = Vec::with_capacity(chunks.len());
        let (mut first, mut bits) = (0, 0);
        for &rows in chunks {
            placed.push(Chunk { first, rows, bits, nulls: 0 });
            first += rows;
            bits += rows.div_ceil(8);
        }
        let mut all_nulls = 0;
        let validity = nulls.map(|mut nulls| {
            let mut validity = vec![0; bits];
            for chunk in &mut placed {
                for row in 0..chunk.rows {
                    let null = nulls.next().unwrap_or_default();
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

/// Bytes that begin at a multiple of 64, as Arrow recommends.
pub(crate) struct Memory {
    base: NonNull<u8>,
    layout: Layout,
    /// Where the aligned bytes begin.
    skipped: usize,
    len: usize,
}

const ALIGNMENT: usize = 64;

/// From this many bytes on, large pages are asked for: filled a page of 4 kB at a time, vectors cost
/// half as much again as they take to compute. NumPy does the same for its arrays.
const LARGE: usize = 4 << 20;

#[cfg(target_os = "linux")]
fn ask_for_large_pages(start: *mut u8, len: usize) {
    const PAGE: usize = 4096;
    let skipped = start.align_offset(PAGE);
    if let Some(len) = len.checked_sub(skipped) {
        // SAFETY: within an allocation of this many bytes; the advice changes nothing that a program
        // can see, and a system that does not follow it says so, which does not matter.
        unsafe { libc::madvise(start.add(skipped).cast(), len / PAGE * PAGE, libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(target_os = "linux"))]
fn ask_for_large_pages(_start: *mut u8, _len: usize) {}

// SAFETY: it is memory of its own; shared, it is only read.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl Memory {
    /// Nothing if there is none.
    fn zeros(len: usize) -> Option<Self> {
        // The allocator gives zeroed pages without touching them, unless asked for an alignment
        // beyond its own: so the alignment is made here.
        let layout = Layout::from_size_align(len.checked_add(ALIGNMENT)?, 16).ok()?;
        // SAFETY: the size is not zero.
        let base = NonNull::new(unsafe { alloc::alloc_zeroed(layout) })?;
        let skipped = base.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        if layout.size() >= LARGE {
            ask_for_large_pages(base.as_ptr(), layout.size());
        }
        Some(Self { base, layout, skipped, len })
    }

    pub(crate) fn start(&self) -> *const u8 {
        // SAFETY: within the allocation, which has as many bytes more.
        unsafe { self.base.as_ptr().add(self.skipped) }
    }

    fn bytes(&self) -> &[u8] {
        // SAFETY: as many bytes were allocated behind what is skipped, and zeroed.
        unsafe { std::slice::from_raw_parts(self.start(), self.len) }
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start().cast_mut(), self.len) }
    }

    fn floats_mut(&mut self) -> &mut [f32] {
        // SAFETY: any bytes are floats.
        let (_, floats, _) = unsafe { self.bytes_mut().align_to_mut() };
        floats
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout.
        unsafe { alloc::dealloc(self.base.as_ptr(), self.layout) }
    }
}
