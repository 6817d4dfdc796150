//! Vectors in fewer bits, as `encode(output_dtype=...)` of the Python package makes them.

use std::fs;
use std::path::Path;

use serde::Deserialize;

/// The smallest and the largest value of each column over a sample of vectors.
#[derive(Debug)]
pub(crate) struct Ranges {
    low: Vec<f32>,
    high: Vec<f32>,
}

#[derive(Deserialize)]
struct Header<'a> {
    descr: &'a str,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Ranges {
    /// Reads a NumPy file of shape (2, columns), float32 or float64.
    ///
    /// # Errors
    /// If it is none, or a column's first value is not below its second.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let file = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        Self::parse(&file).map_err(|problem| format!("{}: {problem}", path.display()))
    }

    fn parse(file: &[u8]) -> Result<Self, String> {
        const OTHER: &str =
            "not a NumPy file of shape (2, columns) in float32 or float64; write one with np.save";
        let rest = file.strip_prefix(b"\x93NUMPY").ok_or(OTHER)?;
        let (length, head) = match rest {
            [1, _, a, b, head @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), head),
            [2 | 3, _, a, b, c, d, head @ ..] => {
                (u32::from_le_bytes([*a, *b, *c, *d]) as usize, head)
            }
            _ => return Err(OTHER.to_owned()),
        };
        let (head, data) = head.split_at_checked(length).ok_or(OTHER)?;
        // A Python literal, and nearly JSON.
        let head = String::from_utf8_lossy(head)
            .replace('\'', "\"")
            .replace("False", "false")
            .replace("True", "true")
            .replace(['(', ')'], " ")
            .replace("\"shape\":", "\"shape\": [")
            .replace('}', "]}");
        let mut head = head.trim().to_owned();
        while let Some(at) = trailing_comma(&head) {
            head.remove(at);
        }
        let header: Header<'_> = serde_json::from_str(&head).map_err(|_| OTHER)?;
        let width = match header.descr {
            "<f4" => 4,
            "<f8" => 8,
            _ => return Err(OTHER.to_owned()),
        };
        let columns = match header.shape.as_slice() {
            &[2, columns] if columns > 0 => columns,
            _ => return Err(OTHER.to_owned()),
        };
        if columns.checked_mul(2 * width) != Some(data.len()) {
            return Err("the file is truncated or has bytes too many".to_owned());
        }
        let value = |bytes: &[u8]| match *bytes {
            [a, b, c, d] => f32::from_le_bytes([a, b, c, d]),
            [a, b, c, d, e, f, g, h] => f64::from_le_bytes([a, b, c, d, e, f, g, h]) as f32,
            _ => f32::NAN,
        };
        let values: Vec<f32> = data.chunks_exact(width).map(value).collect();
        let (low, high): (Vec<f32>, Vec<f32>) = if header.fortran_order {
            values.chunks_exact(2).map(|pair| (pair[0], pair[1])).unzip()
        } else {
            (values[..columns].to_vec(), values[columns..].to_vec())
        };
        for (column, (low, high)) in low.iter().zip(&high).enumerate() {
            if !(low.is_finite() && high.is_finite() && low < high) {
                return Err(format!("column {column} is no range: {low} to {high}"));
            }
        }
        Ok(Self { low, high })
    }

    /// How many columns they are of.
    #[must_use]
    pub(crate) fn columns(&self) -> usize {
        self.low.len()
    }

    /// A vector in 256 steps from the low ends to the high ones; beyond these it stops.
    pub(crate) fn steps<'a>(&'a self, vector: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
        vector
            .iter()
            .zip(&self.low)
            .zip(&self.high)
            .map(|((value, low), high)| ((value - low) / ((high - low) / 255.0)).clamp(0.0, 255.0))
    }
}

/// Where a comma stands before a closing bracket, as Python allows it.
fn trailing_comma(text: &str) -> Option<usize> {
    text.char_indices()
        .filter(|&(_, c)| c == ',')
        .map(|(at, _)| at)
        .find(|&at| text[at + 1..].trim_start().starts_with([']', '}']))
}

/// The signs of a vector, eight to a byte, the first highest. `None` if the width does not fit.
pub(crate) fn bits(vector: &[f32]) -> Option<impl Iterator<Item = u8> + '_> {
    let pack =
        |eight: &[f32]| eight.iter().fold(0, |byte, &value| (byte << 1) | u8::from(value > 0.0));
    vector.len().is_multiple_of(8).then(|| vector.chunks_exact(8).map(pack))
}

#[cfg(test)]
mod tests {
    use super::{Ranges, bits};

    fn npy(descr: &str, order: &str, shape: &str, data: &[u8]) -> Vec<u8> {
        let head = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend((head.len() as u16).to_le_bytes());
        file.extend(head.bytes());
        file.extend(data);
        file
    }

    #[test]
    fn reads_what_numpy_writes() {
        let values: Vec<u8> = [0f32, -1., 1., 3.].iter().flat_map(|v| v.to_le_bytes()).collect();
        let ranges = Ranges::parse(&npy("<f4", "False", "(2, 2)", &values)).unwrap();
        assert_eq!((ranges.low, ranges.high), (vec![0., -1.], vec![1., 3.]));
        let values: Vec<u8> = [0f64, 255., -1., 3.].iter().flat_map(|v| v.to_le_bytes()).collect();
        let ranges = Ranges::parse(&npy("<f8", "True", "(2, 2)", &values)).unwrap();
        assert_eq!(ranges.steps(&[0.5, 9.0]).collect::<Vec<_>>(), [0.5, 255.0]);
    }

    #[test]
    fn refuses_other_files() {
        let zeros = [0; 16];
        for file in [
            b"".to_vec(),
            b"\x93NUMPY".to_vec(),
            b"\x93NUMPY\x01\x00\xff\xff".to_vec(),
            npy("<f4", "False", "(2, 2)", &zeros[..15]),
            npy("<f4", "False", "(2, 2)", &zeros),
            npy("<f4", "False", "(4,)", &zeros),
            npy("<f4", "False", "(2, 0)", &[]),
            npy("<f4", "False", "(2, 18446744073709551615)", &zeros),
            npy("|O", "False", "(2, 2)", &zeros),
            npy(">f4", "False", "(2, 2)", &zeros),
        ] {
            assert!(Ranges::parse(&file).is_err());
        }
    }

    #[test]
    fn bits_are_in_numpy_order() {
        let packed = bits(&[1., 0., -1., 2., 0., 0., 0., 3.]).unwrap().collect::<Vec<_>>();
        assert_eq!(packed, [0b1001_0001]);
        assert!(bits(&[1.0; 7]).is_none());
    }
}
