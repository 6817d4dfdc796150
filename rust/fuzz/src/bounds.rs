//! What an input may take, in memory and in time: one that takes more is a finding.

use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

#[path = "../../core/tests/support/counting.rs"]
#[allow(unsafe_code)]
mod counting;

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

/// Bytes of memory beyond what was there before, the reference included, which keeps places and
/// copies of every byte.
const MEMORY: usize = 192 << 20;
const MEMORY_FOR_A_BYTE: usize = 4096;
/// A machine may be busy, and targets are built with assertions, or with AddressSanitizer.
const TIME: Duration = Duration::from_secs(20);

/// Runs a target over an input.
///
/// # Panics
/// If the target does, or if it takes more than an input may.
pub fn run(target: impl FnOnce(&[u8]), data: &[u8]) {
    // What stays is what a target makes once, such as the models of `text`.
    let (result, memory, time) = measure(|| panic::catch_unwind(AssertUnwindSafe(|| target(data))));
    if let Err(panic) = result {
        panic::resume_unwind(panic);
    }
    let room = MEMORY + MEMORY_FOR_A_BYTE * data.len();
    assert!(memory <= room, "{memory} bytes of memory for {} of input", data.len());
    assert!(time <= TIME, "{time:?} for {} bytes of input", data.len());
}

/// What `work` does, and the memory and time that it takes.
pub(crate) fn measure<T>(work: impl FnOnce() -> T) -> (T, usize, Duration) {
    let start = Instant::now();
    let (result, memory) = counting::count(work);
    (result, memory, start.elapsed())
}
