//! The binary: settings, logs, signals, and the library for everything else.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use m2v_fast::Model;
use m2v_server::{App, LogFormat, Settings, serve};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let settings = Settings::parse();
    log_to_stderr(&settings);
    let done = if settings.compile { compile(&settings) } else { run(settings) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            tracing::error!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn log_to_stderr(settings: &Settings) {
    let log = tracing_subscriber::fmt()
        .with_max_level(settings.log_level)
        .with_writer(std::io::stderr)
        .with_ansi(false);
    match settings.log {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    // Where it was, and not what: a message may hold some of a request's text.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a fault of the server: please report it");
    }));
}

fn compile(settings: &Settings) -> Result<(), String> {
    for source in &settings.models {
        match Model::compile(&source.folder, None).map_err(|error| error.to_string())? {
            Some(path) => tracing::info!("{} was made", path.display()),
            None => tracing::info!(
                "{} runs on the fallback, which has no index",
                source.folder.display()
            ),
        }
    }
    Ok(())
}

fn run(settings: Settings) -> Result<(), String> {
    let workers = settings.worker_threads();
    let mut runtime = if workers == 1 {
        // Nobody to share with.
        tokio::runtime::Builder::new_current_thread()
    } else {
        tokio::runtime::Builder::new_multi_thread()
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let runtime = runtime
        .worker_threads(workers)
        // Where large requests are encoded. They compute and wait for nothing, so more threads than
        // these would get no more done, and each keeps a model's caches. tokio's usual 512 do.
        .max_blocking_threads(2 * processors.max(2))
        .thread_name("m2v-server")
        .enable_all()
        .build()
        .map_err(|error| format!("no threads could be started: {error}"))?;
    let result = runtime.block_on(async {
        let on = |kind| signal(kind).map_err(|error| format!("no signals: {error}"));
        // Before loading, so that none is missed.
        let (mut terminate, mut interrupt) =
            (on(SignalKind::terminate())?, on(SignalKind::interrupt())?);
        let reload = on(SignalKind::hangup())?;
        let app = Arc::new(App::new(settings)?);
        let stop = async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        serve(app, stop, reload).await
    });
    // What is still under way after the grace period is not waited for.
    runtime.shutdown_background();
    result
}
