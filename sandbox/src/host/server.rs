//! The host on a socket: mutual TLS on loopback, a thin driver over [`Acquirer`].
//!
//! One thread runs everything: its own single-threaded runtime, every connection a task, one [`Acquirer`] that
//! they share. A terminal is known by its client certificate before its first byte is read. What a connection
//! may cost is bounded: their number, the handshake's time, a frame's size and time, a write's time.
//!
//! It decides nothing about money. Evidence: `sandbox/tests/host_tls.rs`.

use std::cell::RefCell;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use taptill::clock::WallMs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::acquirer::{Acquirer, Action, Line};
use super::certificates::{ServerIdentity, sha256};
use super::error::HostError;
use super::script::Script;

const CONNECTIONS_MAX: usize = 64;
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
const WRITE_LIMIT: Duration = Duration::from_secs(5);
const FRAME_LIMIT: Duration = Duration::from_secs(10);
const IDLE_LIMIT: Duration = Duration::from_secs(600);
const FAREWELL_LIMIT: Duration = Duration::from_secs(1);
const LATER_MAX: usize = 16;

/// A simulated acquirer on a socket.
pub struct Host;

impl Host {
    /// Starts a host on its home, in a thread of its own, and returns once it listens. Misbehaviour left over
    /// from an earlier run is forgotten; the script's is lined up.
    ///
    /// # Errors
    /// `AddressNotLoopback`, `AddressUnusable`, `HomeUnusable`, `HomeInUse`, `CertificatesUnusable`,
    /// `BookUnusable`, `ThreadFailed`.
    pub fn start(home: &Path, listen: SocketAddr, script: &Script) -> Result<RunningHost, HostError> {
        if !listen.ip().is_loopback() {
            return Err(HostError::AddressNotLoopback);
        }
        let (mut acquirer, identity) = Acquirer::open_to_serve(home)?;
        acquirer.play(script)?;
        let config = server_config(identity)?;
        let (started, has_started) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let run = move || run(listen, config, acquirer, &started, stopped);
        let thread = thread::Builder::new().name("taptill-host".into()).spawn(run);
        let thread = thread.map_err(|_| HostError::ThreadFailed)?;
        let address = has_started.recv().map_err(|_| HostError::ThreadFailed)??;
        Ok(RunningHost { address, stop: Some(stop), thread: Some(thread) })
    }

    /// The usual address: this machine, any free port.
    #[must_use]
    pub fn any_port() -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
    }
}

/// A host that listens. Dropping it stops it.
pub struct RunningHost {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl RunningHost {
    /// Where it listens, with the port that it got.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops listening, drops every connection, lets go of the home and returns.
    pub fn stop(mut self) {
        self.end();
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so on standard error already.
            let _ = thread.join();
        }
    }

    fn end(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for RunningHost {
    fn drop(&mut self) {
        self.end();
    }
}

fn server_config(identity: ServerIdentity) -> Result<Arc<ServerConfig>, HostError> {
    let unusable = |_| HostError::CertificatesUnusable;
    let mut roots = RootCertStore::empty();
    roots.add(identity.ca.clone()).map_err(unusable)?;
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let verifier = verifier.map_err(|_| HostError::CertificatesUnusable)?;
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(unusable)?.with_client_cert_verifier(verifier);
    let mut config = config.with_single_cert(vec![identity.certificate], identity.key).map_err(unusable)?;
    // A resumed session skips the certificates, and a terminal is known by its certificate.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

fn run(
    listen: SocketAddr,
    config: Arc<ServerConfig>,
    acquirer: Acquirer,
    started: &mpsc::Sender<Result<SocketAddr, HostError>>,
    stopped: oneshot::Receiver<()>,
) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
        let _ = started.send(Err(HostError::ThreadFailed));
        return;
    };
    let listener =
        runtime.block_on(TcpListener::bind(listen)).and_then(|listener| Ok((listener.local_addr()?, listener)));
    let listener = match listener {
        Ok((address, listener)) => {
            let _ = started.send(Ok(address));
            listener
        }
        Err(_) => {
            let _ = started.send(Err(HostError::AddressUnusable));
            return;
        }
    };
    let tasks = LocalSet::new();
    tasks.block_on(&runtime, async move {
        tokio::select! {
            () = accept_all(listener, TlsAcceptor::from(config), Rc::new(RefCell::new(acquirer))) => {}
            _ = stopped => {}
        }
    });
}

async fn accept_all(listener: TcpListener, acceptor: TlsAcceptor, acquirer: Rc<RefCell<Acquirer>>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            // Out of file handles, as a rule: wait for connections to end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (acceptor, acquirer) = (acceptor.clone(), Rc::clone(&acquirer));
        tokio::task::spawn_local(async move {
            let _place = place;
            if let Some((stream, line)) = admit(socket, &acceptor, &acquirer).await {
                Connection { stream, line, acquirer, later: Vec::new() }.serve().await;
            }
        });
    }
}

