//! Model2Vec static embeddings: text comes in at one end, a vector leaves at the other.
//!
//! ```text
//! text -> tokenize -> ids -> matrix (row, weight) -> pool -> f32 vector
//! ```
//!
//! A [`Model`] is opened from a folder and maps its matrix; it is immutable, and any number of
//! threads may encode with it at once. Results equal those of model2vec 0.10.0 to the bit for
//! float32 models, whatever the processor, the number of threads or the batch.
//!
//! ```no_run
//! use m2v_core::{LoadOptions, Model};
//!
//! let model = Model::load("path/to/model".as_ref(), LoadOptions::default())?;
//! let mut vector = vec![0.0; model.dim()];
//! model.encode("How do I index vectors?", model.default_options(), &mut vector)?;
//! # Ok::<(), m2v_core::Error>(())
//! ```

mod backend;
mod batch;
mod config;
mod data;
mod error;
mod layout;
mod matrix;
mod model;
mod platform;
mod pool;
mod replace;
mod scratch;
mod text;
mod tokenize;

pub use backend::Backend;
pub use batch::{BatchOptions, CountSlot, available_threads};
pub use config::{Config, DEFAULT_MAX_LENGTH};
pub use error::{Error, Result};
pub use layout::{Layout, ModelFiles};
pub use matrix::{Matrix, NewTensor, StoredTensor, Weighting, write_tensors};
pub use model::{Counts, EncodeOptions, LoadOptions, Model};
pub use pool::DType;
pub use replace::NewFile;
pub use text::Text;
#[doc(hidden)]
pub use tokenize::probe;
pub use tokenize::{IndexOptions, Tokenizer, Unknown, Vocabulary};
