//! Every refusal of the connection over loopback sockets, with certificates made for the occasion.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream as Plain};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PublicKeyData, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};

use super::*;
use crate::clock::{BootCount, MonoMs, Now, WallMs};
use crate::ports::Clock;
use crate::secret::SecretBytes;
use crate::terminal::tls::{Pins, TlsSetup, TlsSetupError, client_config};

/// 2026-11-22T12:00:00Z.
const TODAY: WallMs = WallMs(1_795_348_800_000);

struct FixedClock(WallMs);

impl Clock for FixedClock {
    fn now(&self) -> Now {
        Now { wall: self.0, mono: MonoMs(0), boot: BootCount(1) }
    }
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2040, 1, 1));
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    Authority { issuer: Issuer::new(params, key), pem }
}

struct Identity {
    chain_pem: String,
    key_pem: String,
    pin: [u8; 32],
}

fn identity(authority: &Authority, name: &str, years: (i32, i32)) -> Identity {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(years.0, 1, 1), date_time_ymd(years.1, 1, 1));
    let key = KeyPair::generate().unwrap();
    let chain_pem = params.signed_by(&key, &authority.issuer).unwrap().pem();
    let digest = ring::digest::digest(&ring::digest::SHA256, &key.subject_public_key_info());
    Identity { chain_pem, key_pem: key.serialize_pem(), pin: digest.as_ref().try_into().unwrap() }
}

fn server_config(
    host: &Identity,
    clients_of: &Authority,
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(clients_of.pem.as_bytes()).unwrap()).unwrap();
    let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let chain = vec![CertificateDer::from_pem_slice(host.chain_pem.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(host.key_pem.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)
        .unwrap();
    Arc::new(config)
}

/// What the other side does with its one connection once TLS stands.
#[derive(Clone, Copy)]
enum Manners {
    /// Answers each read with the same bytes, reversed.
    Answers,
    /// Reads once and cuts the TCP connection without `close_notify`.
    Cuts,
    /// Reads once and says `close_notify`.
    SaysGoodbye,
    /// Speaks no TLS at all.
    SpeaksPlain,
}

fn serve_once(config: Arc<ServerConfig>, manners: Manners) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        be_a_host(socket, config, manners)
    });
    address
}

/// Ends at the first failure: the till's side is where the verdict is read.
fn be_a_host(mut socket: Plain, config: Arc<ServerConfig>, manners: Manners) -> io::Result<()> {
    if let Manners::SpeaksPlain = manners {
        return socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    }
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
    let mut buffer = [0; 256];
    loop {
        let count = stream.read(&mut buffer)?;
        match manners {
            Manners::Answers if count > 0 => {
                buffer[..count].reverse();
                stream.write_all(&buffer[..count])?;
            }
            Manners::SaysGoodbye => {
                stream.conn.send_close_notify();
                stream.flush()?;
                return stream.sock.shutdown(Shutdown::Both);
            }
            _ => return stream.sock.shutdown(Shutdown::Both),
        }
    }
}

/// A till's side of one connection, with everything in order unless a test changes it.
struct World {
    host_authority: Authority,
    till_authority: Authority,
    host: Identity,
    till: Identity,
    name: &'static str,
    pins: Option<Pins>,
    trusted: Option<String>,
    today: WallMs,
}

fn world() -> World {
    let (host_authority, till_authority) = (authority("acquirer"), authority("tills"));
    let host = identity(&host_authority, "host.test", (2025, 2030));
    let till = identity(&till_authority, "till.test", (2025, 2030));
    World { host_authority, till_authority, host, till, name: "host.test", pins: None, trusted: None, today: TODAY }
}

