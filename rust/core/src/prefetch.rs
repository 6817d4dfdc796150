//! Asking for memory before it is wanted.

/// Asks for the cache lines of `bytes` bytes at `start`, which may be anywhere.
#[inline(always)]
pub(crate) fn prefetch(start: *const u8, bytes: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let mut offset = 0;
        while offset < bytes {
            // SAFETY: a prefetch never faults, whatever the address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(offset).cast()) };
            offset += 64;
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        let mut offset = 0;
        while offset < bytes {
            // SAFETY: a prefetch never faults, whatever the address, and writes nothing. Rust has
            // no stable intrinsic for it.
            unsafe {
                std::arch::asm!(
                    "prfm pldl1keep, [{line}]",
                    line = in(reg) start.wrapping_add(offset),
                    options(nostack, preserves_flags, readonly),
                );
            }
            offset += 64;
        }
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = (start, bytes);
}
