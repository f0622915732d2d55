//! What our record says of whatever a line names, and how the line differs from it. Evidence: `tests/statement_check.rs`.

use crate::ids::{AttemptId, RefundId};
use crate::journal::{Journal, JournalError};
use crate::money::Amount;
use crate::payment::books::Booked;
use crate::settlement::statement::check::find::Named;
use crate::settlement::statement::check::standing::{self, Standing};
use crate::settlement::statement::{Day, Difference, DifferenceKind as Kind, Line, Remedy, Why, sessions};

/// A sale or a refund of ours.
pub(super) struct Ours {
    attempt: AttemptId,
    refund: Option<RefundId>,
    /// Of a sale: its last void.
    pub void: Option<AttemptId>,
    sequence: u64,
    pub opened_at: u64,
    amount: Amount,
    /// What it is worth to the merchant as it stands.
    worth: i64,
    /// The host's first and last day of it.
    pub days: Option<(Day, Day)>,
}

/// What a line is found to be.
pub(super) enum Verdict {
    Fits(Line),
    /// It takes back what was taken back, on whatever day.
    TakesBack(Line),
    /// Nothing to say of it now.
    Waits,
    Differs(Box<Difference>),
}

impl Ours {
    pub fn of(named: &Named) -> Self {
        match named {
            Named::Sale(booked) | Named::Void(booked) => Self {
                attempt: booked.view.attempt.clone(),
                refund: None,
                void: booked.view.void.as_ref().map(|void| void.attempt.clone()),
                sequence: booked.view.journal.sequence,
                opened_at: booked.opened_at,
                amount: booked.view.amount,
                worth: if Standing::of(&booked.view) == Standing::Charged { minor(booked.view.amount) } else { 0 },
                days: our_day(booked).map(|day| (day, day)),
            },
            Named::Refund(refund) => Self {
                attempt: refund.view.attempt.clone(),
                refund: Some(refund.view.refund.clone()),
                void: None,
                sequence: refund.view.journal.sequence,
                opened_at: refund.opened_at,
                amount: refund.view.amount,
                worth: if standing::of_refund(&refund.view).is_ok() { -minor(refund.view.amount) } else { 0 },
                days: refund
                    .sent_on
                    .as_ref()
                    .and_then(|(first, last)| Some((Day::from_iso(first)?, Day::from_iso(last)?))),
            },
        }
    }

    /// The amount itself, as a gain.
    pub fn gain(&self) -> i64 {
        minor(self.amount)
    }

    /// Compares direction, amount and currency.
    pub fn same_amount(&self, line: Line, expected: i64) -> Verdict {
        let same_currency = line.currency == self.amount.currency();
        // A fee takes a part: what is left goes the same way.
        let is_part = line.amount_minor.signum() == expected.signum() && line.amount_minor != 0;
        let kept_back =
            is_part && line.fee_minor.is_some_and(|fee| line.amount_minor.checked_add(fee) == Some(expected));
        if same_currency && line.amount_minor == expected {
            return Verdict::Fits(line);
        }
        let (kind, why, remedy) = if same_currency && line.amount_minor == -expected {
            (Kind::WrongSign, None, Remedy::AskToCorrectTheSign)
        } else if same_currency && kept_back {
            (Kind::Fee, Some(Why::KeptBack), Remedy::CompareTheContract)
        } else {
            (Kind::Amount, None, Remedy::CompareTheReceipt)
        };
        self.differs(kind, why, remedy, line)
    }

    /// Whose it is, and on which day: what is looked at when the money is right.
    pub fn in_time(&self, journal: &Journal, line: Line) -> Result<Option<Difference>, JournalError> {
        let name = self.refund.as_ref().map_or(self.attempt.as_str(), RefundId::as_str);
        let line = match self.by_whom(journal, Some(name), line)? {
            Ok(line) => line,
            Err(difference) => return Ok(Some(difference)),
        };
        let Some((first, last)) = self.days else { return Ok(None) };
        let late = if line.is_booking_date { BOOKED_LATE_DAYS_MAX } else { 0 };
        let fits = (first..=last.plus(late)).contains(&line.date);
        Ok((!fits).then(|| self.finding(Kind::WrongDay, None, Remedy::AskWhyThatDay).on(line)))
    }

    /// Whether whoever opened what goes by this name was signed in. A reversal has none: it is nobody's own doing.
    pub fn by_whom(
        &self,
        journal: &Journal,
        name: Option<&str>,
        line: Line,
    ) -> Result<Result<Line, Difference>, JournalError> {
        let is_outside = name.map(|name| sessions::is_outside(journal, name)).transpose()?.unwrap_or(false);
        let finding = || self.finding(Kind::NotMine, Some(Why::OperatorNotSignedIn), Remedy::LookAtTheOperators);
        Ok(if is_outside { Err(finding().on(line)) } else { Ok(line) })
    }

    pub fn differs(&self, kind: Kind, why: Option<Why>, remedy: Remedy, line: Line) -> Verdict {
        Verdict::Differs(Box::new(self.finding(kind, why, remedy).on(line)))
    }

    /// A line that goes the other way than the payment: wrong round where it is the only one, and otherwise beside it.
    pub fn turned(&self, line: Line, beside: Option<(Why, Remedy)>) -> Difference {
        match beside {
            Some((why, remedy)) => self.finding(Kind::Unexpected, Some(why), remedy).on(line),
            None if line.currency == self.amount.currency() => {
                self.finding(Kind::WrongSign, None, Remedy::AskToCorrectTheSign).on(line)
            }
            None => self.finding(Kind::Amount, None, Remedy::CompareTheReceipt).on(line),
        }
    }

    pub fn missing(&self, why: Why, remedy: Remedy) -> Difference {
        self.finding(Kind::Missing, Some(why), remedy)
    }

    pub fn finding(&self, kind: Kind, why: Option<Why>, remedy: Remedy) -> Difference {
        Difference {
            attempt: Some(self.attempt.clone()),
            refund: self.refund.clone(),
            sequence: Some(self.sequence),
            ours_minor: Some(self.worth),
            our_date: self.days.map(|(first, _)| first),
            ..found(kind, why, remedy)
        }
    }
}

/// A finding that is about nothing of ours.
pub(super) fn of_nothing(kind: Kind, why: Why, remedy: Remedy) -> Difference {
    found(kind, Some(why), remedy)
}

fn found(kind: Kind, why: Option<Why>, remedy: Remedy) -> Difference {
    Difference {
        kind,
        why,
        line: None,
        attempt: None,
        refund: None,
        sequence: None,
        ours_minor: None,
        our_date: None,
        remedy,
    }
}

impl Difference {
    pub(super) fn on(self, line: Line) -> Self {
        Self { line: Some(line), ..self }
    }
}

pub(super) fn our_day(booked: &Booked) -> Option<Day> {
    booked.host_day.as_deref().and_then(Day::from_iso)
}

fn minor(amount: Amount) -> i64 {
    i64::try_from(amount.minor()).expect("an amount has twelve digits")
}

/// How long after a payment a bank may book it: a long holiday and a weekend.
pub(super) const BOOKED_LATE_DAYS_MAX: u32 = 10;
