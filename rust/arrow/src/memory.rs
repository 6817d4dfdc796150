//! The memory that vectors lie in.
//!
//! Fresh memory costs a tenth of what a short text does: the system clears every page before it gives
//! it away, and the allocator clears what was used before. Whoever embeds a table batch by batch drops
//! a batch's vectors before the next are made, or soon after: so the block that was dropped last is
//! kept, and the next vectors are written over it.

use std::alloc::{self, Layout};
use std::mem::ManuallyDrop;
use std::ops::RangeInclusive;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

/// Bytes that begin at a multiple of 64, as Arrow recommends.
pub(crate) struct Memory {
    block: ManuallyDrop<Block>,
    len: usize,
}

/// What the allocator gave.
struct Block {
    base: NonNull<u8>,
    layout: Layout,
    /// Where the aligned bytes begin.
    skipped: usize,
}

const ALIGNMENT: usize = 64;

/// From this many bytes on, large pages are asked for: filled a page of 4 kB at a time, vectors cost
/// half as much again as they take to compute. NumPy does the same for its arrays.
const LARGE: usize = 4 << 20;

/// Sizes of blocks that are kept: those that are worth it, and none that glibc's allocator would not
/// keep as well once such blocks come and go (`DEFAULT_MMAP_THRESHOLD_MAX`).
const KEPT: RangeInclusive<usize> = 64 << 10..=32 << 20;

/// The block that nobody uses, or null. A pointer and no lock: a fork may come at any moment.
static SPARE: AtomicPtr<Block> = AtomicPtr::new(ptr::null_mut());

/// Puts a block, or none, in the place of the one that is kept, and gives that.
fn exchange(block: Option<Box<Block>>) -> Option<Box<Block>> {
    let found = SPARE.swap(block.map_or(ptr::null_mut(), Box::into_raw), Ordering::AcqRel);
    // SAFETY: it was made by `Box::into_raw` above, and whoever takes it out is its only owner.
    (!found.is_null()).then(|| unsafe { Box::from_raw(found) })
}

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
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

impl Block {
    /// Zeros.
    fn new(len: usize) -> Option<Self> {
        // The allocator gives zeroed pages without touching them, unless asked for an alignment
        // beyond its own: so the alignment is made here.
        let layout = Layout::from_size_align(len.checked_add(ALIGNMENT)?, 16).ok()?;
        // SAFETY: the size is not zero.
        let base = NonNull::new(unsafe { alloc::alloc_zeroed(layout) })?;
        let skipped = base.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        if layout.size() >= LARGE {
            ask_for_large_pages(base.as_ptr(), layout.size());
        }
        Some(Self { base, layout, skipped })
    }

    /// How many aligned bytes it was made for.
    fn room(&self) -> usize {
        self.layout.size() - ALIGNMENT
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout.
        unsafe { alloc::dealloc(self.base.as_ptr(), self.layout) }
    }
}

impl Memory {
    /// So many bytes, zeros or what earlier vectors left: all of them must be written to. Nothing if
    /// there is no memory.
    pub(crate) fn new(len: usize) -> Option<Self> {
        // Few rows do not hold on to the memory of many.
        let fits = |block: &Block| (len..=len.saturating_mul(2)).contains(&block.room());
        let spare = KEPT.contains(&len).then(|| exchange(None)).flatten();
        let block = match spare {
            Some(block) if fits(&block) => *block,
            // One that does not fit is given back first.
            spare => {
                drop(spare);
                Block::new(len)?
            }
        };
        Some(Self { block: ManuallyDrop::new(block), len })
    }

    pub(crate) fn start(&self) -> *const u8 {
        // SAFETY: within the allocation, which has as many bytes more.
        unsafe { self.block.base.as_ptr().add(self.block.skipped) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: at least as many bytes were allocated behind what is skipped, and zeroed.
        unsafe { std::slice::from_raw_parts(self.start(), self.len) }
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.start().cast_mut(), self.len) }
    }

    pub(crate) fn floats_mut(&mut self) -> &mut [f32] {
        // SAFETY: any bytes are floats.
        let (_, floats, _) = unsafe { self.bytes_mut().align_to_mut() };
        floats
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: taken once, here, and not used any more.
        let block = unsafe { ManuallyDrop::take(&mut self.block) };
        if KEPT.contains(&block.room()) {
            // The latest is the one that caches hold; the one before it goes.
            drop(exchange(Some(Box::new(block))));
        }
    }
}
