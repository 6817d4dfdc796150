//! One request, from its head to its answer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use axum::body::Body;
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use tokio::sync::Semaphore;

use crate::answer::Answer;
use crate::auth::Keys;
use crate::embed::{Context, Limits, Totals};
use crate::ids;
use crate::memory::GiveBack;
use crate::metrics::Metrics;
use crate::models::Models;
use crate::problem::{Api, Kind, Problem};
use crate::quantize::Ranges;
use crate::route::{Call, Route, Work};
use crate::settings::Settings;

/// Work of more nanoseconds than this leaves the thread that the connection is on, so that one big
/// request does not hold small ones.
const BIG: u64 = 200_000;

/// What SIGHUP replaces.
pub(crate) struct Loaded {
    pub(crate) models: Models,
    keys: Keys,
    ranges: Option<Ranges>,
    nanoseconds_per_byte: u64,
    /// The last field: the others are gone by then.
    _memory: GiveBack,
}

impl Loaded {
    fn new(settings: &Settings) -> Result<Self, String> {
        // The first, so that it goes last: also what could not be loaded to its end is given back.
        let memory = GiveBack;
        let models = Models::load(
            &settings.models,
            &settings.aliases,
            settings.index_folder.as_deref().filter(|folder| !folder.as_os_str().is_empty()),
            settings.any_model,
        )?;
        let keys =
            settings.api_key_file.as_deref().map(Keys::read).transpose()?.unwrap_or_default();
        let ranges = settings.ranges.as_deref().map(Ranges::read).transpose()?;
        if let Some(ranges) = &ranges
            && !models.all().iter().any(|served| served.model.dim() == ranges.columns())
        {
            return Err(format!("--ranges has {} columns; no model has as many", ranges.columns()));
        }
        let sample = ["x".repeat(1000)];
        let cost = |served: &Arc<crate::models::Served>| served.model.encode_cost(&sample, None);
        // Reading the JSON is in this as well.
        let nanoseconds_per_byte =
            models.all().iter().map(cost).max().unwrap_or_default() / 1000 + 2;
        Ok(Self { models, keys, ranges, nanoseconds_per_byte, _memory: memory })
    }

    /// A rough and rather high guess at the time that a body's work takes.
    fn cost(&self, body: &[u8]) -> u64 {
        let items = memchr::memchr_iter(b',', body).count() as u64 + 1;
        let dim = self.models.all().iter().map(|served| served.model.dim()).max().unwrap_or(0);
        body.len() as u64 * self.nanoseconds_per_byte + items * (200 + 10 * dim as u64)
    }
}

/// All that requests share.
pub struct App {
    pub(crate) loaded: ArcSwap<Loaded>,
    limits: Limits,
    slots: Arc<Semaphore>,
    pub(crate) metrics: Metrics,
    settings: Settings,
    workers: usize,
    draining: AtomicBool,
}

impl App {
    /// Loads what the settings name.
    ///
    /// # Errors
    /// If a model, the keys or the ranges cannot be read: what is wrong with which file.
    pub fn new(settings: Settings) -> Result<Self, String> {
        Ok(Self {
            loaded: ArcSwap::from_pointee(Loaded::new(&settings)?),
            limits: settings.limits(),
            slots: Arc::new(Semaphore::new(settings.max_concurrent)),
            metrics: Metrics::default(),
            workers: settings.worker_threads(),
            settings,
            draining: AtomicBool::new(false),
        })
    }

    /// What it was started with.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Loads everything anew. Requests under way end with what they began with, and if something
    /// cannot be loaded, all stays as it is.
    ///
    /// # Errors
    /// As for [`App::new`].
    pub fn reload(&self) -> Result<(), String> {
        self.loaded.store(Arc::new(Loaded::new(&self.settings)?));
        Ok(())
    }

    /// From now on each answer ends its connection.
    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Answers a request.
    pub(crate) async fn answer(
        self: Arc<Self>,
        route: Route,
        request: Request<Body>,
    ) -> Response<Body> {
        let start = Instant::now();
        let (parts, body) = request.into_parts();
        let path = parts.uri.path();
        let api = route.api(path);
        self.metrics.active.inc();
        let guard = Active(&self);
        let result = self.work(route, path, &parts.headers, body, start).await;
        drop(guard);
        let took = start.elapsed();
        let is_api = matches!(route, Route::Post(..));
        let mut response = match result {
            Ok(answer) => {
                if is_api {
                    self.metrics.success(answer.totals.texts > 1, &answer.totals, took);
                }
                respond(answer, is_api && api == Api::Tei, took)
            }
            Err(problem) => {
                self.metrics.failure(problem.tei_type(), problem.status(api), took);
                problem.answer(api)
            }
        };
        if parts.method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        self.finish(&parts.method, path, &parts.headers, &mut response, took);
        response
    }

