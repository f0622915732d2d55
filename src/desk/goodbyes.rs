//! What is asked of the till on its last days and its bad ones: leaving, deregistering, losses, evidence, the network.
//!
//! What is handed out goes to the place that the shell has lent, file by file, and the screens hear how far it has come.
//!
//! It never keeps a place or what was typed. Evidence: `tests/desk_goodbyes.rs`.

use crate::account::WrittenReason;
use crate::clock::WallMs;
use crate::desk::people::Typed;
use crate::desk::run::Message;
use crate::error::{Error, ErrorCode};
use crate::incident::evidence::{Bundle, Preview, Recipient, Scope};
use crate::incident::loss::{self, LossReport};
use crate::ports::{Clock, ExportFault, ExportSink};
use crate::receipt::Zone;
use crate::screen::{Effect, Event, FieldName};
use crate::settlement::statement::Day;
use crate::terminal::Terminal;
use crate::text::Language;

/// Where records are handed out to, lent by the shell.
pub(super) type Place = Box<dyn ExportSink>;

/// Somebody who hears of events meanwhile.
pub(super) type Tell = Box<dyn Fn(Event) + Send>;

/// One question of these.
pub(super) struct Question<'a> {
    pub terminal: &'a Terminal,
    pub clock: &'a dyn Clock,
    pub typed: Typed,
    pub place: Option<Place>,
    pub tell: Tell,
}

/// Whether this is asked here.
pub(super) fn is_theirs(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::FetchChecklist
            | Effect::Leave
            | Effect::ForceLeave
            | Effect::Settle
            | Effect::FetchStatement
            | Effect::CheckStatement
            | Effect::Deregister
            | Effect::FetchLoss { .. }
            | Effect::SendLoss { .. }
            | Effect::HandOutLoss { .. }
            | Effect::RenewPasswords
            | Effect::PreviewEvidence { .. }
            | Effect::Disclose { .. }
            | Effect::FetchNetwork
            | Effect::ReadMessage
    )
}

