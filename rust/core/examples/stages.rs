//! Times the stages of encoding apart and together, on every kernel that this processor has, beside
//! what they could take at best here.
//!
//! ```sh
//! cargo run --release -p m2v-fast --example stages -- MODEL TEXTS.jsonl.gz [FIELD] [--json]
//! ```
//!
//! TEXTS holds one text a line, or one JSON object a line with the text in FIELD (`text`), and may
//! be gzipped. The first half of them warms up, the other half is measured, one thread:
//!
//! | | |
//! |:--|:--|
//! | `first` | the first call of a process of its own: pages and caches are cold |
//! | `fresh` | the first pass of a process that has encoded the other half: the texts are new |
//! | `steady` | the median of the passes after it: every word was seen before |
//! | `ids`, `pool`, `both` | tokenizing; pooling of ids that are known; one after the other, as `encode` does |
//! | `limit` | `pool`, whose rows are asked for long before they are wanted, and one pass over the bytes |

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

use m2v_fast::{Backend, EncodeOptions, LoadOptions, Model};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const PASSES: usize = 9;
const STAGES: [&str; 3] = ["ids", "pool", "both"];
const MOMENTS: [&str; 3] = ["first", "fresh", "steady"];

fn main() -> Result<()> {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let as_json = arguments.iter().position(|argument| argument == "--json");
    if let Some(place) = as_json {
        arguments.remove(place);
    }
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // The process of its own that `first` asks for.
        ["--first", stage, backend, folder, file, field] => {
            let (_, texts) = Batch::halves(folder, file, field)?;
            println!("{}", Run::new(folder, backend.parse()?)?.pass(stage, &texts)?);
            Ok(())
        }
        [folder, file] => all(folder, file, "text", as_json.is_some()),
        [folder, file, field] => all(folder, file, field, as_json.is_some()),
        _ => Err("usage: stages MODEL TEXTS [FIELD] [--json]".into()),
    }
}

fn all(folder: &str, file: &str, field: &str, as_json: bool) -> Result<()> {
    let (others, texts) = Batch::halves(folder, file, field)?;
    let (machine, memory) = (machine(), memory());
    if !as_json {
        println!("{machine}\n{memory}");
    }
    for backend in Backend::available() {
        let mut seconds = [[0.0; MOMENTS.len()]; STAGES.len()];
        for (stage, times) in STAGES.iter().zip(&mut seconds) {
            let first = ["--first", stage, backend.name(), folder, file, field];
            let done = Command::new(env::current_exe()?).args(first).output()?;
            times[0] = String::from_utf8(done.stdout)?.trim().parse()?;
            // A model of its own for each stage, so that none warms another's caches.
            let mut run = Run::new(folder, backend)?;
            run.pass(stage, &others)?;
            times[1] = run.pass(stage, &texts)?;
            let passes = (0..PASSES).map(|_| run.pass(stage, &texts)).collect::<Result<_>>()?;
            times[2] = median(passes);
        }
        let measured = Measured { backend, texts: &texts, seconds, reading: texts.reading() };
        if as_json {
            println!("{}", measured.json(&machine, &memory));
        } else {
            measured.show();
        }
    }
    Ok(())
}

/// Texts and their ids.
struct Batch {
    engine: &'static str,
    texts: Vec<String>,
    ids: Vec<Vec<u32>>,
}

impl Batch {
    /// The texts that warm up, and those that are measured.
    fn halves(folder: &str, file: &str, field: &str) -> Result<(Self, Self)> {
        let mut texts = read(Path::new(file), field)?;
        if texts.len() < 2 {
            return Err("two texts at least are wanted: one half warms up".into());
        }
        let second = texts.split_off(texts.len() / 2);
        // By a model that is gone before any is timed.
        let model = Model::load(folder, LoadOptions::default())?;
        Ok((Self::new(&model, texts)?, Self::new(&model, second)?))
    }

    fn new(model: &Model, texts: Vec<String>) -> Result<Self> {
        let limit = model.default_options().max_length;
        let ids = texts.iter().map(|text| model.ids(text, limit));
        let ids = ids.collect::<m2v_fast::Result<_>>()?;
        Ok(Self { engine: model.tokenizer().engine(), texts, ids })
    }

    fn tokens(&self) -> usize {
        self.ids.iter().map(Vec::len).sum()
    }

    fn bytes(&self) -> usize {
        self.texts.iter().map(String::len).sum()
    }

    /// Seconds of one pass over the bytes, the median of some.
    fn reading(&self) -> f64 {
        let pass = |_| {
            let start = Instant::now();
            for text in &self.texts {
                black_box(text.bytes().fold(0, |all, byte| all ^ byte));
            }
            start.elapsed().as_secs_f64()
        };
        median((0..PASSES).map(pass).collect())
    }
}

/// A model on one kernel.
struct Run {
    model: Model,
    options: EncodeOptions,
    out: Vec<f32>,
}

impl Run {
    fn new(folder: &str, backend: Backend) -> Result<Self> {
        let model = Model::load(folder, LoadOptions::default())?.with_backend(backend);
        Ok(Self { options: model.default_options(), out: vec![0.0; model.dim()], model })
    }

