//! Forks wait for the `tokenizers` crate to be at rest.
//!
//! The crate and what it is made of keep things that are made at their first use, caches and locks.
//! A child has only the thread that forked: what another was making then stays half made, and who
//! needs it in the child waits for ever. So a fork waits until no thread is inside of the crate,
//! and who wants to go in meanwhile waits until the fork is done. It is the length of a load or of
//! one text at the most, and needs nothing that the forking thread may hold, the interpreter's lock
//! included.

#[cfg(unix)]
pub(in crate::tokenize) use unix::{outside, register};

/// There is no fork on this system.
#[cfg(not(unix))]
pub(in crate::tokenize) fn register() {}

/// Runs `work`; there is no fork on this system.
#[cfg(not(unix))]
pub(in crate::tokenize) fn outside<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[cfg(unix)]
mod unix {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;
    use std::time::Duration;

    /// Threads inside of the crate.
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    /// Threads that are about to fork.
    static FORKING: AtomicUsize = AtomicUsize::new(0);
    static REGISTERED: AtomicBool = AtomicBool::new(false);

    /// Between two looks: a fork itself takes longer.
    const PAUSE: Duration = Duration::from_micros(50);

    /// Runs `work`, which is not inside of another, so that no fork falls into it.
    pub(in crate::tokenize) fn outside<T>(work: impl FnOnce() -> T) -> T {
        struct Leave;
        impl Drop for Leave {
            fn drop(&mut self) {
                INSIDE.fetch_sub(1, Ordering::SeqCst);
            }
        }

        register();
        loop {
            // Each side says first what it is up to and looks at the other then, in one order for
            // all threads, so that not both can go on.
            INSIDE.fetch_add(1, Ordering::SeqCst);
            let leave = Leave;
            if FORKING.load(Ordering::SeqCst) == 0 {
                let result = work();
                drop(leave);
                return result;
            }
            drop(leave);
            thread::sleep(PAUSE);
        }
    }

    /// Has forks wait from now on. One that is under way already does not: it has asked who wants
    /// to be told before. So whoever can, calls this before there is a second thread.
    pub(in crate::tokenize) fn register() {
        if REGISTERED.load(Ordering::Acquire) {
            return;
        }
        // SAFETY: the handlers live as long as the process (a Python module is never unloaded) and do
        // nothing but atomics and sleeping. If there is no memory to register them, forks are what
        // they were without them.
        unsafe {
            libc::pthread_atfork(Some(prepare), Some(parent), Some(child));
        }
        // Only now, so that nobody goes in before; two who come at once register them twice, which
        // counts a fork twice, there and back.
        REGISTERED.store(true, Ordering::Release);
    }

    extern "C" fn prepare() {
        FORKING.fetch_add(1, Ordering::SeqCst);
        while INSIDE.load(Ordering::SeqCst) != 0 {
            thread::sleep(PAUSE);
        }
    }

    extern "C" fn parent() {
        FORKING.fetch_sub(1, Ordering::SeqCst);
    }

    extern "C" fn child() {
        // Whoever else was about to fork, or had looked in, is not here.
        FORKING.store(0, Ordering::SeqCst);
        INSIDE.store(0, Ordering::SeqCst);
    }
}
