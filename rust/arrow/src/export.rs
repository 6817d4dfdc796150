//! Vectors as the interface's structures, each of which keeps the memory alive until it is released.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use crate::ffi::{ArrowArray, ArrowArrayStream, ArrowSchema};
use crate::shared::Shared;

/// `ARROW_FLAG_NULLABLE`.
const NULLABLE: i64 = 2;

/// What a schema of ours holds on to.
struct SchemaParts {
    format: CString,
    child: *mut ArrowSchema,
    children: [*mut ArrowSchema; 1],
}

/// The type of the vectors.
pub(crate) fn schema(shared: &Shared) -> ArrowSchema {
    let child = Box::into_raw(Box::new(ArrowSchema {
        format: shared.element.format().as_ptr(),
        name: c"item".as_ptr(),
        release: Some(release_child_schema),
        ..ArrowSchema::empty()
    }));
    // Digits hold no zero byte.
    let format = CString::new(format!("+w:{}", shared.width)).unwrap_or_default();
    let parts = Box::into_raw(Box::new(SchemaParts { format, child, children: [child] }));
    // SAFETY: the box was just made; it stays where it is until the schema is released.
    let parts_ref = unsafe { &mut *parts };
    ArrowSchema {
        format: parts_ref.format.as_ptr(),
        name: c"".as_ptr(),
        flags: NULLABLE,
        n_children: 1,
        children: parts_ref.children.as_mut_ptr(),
        release: Some(release_schema),
        private_data: parts.cast(),
        ..ArrowSchema::empty()
    }
}

unsafe extern "C" fn release_child_schema(schema: *mut ArrowSchema) {
    // SAFETY: the interface: called once, with the structure. It owns nothing: its strings are
    // constants, and its parent frees the structure itself.
    unsafe { (*schema).release = None }
}

unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    // SAFETY: the interface: called once, with a structure that `schema` above made.
    unsafe {
        let parts = Box::from_raw((*schema).private_data.cast::<SchemaParts>());
        let child = parts.child;
        // A child that was moved out is released by whoever has it.
        if let Some(release) = (*child).release {
            release(child);
        }
        drop(Box::from_raw(child));
        (*schema).release = None;
    }
}

/// What an array of ours holds on to.
struct ArrayParts {
    /// The numbers, or whatever else the buffers lead to.
    _shared: Arc<Shared>,
    _validity: Option<Vec<u8>>,
    buffers: [*const c_void; 2],
    child: *mut ArrowArray,
    children: [*mut ArrowArray; 1],
}

/// All rows as one array.
pub(crate) fn whole(shared: &Arc<Shared>) -> ArrowArray {
    if let [chunk] = shared.chunks.as_slice() {
        let bits = shared.validity.as_ref().map(|bits| bits[chunk.bits..].as_ptr());
        return array(shared, 0, shared.rows, shared.nulls, bits, None);
    }
    // The bits of each chunk begin on a byte of their own, and those of the whole do not.
    let joined = shared.validity.as_ref().map(|validity| {
        let mut joined = vec![0_u8; shared.rows.div_ceil(8)];
        for chunk in &shared.chunks {
            for row in 0..chunk.rows {
                let bit = validity[chunk.bits + row / 8] >> (row % 8) & 1;
                joined[(chunk.first + row) / 8] |= bit << ((chunk.first + row) % 8);
            }
        }
        joined
    });
    let bits = joined.as_ref().map(|joined| joined.as_ptr());
    array(shared, 0, shared.rows, shared.nulls, bits, joined)
}

/// Some rows, whose first null bit is at `bits`, in memory of the vectors or in `validity`.
fn array(
    shared: &Arc<Shared>,
    first: usize,
    rows: usize,
    nulls: usize,
    bits: Option<*const u8>,
    validity: Option<Vec<u8>>,
) -> ArrowArray {
    let numbers = rows * shared.width;
    // SAFETY: `first` is at most the number of rows that the memory is for.
    let start = unsafe { shared.memory.start().add(first * shared.width * shared.element.size()) };
    let child = made(
        ArrayParts {
            _shared: Arc::clone(shared),
            _validity: None,
            buffers: [ptr::null(), start.cast()],
            child: ptr::null_mut(),
            children: [ptr::null_mut()],
        },
        |parts| ArrowArray {
            length: numbers.cast_signed() as i64,
            n_buffers: 2,
            buffers: parts.buffers.as_mut_ptr(),
            ..ArrowArray::empty()
        },
    );
    let child = Box::into_raw(Box::new(child));
    made(
        ArrayParts {
            _shared: Arc::clone(shared),
            _validity: validity,
            buffers: [bits.unwrap_or(ptr::null()).cast(), ptr::null()],
            child,
            children: [child],
        },
        |parts| ArrowArray {
            length: rows.cast_signed() as i64,
            null_count: nulls.cast_signed() as i64,
            n_buffers: 1,
            n_children: 1,
            buffers: parts.buffers.as_mut_ptr(),
            children: parts.children.as_mut_ptr(),
            ..ArrowArray::empty()
        },
    )
}

/// An array that owns `parts`, which stay where they are.
fn made(parts: ArrayParts, array: impl FnOnce(&mut ArrayParts) -> ArrowArray) -> ArrowArray {
    let parts = Box::into_raw(Box::new(parts));
    // SAFETY: the box was just made.
    let array = array(unsafe { &mut *parts });
    ArrowArray { release: Some(release_array), private_data: parts.cast(), ..array }
}

unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    // SAFETY: the interface: called once, with a structure that `made` made.
    unsafe {
        let parts = Box::from_raw((*array).private_data.cast::<ArrayParts>());
        if !parts.child.is_null() {
            // A child that was moved out is released by whoever has it.
            if let Some(release) = (*parts.child).release {
                release(parts.child);
            }
            drop(Box::from_raw(parts.child));
        }
        (*array).release = None;
    }
}

/// What a stream of ours holds on to.
struct StreamParts {
    shared: Arc<Shared>,
    next: usize,
}

/// The chunks one after another.
pub(crate) fn stream(shared: &Arc<Shared>) -> ArrowArrayStream {
    let parts = Box::new(StreamParts { shared: Arc::clone(shared), next: 0 });
    ArrowArrayStream {
        get_schema: Some(get_schema),
        get_next: Some(get_next),
        get_last_error: Some(get_last_error),
        release: Some(release_stream),
        private_data: Box::into_raw(parts).cast(),
    }
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // SAFETY: the interface: a stream that is not released, which `stream` above made, and room for
    // a schema.
    unsafe {
        let parts = &*(*stream).private_data.cast::<StreamParts>();
        out.write(schema(&parts.shared));
    }
    0
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // SAFETY: as above, and calls on a stream are not concurrent.
    unsafe {
        let parts = &mut *(*stream).private_data.cast::<StreamParts>();
        let shared = &parts.shared;
        let next = match shared.chunks.get(parts.next) {
            None => ArrowArray::empty(),
            Some(&chunk) => {
                let bits = shared.validity.as_ref().map(|bits| bits[chunk.bits..].as_ptr());
                array(shared, chunk.first, chunk.rows, chunk.nulls, bits, None)
            }
        };
        parts.next += 1;
        out.write(next);
    }
    0
}

/// Nothing fails, so there is nothing to say.
unsafe extern "C" fn get_last_error(_stream: *mut ArrowArrayStream) -> *const c_char {
    ptr::null()
}

unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    // SAFETY: the interface: called once, with a structure that `stream` above made.
    unsafe {
        drop(Box::from_raw((*stream).private_data.cast::<StreamParts>()));
        (*stream).release = None;
    }
}
