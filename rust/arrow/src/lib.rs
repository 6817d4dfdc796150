//! Columns of strings in, columns of vectors out, over the Arrow C data interface.
//!
//! ```text
//! producer's buffers -> Column (texts in place, checked) -> encode -> Vectors -> consumer
//! ```
//!
//! The interface is three C structures and the duty to call a function at the end
//! (<https://arrow.apache.org/docs/format/CDataInterface.html>). They are read here and not by a
//! library, since what comes over it comes from anywhere: every number in it is checked before it
//! is used, and what does not fit is an error that names the row. What no consumer can check is
//! whether a pointer leads to as much memory as the numbers say: buffers have no lengths there.

mod array;
mod column;
mod elements;
mod error;
mod export;
mod ffi;
mod format;
mod memory;
mod shared;
mod strings;
mod texts;
mod vectors;

pub use column::{Column, Totals};
pub use elements::{Element, Ranges};
pub use error::{Error, Result};
pub use ffi::{ArrowArray, ArrowArrayStream, ArrowSchema};
pub use texts::ArrowText;
pub use vectors::Vectors;
