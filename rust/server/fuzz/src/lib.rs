//! The fuzz target of m2v-server: any bytes as a request to the router that connections are given,
//! over models of four engines.
//!
//! It panics if the server does, if an answer is a fault of the server (5xx), if an answer has not
//! the shape of its API, or if a vector is not the one that m2v-fast gives, to the bit.

mod models;
#[path = "../../../fuzz/src/mutate.rs"]
pub mod mutate;
mod shape;

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use clap::Parser;
use http_body_util::BodyExt;
use m2v_server::{App, Settings, router};
use tokio::runtime::Runtime;
use tower::ServiceExt;

pub use models::Models;

struct Server {
    router: Router,
    models: Models,
    runtime: Runtime,
}

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let models = Models::new();
        // What a slow machine takes is no fault.
        let options = ["--timeout=86400", "--accept-token-ids", "--index-folder=off"];
        let arguments = std::iter::once("m2v-server".to_owned()).chain(models.arguments());
        let settings = Settings::parse_from(arguments.chain(options.map(str::to_owned)));
        let router = router(&Arc::new(App::new(settings).unwrap())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Server { router, models, runtime }
    })
}

/// The first line is `METHOD PATH` and what may follow of headers, each as `NAME:VALUE`, parted by
/// tabs; all else is the body.
pub fn request(data: &[u8]) {
    let cut = data.iter().position(|&byte| byte == b'\n').unwrap_or(data.len());
    let body = data.get(cut + 1..).unwrap_or_default();
    let line = String::from_utf8_lossy(&data[..cut]);
    let mut parts = line.split('\t');
    let (method, path) = parts.next().unwrap_or_default().split_once(' ').unwrap_or(("POST", "/"));
    let mut made = Request::builder().method(method).uri(path);
    for (name, value) in parts.filter_map(|part| part.split_once(':')) {
        made = made.header(name, value);
    }
    // What is no request is refused by hyper before it comes to the server.
    let Ok(made) = made.body(Body::from(body.to_vec())) else { return };
    let path = made.uri().path().to_owned();
    let Server { router, models, runtime } = server();
    let (head, answer) = runtime.block_on(async {
        let Ok(answer) = router.clone().oneshot(made).await;
        let (head, answer) = answer.into_parts();
        (head, answer.collect().await.unwrap().to_bytes())
    });
    assert!(!head.status.is_server_error(), "{} for {}", head.status, data.escape_ascii());
    shape::check(models, method, &path, body, &head, &answer);
}
