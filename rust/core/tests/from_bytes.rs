//! A model of the contents of its files is the model of the folder, and is refused for the same reasons.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use m2v_fast::{Config, Error, LoadOptions, Model};
use safetensors::tensor::{Dtype, TensorView, serialize};

const TEXTS: [&str; 4] = ["Vector search, embedding the zebra.", "", "seek", "\u{1f980} [UNK] a b"];

struct Files {
    tokenizer: Vec<u8>,
    tensors: Vec<u8>,
    config: Vec<u8>,
}

impl Files {
    fn of(folder: &Path) -> Self {
        let read = |name| fs::read(folder.join(name)).unwrap();
        Self {
            tokenizer: read("tokenizer.json"),
            tensors: read("model.safetensors"),
            config: read("config.json"),
        }
    }

    fn open(&self) -> m2v_fast::Result<Model> {
        Model::from_bytes(self.tokenizer.clone(), self.tensors.clone(), Some(&self.config))
    }

    /// What a folder of these says.
    fn open_folder(&self) -> m2v_fast::Result<Model> {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tokenizer.json"), &self.tokenizer).unwrap();
        fs::write(folder.path().join("model.safetensors"), &self.tensors).unwrap();
        fs::write(folder.path().join("config.json"), &self.config).unwrap();
        // Read, for the folder is gone when this returns.
        Model::load(folder.path(), LoadOptions::new().memory_map(false))
    }
}

fn bits(model: &Model) -> Vec<u32> {
    let vectors = TEXTS.iter().flat_map(|text| model.encode(text).unwrap());
    vectors.map(f32::to_bits).collect()
}

fn small() -> Files {
    Files::of(support::folder(24).path())
}

#[test]
fn whoever_owns_the_bytes_the_vectors_are_those_of_the_folder() {
    let files = small();
    let expected = bits(&files.open_folder().unwrap());
    assert_eq!(bits(&files.open().unwrap()), expected);
    let Files { tokenizer, tensors, config } = &files;
    let shared: Arc<[u8]> = tensors.as_slice().into();
    let model = Model::from_bytes(tokenizer.clone(), Arc::clone(&shared), Some(config)).unwrap();
    assert_eq!(bits(&model), expected);
    // What `include_bytes!` gives is of this kind.
    let (tokenizer, tensors): (&'static [u8], &'static [u8]) =
        (tokenizer.clone().leak(), tensors.clone().leak());
    let model = Model::from_bytes(tokenizer, tensors, Some(config)).unwrap();
    assert_eq!(bits(&model), expected);
    assert_eq!(model.tokenizer_json().unwrap().as_bytes(), tokenizer);
    assert!(model.folder().is_none() && model.files().is_none());
    model.check_unchanged().unwrap();
    assert_eq!(model.matrix().stored("embeddings").unwrap().0.shape, [support::tokens().len(), 24]);
}

#[test]
fn the_bundled_model_can_be_compiled_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../python/m2v_fast/bundled/minilm");
    let files = Files::of(&folder);
    let model = Model::load(&folder, LoadOptions::default()).unwrap();
    assert_eq!(bits(&files.open().unwrap()), bits(&model));
}

#[test]
fn without_a_configuration_it_is_that_of_one_that_says_nothing() {
    let Files { tokenizer, tensors, .. } = small();
    let bare = Model::from_bytes(tokenizer.clone(), tensors.clone(), None).unwrap();
    assert_eq!(bare.config(), Config::default());
    let said = Model::from_bytes(tokenizer, tensors, Some(b"{}")).unwrap();
    assert_eq!((said.config(), bits(&said)), (bare.config(), bits(&bare)));
}

#[test]
fn rows_may_begin_at_any_address() {
    for dtype in [Dtype::F32, Dtype::F16, Dtype::BF16, Dtype::F64, Dtype::I8] {
        let (rows, dim) = (support::tokens().len(), 24);
        let size = dtype.bitsize() / 8;
        // Any bytes are numbers; these are small ones of each kind.
        let numbers: Vec<u8> = (0..rows * dim * size)
            .map(|i| if i % size == size - 1 { 0x3c } else { (i % 7) as u8 })
            .collect();
        let view = TensorView::new(dtype, vec![rows, dim], &numbers).unwrap();
        let file = serialize([("embeddings", view)], None).unwrap();
        let mut found = Vec::new();
        for shift in 0..=8 {
            let mut bytes = vec![0; shift];
            bytes.extend(&file);
            let bytes: &'static [u8] = bytes.leak();
            let json = support::tokenizer_json().into_bytes();
            found.push(bits(&Model::from_bytes(json, &bytes[shift..], None).unwrap()));
        }
        assert!(found.iter().all(|bits| *bits == found[0]), "{dtype:?}");
    }
}

