//! The one place where the interpreter's lock is released, and where Ctrl-C is noticed.

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
    let result = py.detach(|| {
        work(&|| match Python::attach(|py| py.check_signals()) {
            Ok(()) => false,
            Err(error) => {
                if let Ok(mut raised) = raised.lock() {
                    *raised = Some(error);
                }
                true
            }
        })
    });
    match raised.into_inner() {
        Ok(Some(error)) => Err(error),
        _ => Ok(result),
    }
}
