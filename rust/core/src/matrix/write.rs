//! Writing model.safetensors.

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView, View};

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::replace::NewFile;

/// A tensor to be written.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewTensor<'a> {
    /// Its name in the file.
    pub name: &'a str,
    /// Its number format.
    pub dtype: DType,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers, row-major and little-endian.
    pub bytes: &'a [u8],
}

impl<'a> NewTensor<'a> {
    /// A tensor of that name and shape; `bytes` are its numbers, row-major and little-endian.
    #[must_use]
    pub fn new(name: &'a str, dtype: DType, shape: impl Into<Vec<usize>>, bytes: &'a [u8]) -> Self {
        Self { name, dtype, shape: shape.into(), bytes }
    }
}

/// Writes tensors to a new file, which takes the place of an old one once it is complete: rows that
/// are mapped from the old file stay as they are.
///
/// # Errors
/// If a tensor's bytes are not what its shape says, a name is there twice, or the file cannot be written.
pub fn write_tensors(path: impl AsRef<Path>, tensors: &[NewTensor<'_>]) -> Result<()> {
    let path = path.as_ref();
    let order = RefCell::new(Vec::new());
    let views = tensors
        .iter()
        .map(|tensor| Ok((tensor.name, Announced { view: view(tensor)?, order: &order })))
        .collect::<Result<Vec<_>>>()?;
    let header = safetensors::serialize(views, None)
        .map_err(|error| Error::Argument(format!("{}: {error}", path.display())))?;
    let mut file = NewFile::create(path)?;
    file.write(&header)?;
    for bytes in order.into_inner() {
        file.write(bytes)?;
    }
    file.commit()
}

/// A tensor that says how it is and leaves its bytes for later, noting when they would have come:
/// the library would have all tensors in memory once more, or write a file of its own making.
struct Announced<'a, 'o> {
    view: TensorView<'a>,
    order: &'o RefCell<Vec<&'a [u8]>>,
}

impl View for Announced<'_, '_> {
    fn dtype(&self) -> Dtype {
        self.view.dtype()
    }

    fn shape(&self) -> &[usize] {
        self.view.shape()
    }

    fn data(&self) -> Cow<'_, [u8]> {
        self.order.borrow_mut().push(self.view.data());
        Cow::Borrowed(&[])
    }

    fn data_len(&self) -> usize {
        self.view.data().len()
    }
}

fn view<'a>(tensor: &NewTensor<'a>) -> Result<TensorView<'a>> {
    TensorView::new(tensor.dtype.stored(), tensor.shape.clone(), tensor.bytes)
        .map_err(|error| Error::Argument(format!("`{}`: {error}", tensor.name)))
}
