//! Every kernel against a naive twin, to the bit: all widths that hurt, unaligned starts, no, one
//! and many rows, every format with every kind of factor.

use half::{bf16, f16};

use super::*;
use crate::backend::Backend;

/// A small generator (xorshift64*), so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound
    }

    /// Numbers of many magnitudes and both signs, zeros of both signs among them.
    fn number(&mut self) -> f64 {
        match self.below(16) {
            0 => 0.0,
            1 => -0.0,
            exponent => {
                let mantissa = self.next() as i32 as f64 / f64::from(i32::MAX);
                mantissa * 2.0f64.powi(exponent as i32 - 12)
            }
        }
    }
}

/// A matrix in stored form and its numbers.
struct Stored {
    bytes: Vec<u8>,
    numbers: Vec<f64>,
    rows: usize,
    dim: usize,
    format: Format,
}

const DTYPES: [Format; 5] =
    [Format::Float32, Format::Float16, Format::BFloat16, Format::Float64, Format::Int8];

impl Stored {
    fn random(random: &mut Random, rows: usize, dim: usize, format: Format) -> Self {
        let mut bytes = Vec::new();
        let mut numbers = Vec::new();
        for _ in 0..rows * dim {
            let number = random.number();
            match format {
                Format::Float32 => {
                    bytes.extend((number as f32).to_le_bytes());
                    numbers.push(f64::from(number as f32));
                }
                Format::Float16 => {
                    let number = f16::from_f64(number);
                    bytes.extend(number.to_le_bytes());
                    numbers.push(number.to_f64());
                }
                Format::BFloat16 => {
                    let number = bf16::from_f64(number);
                    bytes.extend(number.to_le_bytes());
                    numbers.push(number.to_f64());
                }
                Format::Float64 => {
                    bytes.extend(number.to_le_bytes());
                    numbers.push(number);
                }
                Format::Int8 => {
                    let number = random.next() as i8;
                    bytes.extend(number.to_le_bytes());
                    numbers.push(f64::from(number));
                }
            }
        }
        Self { bytes, numbers, rows, dim, format }
    }

    fn rows(&self) -> Rows<'_> {
        self.rows_in(&self.bytes)
    }

    fn rows_in<'a>(&self, bytes: &'a [u8]) -> Rows<'a> {
        Rows::new(bytes, self.rows, self.dim, self.format).unwrap()
    }

    /// Its bytes, so many behind a boundary of 64, and where in the buffer they begin.
    fn placed(&self, past: usize) -> (Vec<u8>, usize) {
        let mut buffer = vec![0xab; self.bytes.len() + 128];
        let start = buffer.as_ptr().align_offset(64) + past;
        buffer[start..][..self.bytes.len()].copy_from_slice(&self.bytes);
        (buffer, start)
    }

    /// The specification, column by column.
    fn naive(&self, ids: &[u32], factors: Factors<'_>) -> Vec<f32> {
        let column = |column: usize| -> f32 {
            let number = |id: u32| self.numbers[id as usize * self.dim + column];
            let in_half = |x: f32| f16::from_f32(x).to_f32();
            let n = ids.len();
            let sum32 = |product: &dyn Fn(usize, f32) -> f32| {
                let parts = ids.iter().enumerate().map(|(i, &id)| product(i, number(id) as f32));
                parts.fold(0.0f32, |sum, part| sum + part) / n as f32
            };
            let sum64 = |product: &dyn Fn(usize, f64) -> f64| {
                let parts = ids.iter().enumerate().map(|(i, &id)| product(i, number(id)));
                (parts.fold(0.0f64, |sum, part| sum + part) / n as f64) as f32
            };
            match (self.format, factors) {
                (Format::Float64 | Format::Int8, Factors::None) => sum64(&|_, x| x),
                (_, Factors::None) => sum32(&|_, x| x),
                (Format::Float64, Factors::F32(w) | Factors::F32InHalf(w)) => {
                    sum64(&|i, x| x * f64::from(w[i]))
                }
                (Format::Float16, Factors::F32InHalf(w)) => sum32(&|i, x| in_half(x * w[i])),
                (Format::Int8, Factors::F32InHalf(w)) => in_half(sum32(&|i, x| in_half(x * w[i]))),
                (_, Factors::F32(w) | Factors::F32InHalf(w)) => sum32(&|i, x| x * w[i]),
                (_, Factors::F64(w)) => sum64(&|i, x| x * w[i]),
            }
        };
        if ids.is_empty() { vec![0.0; self.dim] } else { (0..self.dim).map(column).collect() }
    }
}

