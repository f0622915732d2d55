//! Another certificate for the till, from the host, over the connection that the old one still opens.
//!
//! The new key is made here; only its request leaves. The certificate and the wrapped key are one step of the journal;
//! until it is written, and after a crash before it, the old pair stands. The host lets the old one go when it has first
//! seen the new one, so that a lost answer costs nothing.
//!
//! It never shows the key. Evidence: `tests/network.rs`.

use std::sync::Arc;

use crate::account::{self, Renewal};
use crate::acquirer::{LinkEvent, LinkFault, Telling, Told, ToldText};
use crate::clock::{MonoMs, Now};
use crate::error::{Error, ErrorCode};
use crate::iso8583::Op;
use crate::journal::Journal;
use crate::payment::{self, LinkCommand, Ticket};
use crate::ports::DeviceKeys;
use crate::secret::Secret;
use crate::session::Permit;
use crate::session::actions::RenewCertificate;
use crate::till::exchange::{NetworkCommand, Output, Reply};
use crate::till::gate::Answer;
use crate::till::record::Trouble;
use crate::till::tell::Then;
use crate::till::{At, Till};

/// A key whose certificate is on its way.
pub(super) struct CertificateRenewal {
    /// Who waits; nobody where it is part of something larger.
    pub ticket: Option<Ticket>,
    operator: Option<String>,
    renewal: Renewal,
}

/// Whether another certificate is owed, and when the host is asked for it next.
#[derive(Default)]
pub(super) struct CertificateCare {
    due: Option<MonoMs>,
    wait_ms: u64,
}

impl CertificateCare {
    /// What an earlier session left: a key that is to be destroyed, a certificate that is owed.
    pub fn taken_up(journal: &Journal, device_keys: &dyn DeviceKeys, now: Now) -> Result<Self, Error> {
        // A device that does not serve now is asked again the next time.
        let _swept_later = account::settle_certificate(journal, device_keys);
        Ok(if account::is_certificate_due(journal)? { Self::due(now) } else { Self::default() })
    }

    /// It is owed from now on.
    pub fn due(now: Now) -> Self {
        Self { due: Some(now.mono), wait_ms: WAIT_FIRST_MS }
    }

    /// When the host is asked next.
    pub fn next_try(&self) -> Option<MonoMs> {
        self.due
    }
}

impl Till {
    /// Asks the host for a certificate for a new key; whoever waits is told when it is in use.
    pub(super) fn renew_certificate(
        &mut self,
        ticket: Ticket,
        permit: Permit<RenewCertificate>,
    ) -> Result<Answer, Trouble> {
        self.begin_certificate(Some(ticket), Some(permit.spend()))?;
        Ok(Answer::Later)
    }

    /// Asks for the certificate that is owed, when its time has come; a host that does not give it is asked again later.
    pub(super) fn ask_for_certificate(&mut self, now: Now) -> Result<(), Trouble> {
        let At::Open(open) = &mut self.at else { return Ok(()) };
        if open.certificate.due.is_none_or(|at| at > now.mono) || open.engine.is_occupied() {
            return Ok(());
        }
        let care = &mut open.certificate;
        care.due = Some(now.mono.after_ms(care.wait_ms));
        care.wait_ms = (care.wait_ms * 2).min(WAIT_MAX_MS);
        match self.begin_certificate(None, None) {
            Ok(()) | Err(Trouble::Refused(_)) => self.go_on_telling(now),
            Err(over) => Err(over),
        }
    }

    fn begin_certificate(&mut self, ticket: Option<Ticket>, operator: Option<String>) -> Result<(), Trouble> {
        let At::Open(open) = &self.at else { return Ok(()) };
        let mut filled = Ok(());
        let seed = Secret::from_fn(|seed| filled = self.entropy.fill(seed));
        filled.map_err(Error::from)?;
        let renewal = Renewal::of_seed(&seed, &open.configuration.terminal_id);
        let text = ToldText::new(renewal.request_pem.clone()).expect("a request is neither empty nor long");
        let telling = Telling { op: Op::RenewCertificate, text, operator: operator.clone() };
        self.tell_host(telling, Then::Certificate(CertificateRenewal { ticket, operator, renewal }));
        Ok(())
    }

    /// The host has answered, or has not.
    pub(super) fn certificate_came(
        &mut self,
        waiting: CertificateRenewal,
        result: Result<Told, Error>,
        now: Now,
    ) -> Result<(), Trouble> {
        let ticket = waiting.ticket;
        match self.take_certificate(waiting, result, now) {
            Ok(()) => ticket.into_iter().for_each(|ticket| self.tell(ticket, Ok(Reply::Done))),
            Err(Trouble::Refused(error)) => ticket.into_iter().for_each(|ticket| self.tell(ticket, Err(error.clone()))),
            Err(Trouble::Over(error)) => {
                ticket.into_iter().for_each(|ticket| self.tell(ticket, Err(error.clone())));
                return Err(Trouble::Over(error));
            }
        }
        Ok(())
    }

    fn take_certificate(
        &mut self,
        waiting: CertificateRenewal,
        result: Result<Told, Error>,
        now: Now,
    ) -> Result<(), Trouble> {
        let told = result?;
        if !told.approved {
            return Err(Error::from(ErrorCode::HostRefused).with_host_code(&told.host_code).into());
        }
        let invalid = || Error::from(ErrorCode::HostAnswerInvalid).word("part", "certificate");
        let chain = String::from_utf8(told.text).map_err(|_| invalid())?;
        if !waiting.renewal.is_certified_by(&chain) {
            return Err(invalid().into());
        }
        let At::Open(open) = &mut self.at else { return Ok(()) };
        let journal = open.engine.journal_mut();
        let step = account::renewed(journal, waiting.renewal, chain, waiting.operator, &*self.device_keys)?;
        journal.append(step.draft, step.side, now)?;
        open.certificate = CertificateCare::default();
        // What the device does not destroy now, the next session does.
        let _swept_later = account::settle_certificate(journal, &*self.device_keys);
        let account = account::open(journal, &*self.device_keys)?;
        open.configuration = Arc::new(account.configuration);
        let (configuration, client_key_pem) = (Arc::clone(&open.configuration), account.secrets.client_key_pem);
        self.rearm(configuration, client_key_pem, now)
    }

    /// Another way to the host from now on. What stands of the one before is over.
    pub(super) fn rearm(
        &mut self,
        configuration: Arc<account::Configuration>,
        client_key_pem: account::SecretText,
        now: Now,
    ) -> Result<(), Trouble> {
        self.outputs.push(Output::Link(LinkCommand::Disconnect));
        self.outputs.push(Output::Network(NetworkCommand::Arm { configuration, client_key_pem }));
        self.pay(payment::Input::Link(LinkEvent::Broken(LinkFault::Closed)), now)
    }
}

/// How long after a host that did not give it the host is asked again.
const WAIT_FIRST_MS: u64 = 60_000;
const WAIT_MAX_MS: u64 = 3_600_000;
