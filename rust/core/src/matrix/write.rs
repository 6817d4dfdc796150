//! Writing model.safetensors.

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::Path;

use safetensors::tensor::{Dtype, TensorView, View};

use crate::error::{Error, Result};
use crate::replace::NewFile;

/// A tensor to be written.
#[derive(Debug, Clone)]
pub struct NewTensor<'a> {
    /// Its name in the file.
    pub name: &'a str,
    /// NumPy's name of its dtype, or `bfloat16`.
    pub dtype: &'a str,
    /// Its shape.
    pub shape: Vec<usize>,
    /// Its numbers, row-major and little-endian.
    pub bytes: &'a [u8],
}

/// Writes tensors to a new file, which takes the place of an old one once it is complete: rows that
/// are mapped from the old file stay as they are.
pub fn write_tensors(path: &Path, tensors: &[NewTensor<'_>]) -> Result<()> {
    let order = RefCell::new(Vec::new());
    let views = tensors
        .iter()
        .map(|tensor| Ok((tensor.name, Announced { view: view(tensor)?, order: &order })))
        .collect::<Result<Vec<_>, String>>()
        .map_err(Error::Argument)?;
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

fn view<'a>(tensor: &NewTensor<'a>) -> Result<TensorView<'a>, String> {
    let dtype = match tensor.dtype {
        "float32" => Dtype::F32,
        "float16" => Dtype::F16,
        "bfloat16" => Dtype::BF16,
        "float64" => Dtype::F64,
        "int8" => Dtype::I8,
        "int16" => Dtype::I16,
        "int32" => Dtype::I32,
        "int64" => Dtype::I64,
        "uint8" => Dtype::U8,
        "uint16" => Dtype::U16,
        "uint32" => Dtype::U32,
        "uint64" => Dtype::U64,
        other => return Err(format!("`{}` is {other}, which a model cannot hold", tensor.name)),
    };
    TensorView::new(dtype, tensor.shape.clone(), tensor.bytes)
        .map_err(|error| format!("`{}`: {error}", tensor.name))
}
