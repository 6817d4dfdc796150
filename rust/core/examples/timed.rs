//! Times this crate at the request of another program, as rust/peers/model2vec-rs times model2vec-rs.
//!
//! ```sh
//! timed MODEL THREADS
//! ```
//!
//! Reads one command a line, writes one line after each:
//!
//! - `texts FILE`: takes the texts of a file, one JSON string a line; tells how many
//! - `load`: loads the model again, so that its caches are cold; tells the seconds
//! - `batch`: encodes all texts in one call; tells the seconds
//! - `vectors FILE`: writes the vectors, little-endian float32, one after the other; tells the width

use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::time::Instant;
use std::{env, fs};

use m2v_fast::{BatchOptions, LoadOptions, Model};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, threads] = &arguments[..] else {
        return Err("usage: timed MODEL THREADS".into());
    };
    let batch = BatchOptions::new().threads(threads.parse::<usize>()?);
    let mut model = Model::load(folder, LoadOptions::new())?;
    let mut texts: Vec<String> = Vec::new();
    for line in stdin().lock().lines() {
        let line = line?;
        let (command, argument) = line.split_once(' ').unwrap_or((&line, ""));
        let answer = match command {
            "texts" => {
                let lines = fs::read_to_string(argument)?;
                texts = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
                texts.len().to_string()
            }
            "load" => {
                let start = Instant::now();
                model = Model::load(folder, LoadOptions::new())?;
                start.elapsed().as_secs_f64().to_string()
            }
            "batch" => {
                let start = Instant::now();
                // Room for them is part of it, as in the other crate.
                let vectors = encode(&model, &texts, batch)?;
                let seconds = start.elapsed().as_secs_f64();
                drop(vectors);
                seconds.to_string()
            }
            "vectors" => {
                let vectors = encode(&model, &texts, batch)?;
                let bytes: Vec<u8> = vectors.iter().flat_map(|x| x.to_le_bytes()).collect();
                fs::write(argument, bytes)?;
                model.dim().to_string()
            }
            _ => return Err(format!("no such command: {command:?}").into()),
        };
        println!("{answer}");
        stdout().flush()?;
    }
    Ok(())
}

fn encode(model: &Model, texts: &[String], batch: BatchOptions<'_>) -> Outcome<Vec<f32>> {
    let mut vectors = vec![0.0; texts.len() * model.dim()];
    model.encode_batch(texts, model.default_options(), batch, &mut vectors)?;
    Ok(vectors)
}