#[test]
fn the_rows_of_sentence_transformers_are_found() {
    let files = small();
    let rows = support::tokens().len();
    let numbers: Vec<u8> =
        (0..rows * 24).flat_map(|i| support::number(i / 24, i % 24).to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, vec![rows, 24], &numbers).unwrap();
    let tensors = serialize([("embedding.weight", view)], None).unwrap();
    let model = Model::from_bytes(files.tokenizer.clone(), tensors, Some(&files.config)).unwrap();
    assert_eq!(bits(&model), bits(&files.open().unwrap()));
}

#[test]
fn what_a_folder_is_refused_for_the_bytes_are_refused_for() {
    let pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec();
    let marked = |json: &[u8]| [b"\xef\xbb\xbf", json].concat();
    let named = |name: &str| {
        let view = TensorView::new(Dtype::F32, vec![1, 1], &[0; 4]).unwrap();
        serialize([(name, view)], None).unwrap()
    };
    let good = small();
    let with = |change: &dyn Fn(&mut Files)| {
        let mut files = small();
        change(&mut files);
        files
    };
    let whole = good.tensors.len();
    let cases = [
        ("not valid JSON", with(&|files| files.tokenizer = b"{".to_vec())),
        ("not valid JSON", with(&|files| files.tokenizer.clear())),
        ("not valid JSON", with(&|files| files.tokenizer = b"\xff\xfe".to_vec())),
        ("byte order mark", with(&|files| files.tokenizer = marked(&files.tokenizer))),
        ("Git LFS", with(&|files| files.tokenizer.clone_from(&pointer))),
        ("Git LFS", with(&|files| files.tensors.clone_from(&pointer))),
        ("Git LFS", with(&|files| files.config.clone_from(&pointer))),
        ("safetensors", with(&|files| files.tensors.clear())),
        ("safetensors", with(&|files| files.tensors.truncate(7))),
        ("safetensors", with(&|files| files.tensors.truncate(whole - 1))),
        ("safetensors", with(&|files| files.tensors.push(0))),
        ("safetensors", with(&|files| files.tensors[..8].fill(0xff))),
        ("1 rows", with(&|files| files.tensors = named("embeddings"))),
        ("byte order mark", with(&|files| files.config = marked(&files.config))),
        ("`max_length`", with(&|files| files.config = br#"{"max_length": -1}"#.to_vec())),
        ("not a JSON object", with(&|files| files.config = b"[]".to_vec())),
    ];
    for (expected, files) in cases {
        let error = files.open().unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
        let message = error.to_string();
        assert!(message.contains(expected), "{expected}: {message}");
        // The folder says the same, with more of the path.
        let folder = files.open_folder().unwrap_err().to_string();
        assert!(folder.ends_with(&message), "{folder}\n{message}");
    }
    let other = with(&|files| files.tensors = named("rows"));
    let message = other.open().unwrap_err().to_string();
    let expected = "model.safetensors: no tensor named `embeddings` or `embedding.weight`; the file \
        has: rows";
    assert_eq!(message, expected);
}

/// An owner that shows other bytes each time, which it must not, gets errors or other vectors.
#[test]
fn bytes_that_change_are_never_read_beyond_their_end() {
    struct Shrinking(Vec<u8>, std::sync::atomic::AtomicUsize);
    impl AsRef<[u8]> for Shrinking {
        fn as_ref(&self) -> &[u8] {
            let calls = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            &self.0[..self.0.len() >> calls]
        }
    }
    let files = small();
    for calls in 0..4 {
        let shrinking =
            |bytes: &[u8], before: usize| Shrinking(bytes.to_vec(), (calls - before).into());
        for before in 0..=calls {
            let tensors = shrinking(&files.tensors, before);
            if let Ok(model) = Model::from_bytes(files.tokenizer.clone(), tensors, None) {
                assert!(model.encode("vector").is_err() || model.dim() == 24);
                let _ = model.matrix().stored("embeddings");
            }
            let tokenizer = shrinking(&files.tokenizer, before);
            if let Ok(model) = Model::from_bytes(tokenizer, files.tensors.clone(), None) {
                assert!(model.tokenizer_json().is_err());
            }
        }
    }
}