impl World {
    fn route(&self, address: String) -> HostRoute {
        let pins = self.pins.unwrap_or(Pins { current: self.host.pin, backup: None });
        let tls = client_config(&TlsSetup {
            authorities_pem: self.trusted.as_ref().unwrap_or(&self.host_authority.pem).as_bytes(),
            pins,
            client_chain_pem: self.till.chain_pem.as_bytes(),
            client_key_pem: &SecretBytes::new(self.till.key_pem.clone().into_bytes()),
            clock: Arc::new(FixedClock(self.today)),
        })
        .unwrap();
        HostRoute { address, name: ServerName::try_from(self.name).unwrap(), tls }
    }

    /// Connects, says hello when connected, and gives everything heard up to the end or the first answer.
    fn exchange(&self, version: &'static SupportedProtocolVersion, manners: Manners) -> Vec<NetHappening> {
        let address = serve_once(server_config(&self.host, &self.till_authority, version), manners);
        exchange_at(self.route(address))
    }
}

fn start(route: HostRoute) -> (Net, Receiver<NetEvent>) {
    let (sender, heard) = channel();
    let net = Net::start(route, move |event| drop(sender.send(event))).unwrap();
    (net, heard)
}

fn exchange_at(route: HostRoute) -> Vec<NetHappening> {
    let (net, heard) = start(route);
    net.open(7);
    let mut all = Vec::new();
    loop {
        let event = heard.recv_timeout(Duration::from_secs(10)).expect("the connection says how it ended");
        assert_eq!(event.line, 7);
        let over = !matches!(event.what, NetHappening::Connected);
        if !over {
            net.send(b"hello".to_vec().into());
        }
        all.push(event.what);
        if over {
            return all;
        }
    }
}

const TLS12: &SupportedProtocolVersion = &rustls::version::TLS12;
const TLS13: &SupportedProtocolVersion = &rustls::version::TLS13;

#[test]
fn a_host_in_order_is_talked_to_in_both_versions() {
    for version in [TLS12, TLS13] {
        let verdict = [NetHappening::Connected, NetHappening::Received(b"olleh".to_vec())];
        assert_eq!(world().exchange(version, Manners::Answers), verdict);
    }
}

#[test]
fn the_backup_pin_is_as_good_as_the_current_one() {
    let mut world = world();
    world.pins = Some(Pins { current: [0; 32], backup: Some(world.host.pin) });
    assert_eq!(world.exchange(TLS13, Manners::Answers)[0], NetHappening::Connected);
}

#[test]
fn a_host_that_is_not_the_agreed_one_is_refused_and_the_reason_named() {
    type Change = fn(&mut World);
    let table: [(&str, Change, LinkFault); 8] = [
        ("another authority", |w| w.trusted = Some(authority("stranger").pem), LinkFault::CertificateUntrusted),
        ("another name", |w| w.name = "other.test", LinkFault::CertificateUntrusted),
        ("ended", |w| w.host = identity(&w.host_authority, "host.test", (2020, 2021)), LinkFault::CertificateExpired),
        ("phone fast", |w| w.today = WallMs(1_956_528_000_000), LinkFault::CertificateExpired),
        (
            "begins later",
            |w| w.host = identity(&w.host_authority, "host.test", (2035, 2036)),
            LinkFault::CertificateNotYetValid,
        ),
        ("phone slow", |w| w.today = WallMs(1_577_923_200_000), LinkFault::CertificateNotYetValid),
        ("another key", |w| w.pins = Some(Pins { current: [1; 32], backup: Some([2; 32]) }), LinkFault::PinMismatch),
        (
            "pinned, but another authority",
            |w| {
                w.trusted = Some(authority("stranger").pem);
                w.pins = Some(Pins { current: w.host.pin, backup: Some(w.host.pin) });
            },
            LinkFault::CertificateUntrusted,
        ),
    ];
    for (row, change, verdict) in table {
        for version in [TLS12, TLS13] {
            let mut world = world();
            change(&mut world);
            let heard = world.exchange(version, Manners::Answers);
            assert_eq!(heard, [NetHappening::NotConnected(verdict)], "{row}");
        }
    }
}

