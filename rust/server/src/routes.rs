//! Addresses, and what answers them.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use axum::routing::{MethodRouter, get, post};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::answer::Answer;
use crate::app::App;
use crate::embed::Context;
use crate::problem::{Api, Problem};
use crate::{cohere, ollama, openai, pages, tei, weaviate};

/// What makes the answer of a path and a body.
pub(crate) type Work = fn(&App, &Context<'_>, &str, &[u8]) -> Result<Answer, Problem>;

/// How a request is treated.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Route {
    /// Needs no key.
    Open(Work),
    /// Has no body.
    Get(Work),
    /// Has one, and takes a slot.
    Post(Api, Work),
    /// There is nothing.
    Missing,
    /// There is something for another method.
    WrongMethod,
}

impl Route {
    pub(crate) fn is_open(self) -> bool {
        matches!(self, Self::Open(_))
    }

    pub(crate) fn api(self, path: &str) -> Api {
        match self {
            Self::Post(api, _) => api,
            _ => Api::of(path),
        }
    }
}

fn empty(_: &App, _: &Context<'_>, _: &str, _: &[u8]) -> Result<Answer, Problem> {
    Ok(Answer::empty(StatusCode::OK))
}

fn no_content(_: &App, _: &Context<'_>, _: &str, _: &[u8]) -> Result<Answer, Problem> {
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// What needs no key: whether it is up, its counts, and pages that hold nothing.
const OPEN: [(&str, Work); 9] = [
    ("/health", empty),
    ("/ready", empty),
    ("/ping", empty),
    ("/.well-known/live", no_content),
    ("/.well-known/ready", no_content),
    ("/metrics", |app, _, _, _| {
        Ok(Answer::text("text/plain; version=0.0.4; charset=utf-8", app.metrics.text()))
    }),
    ("/", |_, _, _, _| Ok(Answer::text(pages::HTML, pages::HOME))),
    ("/docs", |_, _, _, _| Ok(Answer::text(pages::HTML, pages::DOCS))),
    ("/openapi.json", |_, _, _, _| Ok(Answer::text("application/json", pages::OPENAPI))),
];

const GET: [(&str, Work); 6] = [
    ("/v1/models", |_, context, _, _| Ok(openai::models(context))),
    ("/v1/models/{*id}", |_, context, path, _| {
        let id = path.strip_prefix("/v1/models/").unwrap_or_default();
        openai::model(context, &percent_decoded(id))
    }),
    ("/info", |app, context, _, _| Ok(tei::info(context, app.settings().worker_threads()))),
    ("/api/tags", |_, context, _, _| Ok(ollama::tags(context))),
    ("/api/version", |_, _, _, _| Ok(ollama::version())),
    ("/meta", |_, context, _, _| Ok(weaviate::meta(context))),
];

const POST: [(&str, Api, Work); 14] = [
    ("/v1/embeddings", Api::OpenAi, |_, context, _, body| openai::embeddings(context, body)),
    ("/embeddings", Api::OpenAi, |_, context, _, body| openai::embeddings(context, body)),
    ("/", Api::Tei, |_, context, _, body| tei::root(context, body)),
    ("/embed", Api::Tei, |_, context, _, body| tei::embed_texts(context, body)),
    ("/embed_all", Api::Tei, |_, context, _, body| tei::embed_all(context, body)),
    ("/similarity", Api::Tei, |_, context, _, body| tei::similarity(context, body)),
    ("/tokenize", Api::Tei, |_, context, _, body| tei::tokenize(context, body)),
    ("/decode", Api::Tei, |_, context, _, body| tei::decode(context, body)),
    ("/api/embed", Api::Ollama, |_, context, _, body| ollama::embed_texts(context, body)),
    ("/api/embeddings", Api::Ollama, |_, context, _, body| ollama::embed_prompt(context, body)),
    ("/api/show", Api::Ollama, |_, context, _, body| ollama::show(context, body)),
    ("/vectors", Api::Weaviate, |_, context, _, body| weaviate::vectors(context, body)),
    ("/vectors/", Api::Weaviate, |_, context, _, body| weaviate::vectors(context, body)),
    ("/v2/embed", Api::Cohere, |_, context, _, body| cohere::embed_texts(context, body)),
];

/// `%2F` and the like, as clients write a slash in a model's name.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = bytes.get(at + 1..at + 3).and_then(|digits| std::str::from_utf8(digits).ok());
        let decoded = digits
            .filter(|digits| byte == b'%' && digits.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(decoded.unwrap_or(byte));
        at += if decoded.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The service that connections are given.
///
/// # Errors
/// If an origin of `--cors` is none.
pub fn router(app: &Arc<App>) -> Result<Router, String> {
    let handler = |route: Route| {
        let app = Arc::clone(app);
        move |request: Request<Body>| Arc::clone(&app).answer(route, request)
    };
    let mut router: Router = Router::new();
    for (path, work) in OPEN {
        router = router.route(path, get(handler(Route::Open(work))));
    }
    for (path, work) in GET {
        router = router.route(path, get(handler(Route::Get(work))));
    }
    for (path, api, work) in POST {
        let made: MethodRouter = post(handler(Route::Post(api, work)));
        // Merged with what is there for GET.
        router = router.route(path, made);
    }
    router = router
        .method_not_allowed_fallback(handler(Route::WrongMethod))
        .fallback(handler(Route::Missing));
    Ok(match cors(&app.settings().cors)? {
        Some(layer) => router.layer(layer),
        None => router,
    })
}

fn cors(origins: &[String]) -> Result<Option<CorsLayer>, String> {
    if origins.is_empty() {
        return Ok(None);
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        let values = origins.iter().map(|origin| {
            let right = origin.starts_with("http://") || origin.starts_with("https://");
            HeaderValue::from_str(origin)
                .ok()
                .filter(|_| right && !origin.ends_with('/'))
                .ok_or_else(|| format!("--cors {origin}: write https://HOST, or * for all"))
        });
        AllowOrigin::list(values.collect::<Result<Vec<_>, _>>()?)
    };
    let ours = HeaderName::from_static("x-request-id");
    Ok(Some(
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::GET, Method::POST])
            .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, ours.clone()])
            .expose_headers([ours]),
    ))
}

#[cfg(test)]
mod tests {
    use super::percent_decoded;

    #[test]
    fn slashes_in_names() {
        assert_eq!(percent_decoded("a%2Fb"), "a/b");
        assert_eq!(percent_decoded("%"), "%");
        assert_eq!(percent_decoded("%4"), "%4");
        assert_eq!(percent_decoded("%+1%zz%41"), "%+1%zzA");
        assert_eq!(percent_decoded("%ff"), "\u{fffd}");
    }
}