impl Question<'_> {
    /// Its answer.
    pub fn answer(mut self, effect: &Effect) -> Result<Message, Error> {
        let terminal = self.terminal;
        Ok(Message::Event(match effect {
            Effect::FetchChecklist => Event::Checklist(Box::new(terminal.exit_checklist()?)),
            Effect::Leave => self.leave(None)?,
            Effect::ForceLeave => {
                let reason = WrittenReason::new(&self.typed.text(FieldName::Reason))?;
                self.leave(Some(reason))?
            }
            Effect::Settle => {
                terminal.settle()?;
                Event::Settled
            }
            Effect::FetchStatement => Event::Statement(terminal.last_statement_check()?.map(Box::new)),
            Effect::CheckStatement => self.check_statement()?,
            Effect::Deregister => self.deregister()?,
            Effect::FetchLoss { days } => {
                let from = days.map(|days| WallMs(self.clock.now().wall.0 - i64::from(days) * DAY_MS));
                Event::Loss(Box::new(terminal.report_loss(from, None, false)?))
            }
            Effect::SendLoss { from, to } => {
                Event::Loss(Box::new(terminal.report_loss(Some(*from), Some(*to), true)?))
            }
            Effect::HandOutLoss { report, language } => hand_out_loss(&mut *self.place()?, report, *language)?,
            Effect::RenewPasswords => {
                terminal.renew_passwords()?;
                Event::Renewed { who: terminal.till_state()? }
            }
            Effect::PreviewEvidence { of } => {
                let scope = match of {
                    Some(attempt) => Scope::Attempt { attempt: attempt.clone() },
                    None => self.incident()?,
                };
                Event::Evidence(Box::new(terminal.preview_evidence(&scope)?))
            }
            Effect::Disclose { preview, language } => self.disclose(preview, *language)?,
            Effect::FetchNetwork => Event::Network(Box::new(terminal.network()?)),
            Effect::ReadMessage => {
                let text = self.typed.text(FieldName::Message);
                Event::Message(Box::new(terminal.read_message(text.as_bytes())?))
            }
            _ => unreachable!("asked elsewhere: no goodbye and no incident"),
        }))
    }

    fn leave(&self, force: Option<WrittenReason>) -> Result<Event, Error> {
        let view = self.terminal.exit(force)?;
        Ok(Event::Left { who: self.terminal.till_state()?, view: Box::new(view) })
    }

    /// Holds the acquirer's own statement against the record: from the last day that one was looked at, or a week back.
    fn check_statement(&self) -> Result<Event, Error> {
        let today = self.today()?;
        let last = self.terminal.last_statement_check()?.and_then(|last| last.to);
        let from = last.filter(|day| *day <= today).unwrap_or(today.minus(DAYS_BACK));
        let from = from.max(today.minus(DAYS_BACK_MAX));
        let summary = self.terminal.check_statement_of_host(from, today, &mut drop)?;
        Ok(Event::Statement(Some(Box::new(summary))))
    }

    fn today(&self) -> Result<Day, Error> {
        let zone =
            Zone::named(&self.terminal.configuration()?.time_zone).map_err(|_| ErrorCode::ConfigurationInvalid)?;
        Day::from_iso(&zone.date(self.clock.now().wall)).ok_or_else(|| ErrorCode::DeviceClockWrong.into())
    }

    fn deregister(mut self) -> Result<Event, Error> {
        let second = match self.typed.text(FieldName::Operator).trim().is_empty() {
            true => None,
            false => Some((self.typed.operator()?, self.typed.take(FieldName::Password))),
        };
        let tell = self.tell;
        let export = self.place.take().map(|inner| Box::new(Heard { inner, tell, file: None }) as Place);
        Ok(Event::Erased(Box::new(self.terminal.deregister(second, export)?)))
    }

    /// Everything from the day before the freeze, or before now, until now.
    fn incident(&self) -> Result<Scope, Error> {
        let now = self.clock.now().wall;
        let since = self.terminal.till_state()?.frozen.and_then(|freeze| freeze.since_ms).unwrap_or(now);
        Ok(Scope::Incident { from_ms: WallMs(since.min(now).0 - DAY_MS), to_ms: WallMs(now.0 + 1) })
    }

    /// One archive, named after what it is of. Whoever is signed in has agreed.
    fn disclose(mut self, preview: &Preview, language: Language) -> Result<Event, Error> {
        let to = self.typed.text(FieldName::Recipient);
        let to = Some(to.trim()).filter(|to| !to.is_empty()).map(Recipient::new).transpose()?;
        let mut place = self.place()?;
        // Nothing is agreed to that has nowhere to go: a file of no bytes is begun before.
        place.put(EVIDENCE_FILE, &[])?;
        let mut bundle = Bundle::default();
        let files = self
            .terminal
            .disclose_evidence(preview.clone(), to, language, &mut |file| Ok(bundle.add(&file.name, file.contents)?))?;
        place.put(EVIDENCE_FILE, &bundle.to_archive()?)?;
        place.finish()?;
        Ok(Event::Disclosed { files })
    }

    fn place(&mut self) -> Result<Place, Error> {
        self.place.take().ok_or_else(|| ExportFault::Failed.into())
    }
}

fn hand_out_loss(place: &mut dyn ExportSink, report: &LossReport, language: Language) -> Result<Event, Error> {
    place.put("loss-report.txt", loss::print(report, language).as_bytes())?;
    place.put("loss-report.html", loss::html(report, language).as_bytes())?;
    place.put("loss-report.json", report.json_within(usize::MAX).as_bytes())?;
    place.finish()?;
    Ok(Event::HandedOut)
}

/// A place whose files are heard of as they begin.
struct Heard {
    inner: Place,
    tell: Tell,
    file: Option<String>,
}

impl ExportSink for Heard {
    fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), ExportFault> {
        if self.file.as_deref() != Some(name) {
            // The first of them tries the place out, before the acquirer is told.
            if self.file.is_some() && name != CERTIFICATE_FILE {
                (self.tell)(Event::HandingOut { file: name.to_owned() });
            }
            self.file = Some(name.to_owned());
        }
        self.inner.put(name, bytes)
    }

    fn finish(&mut self) -> Result<(), ExportFault> {
        self.inner.finish()?;
        if self.file.as_deref() == Some(LIST_FILE) {
            (self.tell)(Event::AllHandedOut);
        }
        Ok(())
    }
}

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// From how many days back a statement is wanted that is the first.
const DAYS_BACK: u32 = 7;
/// How many days back a host is asked at most.
const DAYS_BACK_MAX: u32 = 31;
const EVIDENCE_FILE: &str = "evidence.zip";
/// The list of every other file is handed out last.
const LIST_FILE: &str = "sha256sums.txt";
const CERTIFICATE_FILE: &str = "certificate.txt";
