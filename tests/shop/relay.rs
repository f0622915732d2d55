//! Somebody between till and host: has the host's certificate and the till's, and answers with what it likes.
//!
//! It passes whole exchanges on to the real host until it is told otherwise, so that a till can be brought to any
//! place in its conversation before the rubbish comes.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::Shop;

/// What the till gets in place of an answer.
#[derive(Clone, Debug)]
pub enum Rubbish {
    /// These bytes, and then silence.
    Bytes(Vec<u8>),
    /// These bytes, and the end of the connection.
    BytesAndEnd(Vec<u8>),
    /// These bytes again and again, until the till hangs up.
    Endless(Vec<u8>),
    /// The real answer with one byte changed, counted from its start; one that is beyond it is the last.
    Changed(usize),
    /// The real answer without its last bytes.
    Short(usize),
}

/// A relay that listens at the host's address; the host itself has moved to another.
pub struct Relay {
    plan: Arc<Plan>,
    stop: Arc<AtomicBool>,
    address: std::net::SocketAddr,
    thread: Option<JoinHandle<()>>,
}

struct Plan {
    /// How many answers are passed on before the rubbish, and what it is.
    next: Mutex<Option<(u32, Rubbish)>>,
    spoilt: AtomicU32,
}

impl Relay {
    /// Takes the host's place; the host goes on at an address that only the relay knows.
    pub fn in_front_of(shop: &mut Shop) -> Self {
        shop.stop_host();
        let host = taptill_sandbox::host::Host::start(
            &shop.host_home(),
            taptill_sandbox::host::Host::any_port(),
            &taptill_sandbox::host::Script::honest(),
        )
        .unwrap();
        let upstream = host.address();
        shop.host = Some(host);
        let listener = listen(shop.address);
        listener.set_nonblocking(true).unwrap();
        let (server, client) = (server_config(shop), client_config(shop));
        let plan = Arc::new(Plan { next: Mutex::new(None), spoilt: AtomicU32::new(0) });
        let stop = Arc::new(AtomicBool::new(false));
        let (told, stopped) = (Arc::clone(&plan), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((till, _)) => {
                        let (server, client, plan) = (Arc::clone(&server), Arc::clone(&client), Arc::clone(&told));
                        let stopped = Arc::clone(&stopped);
                        std::thread::spawn(move || {
                            // Whatever ends a connection ends it for both.
                            let _ended = relay(till, upstream, server, client, &plan, &stopped);
                        });
                    }
                    Err(_) => std::thread::sleep(Duration::from_millis(2)),
                }
            }
        });
        Self { plan, stop, address: shop.address, thread: Some(thread) }
    }

    /// After so many answers that are passed on, the till gets rubbish once.
    pub fn spoils_after(&self, answers: u32, rubbish: Rubbish) {
        *self.plan.next.lock().unwrap() = Some((answers, rubbish));
    }

    /// How many answers were spoilt so far.
    pub fn spoilt(&self) -> u32 {
        self.plan.spoilt.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _wakes_nobody = TcpStream::connect(self.address);
        let _panicked = self.thread.take().map(JoinHandle::join);
    }
}

fn relay(
    till: TcpStream,
    upstream: std::net::SocketAddr,
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    plan: &Plan,
    stopped: &AtomicBool,
) -> std::io::Result<()> {
    till.set_nonblocking(false)?;
    till.set_nodelay(true)?;
    let host = TcpStream::connect(upstream)?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut till = StreamOwned::new(ServerConnection::new(server).map_err(std::io::Error::other)?, till);
    let mut host = StreamOwned::new(ClientConnection::new(client, name).map_err(std::io::Error::other)?, host);
    let mut buffer = [0; 4096];
    loop {
        // The till asks, the host answers: the sandbox speaks in turns, one frame a write.
        let asked = till.read(&mut buffer)?;
        if asked == 0 || stopped.load(Ordering::Relaxed) {
            return Ok(());
        }
        host.write_all(&buffer[..asked])?;
        let answered = host.read(&mut buffer)?;
        let answer = &buffer[..answered];
        match plan.due() {
            None => till.write_all(answer)?,
            Some(rubbish) => {
                plan.spoilt.fetch_add(1, Ordering::Relaxed);
                match rubbish {
                    Rubbish::Bytes(bytes) => till.write_all(&bytes)?,
                    Rubbish::BytesAndEnd(bytes) => return till.write_all(&bytes),
                    Rubbish::Endless(bytes) => loop {
                        till.write_all(&bytes)?;
                    },
                    Rubbish::Changed(place) => {
                        let mut changed = answer.to_vec();
                        let place = place.min(changed.len() - 1);
                        changed[place] ^= 0x41;
                        till.write_all(&changed)?;
                    }
                    Rubbish::Short(bytes) => till.write_all(&answer[..answered.saturating_sub(bytes)])?,
                }
            }
        }
    }
}

impl Plan {
    fn due(&self) -> Option<Rubbish> {
        let mut next = self.next.lock().unwrap();
        match next.as_mut() {
            Some((0, _)) => next.take().map(|(_, rubbish)| rubbish),
            Some((answers, _)) => {
                *answers -= 1;
                None
            }
            None => None,
        }
    }
}

fn listen(address: std::net::SocketAddr) -> TcpListener {
    for _ in 0..200 {
        match TcpListener::bind(address) {
            Ok(listener) => return listener,
            Err(_) => std::thread::sleep(Duration::from_millis(10)),
        }
    }
    panic!("the host's address does not become free");
}

fn server_config(shop: &Shop) -> Arc<ServerConfig> {
    let folder = shop.host_home().join("certificates");
    let read = |file: &str| fs::read(folder.join(file)).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(&read("server.crt.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(&read("server.key.pem")).unwrap();
    let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    Arc::new(builder.with_single_cert(chain, key).unwrap())
}

fn client_config(shop: &Shop) -> Arc<ClientConfig> {
    let configuration = &shop.provisioning.configuration;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(configuration.host.ca_pem.as_bytes()).unwrap()).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(configuration.client_certificate_pem.as_bytes()).unwrap()];
    let key = shop.provisioning.secrets.client_key_pem.expose().as_bytes();
    let key = PrivateKeyDer::from_pem_slice(key).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    Arc::new(builder.with_client_auth_cert(chain, key).unwrap())
}
