//! Deregistering: what keeps the till from it, two people, the acquirer's word, the export, and then the erasure.
//!
//! Nothing is asked of the acquirer while anything is in the way here. Its word is journalled before anything is handed
//! out, and everything is handed out before anything is erased; from its word on the till only waits to be erased, so
//! whatever fails until the intent is written can be done again.
//!
//! It never erases a till of which money is open. Evidence: `tests/leaving.rs`, `tests/leaving_kills.rs`.

use serde_json::json;

use crate::account;
use crate::acquirer::{Telling, Told, ToldText};
use crate::clock::Now;
use crate::error::{Blocker, Error, ErrorCode};
use crate::ids::OperatorName;
use crate::incident::freeze;
use crate::iso8583::Op;
use crate::journal::{CheckpointReason, Journal, SideWork};
use crate::merkle::{KeyName, Note, VerifierKey, base64};
use crate::money::Currency;
use crate::payment::Ticket;
use crate::ports::ExportSink;
use crate::receipt::Zone;
use crate::secret::{Secret, SecretBytes};
use crate::session::Permit;
use crate::session::actions::Deregister;
use crate::settlement::statement;
use crate::till::exchange::Reply;
use crate::till::flow::{Led, Stage, copy};
use crate::till::gate::Answer;
use crate::till::leaving::certificate::Statement;
use crate::till::leaving::erase::{Place, Work};
use crate::till::leaving::export::{Handing, try_out};
use crate::till::leaving::fold::{self, Deregistration};
use crate::till::leaving::intent::{self, Intent};
use crate::till::record::Trouble;
use crate::till::tell::Then;
use crate::till::{At, Left, Till, events};
use crate::vault::{self, Attempt, Who};

/// A deregistration that somebody waits for.
pub(in crate::till) struct Goodbye {
    pub by: OperatorName,
    pub second: Option<OperatorName>,
    pub export: Option<Box<dyn ExportSink>>,
}

/// What is left of a till: the certificate, and what was handed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// The certificate of erasure: a C2SP signed note. Nothing where the key that signs it was gone already.
    pub certificate: Option<String>,
    /// SHA-256 of the list of everything that was handed out, hex; nothing where nothing was.
    pub exported_sha256: Option<String>,
    /// Whether the acquirer has acknowledged that the till is deregistered.
    pub is_acknowledged: bool,
}

impl Till {
    pub(in crate::till) fn deregister(
        &mut self,
        ticket: Ticket,
        permit: Permit<Deregister>,
        second: Option<(OperatorName, SecretBytes)>,
        export: Option<Box<dyn ExportSink>>,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        self.not_deriving()?;
        self.nobody_locks()?;
        let Some(by) = self.operator() else { return Err(self.shut(now).into()) };
        self.may_go(now)?;
        let goodbye = Goodbye { by, second: None, export };
        match second {
            Some((name, _)) if is_deregistered_by_one(&goodbye.by, &name) => {
                Err(Error::from(ErrorCode::SecondPersonNeeded).word("why", "the_same_person").into())
            }
            Some((name, password)) => {
                let attempt = self.guess(Who::Operator(&name), now)?;
                let derivation = attempt.derivation().clone();
                let stage = Stage::Seconding { goodbye, name, attempt };
                self.derive(ticket, copy(&password), &derivation, stage);
                Ok(Answer::Later)
            }
            None if self.wants_two(now)? => {
                Err(Error::from(ErrorCode::SecondPersonNeeded).word("why", "missing").into())
            }
            None => self.part(ticket, goodbye, now).map(answer),
        }
    }

    /// The second person's password is right, or not.
    pub(in crate::till) fn seconded(
        &mut self,
        ticket: Ticket,
        goodbye: Goodbye,
        (name, attempt): (OperatorName, Attempt),
        key: Secret<32>,
        now: Now,
    ) -> Result<Led, Trouble> {
        let opened = self.try_guess(attempt, key, now)?;
        let permit = self.permit_of::<Deregister>(&name, &opened, now)?;
        drop(opened);
        let _agreed = permit.spend();
        // Something may have come between the question and the password.
        self.may_go(now)?;
        self.part(ticket, Goodbye { second: Some(name), ..goodbye }, now)
    }

