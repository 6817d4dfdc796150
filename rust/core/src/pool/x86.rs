//! The vectors of AVX2 (with F16C) and AVX-512.
//!
//! SAFETY of every block in this file: the contract of [`Vector`] and [`Load`] is that the
//! processor has the instruction set and that pointers are valid for the vector's number of lanes.
//! Every load and store used here accepts any alignment.

use std::arch::x86_64::*;

use super::element::{Bf16, F16};
use super::register::register_vector;

register_vector! {
    /// Eight f32 in a 256-bit register.
    F32x8(__m256), 8 x f32,
    _mm256_set1_ps, _mm256_add_ps, _mm256_mul_ps, _mm256_div_ps,
    round |x| _mm256_cvtph_ps(_mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(x)),
    store |to, x| _mm256_storeu_ps(to, x),
    load f32, |p| _mm256_loadu_ps(p);
    load F16, |p| _mm256_cvtph_ps(_mm_loadu_si128(p.cast()));
    load Bf16, |p| _mm256_castsi256_ps(_mm256_slli_epi32::<16>(
        _mm256_cvtepu16_epi32(_mm_loadu_si128(p.cast())),
    ));
    load i8, |p| _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64(p.cast())));
}

register_vector! {
    /// Four f64 in a 256-bit register.
    F64x4(__m256d), 4 x f64,
    _mm256_set1_pd, _mm256_add_pd, _mm256_mul_pd, _mm256_div_pd,
    round |x| _mm256_cvtps_pd(_mm_cvtph_ps(
        _mm_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(_mm256_cvtpd_ps(x)),
    )),
    store |to, x| _mm_storeu_ps(to, _mm256_cvtpd_ps(x)),
    load f64, |p| _mm256_loadu_pd(p);
    load f32, |p| _mm256_cvtps_pd(_mm_loadu_ps(p));
    load F16, |p| _mm256_cvtps_pd(_mm_cvtph_ps(_mm_loadl_epi64(p.cast())));
    load Bf16, |p| _mm256_cvtps_pd(_mm_castsi128_ps(_mm_slli_epi32::<16>(
        _mm_cvtepu16_epi32(_mm_loadl_epi64(p.cast())),
    )));
    load i8, |p| _mm256_cvtepi32_pd(_mm_cvtepi8_epi32(
        _mm_cvtsi32_si128(p.cast::<i32>().read_unaligned()),
    ));
}

register_vector! {
    /// Sixteen f32 in a 512-bit register.
    F32x16(__m512), 16 x f32,
    _mm512_set1_ps, _mm512_add_ps, _mm512_mul_ps, _mm512_div_ps,
    round |x| _mm512_cvtph_ps(_mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(x)),
    store |to, x| _mm512_storeu_ps(to, x),
    load f32, |p| _mm512_loadu_ps(p);
    load F16, |p| _mm512_cvtph_ps(_mm256_loadu_si256(p.cast()));
    load Bf16, |p| _mm512_castsi512_ps(_mm512_slli_epi32::<16>(
        _mm512_cvtepu16_epi32(_mm256_loadu_si256(p.cast())),
    ));
    load i8, |p| _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128(p.cast())));
}

register_vector! {
    /// Eight f64 in a 512-bit register.
    F64x8(__m512d), 8 x f64,
    _mm512_set1_pd, _mm512_add_pd, _mm512_mul_pd, _mm512_div_pd,
    round |x| _mm512_cvtps_pd(_mm256_cvtph_ps(
        _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(_mm512_cvtpd_ps(x)),
    )),
    store |to, x| _mm256_storeu_ps(to, _mm512_cvtpd_ps(x)),
    load f64, |p| _mm512_loadu_pd(p);
    load f32, |p| _mm512_cvtps_pd(_mm256_loadu_ps(p));
    load F16, |p| _mm512_cvtps_pd(_mm256_cvtph_ps(_mm_loadu_si128(p.cast())));
    load Bf16, |p| _mm512_cvtps_pd(_mm256_castsi256_ps(_mm256_slli_epi32::<16>(
        _mm256_cvtepu16_epi32(_mm_loadu_si128(p.cast())),
    )));
    load i8, |p| _mm512_cvtepi32_pd(_mm256_cvtepi8_epi32(_mm_loadl_epi64(p.cast())));
}
