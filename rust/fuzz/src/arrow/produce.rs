//! Structures of a [`Spec`], as a producer in C would fill them.

use std::cell::RefCell;
use std::ffi::{CString, c_int, c_void};
use std::ptr;

use m2v_arrow::{ArrowArray, ArrowArrayStream, ArrowSchema, Column, Error};

use super::{LOG, Spec};

/// Everything that a structure's pointers lead to.
#[derive(Default)]
#[expect(clippy::vec_box, reason = "pointers lead to what is in the boxes")]
struct Parts {
    format: CString,
    buffers: Vec<*const c_void>,
    _memory: Vec<Option<Vec<u64>>>,
    schema_children: Vec<*mut ArrowSchema>,
    array_children: Vec<*mut ArrowArray>,
    schemas: Vec<Box<ArrowSchema>>,
    arrays: Vec<Box<ArrowArray>>,
}

unsafe extern "C" fn release_schema(schema: *mut ArrowSchema) {
    LOG.with_borrow_mut(|log| log.schemas += 1);
    // SAFETY: made by `schema_of`, and called once.
    unsafe {
        drop(Box::from_raw((*schema).private_data.cast::<Parts>()));
        (*schema).release = None;
    }
}

unsafe extern "C" fn release_array(array: *mut ArrowArray) {
    LOG.with_borrow_mut(|log| log.arrays += 1);
    // SAFETY: made by `array_of`, and called once.
    unsafe {
        drop(Box::from_raw((*array).private_data.cast::<Parts>()));
        (*array).release = None;
    }
}

unsafe extern "C" fn release_nothing<T>(_: *mut T) {}

fn schema_of(spec: &Spec, top: bool) -> ArrowSchema {
    let mut parts = Box::new(Parts::default());
    parts.format = CString::new(spec.format.clone()).unwrap();
    for inner in [&spec.child, &spec.dictionary] {
        let inner = inner.as_ref().map(|inner| Box::new(schema_of(inner, false)));
        parts.schema_children.push(ptr::null_mut());
        if let Some(mut inner) = inner {
            *parts.schema_children.last_mut().unwrap() = &raw mut *inner;
            parts.schemas.push(inner);
        }
    }
    let mut schema = ArrowSchema::empty();
    schema.format = parts.format.as_ptr();
    schema.name = c"t".as_ptr();
    schema.n_children = spec.child_count;
    if spec.child.is_some() {
        // Two pointers more than there may be asked for.
        parts.schema_children.splice(1..1, [ptr::null_mut(), ptr::null_mut()]);
        schema.children = parts.schema_children.as_mut_ptr();
    }
    schema.dictionary = *parts.schema_children.last().unwrap();
    finish(spec, top, parts, |release, data| {
        schema.private_data = data;
        schema.release = match release {
            Kind::None => None,
            Kind::Inner => Some(release_nothing),
            Kind::Top => Some(release_schema),
        };
    });
    schema
}

fn array_of(spec: &Spec, top: bool) -> ArrowArray {
    let mut parts = Box::new(Parts::default());
    for buffer in &spec.buffers {
        // Aligned, with some bytes more.
        let copy = buffer.as_ref().map(|bytes| {
            let mut words = vec![0_u64; bytes.len() / 8 + 9];
            for (place, byte) in bytes.iter().enumerate() {
                words[place / 8] |= u64::from(*byte) << (place % 8 * 8);
            }
            words
        });
        parts.buffers.push(copy.as_ref().map_or(ptr::null(), |copy| copy.as_ptr().cast()));
        parts._memory.push(copy);
    }
    for inner in [&spec.child, &spec.dictionary] {
        let inner = inner.as_ref().map(|inner| Box::new(array_of(inner, false)));
        parts.array_children.push(ptr::null_mut());
        if let Some(mut inner) = inner {
            *parts.array_children.last_mut().unwrap() = &raw mut *inner;
            parts.arrays.push(inner);
        }
    }
    let mut array = ArrowArray::empty();
    array.length = spec.length;
    array.offset = spec.offset;
    array.null_count = spec.null_count;
    array.n_buffers = spec.buffer_count;
    array.buffers = parts.buffers.as_mut_ptr();
    array.n_children = spec.child_count;
    if spec.child.is_some() {
        parts.array_children.splice(1..1, [ptr::null_mut(), ptr::null_mut()]);
        array.children = parts.array_children.as_mut_ptr();
    }
    array.dictionary = *parts.array_children.last().unwrap();
    finish(spec, top, parts, |release, data| {
        array.private_data = data;
        array.release = match release {
            Kind::None => None,
            Kind::Inner => Some(release_nothing),
            Kind::Top => Some(release_array),
        };
    });
    array
}