fn bits(vector: &[f32]) -> Vec<u32> {
    vector.iter().map(|x| x.to_bits()).collect()
}

fn check(stored: &Stored, ids: &[u32], factors: Factors<'_>) {
    let expected = stored.naive(ids, factors);
    // On no boundary, on one, and on those of all sizes of numbers but not of vectors.
    for past in [1, 0, 24, 60] {
        let (buffer, start) = stored.placed(past);
        let rows = stored.rows_in(&buffer[start..]);
        for backend in Backend::available() {
            // All columns, and the first of them alone.
            let dim = stored.dim;
            for width in [dim, dim.div_ceil(2), dim.div_ceil(7)] {
                let mut out = vec![f32::NAN; width];
                assert!(Pooler::new(Runnable::new(backend)).mean(rows, ids, factors, &mut out));
                assert_eq!(
                    bits(&out),
                    bits(&expected[..width]),
                    "{backend}, {:?}, {width} of {dim}, {} rows, {past} bytes off, {factors:?}",
                    stored.format,
                    ids.len()
                );
            }
        }
    }
}

#[test]
fn every_kernel_equals_the_naive_twin_at_every_width() {
    let mut random = Random(1);
    for dim in (1..=130).chain([191, 192, 193, 255, 256, 257, 300, 512, 768, 1023, 1024, 1025]) {
        for format in DTYPES {
            let stored = Stored::random(&mut random, 7, dim, format);
            for count in [0, 1, 2, 3, 5, 11, 40] {
                let ids: Vec<u32> = (0..count).map(|_| random.below(7) as u32).collect();
                check(&stored, &ids, Factors::None);
                if count % 3 != 2 {
                    continue;
                }
                let w64: Vec<f64> = ids.iter().map(|_| random.number()).collect();
                let w32: Vec<f32> = w64.iter().map(|&w| w as f32).collect();
                let w16: Vec<f32> = w64.iter().map(|&w| f16::from_f64(w).to_f32()).collect();
                check(&stored, &ids, Factors::F64(&w64));
                check(&stored, &ids, Factors::F32(&w32));
                check(&stored, &ids, Factors::F32InHalf(&w16));
            }
        }
    }
}

#[test]
fn sums_of_int8_stay_exact_beyond_what_an_f32_holds() {
    let stored = Stored {
        bytes: [-128i8, 127, 1].map(|x| x as u8).to_vec(),
        numbers: vec![-128.0, 127.0, 1.0],
        rows: 3,
        dim: 1,
        format: Format::Int8,
    };
    for count in [INT8_ROWS_IN_F32, INT8_ROWS_IN_F32 + 1, 5 * INT8_ROWS_IN_F32 + 3] {
        let ids: Vec<u32> = (0..count).map(|i| if i % 1000 == 0 { 2 } else { 0 }).collect();
        check(&stored, &ids, Factors::None);
    }
}

#[test]
fn normalizing_gives_the_same_bits_on_every_kernel() {
    let mut random = Random(2);
    for dim in (1..=300).chain([511, 512, 513, 768, 1000, 1024]) {
        let vector: Vec<f32> = (0..dim).map(|_| random.number() as f32).collect();
        let mut expected = vector.clone();
        // SAFETY: the portable vectors ask nothing of the processor.
        unsafe {
            norm::normalize::<vector::F32x8, vector::F32x8>(&mut expected, |values| {
                norm::pair::<vector::F32x8>(values)
            });
        }
        for backend in Backend::available() {
            let mut out = vector.clone();
            Pooler::new(Runnable::new(backend)).normalize(&mut out);
            assert_eq!(bits(&out), bits(&expected), "{backend}, dim {dim}");
        }
    }
}