    /// Seconds of one pass.
    fn pass(&mut self, stage: &str, batch: &Batch) -> Result<f64> {
        let Self { model, options, out } = self;
        let start = Instant::now();
        match stage {
            "ids" => {
                for text in &batch.texts {
                    black_box(model.ids(text, options.max_length)?);
                }
            }
            "pool" => {
                for ids in &batch.ids {
                    model.encode_ids(ids, options.normalize, out)?;
                }
            }
            _ => {
                for text in &batch.texts {
                    model.encode_into(text, *options, out)?;
                }
            }
        }
        Ok(start.elapsed().as_secs_f64())
    }
}

/// Of one kernel.
struct Measured<'a> {
    backend: Backend,
    texts: &'a Batch,
    seconds: [[f64; MOMENTS.len()]; STAGES.len()],
    reading: f64,
}

impl Measured<'_> {
    /// What pooling takes once it is warm, and one pass over the bytes.
    fn limit(&self) -> f64 {
        self.seconds[1][2] + self.reading
    }

    fn json(&self, machine: &str, memory: &str) -> Value {
        let seconds: serde_json::Map<_, _> = STAGES
            .iter()
            .zip(self.seconds)
            .map(|(stage, times)| {
                let times = MOMENTS.iter().zip(times);
                let times = times.map(|(moment, time)| ((*moment).to_owned(), time.into()));
                ((*stage).to_owned(), Value::Object(times.collect()))
            })
            .collect();
        json!({
            "machine": machine, "memory": memory, "backend": self.backend.name(), "engine": self.texts.engine,
            "texts": self.texts.texts.len(), "tokens": self.texts.tokens(),
            "bytes": self.texts.bytes(), "seconds": seconds, "limit": self.limit(),
        })
    }

    fn show(&self) {
        let (tokens, megabytes) = (self.texts.tokens(), self.texts.bytes() as f64 / 1e6);
        let per_token = |seconds: f64| seconds * 1e9 / tokens as f64;
        let (engine, count) = (self.texts.engine, self.texts.texts.len());
        println!(
            "{}: engine {engine}, {count} texts, {tokens} tokens, {megabytes:.1} MB",
            self.backend
        );
        for (stage, times) in STAGES.iter().zip(self.seconds) {
            print!("  {stage:<5}");
            for (moment, time) in MOMENTS.iter().zip(times) {
                print!(" {moment} {:5.1} ns/token {:6.1} MB/s ", per_token(time), megabytes / time);
            }
            println!();
        }
        let (limit, reading) = (per_token(self.limit()), per_token(self.reading));
        println!("  limit {limit:.1} ns/token, {reading:.1} of them for the bytes");
        for (place, moment) in MOMENTS.iter().enumerate() {
            let [ids, pool, both] = self.seconds.map(|times| times[place]);
            let (sum, limit) = (both / (ids + pool), both / self.limit());
            println!("  {moment}: both over ids + pool {sum:.2}, over the limit {limit:.2}");
        }
    }
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

/// The processor, its caches and the size of a page, as Linux tells them.
fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let mut told = named.map_or("unknown processor", |(_, name)| name).to_owned();
    for place in 0..8 {
        let cache = format!("/sys/devices/system/cpu/cpu0/cache/index{place}/");
        let of =
            |what| fs::read_to_string(format!("{cache}{what}")).map(|text| text.trim().to_owned());
        if let (Ok(level), Ok(kind), Ok(size)) = (of("level"), of("type"), of("size")) {
            told += &format!(", L{level} {} {size}", kind.to_lowercase());
        }
    }
    let smaps = fs::read_to_string("/proc/self/smaps").unwrap_or_default();
    let page = smaps.lines().find_map(|line| line.strip_prefix("KernelPageSize:"));
    told + &page.map(|size| format!(", pages of {}", size.trim())).unwrap_or_default()
}

/// What a look at memory takes that the one before it names, by how much memory is looked at: of a last
/// cache that is shared, what the neighbours leave shows in no other way.
fn looks() -> Vec<(usize, f64)> {
    const LOOKS: usize = 1_000_000;
    let time = |megabytes: usize| {
        // A look a cache line, in one circle through all of them in no order that could be foretold.
        let count = (megabytes << 20) / size_of::<[u32; 16]>();
        let mut order: Vec<u32> = (0..count as u32).collect();
        let mut state = 1_u64;
        for last in (1..count).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            order.swap(last, (state >> 33) as usize % (last + 1));
        }
        let mut lines = vec![[0_u32; 16]; count];
        for (place, &line) in order.iter().enumerate() {
            lines[line as usize][0] = order[(place + 1) % count];
        }
        let mut line = 0;
        let mut pass = |looks: usize| {
            let start = Instant::now();
            for _ in 0..looks {
                line = lines[line as usize][0];
            }
            black_box(line);
            start.elapsed().as_secs_f64()
        };
        pass(count);
        (megabytes, pass(LOOKS) / LOOKS as f64 * 1e9)
    };
    [1, 2, 4, 8, 16, 32, 64].map(time).to_vec()
}

/// The same in words.
fn memory() -> String {
    let looks: Vec<_> =
        looks().into_iter().map(|(size, time)| format!("{time:.0} ns of {size} MB")).collect();
    format!("a look at memory: {}", looks.join(", "))
}

fn read(path: &Path, field: &str) -> Result<Vec<String>> {
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
                let object: Value = serde_json::from_str(&line)?;
                let text = object.get(field).and_then(Value::as_str);
                text.ok_or_else(|| format!("a line has no text in {field:?}"))?.to_owned()
            }
        });
    }
    Ok(texts)
}
