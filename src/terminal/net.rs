//! The connection to the host: one thread, one socket at a time, TLS over TCP.
//!
//! The engine's thread sends commands and hears events; it never waits here. Each connection has a number, and
//! so has each event, so that the last words of an old connection are not taken for those of the next. A
//! connection that ends is `Broken`, with or without `close_notify`: an ending is never an answer.
//!
//! How long to wait for a connection is the conversation's business: it says `close` and hears no more of it.
//! It never retries and never sends a byte that it was not given. Evidence: `mod tests`, over loopback sockets.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use zeroize::Zeroizing;

use crate::acquirer::LinkFault;
use crate::error::{Error, ErrorCode};
use crate::ports::Clock;
use crate::secret::on_a_wiped_stack;
use crate::terminal::driver::Wire;
use crate::terminal::route;
use crate::terminal::tls::fault_of;
use crate::till::NetworkCommand;

/// Where the host is and how to know it.
pub(crate) struct HostRoute {
    /// `name:port` or `address:port`.
    pub address: String,
    /// The name that its certificate must be for.
    pub name: ServerName<'static>,
    /// From [`crate::terminal::tls::client_config`].
    pub tls: Arc<ClientConfig>,
}

/// What a connection did.
pub(crate) struct NetEvent {
    /// Which connection: the number given to `open`.
    pub line: u64,
    /// What it did.
    pub what: NetHappening,
}

/// What a connection can do; the owned form of `acquirer::LinkEvent`. What arrived shows its length alone.
#[derive(PartialEq, Eq)]
pub(crate) enum NetHappening {
    /// TLS is done, both pins and certificates are in order as far as this side can see.
    Connected,
    /// No connection.
    NotConnected(LinkFault),
    /// Bytes from the host.
    Received(Vec<u8>),
    /// The connection ended.
    Broken(LinkFault),
}

impl fmt::Debug for NetHappening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected => f.write_str("Connected"),
            Self::NotConnected(fault) => write!(f, "NotConnected({fault:?})"),
            Self::Received(bytes) => write!(f, "Received({} bytes)", bytes.len()),
            Self::Broken(fault) => write!(f, "Broken({fault:?})"),
        }
    }
}

/// How long a write may hold the line before the connection counts as broken.
const WRITE_MS_MAX: u64 = 10_000;
/// More than the largest frame of any dialect.
const READ_SIZE: usize = 8 * 1024;

enum Command {
    Open { line: u64 },
    Send(Zeroizing<Vec<u8>>),
    Close,
}

/// The way to the host: a [`Net`] while it is armed, and nothing at all while it is not.
pub(crate) struct Way {
    clock: Arc<dyn Clock>,
    hear: Arc<dyn Fn(NetEvent) + Send + Sync>,
    net: Option<Net>,
}

impl Way {
    /// Not armed. `hear` is called on the connection's thread and must not wait.
    pub(crate) fn new(clock: Arc<dyn Clock>, hear: impl Fn(NetEvent) + Send + Sync + 'static) -> Self {
        Self { clock, hear: Arc::new(hear), net: None }
    }
}

impl Wire for Way {
    fn arm(&mut self, command: NetworkCommand) -> Result<(), Error> {
        // The thread ends, and what it had of keys and certificates with it.
        self.net = None;
        if let NetworkCommand::Arm { configuration, client_key_pem } = command {
            let route = route::to_host(&configuration, &client_key_pem, Arc::clone(&self.clock))?;
            let hear = Arc::clone(&self.hear);
            let no_thread = |_| Error::from(ErrorCode::StorageFailed).word("resource", "thread");
            self.net = Some(Net::start(route, move |event| hear(event)).map_err(no_thread)?);
        }
        Ok(())
    }

    fn open(&self, line: u64) {
        match &self.net {
            Some(net) => net.open(line),
            None => (self.hear)(NetEvent { line, what: NetHappening::NotConnected(LinkFault::NetworkAbsent) }),
        }
    }

    fn send(&self, bytes: Zeroizing<Vec<u8>>) {
        if let Some(net) = &self.net {
            net.send(bytes);
        }
    }

    fn close(&self) {
        if let Some(net) = &self.net {
            net.close();
        }
    }
}

