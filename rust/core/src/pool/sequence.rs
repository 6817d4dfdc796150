//! Rows as they are, one for each token: the sequence that [`super::Pooler::mean`] averages.
//!
//! Products follow the same rules as in pooling. There is nothing to sum, so plain loops over the
//! numbers of a row are all it takes; the compiler vectorizes them.

use super::element::{Bf16, F16};
use super::{Factors, Format, Rows};

/// Writes the first `width` columns of the row of each of `ids`, times its factor, to the rows of
/// `out`.
///
/// Returns false, having written nothing of use, if an id has no row, the factors are not as many
/// as the ids, a row has fewer columns, or `out` does not have as many rows of `width`.
#[must_use]
pub(crate) fn sequence(
    rows: Rows<'_>,
    ids: &[u32],
    factors: Factors<'_>,
    width: usize,
    out: &mut [f32],
) -> bool {
    let fits = (1..=rows.dim).contains(&width) && out.len() == ids.len() * width;
    if !factors.fit(ids.len()) || !fits {
        return false;
    }
    let bytes = rows.dim * rows.format.dtype().size();
    for (token, (&id, out)) in ids.iter().zip(out.chunks_exact_mut(width)).enumerate() {
        let start = id as usize * bytes;
        let Some(row) = rows.bytes.get(start..start + bytes) else { return false };
        match rows.format {
            Format::Float32 => write(row, out, token, factors, f32::from_le_bytes, f64::from),
            Format::Float16 => {
                let read = |bytes| F16(u16::from_le_bytes(bytes)).to_f32();
                write(row, out, token, factors, read, f64::from);
            }
            Format::BFloat16 => {
                let read = |bytes| Bf16(u16::from_le_bytes(bytes)).to_f32();
                write(row, out, token, factors, read, f64::from);
            }
            Format::Int8 => write(row, out, token, factors, i8::from_le_bytes, f64::from),
            Format::Float64 => write(row, out, token, factors, f64::from_le_bytes, |x| x),
        }
    }
    true
}

/// One row. `read` makes a number of its bytes, `widen` an f64 of the number: every product of two
/// numbers of at most 24 bits is exact in f64, so rounding it once gives the f32 product.
fn write<const N: usize, T>(
    row: &[u8],
    out: &mut [f32],
    token: usize,
    factors: Factors<'_>,
    read: impl Fn([u8; N]) -> T,
    widen: impl Fn(T) -> f64,
) {
    let (factor, in_half) = match factors {
        Factors::None => (1.0, false),
        Factors::F32(factors) => (f64::from(factors[token]), false),
        Factors::F32InHalf(factors) => (f64::from(factors[token]), true),
        Factors::F64(factors) => (factors[token], false),
    };
    for (&bytes, out) in row.as_chunks::<N>().0.iter().zip(out) {
        let product = (widen(read(bytes)) * factor) as f32;
        *out = if in_half { F16::from_f32(product).to_f32() } else { product };
    }
}