    /// Headers of every answer, and its line in the log.
    fn finish(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
        response: &mut Response<Body>,
        took: Duration,
    ) {
        let given = ids::request_id(headers.get(ids::REQUEST_ID));
        let id = given.map_or_else(ids::new_id, str::to_owned);
        let trace = ids::traceparent(headers.get(ids::TRACEPARENT));
        let status = response.status();
        let ms = took.as_secs_f64() * 1e3;
        if status.is_server_error() {
            tracing::error!(target: "request", %method, path, status = status.as_u16(), ms, id, trace);
        } else {
            tracing::debug!(target: "request", %method, path, status = status.as_u16(), ms, id, trace);
        }
        let answer = response.headers_mut();
        if let Ok(value) = HeaderValue::try_from(id) {
            answer.insert(ids::REQUEST_ID, value);
        }
        if let Some(value) = trace.and_then(|trace| HeaderValue::try_from(trace).ok()) {
            answer.insert(ids::TRACEPARENT, value);
        }
        // A body that was not read to its end would be taken for the next request.
        let unread = matches!(status.as_u16(), 401 | 408 | 413 | 429);
        if unread || self.draining.load(Ordering::Relaxed) {
            answer.insert(CONNECTION, HeaderValue::from_static("close"));
        }
    }

    async fn work(
        self: &Arc<Self>,
        route: Route,
        path: &str,
        headers: &HeaderMap,
        body: Body,
        start: Instant,
    ) -> Result<Answer, Problem> {
        let loaded = self.loaded.load_full();
        if !route.is_open() && !loaded.keys.allow(headers) {
            let message = "send one of the server's keys: Authorization: Bearer KEY";
            return Err(Problem::new(Kind::Unauthorized, message));
        }
        match route {
            Route::Open(work) | Route::Get(work) => self.run(&loaded, work, path, &[], start),
            Route::Missing => {
                Err(Problem::new(Kind::NoSuchPath, "there is nothing at this address; see /docs"))
            }
            Route::WrongMethod => Err(Problem::new(
                Kind::NoSuchMethod,
                "this address is not for this method; see /docs",
            )),
            Route::Post(_, work) => {
                let slot = Arc::clone(&self.slots).try_acquire_owned().map_err(|_| {
                    let message = "as many requests as may be at once are under way; try again";
                    Problem::new(Kind::Overloaded, message)
                })?;
                let body = self.read(headers, body).await?;
                if loaded.cost(&body) <= BIG {
                    return self.run(&loaded, work, path, &body, start);
                }
                let (app, path) = (Arc::clone(self), path.to_owned());
                let big = move || {
                    // Also if the client has gone: the work is under way all the same.
                    let _slot = slot;
                    app.run(&loaded, work, &path, &body, start)
                };
                tokio::task::spawn_blocking(big).await.unwrap_or_else(|_| Err(internal()))
            }
        }
    }

    fn run(
        &self,
        loaded: &Loaded,
        work: Work,
        path: &str,
        body: &[u8],
        start: Instant,
    ) -> Result<Answer, Problem> {
        let context = Context {
            models: &loaded.models,
            limits: &self.limits,
            ranges: loaded.ranges.as_ref(),
            deadline: start + self.settings.timeout,
        };
        let (metrics, workers) = (&self.metrics, self.workers);
        let call = Call { context: &context, metrics, workers, path, body };
        // What is shared is immutable, or counts.
        let result = catch_unwind(AssertUnwindSafe(|| work(&call)));
        result.unwrap_or_else(|_| Err(internal()))
    }

    async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
        let most = self.limits.body;
        let too_large = || {
            Problem::new(
                Kind::BodyTooLarge,
                format!("the body is larger than the {most} bytes that one may have; split it"),
            )
        };
        // Before the body is polled: a client that asks whether to go on is told no.
        let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        if length.and_then(|length| length.parse().ok()).is_some_and(|n: u64| n > most as u64) {
            return Err(too_large());
        }
        let whole = Limited::new(body, most).collect();
        match tokio::time::timeout(self.settings.body_timeout, whole).await {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(_)) => Err(Problem::new(Kind::Syntax, "the body broke off")),
            Err(_) => Err(Problem::new(Kind::BodyTimeout, "the body took too long to arrive")),
        }
    }
}

/// A request under way, also if its client goes away in the middle.
struct Active<'a>(&'a App);

impl Drop for Active<'_> {
    fn drop(&mut self) {
        self.0.metrics.active.dec();
    }
}

fn internal() -> Problem {
    Problem::new(Kind::Internal, "the server failed on this request; see its log")
}

fn respond(answer: Answer, compute: bool, took: Duration) -> Response<Body> {
    let Answer { status, content_type, body, totals } = answer;
    let has_body = !body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if has_body {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if compute {
        compute_headers(headers, &totals, took);
    }
    response
}

/// TEI's headers; times are in whole milliseconds. Texts are tokenized and embedded in one go, and
/// nothing waits.
fn compute_headers(headers: &mut HeaderMap, totals: &Totals, took: Duration) {
    let time = HeaderValue::from(took.as_millis() as u64);
    headers.insert("x-compute-type", HeaderValue::from_static("cpu"));
    headers.insert("x-compute-time", time.clone());
    headers.insert("x-compute-characters", HeaderValue::from(totals.characters));
    headers.insert("x-compute-tokens", HeaderValue::from(totals.tokens));
    headers.insert("x-total-time", time.clone());
    headers.insert("x-tokenization-time", HeaderValue::from(0));
    headers.insert("x-queue-time", HeaderValue::from(0));
    headers.insert("x-inference-time", time);
}
