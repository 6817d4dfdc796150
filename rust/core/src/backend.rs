//! Instruction sets, and which of them this processor has.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// The instruction set that kernels are instantiated for. All give the same bits; only the time
/// differs. Ordered from the least to the most demanding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// What compilers make of plain code for every processor of the target architecture.
    Portable,
    /// 128-bit vectors of aarch64, whose every processor has them: NEON with FCVTL for float16.
    Neon,
    /// 256-bit vectors: AVX2, F16C for float16, and BMI1 and POPCNT, each detected on its own.
    Avx2,
    /// 512-bit vectors: AVX-512 F, BW, DQ and VL, each detected on its own.
    Avx512,
}

impl Backend {
    const ALL: [Self; 4] = [Self::Portable, Self::Neon, Self::Avx2, Self::Avx512];

    /// The backends that this processor can run, the least demanding first; never empty.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|backend| backend.is_available()).collect()
    }

    /// The fastest backend that this processor can run.
    #[must_use]
    pub fn detect() -> Self {
        Self::ALL.into_iter().rev().find(|backend| backend.is_available()).unwrap_or(Self::Portable)
    }

    /// Whether this processor has every instruction that the backend's kernels use.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            Self::Neon => cfg!(target_arch = "aarch64"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("f16c")
                    && is_x86_feature_detected!("bmi1")
                    && is_x86_feature_detected!("popcnt")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }

    /// The name used in messages and by [`FromStr`].
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Neon => "neon",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }
}

/// A backend that this processor has been found to have: holding one is the proof that its
/// instructions may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Runnable(Backend);

impl Runnable {
    /// `backend`, or the portable one where the processor lacks it.
    pub(crate) fn new(backend: Backend) -> Self {
        Self(if backend.is_available() { backend } else { Backend::Portable })
    }

    pub(crate) fn get(self) -> Backend {
        self.0
    }
}

impl Default for Runnable {
    /// The fastest one.
    fn default() -> Self {
        Self(Backend::detect())
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Backend {
    type Err = Error;

    /// Only names of backends that this processor has are accepted: a value made from a name can
    /// be run.
    fn from_str(name: &str) -> Result<Self, Error> {
        let available = Self::available();
        available.iter().copied().find(|backend| backend.name() == name).ok_or_else(|| {
            let names: Vec<_> = available.iter().map(|backend| backend.name()).collect();
            Error::Backend { name: name.to_owned(), available: names.join(", ") }
        })
    }
}
