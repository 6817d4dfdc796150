//! The vectors of NEON, which every aarch64 processor has.
//!
//! SAFETY of every block in this file: the contract of `Vector` and `Load` is that the processor
//! has the instruction set and that pointers are valid for the vector's number of lanes. Every load
//! and store used here accepts any alignment of its elements, those of numbers in memory included:
//! they go by bytes.

use std::arch::aarch64::*;
use std::arch::asm;

use super::element::{Bf16, F16};
use super::register::register_vector;

register_vector! {
    /// Four f32 in a register.
    F32x4(float32x4_t), 4 x f32,
    vdupq_n_f32, vaddq_f32, vmulq_f32, vdivq_f32,
    round |x| widen_half(narrow_to_half(x)),
    store |to, x| vst1q_u8(to.cast(), vreinterpretq_u8_f32(x)),
    load f32, |p| vreinterpretq_f32_u8(vld1q_u8(p.cast()));
    load F16, |p| widen_half(vreinterpret_u16_u8(vld1_u8(p.cast())));
    load Bf16, |p| vreinterpretq_f32_u32(vshll_n_u16::<16>(vreinterpret_u16_u8(vld1_u8(p.cast()))));
    load i8, |p| vcvtq_f32_s32(vmovl_s16(vget_low_s16(vmovl_s8(four(p)))));
}

register_vector! {
    /// Two f64 in a register.
    F64x2(float64x2_t), 2 x f64,
    vdupq_n_f64, vaddq_f64, vmulq_f64, vdivq_f64,
    round |x| {
        let narrow = vcvt_f32_f64(x);
        let half = narrow_to_half(vcombine_f32(narrow, narrow));
        vcvt_f64_f32(vget_low_f32(widen_half(half)))
    },
    store |to, x| vst1_u8(to.cast(), vreinterpret_u8_f32(vcvt_f32_f64(x))),
    load f64, |p| vreinterpretq_f64_u8(vld1q_u8(p.cast()));
    load f32, |p| vcvt_f64_f32(vreinterpret_f32_u8(vld1_u8(p.cast())));
    load F16, |p| {
        let bits = u64::from(p.cast::<u32>().read_unaligned());
        vcvt_f64_f32(vget_low_f32(widen_half(vcreate_u16(bits))))
    };
    load Bf16, |p| {
        let bits = u64::from(p.cast::<u32>().read_unaligned());
        vcvt_f64_f32(vget_low_f32(vreinterpretq_f32_u32(vshll_n_u16::<16>(vcreate_u16(bits)))))
    };
    load i8, |p| {
        let bits = u64::from(p.cast::<u16>().read_unaligned());
        let wide = vmovl_s16(vget_low_s16(vmovl_s8(vcreate_s8(bits))));
        vcvtq_f64_s64(vmovl_s32(vget_low_s32(wide)))
    };
}

/// Four int8, and four lanes of zeros.
///
/// # Safety
/// `from` is readable for four bytes.
#[inline(always)]
unsafe fn four(from: *const i8) -> int8x8_t {
    // SAFETY: see the head of this file.
    unsafe { vcreate_s8(u64::from(from.cast::<u32>().read_unaligned())) }
}

/// Four float16, widened exactly. The intrinsic for it is not stable in Rust.
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
unsafe fn widen_half(half: uint16x4_t) -> float32x4_t {
    let wide;
    // SAFETY: an instruction of NEON on registers alone, which changes no flag.
    unsafe {
        asm!(
            "fcvtl {wide:v}.4s, {half:v}.4h",
            wide = lateout(vreg) wide,
            half = in(vreg) half,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    wide
}

/// Four f32 rounded to the nearest float16, ties to even.
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
unsafe fn narrow_to_half(wide: float32x4_t) -> uint16x4_t {
    let half;
    // SAFETY: an instruction of NEON on registers alone, which changes no flag.
    unsafe {
        asm!(
            "fcvtn {half:v}.4h, {wide:v}.4s",
            half = lateout(vreg) half,
            wide = in(vreg) wide,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    half
}
