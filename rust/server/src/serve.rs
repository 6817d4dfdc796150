//! The listener and its connections. `axum::serve` has no time limits for heads, so hyper is
//! driven from here.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::app::App;
use crate::routes::router;

/// How long the loop rests after the system refused a connection: descriptors are exhausted, and
/// more will be there when others close.
const REST: Duration = Duration::from_millis(50);

/// How long connections have to ask once more after a stop was asked for, and to be told that it
/// was the last time.
const LAST_CALL: Duration = Duration::from_millis(250);

/// If no connection is to be had for so long, none waits to be accepted.
const NOTHING_WAITS: Duration = Duration::from_millis(2);

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    async fn bind(app: &App) -> Result<Self, String> {
        let settings = app.settings();
        let Some(path) = &settings.unix else {
            let address = settings.address();
            let listener = TcpListener::bind(address)
                .await
                .map_err(|error| format!("cannot listen at {address}: {error}"))?;
            return Ok(Self::Tcp(listener));
        };
        clear_the_way(path)?;
        let listener = UnixListener::bind(path)
            .map_err(|error| format!("cannot listen at {}: {error}", path.display()))?;
        Ok(Self::Unix(listener, path.clone()))
    }

    fn name(&self) -> String {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => format!("http://{address}"),
                Err(error) => format!("an unknown address ({error})"),
            },
            Self::Unix(_, path) => format!("unix:{}", path.display()),
        }
    }
}

/// Removes a socket that nobody listens at any more, and nothing else.
fn clear_the_way(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::FileTypeExt;
    let name = path.display();
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("{name}: {error}")),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            Err(format!("{name} is there already, and is no socket"))
        }
        Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
            Err(format!("another process listens at {name}"))
        }
        Ok(_) => std::fs::remove_file(path).map_err(|error| format!("{name}: {error}")),
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Self::Unix(_, path) = self {
            // It may be gone.
            let _ = std::fs::remove_file(path);
        }
    }
}

/// What connections are served with.
struct Server {
    app: Arc<App>,
    router: Router,
    http: http1::Builder,
    graceful: GracefulShutdown,
    connections: Arc<Semaphore>,
}

impl Server {
    fn spawn<S>(&self, stream: S, permit: OwnedSemaphorePermit)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = TowerToHyperService::new(self.router.clone());
        let connection = self.http.serve_connection(TokioIo::new(stream), service);
        let connection = self.graceful.watch(connection);
        let app = Arc::clone(&self.app);
        app.metrics.connections.inc();
        tokio::spawn(async move {
            // A client that broke off, or was too slow: nothing to be told to it.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
            app.metrics.connections.dec();
            drop(permit);
        });
    }

    /// Accepts the next connection once there may be one more.
    async fn accept(&self, listener: &Listener) {
        let Ok(permit) = Arc::clone(&self.connections).acquire_owned().await else { return };
        let result = match listener {
            Listener::Tcp(tcp) => tcp.accept().await.map(|(stream, _)| {
                // An answer is one write; it is not to wait for the client's acknowledgement.
                let _ = stream.set_nodelay(true);
                self.spawn(stream, permit);
            }),
            Listener::Unix(unix, _) => unix.accept().await.map(|(stream, _)| {
                self.spawn(stream, permit);
            }),
        };
        let Err(error) = result else { return };
        let of_the_client = matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionRefused
        );
        if !of_the_client {
            tracing::warn!(%error, "no connection can be accepted for the moment");
            tokio::time::sleep(REST).await;
        }
    }
}

/// Serves what [`router`] answers: see [`serve_router`].
///
/// # Errors
/// As [`serve_router`], or if an origin of `--cors` is none.
pub async fn serve(
    app: Arc<App>,
    stop: impl Future<Output = ()>,
    reload: tokio::signal::unix::Signal,
) -> Result<(), String> {
    let router = router(&app)?;
    serve_router(app, router, stop, reload).await
}

/// Listens until `stop` ends, then ends what is under way. `reload` is asked for signals to load
/// the models anew.
///
/// # Errors
/// If it cannot listen, or something was still under way at the end of the grace period.
pub async fn serve_router(
    app: Arc<App>,
    router: Router,
    stop: impl Future<Output = ()>,
    mut reload: tokio::signal::unix::Signal,
) -> Result<(), String> {
    let settings = app.settings().clone();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(settings.header_timeout)
        .half_close(true)
        .max_buf_size(64 << 10);
    let server = Server {
        router,
        http,
        graceful: GracefulShutdown::new(),
        connections: Arc::new(Semaphore::new(settings.max_connections)),
        app: Arc::clone(&app),
    };
    let listener = Listener::bind(&app).await?;
    for served in app.loaded.load().models.all() {
        let (dim, engine) = (served.model.dim(), served.model.tokenizer().engine());
        tracing::info!(model = served.name, dim, engine, "loaded");
    }
    tracing::info!(workers = settings.worker_threads(), "listening at {}", listener.name());
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = server.accept(&listener) => {}
            _ = reload.recv() => reload_in_background(&app),
            () = &mut stop => break,
        }
    }
    tracing::info!("stopping: no connection is accepted any more");
    // Those that the system has accepted already are answered as well.
    let waiting = async {
        while tokio::time::timeout(NOTHING_WAITS, server.accept(&listener)).await.is_ok() {}
    };
    let _ = tokio::time::timeout(LAST_CALL, waiting).await;
    drop(listener);
    // Not before: clients that are told to come back would do so while nobody accepts any more.
    app.drain();
    // hyper closes what has asked nothing yet at once, so a request on its way is waited for.
    tokio::time::sleep(LAST_CALL).await;
    tokio::select! {
        () = server.graceful.shutdown() => {
            tracing::info!("stopped");
            Ok(())
        }
        () = tokio::time::sleep(settings.grace) => {
            Err(format!("after {:?} requests were still under way", settings.grace))
        }
    }
}

fn reload_in_background(app: &Arc<App>) {
    let app = Arc::clone(app);
    tokio::task::spawn_blocking(move || match app.reload() {
        Ok(()) => tracing::info!("models, keys and ranges were loaded anew"),
        Err(problem) => tracing::error!(problem, "nothing was loaded anew; all stays as it was"),
    });
}
