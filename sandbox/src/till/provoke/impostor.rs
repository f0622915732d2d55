//! Somebody who listens at the host's address and has its certificate, but does not speak as it does.
//! Evidence: `sandbox/tests/till_provoke.rs`.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use taptill::acquirer::envelope;
use taptill::iso8583::{Dialect, Op, Side, ValueName};

use super::stage::{Played, Stage, broken};

/// How it answers whoever connects.
#[derive(Clone, Copy)]
pub(super) enum Manner {
    /// With a line of text in place of TLS.
    NoTls,
    /// With TLS, and then with nothing.
    Silence,
    /// With TLS, and then with bytes that are no message.
    Rubbish,
    /// With TLS, and then with a refusal of the sign-on, response code 03.
    Refusal,
}

/// It listens until it is dropped.
pub(super) struct Impostor {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Impostor {
    /// Takes the host's place.
    pub fn in_place_of_host(stage: &mut Stage, manner: Manner) -> Played<Self> {
        stage.stop_host();
        let (config, dialect) =
            (server_config(stage)?, Dialect::from_toml(&stage.provisioning.configuration.dialect).map_err(broken)?);
        let listener = listen(stage.address)?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            for till in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                // Whatever ends the connection, the till is told by its end.
                let _ = till.and_then(|till| answer(till, manner, &dialect, Arc::clone(&config)));
            }
        });
        Ok(Self { address: stage.address, stop, thread: Some(thread) })
    }
}

impl Drop for Impostor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It wakes up by one more connection.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn answer(mut till: TcpStream, manner: Manner, dialect: &Dialect, config: Arc<ServerConfig>) -> std::io::Result<()> {
    till.set_read_timeout(Some(READ_WITHIN))?;
    if matches!(manner, Manner::NoTls) {
        return till.write_all(b"this is no host\r\n");
    }
    let mut till = StreamOwned::new(ServerConnection::new(config).map_err(std::io::Error::other)?, till);
    let mut asked = [0; 4096];
    let bytes = till.read(&mut asked)?;
    match manner {
        Manner::NoTls | Manner::Silence => {}
        Manner::Rubbish => till.write_all(&[0x00, 0x04, 0xFF, 0xFF, 0xFF, 0xFF])?,
        Manner::Refusal => till.write_all(&refusal(dialect, &asked[..bytes]).unwrap_or_default())?,
    }
    // Until the till hangs up.
    while till.read(&mut asked)? > 0 {}
    Ok(())
}

/// The refusal of a sign-on that arrived in one piece.
fn refusal(dialect: &Dialect, frame: &[u8]) -> Option<Vec<u8>> {
    let mut deframer = dialect.frame().deframer(Side::Request);
    deframer.push(frame);
    let message = deframer.next_frame().ok()??;
    let mut values = envelope::open_unverified(dialect, &message).ok()?.values;
    values.set(ValueName::ResponseCode, "03");
    envelope::seal(dialect, Op::SignOn, Side::Answer, &values, None).ok()
}

fn server_config(stage: &Stage) -> Played<Arc<ServerConfig>> {
    let folder = stage.host_home().join("certificates");
    let read = |file: &str| std::fs::read(folder.join(file)).map_err(broken);
    let chain = vec![CertificateDer::from_pem_slice(&read("server.crt.pem")?).map_err(broken)?];
    let key = PrivateKeyDer::from_pem_slice(&read("server.key.pem")?).map_err(broken)?;
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(broken)?.with_no_client_auth();
    Ok(Arc::new(builder.with_single_cert(chain, key).map_err(broken)?))
}

/// The address becomes free as soon as the host has closed it.
fn listen(address: SocketAddr) -> Played<TcpListener> {
    for _ in 0..TRIES {
        if let Ok(listener) = TcpListener::bind(address) {
            return Ok(listener);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(broken("the host's address does not become free"))
}

const TRIES: u32 = 500;
const READ_WITHIN: Duration = Duration::from_secs(30);
