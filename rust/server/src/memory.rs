//! What the process keeps of memory that is free.

/// Gives free memory back to the system when it goes: the last field of what takes much memory and
/// is replaced while the process runs.
///
/// glibc keeps what is freed for whoever allocates next, in an arena for each thread. That is what
/// requests want, since fresh pages for every large answer cost much. But what a model leaves behind
/// in the arena of whichever thread loaded it, used it first or dropped it last may be of use to
/// nobody else: each reload would spread the next model over another arena.
#[derive(Debug)]
pub(crate) struct GiveBack;

impl Drop for GiveBack {
    fn drop(&mut self) {
        give_back();
    }
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn give_back() {
    // SAFETY: it takes no pointer, locks each arena by itself, and moves nothing that is in use.
    #[expect(unsafe_code, reason = "the C library's own, which has no safe face")]
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Others give large blocks back by themselves, or have nothing to be asked with.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn give_back() {}