/// The handshake, and whose certificate it was.
async fn admit(
    socket: TcpStream,
    acceptor: &TlsAcceptor,
    acquirer: &RefCell<Acquirer>,
) -> Option<(TlsStream<TcpStream>, Line)> {
    socket.set_nodelay(true).ok()?;
    let stream = match timeout(HANDSHAKE_LIMIT, acceptor.accept(socket).into_fallible()).await.ok()? {
        Ok(stream) => stream,
        Err((_, socket)) => {
            say_farewell(socket).await;
            return None;
        }
    };
    let certificate = stream.get_ref().1.peer_certificates()?.first()?.clone();
    let line = acquirer.borrow_mut().line(&sha256(&certificate)).ok()?;
    Some((stream, line))
}

/// Lets the alert arrive: closing a socket with unread bytes would reset it, and the alert would be lost.
async fn say_farewell(mut socket: TcpStream) {
    let drain = async {
        socket.shutdown().await?;
        let mut rest = [0; 1024];
        while socket.read(&mut rest).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    let _ = timeout(FAREWELL_LIMIT, drain).await;
}

struct Connection {
    stream: TlsStream<TcpStream>,
    line: Line,
    acquirer: Rc<RefCell<Acquirer>>,
    later: Vec<(Instant, Vec<u8>)>,
}

impl Connection {
    async fn serve(mut self) {
        let mut buffer = [0; 2048];
        // The last end of a frame, or the beginning of the one that is arriving.
        let mut since = Instant::now();
        loop {
            let was_between_frames = self.line.is_between_frames();
            let patience = if was_between_frames { IDLE_LIMIT } else { FRAME_LIMIT };
            let due = self.later.iter().map(|(at, _)| *at).min();
            let wake = due.map_or(since + patience, |at| at.min(since + patience));
            let goes_on = tokio::select! {
                read = self.stream.read(&mut buffer) => match read {
                    Ok(count) if count > 0 => {
                        let actions = self.acquirer.borrow_mut().receive(&mut self.line, &buffer[..count], wall_now());
                        if was_between_frames || self.line.is_between_frames() {
                            since = Instant::now();
                        }
                        self.carry_out(actions).await
                    }
                    _ => None,
                },
                () = sleep_until(wake) => match due {
                    Some(at) if at <= wake => self.send_what_is_due().await,
                    _ => None,
                },
            };
            if goes_on.is_none() {
                return;
            }
        }
    }

    /// `None` when the connection has ended.
    async fn carry_out(&mut self, actions: Vec<Action>) -> Option<()> {
        for action in actions {
            match action {
                Action::Reply(bytes) => self.write(&bytes).await?,
                Action::Later { after_ms, bytes } => {
                    if self.later.len() < LATER_MAX {
                        self.later.push((Instant::now() + Duration::from_millis(after_ms), bytes));
                    }
                }
                Action::Close => {
                    let _ = timeout(FAREWELL_LIMIT, self.stream.shutdown()).await;
                    return None;
                }
                Action::Reset => {
                    // Closing a socket that may not linger sends RST (RFC 9293, 3.10.4 ABORT).
                    let _ = self.stream.get_ref().0.set_zero_linger();
                    return None;
                }
            }
        }
        Some(())
    }

    async fn send_what_is_due(&mut self) -> Option<()> {
        let now = Instant::now();
        let (due, later) = std::mem::take(&mut self.later).into_iter().partition(|(at, _)| *at <= now);
        self.later = later;
        for (_, bytes) in due {
            self.write(&bytes).await?;
        }
        Some(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Option<()> {
        let write = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout(WRITE_LIMIT, write).await.ok()?.ok()
    }
}

fn wall_now() -> WallMs {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallMs(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX))
}
