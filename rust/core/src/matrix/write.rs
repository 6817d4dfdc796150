//! Writing model.safetensors.

use std::path::Path;

use safetensors::tensor::{Dtype, TensorView, serialize_to_file};

use crate::error::{Error, Result};

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
    let views = tensors
        .iter()
        .map(|tensor| Ok((tensor.name, view(tensor)?)))
        .collect::<Result<Vec<_>, String>>()
        .map_err(Error::Argument)?;
    // In the same folder, so that it can be renamed into place.
    let temporary = path.with_extension("safetensors.new");
    serialize_to_file(views, None, &temporary).map_err(|error| match error {
        safetensors::SafeTensorError::IoError(source) => Error::io(&temporary, source),
        other => Error::Argument(format!("{}: {other}", path.display())),
    })?;
    std::fs::rename(&temporary, path).map_err(|source| Error::io(path, source))
}

fn view<'a>(tensor: &NewTensor<'a>) -> Result<TensorView<'a>, String> {
    let dtype = match tensor.dtype {
        "float32" => Dtype::F32,
        "float16" => Dtype::F16,
        "bfloat16" => Dtype::BF16,
        "float64" => Dtype::F64,
        "int8" => Dtype::I8,
        "int32" => Dtype::I32,
        "int64" => Dtype::I64,
        other => return Err(format!("`{}` is {other}, which a model cannot hold", tensor.name)),
    };
    TensorView::new(dtype, tensor.shape.clone(), tensor.bytes)
        .map_err(|error| format!("`{}`: {error}", tensor.name))
}