    fn wants_two(&self, now: Now) -> Result<bool, Trouble> {
        let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
        Ok(account::shop_policy(open.engine.journal())?.two_people_to_deregister)
    }

    /// Whether nothing has been decided: from the acquirer's word on the till only waits to be erased.
    pub(in crate::till) fn is_not_going(&self) -> Result<(), Trouble> {
        let At::Open(open) = &self.at else { return Ok(()) };
        match fold::deregistration(open.engine.journal())? {
            Some(stands) if stands.is_let_go => Err(ErrorCode::DeregistrationUnfinished.into()),
            _ => Ok(()),
        }
    }

    /// Whether nothing here is in the way.
    fn may_go(&self, now: Now) -> Result<(), Trouble> {
        let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
        let matters = self.matters(&open.engine)?;
        let mut blockers = [matters.under_way, matters.open, matters.waiting, matters.unsettled].concat();
        planted!(DeregisteredWithRefundWaiting, blockers.retain(|blocker| blocker.why != "refund_waiting"));
        if let Some(freeze) = self.frozen() {
            blockers.push(Blocker::new("till_frozen", freeze.from.word()).remedied_by("release"));
        }
        planted!(DeregisteredFrozen, blockers.retain(|blocker| blocker.why != "till_frozen"));
        let last = statement::last(open.engine.journal())?;
        if let Some(differences) = last.map(|last| last.differences.to_look_at()).filter(|count| *count > 0) {
            let differ = Blocker::new("statement_differences", differences.to_string());
            blockers.push(differ.remedied_by("check_statement"));
        }
        if blockers.is_empty() {
            return Ok(());
        }
        Err(Error::from(ErrorCode::DeregistrationBlocked).blocked_by(blockers).into())
    }

    /// Tries the export out, tells the acquirer unless it was told, and goes on to the end.
    fn part(&mut self, ticket: Ticket, mut goodbye: Goodbye, now: Now) -> Result<Led, Trouble> {
        if let Some(sink) = &mut goodbye.export {
            try_out(&mut **sink).map_err(Error::from)?;
        }
        let stands = self.with_open(now, |_, open| Ok(fold::deregistration(open.engine.journal())?))?;
        if stands.is_some_and(|stands| stands.is_let_go) {
            return self.go(goodbye, now);
        }
        let statement = self.state_it(&goodbye, now)?;
        let text = ToldText::new(statement.text()).ok_or(ErrorCode::TillFailed)?;
        let telling = Telling { op: Op::Deregister, text, operator: Some(goodbye.by.to_string()) };
        self.tell_host(telling, Then::Deregistered(ticket, Box::new(goodbye)));
        Ok(Led::On)
    }

    /// The acquirer has let the till go, or not.
    pub(in crate::till) fn acquirer_said(
        &mut self,
        goodbye: Goodbye,
        result: Result<Told, Error>,
        now: Now,
    ) -> Result<Led, Trouble> {
        // Something may have come while it was asked.
        self.may_go(now)?;
        let line = match result {
            Ok(told) if told.approved => Some(self.signature_of(&told, now)?),
            Ok(told) => return Err(refused(&told).into()),
            // An acquirer without a message for it is told another way.
            Err(error) if error.code() == ErrorCode::OperationNotInDialect => None,
            Err(error) => return Err(error.into()),
        };
        self.acknowledged(goodbye, line.as_deref(), now)
    }