/// The thread that owns the socket. Dropping it closes the connection and waits for the thread.
pub(crate) struct Net {
    commands: Option<UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Net {
    /// Starts the thread. `hear` is called on it and must not wait.
    ///
    /// # Errors
    /// Where the system gives no thread or no event queue.
    pub(crate) fn start(route: HostRoute, hear: impl Fn(NetEvent) + Send + 'static) -> io::Result<Self> {
        let (commands, inbox) = unbounded_channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("taptill-net".to_owned()).spawn(move || {
            on_a_wiped_stack(|| {
                runtime.block_on(serve(&route, inbox, &hear));
                drop(route);
                // A name look-up that hangs in the system must not hold up closing.
                runtime.shutdown_background();
            });
        })?;
        Ok(Self { commands: Some(commands), thread: Some(thread) })
    }

    /// Opens a connection under this number, after closing any other.
    pub(crate) fn open(&self, line: u64) {
        self.say(Command::Open { line });
    }

    /// Writes bytes, all at once.
    pub(crate) fn send(&self, bytes: Zeroizing<Vec<u8>>) {
        self.say(Command::Send(bytes));
    }

    /// Closes the connection, or gives up opening it. Nothing more is heard of it.
    pub(crate) fn close(&self) {
        self.say(Command::Close);
    }

    fn say(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // A thread that is gone is noticed by the conversation's own deadline.
            let _gone = commands.send(command);
        }
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Takes commands until the owner is gone.
async fn serve(route: &HostRoute, mut inbox: UnboundedReceiver<Command>, hear: &impl Fn(NetEvent)) {
    let mut next = inbox.recv().await;
    while let Some(command) = next {
        next = match command {
            Command::Open { line } => connection(route, line, &mut inbox, hear).await,
            Command::Send(_) | Command::Close => inbox.recv().await, // The connection ended before it heard this.
        };
    }
}

/// One connection from dialling to its end; gives back the command that ended it, to be looked at again.
async fn connection(
    route: &HostRoute,
    line: u64,
    inbox: &mut UnboundedReceiver<Command>,
    hear: &impl Fn(NetEvent),
) -> Option<Command> {
    let tell = |what| hear(NetEvent { line, what });
    let dialled = tokio::select! {
        biased;
        command = inbox.recv() => return command,
        dialled = dial(route) => dialled,
    };
    let stream = match dialled {
        Ok(stream) => stream,
        Err(fault) => {
            tell(NetHappening::NotConnected(fault));
            return inbox.recv().await;
        }
    };
    tell(NetHappening::Connected);
    match converse(stream, inbox, &tell).await {
        Ended::ByCommand(command) => command,
        Ended::ByItself(fault) => {
            tell(NetHappening::Broken(fault));
            inbox.recv().await
        }
    }
}

async fn dial(route: &HostRoute) -> Result<TlsStream<TcpStream>, LinkFault> {
    let addresses = tokio::net::lookup_host(&route.address).await.map_err(|_| LinkFault::NameNotFound)?;
    let mut last = LinkFault::NameNotFound;
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(socket) => return handshake(route, socket).await,
            Err(error) => last = fault_of(&error),
        }
    }
    Err(last)
}

async fn handshake(route: &HostRoute, socket: TcpStream) -> Result<TlsStream<TcpStream>, LinkFault> {
    socket.set_nodelay(true).map_err(|error| fault_of(&error))?;
    let connector = TlsConnector::from(Arc::clone(&route.tls));
    connector.connect(route.name.clone(), socket).await.map_err(|error| match fault_of(&error) {
        // Whoever answers there does not speak TLS to the end.
        LinkFault::Closed => LinkFault::HandshakeFailed,
        fault => fault,
    })
}

enum Ended {
    ByCommand(Option<Command>),
    ByItself(LinkFault),
}

async fn converse(
    mut stream: TlsStream<TcpStream>,
    inbox: &mut UnboundedReceiver<Command>,
    tell: &impl Fn(NetHappening),
) -> Ended {
    let mut buffer = vec![0; READ_SIZE];
    loop {
        tokio::select! {
            biased;
            read = stream.read(&mut buffer) => match read {
                Ok(0) => return Ended::ByItself(LinkFault::Closed),
                Ok(count) => tell(NetHappening::Received(buffer[..count].to_vec())),
                Err(error) => return Ended::ByItself(fault_of(&error)),
            },
            command = inbox.recv() => match command {
                Some(Command::Send(bytes)) => tokio::select! {
                    biased;
                    written = write(&mut stream, &bytes) => if written.is_err() {
                        return Ended::ByItself(last_words(&mut stream, &mut buffer, tell).await);
                    },
                    // Nobody waits for a write that hangs; what has left of it has left.
                    command = inbox.recv() => return match command {
                        Some(Command::Send(_)) => Ended::ByItself(LinkFault::Closed),
                        command => Ended::ByCommand(command),
                    },
                },
                command @ (Some(Command::Close | Command::Open { .. }) | None) => {
                    hang_up(stream).await;
                    return Ended::ByCommand(command);
                }
            },
        }
    }
}

async fn write(stream: &mut TlsStream<TcpStream>, bytes: &[u8]) -> io::Result<()> {
    let all = async {
        stream.write_all(bytes).await?;
        stream.flush().await
    };
    tokio::time::timeout(Duration::from_millis(WRITE_MS_MAX), all).await.map_err(io::Error::other)?
}

/// After a failed write the reason may already lie in the receive buffer: under TLS 1.3 a refused client
/// certificate is first heard of here (RFC 8446, 4.4.2.4).
async fn last_words(stream: &mut TlsStream<TcpStream>, buffer: &mut [u8], tell: &impl Fn(NetHappening)) -> LinkFault {
    loop {
        match tokio::time::timeout(Duration::from_millis(100), stream.read(buffer)).await {
            Ok(Ok(count)) if count > 0 => tell(NetHappening::Received(buffer[..count].to_vec())),
            Ok(Err(error)) => return fault_of(&error),
            Ok(Ok(_)) | Err(_) => return LinkFault::Closed,
        }
    }
}

async fn hang_up(mut stream: TlsStream<TcpStream>) {
    // `close_notify` is a courtesy; a host that does not read it must not hold the till up.
    let _courtesy = tokio::time::timeout(Duration::from_millis(200), stream.shutdown()).await;
}

#[cfg(test)]
mod tests;
