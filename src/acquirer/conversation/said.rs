//! What goes out over a line: a sign-on or an echo first, then the request that is queued.
//!
//! A payment's bytes are handed over only when its record is synced, and none leaves over a line on which the host has
//! not shown that it has the same keys.
//!
//! It never lets a payment be the first message of a connection. Evidence: `acquirer/conversation/tests.rs`.

use zeroize::Zeroizing;

use crate::acquirer::conversation::{CONTROL_STAN_FIRST, Conversation, Request};
use crate::acquirer::delivery::{Delivery, NotSentCause, Step, SyncReason};
use crate::acquirer::envelope::{self};
use crate::acquirer::keys::KeySet;
use crate::acquirer::link::LinkFault;
use crate::acquirer::state::{Exchange, Line, State};
use crate::clock::{MonoMs, Now, WallMs};
use crate::ids::Stan;
use crate::iso8583::{Op, Side, ValueName, Values};

impl Conversation {
    /// Packs a request, or signs on before it where that is due.
    pub(super) fn leave_with(&mut self, line: Line, request: Request, now: Now) {
        if !self.requests_are_admitted {
            self.queued = Some(request);
            return self.hang_up(NotSentCause::Link(LinkFault::NetworkRefused));
        }
        if self.sign_on_is_due() {
            self.queued = Some(request);
            return self.greet(line, Op::SignOn, now);
        }
        if request.op == Op::RenewCertificate && !self.certificates_are_admitted() {
            self.become_ready(line, now);
            return self.deliver(Delivery::NotSent(NotSentCause::Link(LinkFault::NetworkRefusedForKeys)));
        }
        let Request { op, stan, mut values, is_repeat } = request;
        self.fill_in(&mut values, now);
        let key = self.keys.as_ref().map(KeySet::mac_key);
        let sealed = if is_repeat {
            envelope::seal_repeat(&self.dialect, op, &values, key)
        } else {
            envelope::seal(&self.dialect, op, Side::Request, &values, key)
        };
        match sealed {
            Ok(frame) => {
                let (flight, frame) = (Exchange::packed(op, stan, values), Zeroizing::new(frame));
                self.state = State::Unsynced { line, flight, frame };
                self.said.push_back(Step::Sync(SyncReason::BeforeSend { op, stan }));
            }
            Err(_) => {
                self.become_ready(line, now);
                self.deliver(Delivery::NotSent(NotSentCause::Unpackable));
            }
        }
    }

    /// A certificate is a key.
    pub(super) fn certificates_are_admitted(&self) -> bool {
        planted!(CertificateOverRefused, return true);
        self.keys_are_admitted
    }

    /// A run that ended between the host's sign-on answer and the journal left the two with different keys: kept
    /// keys are not trusted before the host has shown in this run that it has the same.
    pub(super) fn sign_on_is_due(&self) -> bool {
        (self.sign_on_demanded || !self.keys_are_proven) && self.dialect.row(Op::SignOn).is_some()
    }

    /// Makes the connection prove itself with an echo or a sign-on.
    pub(super) fn greet(&mut self, line: Line, op: Op, now: Now) {
        if op == Op::SignOn && !self.keys_are_admitted {
            return self.hang_up(NotSentCause::Link(LinkFault::NetworkRefusedForKeys));
        }
        let stan = self.control_stan;
        // Round the small range again rather than down into the payments' numbers.
        self.control_stan = Stan::new(CONTROL_STAN_FIRST).map_or(stan, |first| stan.next().max(first));
        let mut values = Values::new();
        values.set_number(ValueName::Stan, stan.number().into());
        values.set_number(ValueName::Batch, self.batch.number().into());
        self.fill_in(&mut values, now);
        let key = self.keys.as_ref().map(KeySet::mac_key);
        match envelope::seal(&self.dialect, op, Side::Request, &values, key) {
            Ok(frame) => {
                let (control, frame) = (Exchange::packed(op, stan, values), Zeroizing::new(frame));
                self.state = State::Greeting { line, control, frame };
            }
            Err(_) => self.hang_up(NotSentCause::Unpackable),
        }
    }

    pub(super) fn fill_in(&self, values: &mut Values, now: Now) {
        let mut missing = |name, value: &str| {
            if values.get(name).is_none() {
                values.set(name, value);
            }
        };
        missing(ValueName::TerminalId, self.terminal.as_str());
        missing(ValueName::MerchantId, self.merchant.as_str());
        missing(ValueName::TransmissionDateTime, &utc_stamp(now.wall));
    }

    pub(super) fn answer_by(&self, op: Op, now: Now) -> MonoMs {
        // A message without a row cannot be sealed, so there is one here; no time at all is the safe reading.
        now.mono.after_ms(self.dialect.row(op).map_or(0, |row| row.timeout_ms()))
    }
}

/// `MMDDhhmmss` in UTC (ISO 8583-1:1987, field 7). A clock beyond the calendar stands at its end: a message without
/// a time could not be packed, and a reversal that cannot be packed is given up.
fn utc_stamp(wall: WallMs) -> String {
    let end = if wall.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
    let at = jiff::Timestamp::from_millisecond(wall.0).unwrap_or(end).to_zoned(jiff::tz::TimeZone::UTC);
    format!("{:02}{:02}{:02}{:02}{:02}", at.month(), at.day(), at.hour(), at.minute(), at.second())
}
