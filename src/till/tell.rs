//! What the till tells its host besides payments, one text after another, and who goes on when the host has answered.
//!
//! A text waits until nothing else is done with the host. Whoever tells says what is to follow ([`Then`]); that is done
//! as soon as the answer is there, or the reason why there is none. A text that waits when the till is locked is not told.
//! What the host says of the till beside its answers is heard here too.
//!
//! It never decides what is told. Evidence: `tests/payment_errands.rs`, `tests/network.rs`.

use std::collections::VecDeque;

use crate::acquirer::{HostMark, Telling, Told};
use crate::clock::Now;
use crate::error::Error;
use crate::incident::freeze::Owed;
use crate::payment::{self, Reply as Paid, Ticket};
use crate::till::certificate::CertificateRenewal;
use crate::till::incident::Reporting;
use crate::till::leaving::Goodbye;
use crate::till::record::Trouble;
use crate::till::{At, Till};

/// What follows when the host has answered.
pub(super) enum Then {
    /// The certificate that it gave is taken.
    Certificate(CertificateRenewal),
    /// The till goes, or does not: whoever waits is told.
    Deregistered(Ticket, Box<Goodbye>),
    /// The acquirer knows of a freeze, or of its end.
    Freeze(Owed),
    /// The acquirer's number of a loss is kept.
    Loss(Reporting),
}

/// What is to be told, and what has been said.
#[derive(Default)]
pub(super) struct Tellings {
    waiting: VecDeque<(Telling, Then)>,
    under_way: Option<Then>,
    answer: Option<Result<Told, Error>>,
    marks: Vec<HostMark>,
    words: Vec<Vec<u8>>,
}

impl Tellings {
    /// Whether what is being told is told in nobody's name: nobody waits for it.
    pub fn is_of_nobody(&self) -> bool {
        match &self.under_way {
            Some(Then::Certificate(renewal)) => renewal.ticket.is_none(),
            Some(Then::Freeze(_)) => true,
            Some(Then::Deregistered(..) | Then::Loss(_)) | None => false,
        }
    }

    /// Whether it is news of a freeze.
    pub fn is_of_a_freeze(&self) -> bool {
        matches!(self.under_way, Some(Then::Freeze(_)))
    }
}

impl Till {
    /// What was told in nobody's name is told another time.
    pub(super) fn put_off_own_telling(&mut self) {
        if self.tellings.is_of_nobody() {
            self.tellings.under_way = None;
        }
    }

    /// Has the host told this as soon as nothing else is done with it.
    pub(super) fn tell_host(&mut self, telling: Telling, then: Then) {
        self.tellings.waiting.push_back((telling, then));
    }

    /// Takes an output that is nobody's but the till's. Gives back one that is a caller's.
    pub(super) fn keep_own(&mut self, output: payment::Output) -> Option<payment::Output> {
        match output {
            payment::Output::Marked(mark) => self.tellings.marks.push(mark),
            payment::Output::Word(text) => self.tellings.words.push(text),
            payment::Output::Tell { ticket: Ticket::OWN, result } => {
                self.tellings.answer = Some(result.map(|reply| match reply {
                    Paid::Told(told) => told,
                    _ => unreachable!("the engine answers a telling with what was told"),
                }));
            }
            other => return Some(other),
        }
        None
    }

    /// Goes on with what was told, and tells the next.
    pub(super) fn go_on_telling(&mut self, now: Now) -> Result<(), Trouble> {
        for mark in std::mem::take(&mut self.tellings.marks) {
            self.host_marked(mark, now)?;
        }
        for word in std::mem::take(&mut self.tellings.words) {
            self.word_came(&word, now)?;
        }
        loop {
            if let Some(result) = self.tellings.answer.take()
                && let Some(then) = self.tellings.under_way.take()
            {
                self.told(then, result, now)?;
            }
            let may_tell = match &self.at {
                At::Open(open) => !open.engine.is_occupied(),
                _ => true,
            };
            if self.tellings.under_way.is_some() || !may_tell {
                return Ok(());
            }
            let Some((telling, then)) = self.tellings.waiting.pop_front() else { return Ok(()) };
            if matches!(self.at, At::Open(_)) {
                self.tellings.under_way = Some(then);
                self.pay(payment::Input::Tell { ticket: Ticket::OWN, telling }, now)?;
            } else {
                let error = self.shut(now);
                self.told(then, Err(error), now)?;
            }
        }
    }

    /// What follows.
    fn told(&mut self, then: Then, result: Result<Told, Error>, now: Now) -> Result<(), Trouble> {
        match then {
            Then::Certificate(renewal) => self.certificate_came(renewal, result, now),
            Then::Deregistered(ticket, goodbye) => {
                let led = self.acquirer_said(*goodbye, result, now);
                self.led(ticket, led)
            }
            Then::Freeze(of) => self.told_of_freeze(of, result, now),
            Then::Loss(reporting) => self.loss_told(reporting, result, now),
        }
    }

    /// Whoever waits for a telling, when the run ends.
    pub(super) fn abandon_tellings(&mut self) -> Vec<Ticket> {
        let Tellings { waiting, under_way, .. } = std::mem::take(&mut self.tellings);
        let all = waiting.into_iter().map(|(_, then)| then).chain(under_way);
        all.filter_map(|then| match then {
            Then::Certificate(renewal) => renewal.ticket,
            Then::Deregistered(ticket, _) => Some(ticket),
            Then::Freeze(_) => None,
            Then::Loss(reporting) => Some(reporting.ticket),
        })
        .collect()
    }
}