    /// The acquirer's signature below what it was told: by its own key, where the till knows it.
    fn signature_of(&self, told: &Told, now: Now) -> Result<String, Trouble> {
        let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
        let invalid = || Error::from(ErrorCode::HostAnswerInvalid).word("part", "signature");
        let stands = fold::deregistration(open.engine.journal())?.ok_or_else(invalid)?;
        let line = str::from_utf8(&told.text).map_err(|_| invalid())?;
        let signed = format!("{}{line}", stands.statement);
        let note = Note::parse(signed.as_bytes()).map_err(|_| invalid())?;
        if let Some(key) = &open.configuration.acquirer_key {
            let key = VerifierKey::parse(key).map_err(|_| invalid())?;
            note.verify(&[&key]).map_err(|_| invalid())?;
        }
        Ok(line.to_owned())
    }

    /// Records that it was asked for, with the statement that the acquirer will be told.
    fn state_it(&mut self, goodbye: &Goodbye, now: Now) -> Result<Note, Trouble> {
        self.with_open(now, |till, open| {
            let (terminal, merchant) =
                (open.configuration.terminal_id.to_string(), open.configuration.merchant_id.to_string());
            let journal = open.engine.journal_mut();
            let origin = journal.origin()?;
            let seed = till.seed(journal)?;
            let (head, signer) = (journal.head(), signer_of(&origin, &seed));
            let statement = Statement {
                terminal: &terminal,
                merchant: &merchant,
                journal: origin.as_str(),
                size: head.size,
                root: base64::encode(&head.root),
                signer: &signer,
                by: goodbye.by.as_str(),
                second: goodbye.second.as_ref().map(OperatorName::as_str),
                at: now.wall,
            };
            let note = journal.vouch(&statement.text())?;
            let wrapped = intent::wrap_seed(&*till.device_keys, &seed).map_err(Error::from)?;
            let side = SideWork::Keep { name: SEED_ROW.to_owned(), payload: SecretBytes::new(wrapped) };
            let body = json!({ "second": goodbye.second, "statement": note.to_string() });
            journal.append(events::deregistration_asked(&goodbye.by, body), side, now)?;
            Ok(note)
        })
    }

    /// The acquirer has said yes; or its dialect has no such message, and it is told another way.
    fn acknowledged(&mut self, goodbye: Goodbye, answer: Option<&str>, now: Now) -> Result<Led, Trouble> {
        self.with_open(now, |_, open| {
            let body = json!({ "second": goodbye.second, "acquirer": answer });
            let draft = events::deregistered(&goodbye.by, body);
            open.engine.journal_mut().append(draft, SideWork::None, now)?;
            Ok(())
        })?;
        self.go(goodbye, now)
    }

    /// Hands everything out, and erases. There is no till after this.
    fn go(&mut self, mut goodbye: Goodbye, now: Now) -> Result<Led, Trouble> {
        let stands = self.with_open(now, |_, open| Ok(fold::deregistration(open.engine.journal())?))?;
        let Some(stands) = stands else { return Err(ErrorCode::DeregistrationUnfinished.into()) };
        let exported_sha256 = match &mut goodbye.export {
            Some(sink) => Some(self.hand_out(&goodbye.by, &mut **sink, &stands, now)?),
            None => {
                self.sign_off(&goodbye.by, now)?;
                None
            }
        };
        let (intent, seed) = self.intend(&stands, exported_sha256.as_deref(), now)?;
        let certificate = self.erase(&intent, &seed, now)?;
        if let (Some(sink), Some(certificate)) = (&mut goodbye.export, &certificate) {
            // It lies where the till was as well.
            let _may_fail = sink.put(CERTIFICATE_FILE, certificate.as_bytes()).and_then(|()| sink.finish());
        }
        let is_acknowledged = stands.acquirer.is_some();
        let erased = Erased { certificate, exported_sha256, is_acknowledged };
        let over = Error::from(ErrorCode::NotProvisioned).word("why", "erased");
        Ok(Led::ToTheEnd(Reply::Erased(Box::new(erased)), over))
    }

