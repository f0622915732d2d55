//! The simulated host on a socket: who gets in, what a home is, and what reaches a running host from outside.

#![allow(clippy::unwrap_used, reason = "a test fails where it unwraps")]

mod host_support;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use host_support::{Desk, PAN, chip_data};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use taptill::account::Provisioning;
use taptill::acquirer::envelope;
use taptill::iso8583::{Dialect, Op, Side, ValueName, Values};
use taptill::paycrypto::{MasterKey, open_key_block};
use taptill_sandbox::host::{
    Acquirer, EntryState, Host, HostError, Kind, Options, RunningHost, Script, book, provision, provision_in, set_next,
};
use taptill_sandbox::scratch::{self, Scratch};
use tempfile::TempDir;

type Tls = StreamOwned<ClientConnection, TcpStream>;

#[test]
fn a_provisioned_till_signs_on_and_sells_in_its_dialect() {
    let shop = Shop::open(&Script::honest());
    for dialect in host_support::DIALECTS {
        let mut till = shop.till(dialect);
        till.sign_on();
        let sale = till.desk.sale(7, 10_000);
        assert_eq!(till.code(Op::Sale, &sale), "00", "{dialect}");
    }
    let entries = book(&shop.home()).unwrap();
    assert_eq!(entries.len(), 2);
    assert!(entries.iter().all(|entry| (entry.state, entry.net_minor) == (EntryState::Booked, 10_000)));
    assert_ne!(entries[0].terminal, entries[1].terminal);
}