#[test]
fn nan_and_infinities_propagate() {
    let numbers = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 1.0];
    let bytes: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    let rows = Rows::new(&bytes, 1, 4, Format::Float32).unwrap();
    for backend in Backend::available() {
        let mut out = [0.0; 4];
        assert!(Pooler::new(Runnable::new(backend)).mean(rows, &[0, 0], Factors::None, &mut out));
        assert!(out[0] == f32::INFINITY && out[1] == f32::NEG_INFINITY && out[2].is_nan());
        assert_eq!(out[3], 1.0);
    }
}

#[test]
fn what_does_not_fit_is_turned_down() {
    let bytes = [0; 24];
    assert!(Rows::new(&bytes, 2, 3, Format::Float32).is_some());
    assert!(Rows::new(&bytes, 3, 3, Format::Float32).is_none());
    assert!(Rows::new(&bytes, usize::MAX, 3, Format::Float32).is_none());
    let rows = Rows::new(&bytes, 2, 3, Format::Float32).unwrap();
    let pooler = Pooler::new(Runnable::default());
    assert!(pooler.mean(rows, &[0, 1], Factors::None, &mut [0.0; 3]));
    assert!(!pooler.mean(rows, &[0, 2], Factors::None, &mut [0.0; 3]));
    assert!(!pooler.mean(rows, &[0, 1], Factors::None, &mut [0.0; 4]));
    assert!(!pooler.mean(rows, &[], Factors::None, &mut [0.0; 4]));
    assert!(!pooler.mean(rows, &[0, 1], Factors::None, &mut []));
    assert!(!pooler.mean(rows, &[0, 1], Factors::F32(&[1.0]), &mut [0.0; 3]));
}

#[test]
fn a_sequence_holds_each_rows_product() {
    let mut random = Random(3);
    for format in DTYPES {
        let stored = Stored::random(&mut random, 9, 13, format);
        let ids = [3, 8, 0, 3];
        let w64: Vec<f64> = ids.iter().map(|_| random.number()).collect();
        let w32: Vec<f32> = w64.iter().map(|&w| w as f32).collect();
        let w16: Vec<f32> = w64.iter().map(|&w| f16::from_f64(w).to_f32()).collect();
        let mut all = vec![Factors::None, Factors::F64(&w64), Factors::F32(&w32)];
        if matches!(format, Format::Float16 | Format::Int8) {
            all.push(Factors::F32InHalf(&w16));
        }
        for factors in all {
            let mut out = vec![0.0; 4 * 13];
            assert!(sequence(stored.rows(), &ids, factors, 13, &mut out));
            let mut narrow = vec![0.0; 4 * 5];
            assert!(sequence(stored.rows(), &ids, factors, 5, &mut narrow));
            assert!(
                narrow.chunks(5).zip(out.chunks(13)).all(|(few, all)| bits(few) == bits(&all[..5]))
            );
            for (token, row) in out.chunks(13).enumerate() {
                let factor = match factors {
                    Factors::None => Factors::None,
                    Factors::F32(w) => Factors::F32(&w[token..=token]),
                    Factors::F32InHalf(w) => Factors::F32InHalf(&w[token..=token]),
                    Factors::F64(w) => Factors::F64(&w[token..=token]),
                };
                // The mean of one row is that row, but for the sign of a zero.
                let expected = stored.naive(&ids[token..=token], factor);
                assert!(row.iter().zip(&expected).all(|(a, b)| a == b), "{format:?} {factors:?}");
            }
        }
        let mut out = [0.0; 13];
        assert!(!sequence(stored.rows(), &[9], Factors::None, 13, &mut out));
        assert!(!sequence(stored.rows(), &[8, 8], Factors::None, 13, &mut out));
        assert!(!sequence(stored.rows(), &[8], Factors::None, 14, &mut [0.0; 14]));
        assert!(!sequence(stored.rows(), &[8], Factors::None, 0, &mut []));
    }
    let bytes = (-0.0f32).to_le_bytes();
    let rows = Rows::new(&bytes, 1, 1, Format::Float32).unwrap();
    let mut out = [1.0];
    assert!(sequence(rows, &[0], Factors::None, 1, &mut out));
    assert!(out[0] == 0.0 && out[0].is_sign_negative(), "a stored -0.0 stays one");
}
