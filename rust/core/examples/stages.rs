//! Times the stages of encoding apart and together, on every kernel that this processor has.
//!
//! ```sh
//! cargo run --release -p m2v-core --example stages -- MODEL TEXTS.jsonl.gz [FIELD]
//! ```
//!
//! TEXTS holds one text a line, or one JSON object a line with the text in FIELD (`text`), and may
//! be gzipped. `first` is the first pass over the texts, `steady` the median of the passes after
//! it, in which every word was seen before. One thread.

use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use m2v_core::{Backend, LoadOptions, Model};

const PASSES: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [model, file, rest @ ..] = arguments.as_slice() else {
        return Err("usage: stages MODEL TEXTS [FIELD]".into());
    };
    let texts = read(Path::new(file), rest.first().map_or("text", String::as_str))?;
    let bytes: usize = texts.iter().map(String::len).sum();

    for backend in Backend::available() {
        // A model of its own for each, so that the first pass finds no warm cache.
        let model = Model::load(model.as_ref(), LoadOptions::default())?.with_backend(backend);
        let options = model.default_options();
        let mut tokens = 0;
        let ids = times(|| {
            tokens = 0;
            for text in &texts {
                tokens += model.ids(text, options.max_length)?.len();
            }
            Ok(())
        })?;
        let all_ids: Vec<Vec<u32>> = texts
            .iter()
            .map(|text| model.ids(text, options.max_length))
            .collect::<Result<_, _>>()?;
        let mut out = vec![0.0; model.dim()];
        let pool = times(|| {
            for ids in &all_ids {
                model.encode_ids(ids, options.normalize, &mut out)?;
            }
            Ok(())
        })?;
        let both = times(|| {
            for text in &texts {
                model.encode(text, options, &mut out)?;
            }
            Ok(())
        })?;
        println!(
            "{backend:<9} engine {}, {} texts, {tokens} tokens, {:.1} MB",
            model.tokenizer().engine(),
            texts.len(),
            bytes as f64 / 1e6
        );
        for (stage, (first, steady)) in [("ids", ids), ("pool", pool), ("both", both)] {
            println!(
                "  {stage:<5} first {:6.1} MB/s {:5.1} ns/token   steady {:6.1} MB/s {:5.1} ns/token \
                 {:9.0} texts/s",
                bytes as f64 / first / 1e6,
                first * 1e9 / tokens as f64,
                bytes as f64 / steady / 1e6,
                steady * 1e9 / tokens as f64,
                texts.len() as f64 / steady
            );
        }
    }
    Ok(())
}

/// Seconds of the first pass and the median of the others.
fn times(
    mut pass: impl FnMut() -> Result<(), m2v_core::Error>,
) -> Result<(f64, f64), m2v_core::Error> {
    let mut seconds = Vec::with_capacity(PASSES);
    for _ in 0..PASSES {
        let start = Instant::now();
        pass()?;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let first = seconds.remove(0);
    seconds.sort_by(f64::total_cmp);
    Ok((first, seconds[seconds.len() / 2]))
}

fn read(path: &Path, field: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let file = fs::File::open(path)?;
    let reader: Box<dyn Read> = if path.extension().is_some_and(|extension| extension == "gz") {
        Box::new(flate2::read::GzDecoder::new(file))
    } else {
        Box::new(file)
    };
    let mut texts = Vec::new();
    for line in BufReader::new(reader).lines() {
        let line = line?;
        texts.push(match line.starts_with('{') {
            false => line,
            true => {
                let object: serde_json::Value = serde_json::from_str(&line)?;
                let text = object.get(field).and_then(serde_json::Value::as_str);
                text.ok_or_else(|| format!("a line has no text in {field:?}"))?.to_owned()
            }
        });
    }
    Ok(texts)
}