    /// The last event and the last checkpoint.
    fn sign_off(&mut self, by: &OperatorName, now: Now) -> Result<String, Trouble> {
        self.with_open(now, |_, open| {
            let journal = open.engine.journal_mut();
            journal.append(events::erasing(by), SideWork::None, now)?;
            let note = journal.checkpoint(CheckpointReason::Deregistration, Some(by.to_string()), now)?;
            Ok(note.to_string())
        })
    }

    /// Everything that a merchant keeps. Gives the hash of the list of it.
    fn hand_out(
        &mut self,
        by: &OperatorName,
        sink: &mut dyn ExportSink,
        stands: &Deregistration,
        now: Now,
    ) -> Result<String, Trouble> {
        let checkpoint = self.sign_off(by, now)?;
        let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
        let journal = open.engine.journal();
        let mut handing = Handing::to(sink);
        handing.text("checkpoint.txt", &checkpoint)?;
        handing.text("public-key.txt", &journal.every_public_key()?)?;
        handing.text("deregistration.txt", &stands.whole())?;
        let zone = Zone::named(&open.configuration.time_zone).map_err(|_| ErrorCode::ConfigurationInvalid)?;
        handing.records(journal, &zone)?;
        handing.receipts(journal, &open.configuration)?;
        handing.events(journal)?;
        Ok(handing.finish()?)
    }

    /// What is to be erased, while it can still be asked.
    fn intend(
        &mut self,
        stands: &Deregistration,
        exported: Option<&str>,
        now: Now,
    ) -> Result<(Intent, Secret<32>), Trouble> {
        let mut keys = self.with_rows(|vault| vault.every_key())?;
        let ways_in = self.with_rows(|vault| vault.count_ways_in())?;
        let till_key = keys.pop();
        keys.push(freeze::mark::KEY.to_owned());
        keys.extend(self.with_open(now, |_, open| {
            let journal = open.engine.journal();
            Ok([journal.device_aliases()?, account::device_aliases(journal)?].concat())
        })?);
        keys.extend(till_key);
        let (keys, held) = self.held(keys)?;
        self.with_open(now, |till, open| {
            let (terminal, merchant) = (&open.configuration.terminal_id, &open.configuration.merchant_id);
            let journal = open.engine.journal_mut();
            let (origin, head) = (journal.origin()?, journal.head());
            let seed = till.seed(journal)?;
            let (size, root) = (head.size, base64::encode(&head.root));
            let intent = Intent {
                v: intent::VERSION,
                keys,
                held,
                ways_in,
                of: format!(
                    "terminal {terminal}\nmerchant {merchant}\njournal {origin}\nsize {size}\nroot {root}\n",
                    origin = origin.as_str()
                ),
                exported: match exported {
                    Some(sum) => format!("exported: sha256sums.txt with SHA-256 {sum}"),
                    None => "exported: nothing".to_owned(),
                },
                begun_ms: now.wall.0,
                statement: stands.whole(),
                signer: signer_name(&origin).as_str().to_owned(),
            };
            Ok((intent, seed))
        })
    }

    /// Those of these keys that are there, and how many they are. Of a sensor's own it is not known.
    fn held(&self, names: Vec<String>) -> Result<(Vec<String>, usize), Trouble> {
        let (mut keys, mut held) = (Vec::new(), 0);
        for alias in names {
            let is_there = self.device_keys.exists(&alias).map_err(Error::from)?;
            held += usize::from(is_there);
            if is_there || vault::is_sensors(&alias) {
                keys.push(alias);
            }
        }
        Ok((keys, held))
    }