#[test]
fn a_till_whose_certificate_is_refused_is_told_so_in_both_versions() {
    let mut stranger = world();
    stranger.till = identity(&authority("stranger"), "till.test", (2025, 2030));
    let refused = LinkFault::ClientCertificateRefused;
    assert_eq!(stranger.exchange(TLS12, Manners::Answers), [NetHappening::NotConnected(refused)]);
    // RFC 8446, 4.4.2.4: the client has finished before the server judges.
    let verdict = [NetHappening::Connected, NetHappening::Broken(refused)];
    assert_eq!(stranger.exchange(TLS13, Manners::Answers), verdict);
}

#[test]
fn an_ending_is_no_answer_with_or_without_goodbye() {
    for manners in [Manners::Cuts, Manners::SaysGoodbye] {
        for version in [TLS12, TLS13] {
            let heard = world().exchange(version, manners);
            assert_eq!(heard, [NetHappening::Connected, NetHappening::Broken(LinkFault::Closed)]);
        }
    }
}

#[test]
fn a_port_that_speaks_no_tls_is_a_failed_handshake() {
    let heard = world().exchange(TLS13, Manners::SpeaksPlain);
    assert_eq!(heard, [NetHappening::NotConnected(LinkFault::HandshakeFailed)]);
}

#[test]
fn nobody_there_is_unreachable_and_a_wrong_name_is_not_found() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    assert_eq!(exchange_at(world().route(free)), [NetHappening::NotConnected(LinkFault::Unreachable)]);
    let no_name = exchange_at(world().route("host.invalid.:1".to_owned()));
    assert_eq!(no_name, [NetHappening::NotConnected(LinkFault::NameNotFound)]);
}

#[test]
fn a_connection_that_is_closed_by_us_says_nothing_more() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (net, heard) = start(world().route(listener.local_addr().unwrap().to_string()));
    net.open(1); // Nobody answers the handshake.
    net.close();
    net.send(b"lost".to_vec().into());
    drop(net);
    assert!(heard.recv().is_err());
}

#[test]
fn a_write_that_hangs_does_not_keep_the_connection_from_closing() {
    let world = world();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (net, heard) = start(world.route(listener.local_addr().unwrap().to_string()));
    let config = server_config(&world.host, &world.till_authority, TLS13);
    let host = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut tls = ServerConnection::new(config).unwrap();
        tls.complete_io(&mut socket).unwrap();
        socket // Open, and never read again.
    });
    net.open(1);
    assert_eq!(heard.recv().unwrap().what, NetHappening::Connected);
    let silent = host.join().unwrap();
    net.send(vec![0; 64 << 20].into());
    net.close();
    drop(net);
    assert!(heard.recv().is_err(), "nothing more is heard of a connection that was closed");
    drop(silent);
}

#[test]
fn what_cannot_be_used_is_named_before_anything_connects() {
    let till = world().till;
    let authority = authority("stranger").pem;
    let stranger = world().till.key_pem;
    for (authorities, chain, key, verdict) in [
        ("", till.chain_pem.as_str(), till.key_pem.as_str(), TlsSetupError::Authorities),
        ("no pem", &till.chain_pem, &till.key_pem, TlsSetupError::Authorities),
        (&authority, "", &till.key_pem, TlsSetupError::ClientCertificate),
        (&authority, &till.chain_pem, "", TlsSetupError::ClientCertificate),
        (&authority, &till.chain_pem, &stranger, TlsSetupError::ClientCertificate),
    ] {
        let refused = client_config(&TlsSetup {
            authorities_pem: authorities.as_bytes(),
            pins: Pins { current: [0; 32], backup: None },
            client_chain_pem: chain.as_bytes(),
            client_key_pem: &SecretBytes::new(key.as_bytes().to_vec()),
            clock: Arc::new(FixedClock(TODAY)),
        });
        assert_eq!(refused.err(), Some(verdict));
    }
}
