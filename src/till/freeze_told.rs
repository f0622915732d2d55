//! The acquirer and a freeze: it is told of one and of its end until it has said that it knows, and its own is obeyed.
//!
//! What is owed stands in the record, so a restart forgets nothing; a host that cannot be reached, or refuses to hear it,
//! is told again, ever more rarely. Nobody at the till meets a busy line for it: what a person wishes meanwhile, up to a
//! few wishes, waits for the end of the news, and is done before they are told again. An acquirer whose dialect has no
//! word for it is not told, and the record says so. A release that the host repeats from before is not taken for one of a
//! freeze that it has not heard of yet.
//!
//! It never thaws a till by itself. Evidence: `tests/incident_freeze.rs` for refusals and for wishes that wait,
//! `tests/incident_sales.rs`, `sandbox/tests/till_incident.rs`.

use serde_json::json;

use crate::acquirer::{HostMark, Telling, Told, ToldText};
use crate::clock::{MonoMs, Now};
use crate::error::{Error, ErrorCode};
use crate::incident::freeze::{FreezeView, FrozenFrom, Owed, Released, record};
use crate::iso8583::Op;
use crate::journal::{Journal, JournalError, SideWork};
use crate::till::exchange::Ask;
use crate::till::record::Trouble;
use crate::till::tell::Then;
use crate::till::{At, Till};

/// What the acquirer is to be told of a freeze, and when it is tried next.
pub(super) struct FreezeCare {
    owed: Option<Owed>,
    next: MonoMs,
    wait_ms: u64,
    is_under_way: bool,
}

impl FreezeCare {
    /// As the record says.
    pub fn of(journal: &Journal, now: Now) -> Result<Self, JournalError> {
        Ok(Self { owed: record::owed(journal)?, next: now.mono, wait_ms: WAIT_FIRST_MS, is_under_way: false })
    }

    /// A telling is over. The wait for the next counts from its end: a silent host makes a telling longer than the wait.
    fn rest(&mut self, now: Now) {
        self.is_under_way = false;
        self.next = now.mono.after_ms(self.wait_ms);
        self.wait_ms = (self.wait_ms * 2).min(WAIT_MAX_MS);
    }

    /// When the host is told next.
    pub fn next_try(&self) -> Option<MonoMs> {
        (self.owed.is_some() && !self.is_under_way).then_some(self.next)
    }
}

impl Till {
    /// What is owed to the acquirer may have changed.
    pub(super) fn look_at_what_is_owed(&mut self, now: Now) -> Result<(), Trouble> {
        if let At::Open(open) = &mut self.at {
            let is_under_way = open.freeze_care.is_under_way;
            open.freeze_care = FreezeCare { is_under_way, ..FreezeCare::of(open.engine.journal(), now)? };
        }
        Ok(())
    }

    /// Tells the acquirer what it has yet to be told, when its time has come.
    pub(super) fn tell_of_the_freeze(&mut self, now: Now) -> Result<(), Trouble> {
        planted!(FreezeNotTold, return Ok(()));
        let At::Open(open) = &mut self.at else { return Ok(()) };
        let is_early = open.freeze_care.next_try().is_none_or(|at| at > now.mono);
        if is_early || open.engine.is_occupied() || self.flow.as_ref().is_some_and(|flow| !flow.is_at_the_platform()) {
            return Ok(());
        }
        let Some(owed) = open.freeze_care.owed else { return Ok(()) };
        let care = &mut open.freeze_care;
        care.is_under_way = true;
        let journal = open.engine.journal();
        let text = match owed {
            Owed::Freeze => {
                record::standing(journal)?.map(|kept| json!({ "freeze": kept.view, "event": kept.sequence }))
            }
            Owed::Release => Some(json!({ "released": true, "event": journal.head().size })),
        };
        let text = ToldText::new(text.unwrap_or_default().to_string()).expect("a freeze is said in a few words");
        let op = if owed == Owed::Freeze { Op::Freeze } else { Op::Release };
        self.tell_host(Telling { op, text, operator: None }, Then::Freeze(owed));
        self.go_on_telling(now)
    }

    /// Whether a wish would find the line taken by news that nobody at the till has asked to be told. One wish too many
    /// finds it taken.
    pub(super) fn waits_for_the_news(&self, ask: &Ask) -> bool {
        self.tellings.is_of_a_freeze()
            && matches!(self.at, At::Open(_))
            && ask.takes_the_line()
            && self.put_off.len() < PUT_OFF_MAX
    }

    /// Takes up what waited for the news to be told, or for nobody to be there any more.
    pub(super) fn take_up_wishes(&mut self, now: Now) -> Result<(), Trouble> {
        while self.stopped.is_none()
            && !self.tellings.is_of_a_freeze()
            && let Some((ticket, ask)) = self.put_off.pop_front()
        {
            self.ask(ticket, ask, now)?;
        }
        Ok(())
    }

    /// The acquirer has said something to it, or could not be reached.
    pub(super) fn told_of_freeze(&mut self, of: Owed, result: Result<Told, Error>, now: Now) -> Result<(), Trouble> {
        let At::Open(open) = &mut self.at else { return Ok(()) };
        open.freeze_care.rest(now);
        let said = match &result {
            Ok(told) if told.approved => told.host_code.as_str(),
            Err(error) if error.code() == ErrorCode::OperationNotInDialect => "not_in_dialect",
            // An acquirer that refuses to hear it does not know it: it is told again.
            Ok(_) | Err(_) => return Ok(()),
        };
        match open.engine.journal_mut().append(record::told(of, said), SideWork::None, now).map_err(Trouble::from) {
            Ok(_) => self.look_at_what_is_owed(now),
            // It is told again.
            Err(Trouble::Refused(_)) => Ok(()),
            Err(over) => Err(over),
        }
    }

    /// The acquirer holds this till, or has let it go. It says so in every answer; the second time nothing happens.
    pub(super) fn obey_the_host(&mut self, mark: HostMark, now: Now) -> Result<(), Trouble> {
        let At::Open(open) = &self.at else { return Ok(()) };
        let is_news_to_it = open.freeze_care.owed == Some(Owed::Freeze);
        match mark {
            HostMark::Freeze => {
                let (since_ms, from) = (Some(now.wall), FrozenFrom::Host);
                self.freeze_now(FreezeView { since_ms, by: None, reason: None, from }, now)
            }
            HostMark::Release if is_news_to_it => Ok(()),
            HostMark::Release => self.release_now(&Released::Host, now),
        }
    }
}

/// How long after a host that could not be told the host is told again, in milliseconds.
const WAIT_FIRST_MS: u64 = 1_000;
const WAIT_MAX_MS: u64 = 60_000;
/// How many wishes wait for the end of the news.
const PUT_OFF_MAX: usize = 8;