    /// Takes everything down, writes the intent, and erases. Before the intent is durable nothing is gone.
    fn erase(&mut self, intent: &Intent, seed: &Secret<32>, now: Now) -> Result<Option<String>, Trouble> {
        let note = intent.seal(&*self.device_keys, seed).map_err(Error::from)?;
        self.take_down()?;
        let locked = match std::mem::replace(&mut self.at, At::Gone) {
            At::Closed { journal, .. } => journal,
            _ => return Err(Trouble::Over(ErrorCode::TillFailed.into())),
        };
        if let Err(error) = locked.write_erasure_note(&note).map_err(Trouble::from) {
            self.at = At::Closed { journal: locked, left: Left::SignedOut };
            // It may be there all the same: the next start knows.
            return Err(Trouble::Over(error.into_error()));
        }
        let (keys, biometric, faults) = (&*self.device_keys, self.sensor.as_deref(), &*self.faults);
        let work = Work { keys, biometric, faults, now };
        work.carry_out(Some(intent), &note, Place::Locked(locked)).map_err(Trouble::Over)
    }

    /// The seed of the key that will sign the certificate: the one that was made when this was asked for first.
    fn seed(&self, journal: &Journal) -> Result<Secret<32>, Trouble> {
        if let Some(wrapped) = journal.side_row(SEED_ROW)?
            && let Ok(seed) = intent::unwrap_seed(&*self.device_keys, wrapped.expose())
        {
            return Ok(seed);
        }
        let mut filled = Ok(());
        let seed = Secret::from_fn(|bytes| filled = self.entropy.fill(bytes));
        filled.map_err(Error::from)?;
        Ok(seed)
    }
}

fn is_deregistered_by_one(first: &OperatorName, second: &OperatorName) -> bool {
    planted!(DeregisteredByOne, return false);
    first == second
}

/// Why the acquirer keeps the till: what it has booked for it, or a code of its own.
fn refused(told: &Told) -> Error {
    let text = String::from_utf8_lossy(&told.text).into_owned();
    let balance = |line: &str| {
        let (currency, minor) = line.strip_prefix("balance ")?.split_once(' ')?;
        let (currency, minor) = (Currency::from_code(currency).ok()?, minor.parse::<i64>().ok()?);
        let sign = if minor < 0 { "-" } else { "" };
        let name = format!("{currency} {sign}{}", currency.digits_of(u128::from(minor.unsigned_abs())));
        Some(Blocker::new("host_balance", name).remedied_by("ask_acquirer"))
    };
    let blockers: Vec<Blocker> = text.lines().filter_map(balance).collect();
    if blockers.is_empty() {
        return Error::from(ErrorCode::HostRefused).with_host_code(&told.host_code);
    }
    Error::from(ErrorCode::DeregistrationBlocked).with_host_code(&told.host_code).blocked_by(blockers)
}

/// A stage's end as the answer to a wish.
fn answer(led: Led) -> Answer {
    match led {
        Led::On => Answer::Later,
        Led::To(reply) => Answer::Now(reply),
        Led::ToTheEnd(reply, over) => Answer::TheLast(reply, over),
    }
}

fn signer_name(origin: &KeyName) -> KeyName {
    KeyName::new(&format!("{}/erasure", origin.as_str())).expect("a journal's name is letters, digits and slashes")
}

fn signer_of(origin: &KeyName, seed: &Secret<32>) -> VerifierKey {
    VerifierKey::of_seed(signer_name(origin), seed)
}

/// The side row of the seed.
const SEED_ROW: &str = "erasure/seed";
const CERTIFICATE_FILE: &str = "certificate.txt";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::HostCode;

    #[test]
    fn the_acquirers_balance_is_named_and_anything_else_is_its_code() {
        for (text, verdict) in [
            ("balance CNY 1230\n", "deregistration_blocked host_balance=CNY 12.30"),
            ("balance CNY -500\nbalance JPY 7\n", "deregistration_blocked host_balance=CNY -5.00 host_balance=JPY 7"),
            ("balance XXQ 1\n", "host_refused"),
            ("balance CNY 4761739001010119000000\n", "host_refused"),
            ("not now", "host_refused"),
            ("", "host_refused"),
        ] {
            let host_code = HostCode::new("40").unwrap();
            let told = Told { approved: false, host_code, text: text.as_bytes().to_vec() };
            assert_eq!(refused(&told).to_string(), verdict, "{text}");
        }
    }
}