enum Kind {
    None,
    Inner,
    Top,
}

thread_local! {
    /// Parts of structures that nobody releases: those further in, and those that lie.
    #[expect(clippy::vec_box, reason = "pointers lead to what is in the boxes")]
    static KEPT: RefCell<Vec<Box<Parts>>> = const { RefCell::new(Vec::new()) };
}

fn finish(spec: &Spec, top: bool, parts: Box<Parts>, set: impl FnOnce(Kind, *mut c_void)) {
    let kind = match (spec.released, top) {
        (true, _) => Kind::None,
        (false, true) => Kind::Top,
        (false, false) => Kind::Inner,
    };
    if matches!(kind, Kind::Top) {
        set(kind, Box::into_raw(parts).cast());
    } else {
        set(kind, ptr::null_mut());
        KEPT.with_borrow_mut(|kept| kept.push(parts));
    }
}

fn made_schema(spec: &Spec) -> ArrowSchema {
    let schema = schema_of(spec, true);
    LOG.with_borrow_mut(|log| log.schemas_made += usize::from(schema.release.is_some()));
    schema
}

fn made_array(spec: &Spec) -> ArrowArray {
    let array = array_of(spec, true);
    LOG.with_borrow_mut(|log| log.arrays_made += usize::from(array.release.is_some()));
    array
}

struct Source {
    schema: Spec,
    chunks: std::vec::IntoIter<Spec>,
}

unsafe extern "C" fn get_schema(stream: *mut ArrowArrayStream, out: *mut ArrowSchema) -> c_int {
    // SAFETY: made by `take`, and not released yet.
    unsafe {
        let source = &*(*stream).private_data.cast::<Source>();
        out.write(made_schema(&source.schema));
    }
    0
}

unsafe extern "C" fn get_next(stream: *mut ArrowArrayStream, out: *mut ArrowArray) -> c_int {
    // SAFETY: made by `take`, and not released yet.
    unsafe {
        let source = &mut *(*stream).private_data.cast::<Source>();
        out.write(source.chunks.next().map_or(ArrowArray::empty(), |spec| made_array(&spec)));
    }
    0
}

unsafe extern "C" fn release_stream(stream: *mut ArrowArrayStream) {
    LOG.with_borrow_mut(|log| log.streams += 1);
    // SAFETY: made by `take`, and called once.
    unsafe {
        drop(Box::from_raw((*stream).private_data.cast::<Source>()));
        (*stream).release = None;
    }
}

/// Hands a column over.
pub(super) fn take(schema: &Spec, chunks: &[Spec], streamed: bool) -> Result<Column, Error> {
    KEPT.with_borrow_mut(Vec::clear);
    if streamed {
        let chunks: Vec<Spec> = chunks.to_vec();
        let source = Source { schema: schema.clone(), chunks: chunks.into_iter() };
        let mut stream = ArrowArrayStream {
            get_schema: Some(get_schema),
            get_next: Some(get_next),
            get_last_error: None,
            release: Some(release_stream),
            private_data: Box::into_raw(Box::new(source)).cast(),
        };
        // SAFETY: the numbers of a spec do not reach beyond its memory.
        let column = unsafe { Column::from_stream(&raw mut stream, None, &|| false) };
        assert!(stream.release.is_none());
        return column;
    }
    let (mut schema, mut array) = (made_schema(schema), made_array(&chunks[0]));
    // SAFETY: as above.
    let column = unsafe { Column::from_array(&raw mut schema, &raw mut array, None) };
    assert!(schema.release.is_none() && array.release.is_none());
    column
}

/// Does what a consumer does at the end.
pub(super) fn release(
    mut schema: ArrowSchema,
    mut array: ArrowArray,
    mut stream: ArrowArrayStream,
) {
    // SAFETY: just exported, and each released once.
    unsafe {
        let mut chunk = ArrowArray::empty();
        assert_eq!(stream.get_next.unwrap()(&raw mut stream, &raw mut chunk), 0);
        stream.release.unwrap()(&raw mut stream);
        if let Some(release) = chunk.release {
            release(&raw mut chunk);
        }
        schema.release.unwrap()(&raw mut schema);
        array.release.unwrap()(&raw mut array);
    }
    assert!(schema.release.is_none() && array.release.is_none() && stream.release.is_none());
}
