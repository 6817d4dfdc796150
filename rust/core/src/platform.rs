//! What this crate is not built for, said before anything else goes wrong.
//!
//! `make test-other` compiles this file for such platforms; it must not need the standard library.

// The matrix is pooled, and a compiled index is read, as they lie in their files.
#[cfg(target_endian = "big")]
compile_error!(
    "m2v-fast serves little-endian processors only: files of models are pooled as they lie there. \
     x86-64 and arm64 are tested"
);

// Files are mapped whole, and positions in texts, vocabularies and matrices are not checked against
// an address space of four gigabytes.
#[cfg(not(target_pointer_width = "64"))]
compile_error!(
    "m2v-fast serves 64-bit processors only: models are mapped whole. x86-64 and arm64 are tested"
);