#[test]
fn a_running_host_is_told_what_to_do_next() {
    let shop = Shop::open(&Script::parse("normal").unwrap());
    let mut till = shop.till("unionpay");
    till.sign_on();
    let sales = [till.desk.sale(1, 100), till.desk.sale(2, 100), till.desk.sale(3, 100)];
    assert_eq!(till.code(Op::Sale, &sales[0]), "00");
    set_next(&shop.home(), Kind::Reset, 1).unwrap();
    till.write(Op::Sale, &sales[1]);
    assert_eq!(till.tls.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    till.reconnect();
    assert_eq!(till.code(Op::Sale, &sales[2]), "00");
    assert_eq!(book(&shop.home()).unwrap().len(), 3);

    set_next(&shop.home(), Kind::HalfFrame, 1).unwrap();
    let sale = till.desk.sale(4, 100);
    till.write(Op::Sale, &sale);
    let mut half = Vec::new();
    till.tls.read_to_end(&mut half).unwrap();
    assert!(!half.is_empty());
    assert_eq!(net_minor(&shop), 400);
}

#[test]
fn strangers_do_not_get_in() {
    let shop = Shop::open(&Script::honest());
    let other_home = TempDir::new().unwrap();
    let own = shop.provision("unionpay");
    let other = provision(other_home.path(), "unionpay", "127.0.0.1:1", &Options::default()).unwrap();

    let table = [
        ("no client certificate", client_config(&own, None), "CertificateRequired"),
        ("a certificate of another authority", client_config(&own, Some(&other)), "UnknownCA"),
        ("a till that trusts another authority", client_config(&other, Some(&own)), "invalid peer certificate"),
    ];
    for (who, config, refusal) in table {
        let error = first_read(&shop, &config).unwrap_err().to_string();
        assert!(error.contains(refusal), "{who}: {error}");
    }

    // Rubbish in place of a handshake does not disturb the others.
    let mut plain = TcpStream::connect(shop.address()).unwrap();
    plain.write_all(&[0xFF; 5_000]).unwrap();
    let _silent = TcpStream::connect(shop.address()).unwrap();
    let mut till = shop.till("iso87");
    till.sign_on();
}

#[test]
fn connections_beyond_the_limit_are_dropped_and_room_comes_back() {
    let shop = Shop::open(&Script::honest());
    let own = shop.provision("unionpay");
    let config = client_config(&own, Some(&own));
    let crowd: Vec<TcpStream> = (0..64).map(|_| TcpStream::connect(shop.address()).unwrap()).collect();
    let error = first_read(&shop, &config).unwrap_err();
    let dropped = [ErrorKind::UnexpectedEof, ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(dropped.contains(&error.kind()), "{error}");
    drop(crowd);
    let shakes_hands = |_| {
        let mut tls = connect(shop.address(), &config);
        tls.conn.complete_io(&mut tls.sock).is_ok()
    };
    assert!((0..1_000).any(shakes_hands));
}

#[test]
fn a_late_answer_comes_on_the_same_connection() {
    let shop = Shop::open(&Script::parse("late-answer").unwrap());
    let impatient = Dialect::shipped("unionpay").unwrap().replace("timeout_ms = 2000", "timeout_ms = 100");
    let address = shop.address().to_string();
    let provisioning = provision_in(&shop.home(), &impatient, &address, &Options::default()).unwrap();
    let mut till = shop.till_of(&provisioning);
    till.sign_on();
    let (late, prompt) = (till.desk.sale(1, 100), till.desk.sale(2, 100));
    till.write(Op::Sale, &late);
    assert_eq!(till.code(Op::Sale, &prompt), "00");
    let message = till.read();
    let answer = envelope::open(&till.desk.dialect, &message, Some(Op::Sale), till.desk.mak.as_ref()).unwrap().values;
    assert_eq!((answer.text(ValueName::Stan), answer.text(ValueName::ResponseCode)), (Some("000001"), Some("00")));
}

#[test]
fn a_home_serves_one_host_and_keeps_its_certificates() {
    let shop = Shop::open(&Script::honest());
    let home = shop.home();
    let again = |home: &Path| Host::start(home, Host::any_port(), &Script::honest());
    assert_eq!(again(&home).err(), Some(HostError::HomeInUse));
    assert_eq!(Acquirer::open(&home).err(), Some(HostError::HomeInUse));
    let pin = |provisioning: &Provisioning| provisioning.configuration.host.spki_sha256.clone();
    let before = pin(&shop.provision("unionpay"));
    let folder = shop.stop();
    assert_eq!(set_next(folder.path(), Kind::Reset, 1), Err(HostError::NotRunning));
    let running = again(folder.path()).unwrap();
    let after = provision(folder.path(), "iso87", &running.address().to_string(), &Options::default()).unwrap();
    assert_eq!(before, pin(&after));
    assert_ne!(Some(pin(&after)), after.configuration.host.spki_sha256_backup);
}

#[test]
fn what_cannot_be_is_refused_with_its_code() {
    let empty = TempDir::new().unwrap();
    let file = empty.path().join("file");
    fs::write(&file, "x").unwrap();
    let start = |home: &Path, listen: &str| {
        let listen: SocketAddr = listen.parse().unwrap();
        Host::start(home, listen, &Script::honest()).err().map(HostError::code)
    };
    let enrol = |dialect: &str, address: &str, options: &Options| {
        provision(&empty.path().join("home"), dialect, address, options).err().map(HostError::code)
    };
    let good = Options::default();
    let two_lines = Options { merchant_name: "a\nb".into(), ..Options::default() };
    let table = [
        (start(empty.path(), "0.0.0.0:0"), "host_address_not_loopback"),
        (start(&file, "127.0.0.1:0"), "host_home_unusable"),
        (book(empty.path()).err().map(HostError::code), "host_home_unknown"),
        (set_next(empty.path(), Kind::Reset, 1).err().map(HostError::code), "host_home_unknown"),
        (enrol("esperanto", "127.0.0.1:1", &good), "host_dialect_unknown"),
        (enrol("iso87", "127.0.0.1", &good), "host_options_unusable"),
        (enrol("iso87", "127.0.0.1:1", &two_lines), "host_options_unusable"),
    ];
    for (code, expected) in table {
        assert_eq!(code, Some(expected));
    }
    let first = Shop::open(&Script::honest());
    assert_eq!(start(empty.path(), &first.address().to_string()), Some("host_address_unusable"));
}

#[test]
fn nothing_in_the_home_holds_a_card_number() {
    let shop = Shop::open(&Script::honest());
    let mut till = shop.till("unionpay");
    till.sign_on();
    let (sale, reversal) = (till.desk.sale(7, 10_000), till.desk.reversal(7, 10_000));
    assert_eq!(till.code(Op::Sale, &sale), "00");
    assert_eq!(till.code(Op::Reversal, &reversal), "00");
    let binary_coded = [0x47, 0x61, 0x73, 0x90, 0x01, 0x01, 0x01, 0x19];
    let cryptogram = &chip_data(10_000)[3..11];
    for file in fs::read_dir(shop.home()).unwrap().map(|file| file.unwrap().path()).filter(|file| file.is_file()) {
        let bytes = fs::read(&file).unwrap();
        for needle in [PAN.as_bytes(), &binary_coded, cryptogram] {
            assert!(!bytes.windows(needle.len()).any(|window| window == needle), "{file:?}");
        }
    }
}

/// A host in a folder of its own.
struct Shop {
    folder: Scratch,
    host: RunningHost,
}

impl Shop {
    fn open(script: &Script) -> Self {
        let folder = scratch::folder("host");
        let host = Host::start(folder.path(), Host::any_port(), script).unwrap();
        Self { folder, host }
    }

    fn home(&self) -> std::path::PathBuf {
        self.folder.path().to_owned()
    }

    fn address(&self) -> SocketAddr {
        self.host.address()
    }

    fn stop(self) -> Scratch {
        self.host.stop();
        self.folder
    }

    fn provision(&self, dialect: &str) -> Provisioning {
        provision(self.folder.path(), dialect, &self.address().to_string(), &Options::default()).unwrap()
    }

    fn till(&self, dialect: &str) -> Till {
        self.till_of(&self.provision(dialect))
    }

    fn till_of(&self, provisioning: &Provisioning) -> Till {
        let config = client_config(provisioning, Some(provisioning));
        let desk = Desk::of_provisioning(provisioning);
        Till { tls: connect(self.address(), &config), address: self.address(), config, desk }
    }
}

/// A terminal on a TLS connection.
struct Till {
    tls: Tls,
    address: SocketAddr,
    config: Arc<ClientConfig>,
    desk: Desk,
}

impl Till {
    fn reconnect(&mut self) {
        self.tls = connect(self.address, &self.config);
    }

    fn sign_on(&mut self) {
        let request = self.desk.plain_values(1);
        self.write(Op::SignOn, &request);
        let message = self.read();
        let answer = envelope::open(&self.desk.dialect, &message, Some(Op::SignOn), None).unwrap().values;
        let tmk = MasterKey::new(self.desk.master_key.expose()).unwrap();
        self.desk.mak = Some(open_key_block(&tmk, answer.get(ValueName::KeyBlock).unwrap()).unwrap().mak);
    }

    fn code(&mut self, op: Op, request: &Values) -> String {
        self.write(op, request);
        let message = self.read();
        let answer = envelope::open(&self.desk.dialect, &message, Some(op), self.desk.mak.as_ref()).unwrap().values;
        answer.text(ValueName::ResponseCode).unwrap().to_owned()
    }

    fn write(&mut self, op: Op, request: &Values) {
        let key = self.desk.mak.as_ref();
        let frame = envelope::seal(&self.desk.dialect, op, Side::Request, request, key).unwrap();
        self.tls.write_all(&frame).unwrap();
    }

    fn read(&mut self) -> Vec<u8> {
        let mut deframer = self.desk.dialect.frame().deframer(Side::Answer);
        let mut buffer = [0; 512];
        loop {
            let count = self.tls.read(&mut buffer).unwrap();
            assert!(count > 0, "the host closed the connection");
            deframer.push(&buffer[..count]);
            if let Some(message) = deframer.next_frame().unwrap() {
                return message;
            }
        }
    }
}

fn net_minor(shop: &Shop) -> u64 {
    book(&shop.home()).unwrap().iter().map(|entry| entry.net_minor).sum()
}

/// Trusts the authority of one provisioning, shows the certificate of another, or none.
fn client_config(trusts: &Provisioning, shows: Option<&Provisioning>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(trusts.configuration.host.ca_pem.as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    Arc::new(match shows {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let chain = own.configuration.client_certificate_pem.as_bytes();
            let chain = vec![CertificateDer::from_pem_slice(chain).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(own.secrets.client_key_pem.expose().as_bytes()).unwrap();
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    })
}

fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> Tls {
    let socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    StreamOwned::new(ClientConnection::new(Arc::clone(config), name).unwrap(), socket)
}

/// What a till learns from its first write and read: a refused certificate shows at the read only.
fn first_read(shop: &Shop, config: &Arc<ClientConfig>) -> std::io::Result<usize> {
    let mut tls = connect(shop.address(), config);
    tls.write_all(&[0])?;
    match tls.read(&mut [0; 1])? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        count => Ok(count),
    }
}
