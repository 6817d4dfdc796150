//! The one place where the interpreter's lock is released, and where Ctrl-C is noticed.

use std::cell::Cell;
use std::sync::Mutex;

use pyo3::prelude::*;

/// Work of less than this many nanoseconds keeps the lock.
///
/// Releasing and taking it back costs 60 ns while nobody else wants it, but up to the interpreter's
/// switch interval (5 ms) while another thread computes. A call this short delays other threads
/// far less than that.
const RELEASE_ABOVE: u64 = 50_000;

/// Runs `work`, which is estimated to take `cost` nanoseconds, with the lock released if that pays.
///
/// `work` is given a function to ask now and then whether to stop. If that ever says yes, the
/// exception that the signal raised (KeyboardInterrupt, as a rule) is what the call raises.
pub(crate) fn run<T: Send>(
    py: Python<'_>,
    cost: u64,
    work: impl Send + FnOnce(&dyn Fn() -> bool) -> T,
) -> PyResult<T> {
    if cost < RELEASE_ABOVE {
        return Ok(work(&|| false));
    }
    let raised = Mutex::new(None);
    // Only the main thread runs signal handlers: any other would wait for the lock, up to the
    // switch interval each time, to learn nothing. The first question is which one this is.
    let handles = Cell::new(None);
    let result = py.detach(|| {
        let handles = handles;
        work(&|| {
            if handles.get() == Some(false) {
                return false;
            }
            let checked = Python::attach(|py| {
                if handles.get().is_none() {
                    handles.set(Some(is_main_thread(py)?));
                }
                py.check_signals()
            });
            match checked {
                Ok(()) => false,
                Err(error) => {
                    if let Ok(mut raised) = raised.lock() {
                        *raised = Some(error);
                    }
                    true
                }
            }
        })
    });
    match raised.into_inner() {
        Ok(Some(error)) => Err(error),
        _ => Ok(result),
    }
}

fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    threading.call_method0("get_ident")?.eq(main)
}
