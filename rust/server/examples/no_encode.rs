//! The server with a handler that encodes nothing, for `make bench-server`: it reads a request's
//! body and sends the bytes that the server answered with when this was started.
//!
//! ```text
//! no_encode BODY.json MODEL [options of m2v-server]
//! ```

use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::routing::post;
use clap::Parser;
use http_body_util::BodyExt;
use m2v_server::{App, Settings, router, serve_router};
use tokio::signal::unix::{SignalKind, signal};
use tower::ServiceExt;

const PATH: &str = "/v1/embeddings";

fn main() -> ExitCode {
    let mut arguments = std::env::args();
    let program = arguments.next().unwrap_or_default();
    let body = arguments.next().unwrap_or_default();
    let settings = Settings::parse_from(std::iter::once(program).chain(arguments));
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    match run(&body, settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            tracing::error!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(body: &str, settings: Settings) -> Result<(), String> {
    let body = std::fs::read(body).map_err(|error| format!("{body:?}: {error}"))?;
    // As the server's own with one worker.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let on = |kind| signal(kind).map_err(|error| error.to_string());
        let mut terminate = on(SignalKind::terminate())?;
        let reload = on(SignalKind::hangup())?;
        let app = Arc::new(App::new(settings)?);
        let request = Request::post(PATH).body(Body::from(body)).map_err(|e| e.to_string())?;
        let Ok(answer) = router(&app)?.oneshot(request).await;
        if !answer.status().is_success() {
            return Err(format!("the server answers with {}", answer.status()));
        }
        let (head, answer) = answer.into_parts();
        let answer = answer.collect().await.map_err(|error| error.to_string())?.to_bytes();
        let handler = move |request: Request<Body>| async move {
            // An answer to a body that broke off goes nowhere.
            let _ = request.into_body().collect().await;
            let mut response = Response::new(Body::from(answer));
            *response.headers_mut() = head.headers;
            response
        };
        let stop = async move {
            terminate.recv().await;
        };
        serve_router(app, Router::new().route(PATH, post(handler)), stop, reload).await
    })
}
