//! A terminal of the same host that is a socket and nothing more: the peer of every row that speaks to the host.
//!
//! Its requests are sealed beforehand, so that what is timed is one round trip and the host's work.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use taptill::account::Provisioning;
use taptill::acquirer::envelope::{self, Opened};
use taptill::emv::{CardEvent, CardRead, Tap, TapRequest, TapStep, TransactionType};
use taptill::iso8583::{Dialect, Op, Side, ValueName, Values};
use taptill::money::{Amount, Currency};
use taptill::paycrypto::{MacKey, MasterKey, open_key_block};
use taptill::ports::CardChannel;
use taptill_sandbox::card;

use crate::till::{AMOUNT_MINOR, default_card};

/// The socket, and what a sale of its has in it.
pub struct BareClient {
    tls: StreamOwned<ClientConnection, TcpStream>,
    dialect: Dialect,
    values: Values,
    stan: u64,
    mac_key: Option<MacKey>,
}

impl BareClient {
    /// Connects and signs on.
    pub fn connect(provisioning: &Provisioning) -> Self {
        let configuration = &provisioning.configuration;
        let socket = TcpStream::connect(&configuration.host.address).expect("the host listens");
        socket.set_nodelay(true).expect("it is a setting");
        let name = ServerName::try_from(configuration.host.server_name.clone()).expect("the host named itself");
        let client = ClientConnection::new(Arc::new(client_config(provisioning)), name).expect("the keys are good");
        let mut this = Self {
            tls: StreamOwned::new(client, socket),
            dialect: Dialect::from_toml(&configuration.dialect).expect("it is shipped"),
            values: values(provisioning, &read_card(provisioning)),
            stan: 0,
            mac_key: None,
        };
        let request = this.sealed(Op::SignOn);
        let answer = this.ask(&request);
        let opened = this.opened(&answer, Op::SignOn);
        let master = provisioning.secrets.master_key().expect("the host made it");
        let master = MasterKey::new(master.expose()).expect("the host made it");
        let block = opened.values.get(ValueName::KeyBlock).expect("a sign-on is answered with keys");
        this.mac_key = Some(open_key_block(&master, block).expect("the host knows the master key").mak);
        this
    }

    /// Fails unless the host booked the sale.
    pub fn check_booked(&self, answer: &[u8]) {
        assert_eq!(self.opened(answer, Op::Sale).values.text(ValueName::ResponseCode), Some("00"));
    }

    /// The next request of this kind, as it goes on the wire.
    pub fn sealed(&mut self, op: Op) -> Vec<u8> {
        self.stan += 1;
        self.values.set_number(ValueName::Stan, self.stan);
        envelope::seal(&self.dialect, op, Side::Request, &self.values, self.mac_key.as_ref()).expect("it fits")
    }

    /// Writes a frame and reads one, which is given without its framing.
    pub fn ask(&mut self, frame: &[u8]) -> Vec<u8> {
        self.tls.write_all(frame).and_then(|()| self.tls.flush()).expect("the host reads");
        let mut deframer = self.dialect.frame().deframer(Side::Answer);
        let mut buffer = [0; 4_096];
        loop {
            let count = self.tls.read(&mut buffer).expect("the host answers");
            deframer.push(&buffer[..count]);
            if let Some(message) = deframer.next_frame().expect("the host frames well") {
                return message;
            }
        }
    }

    fn opened(&self, message: &[u8], op: Op) -> Opened {
        envelope::open(&self.dialect, message, Some(op), self.mac_key.as_ref()).expect("the host seals well")
    }
}

fn client_config(provisioning: &Provisioning) -> ClientConfig {
    let configuration = &provisioning.configuration;
    let certificates = |pem: &str| -> Vec<_> {
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>().expect("the host wrote it")
    };
    let mut roots = RootCertStore::empty();
    let authorities = certificates(&configuration.host.ca_pem);
    authorities.into_iter().for_each(|authority| roots.add(authority).expect("the host wrote it"));
    let key = PrivateKeyDer::from_pem_slice(provisioning.secrets.client_key_pem.expose().as_bytes());
    let key = key.expect("the host wrote it");
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider has them")
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(&configuration.client_certificate_pem), key)
        .expect("key and certificate belong together")
}

/// What the default card says to a sale of the usual amount.
fn read_card(provisioning: &Provisioning) -> CardRead {
    let configuration = &provisioning.configuration;
    let ca_keys = taptill::emv::CaKeys::from_json(card::ca_keys_json()).expect("the fixtures are valid");
    let request = TapRequest {
        amount: Amount::from_minor(AMOUNT_MINOR, Currency::CNY).expect("an amount"),
        transaction_type: TransactionType::Purchase,
        date_yymmdd: [0x26, 0x11, 0x22],
        time_hhmmss: [0x12, 0, 0],
        unpredictable_number: [1, 2, 3, 4],
        sequence_counter: 1,
    };
    let channel = default_card().tap();
    let (mut tap, mut step) = Tap::start(Arc::new(configuration.terminal_data.clone()), Arc::new(ca_keys), request);
    loop {
        step = match step {
            TapStep::AwaitCard(_) => tap.handle(CardEvent::Found),
            TapStep::Transmit(command) => {
                let response = channel.transceive(&command).expect("the card stays");
                tap.handle(CardEvent::Response(&response))
            }
            TapStep::Done(outcome) => return outcome.card.expect("the card was read"),
        };
    }
}

/// A sale of that card, but for its number.
fn values(provisioning: &Provisioning, card: &CardRead) -> Values {
    let configuration = &provisioning.configuration;
    let mut values = Values::new();
    values
        .set(ValueName::TerminalId, configuration.terminal_id.as_str())
        .set(ValueName::MerchantId, configuration.merchant_id.as_str())
        .set_number(ValueName::Batch, 1)
        .set(ValueName::LocalTime, "120000")
        .set(ValueName::LocalDate, "1122")
        .set(ValueName::TransmissionDateTime, "1122040000")
        .set(ValueName::CurrencyNumber, "156")
        .set_number(ValueName::AmountMinor, AMOUNT_MINOR)
        .set(ValueName::Pan, card.pan.expose())
        .set(ValueName::Expiry, card.expiry.yymm())
        .set(ValueName::Track2, card.track2.expose())
        .set(ValueName::ChipData, &card.chip_data);
    if let Some(sequence) = card.pan_sequence {
        values.set_number(ValueName::PanSequence, sequence.into());
    }
    values
}
