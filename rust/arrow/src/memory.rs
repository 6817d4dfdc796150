//! The memory that vectors lie in.

use std::alloc::{self, Layout};
use std::ptr::NonNull;

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
    pub(crate) fn zeros(len: usize) -> Option<Self> {
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

    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: as many bytes were allocated behind what is skipped, and zeroed.
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
        // SAFETY: it was allocated with this layout.
        unsafe { alloc::dealloc(self.base.as_ptr(), self.layout) }
    }
}
