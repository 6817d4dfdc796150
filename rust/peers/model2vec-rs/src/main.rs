//! Times model2vec-rs at the request of another program, so that it can take turns with others.
//!
//! ```sh
//! TOKENIZERS_PARALLELISM=false peer-model2vec-rs MODEL
//! ```
//!
//! Reads one command a line, writes one line of JSON after each:
//!
//! - `texts FILE`: takes the texts of a file, one JSON string a line; tells how many
//! - `load`: loads the model again, so that its caches are cold; tells the seconds
//! - `batch`: encodes all texts in one call; tells the seconds
//! - `calls COUNT`: encodes the texts in calls of COUNT; tells the nanoseconds of each
//! - `vectors FILE`: writes the vectors, little-endian float32, one after the other; tells the width
//!
//! One thread, because of the variable; without it, one for each processor.

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;
use std::{env, fs};

use model2vec_rs::model::StaticModel;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let folder = env::args().nth(1).ok_or("usage: peer-model2vec-rs MODEL")?;
    let mut model = load(&folder)?;
    let mut texts: Vec<String> = Vec::new();
    for line in stdin().lock().lines() {
        let line = line?;
        let (command, argument) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match command {
            "texts" => {
                texts = read(argument)?;
                texts.len().to_string()
            }
            "load" => {
                let start = Instant::now();
                model = load(&folder)?;
                start.elapsed().as_secs_f64().to_string()
            }
            "batch" => {
                let start = Instant::now();
                let vectors = model.encode_flat(&texts);
                let seconds = start.elapsed().as_secs_f64();
                drop(vectors);
                seconds.to_string()
            }
            "calls" => serde_json::to_string(&calls(&model, &texts, argument.parse()?))?,
            "vectors" => {
                let vectors = model.encode_flat(&texts);
                fs::write(
                    argument,
                    vectors.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>(),
                )?;
                model.dim().to_string()
            }
            _ => return Err(format!("no such command: {command:?}").into()),
        };
        println!("{answer}");
        stdout().flush()?;
    }
    Ok(())
}

fn load(folder: &str) -> Outcome<StaticModel> {
    Ok(StaticModel::from_pretrained(folder, None, None, None)?)
}

fn read(file: &str) -> Outcome<Vec<String>> {
    let text = fs::read_to_string(file)?;
    Ok(text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Nanoseconds of each call.
fn calls(model: &StaticModel, texts: &[String], count: usize) -> Vec<u128> {
    let mut nanoseconds = Vec::with_capacity(texts.len());
    for some in texts.chunks(count.max(1)) {
        let start = Instant::now();
        let vectors = match some {
            [text] => model.encode_single(text),
            several => model.encode_flat(several),
        };
        nanoseconds.push(start.elapsed().as_nanos());
        drop(vectors);
    }
    nanoseconds
}
