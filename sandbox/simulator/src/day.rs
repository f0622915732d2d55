//! Plays a schedule from the morning to the evening, and hands what was seen to the auditor.
//!
//! In the evening everything is well: the host listens, the disk has room, a supervisor is signed in. Every debt has
//! its time; then the books are compared. The same schedule and seed give the same bytes.
//!
//! A step about something that there is not (the third refund of two) is no step; a shorter day has such steps. It never
//! looks at the till but by asking it. Evidence: `sandbox/simulator/tests/same_bytes.rs`.

use std::collections::BTreeMap;

use taptill::account::WrittenReason;
use taptill::ids::{AttemptId, BatchNo, RefundId};
use taptill::journal::{JournalPorts, LockedJournal};
use taptill::money::{Amount, Currency};
use taptill::payment::{
    BatchDecision, Decision, ListQuery, ReceiptCopy, RefundOf, RefundQuery, RefundRequest, RejectionReason, SaleOrder,
    VoidOrder,
};
use taptill::secret::SecretBytes;
use taptill::till::{self, Ask};
use taptill::vault::{Vault, Who as Name};
use taptill_crashfs::Files;

use crate::audit;
use crate::calendar::until_midnight_ms;
use crate::goodbye::Folder;
use crate::keys::KeyRing;
use crate::people::People;
use crate::schedule::{Action, Card, FAREWELL, Fault, Step, Then, Who, Word};
use crate::shop::Shop;
use crate::stage::{self, Place, hashed};
use crate::trace::Trace;

/// How a day ended.
pub struct Outcome {
    /// What the auditor found, a sentence each.
    pub findings: Vec<String>,
    /// What became of everything, counted.
    pub ends: BTreeMap<String, u64>,
    /// One hash over all that happened.
    pub hash: String,
    /// What happened, where that was asked for.
    pub lines: Vec<String>,
}

/// Plays these steps at the till of this seed.
pub(crate) fn play(place: &Place, seed: u64, steps: &[Step], mistake: Option<&str>, keeps_lines: bool) -> Outcome {
    let template = stage::template(stage::dialect_of(seed));
    let has_power_cuts =
        steps.iter().flat_map(|step| &step.faults).any(|fault| matches!(fault, Fault::Kill { power: Some(_), .. }));
    let trace = Trace::new(keeps_lines);
    let mut shop = Shop::open_up(place, &template, seed, has_power_cuts, trace);
    shop.host.counter.books_late_originals = mistake == Some(HOST_BOOKS_LATE);
    shop.host.counter.closes_again = mistake == Some(HOST_CLOSES_TWICE);
    let (folder, people) = (Folder::default(), People::default());
    let mut day = Day { amounts: BTreeMap::new(), refunds: Vec::new(), people, folder, before: None, shop };
    day.shop.see_that_it_is_open();
    for step in steps {
        day.step(step);
    }
    day.evening();
    day.end()
}

/// A mistake of the host's own, by which the auditor is tried.
pub(crate) const HOST_BOOKS_LATE: &str = "host_books_an_original_after_its_reversal";

/// Another.
pub(crate) const HOST_CLOSES_TWICE: &str = "host_closes_a_batch_twice";

pub(crate) struct Day<'a> {
    pub(crate) shop: Shop<'a>,
    /// What each attempt was first asked for.
    amounts: BTreeMap<u32, u64>,
    /// Every refund that was asked for, by its name.
    refunds: Vec<String>,
    pub(crate) people: People,
    /// Where the records of a till that goes were put last.
    pub(crate) folder: Folder,
    /// The till's files and the device's keys as they were before it was to go.
    pub(crate) before: Option<(Files, KeyRing)>,
}

impl Day<'_> {
    fn step(&mut self, step: &Step) {
        let shop = &mut self.shop;
        shop.trace.note(shop.now.mono.0, &format!("== {step}"), &[]);
        shop.see_that_it_is_open();
        if shop.is_gone {
            return;
        }
        if let Action::Deregister { by, .. } = step.action {
            self.look_back(by);
        }
        let shop = &mut self.shop;
        shop.host.arm(&step.faults);
        shop.plan.arm(&step.faults);
        shop.arm_network(&step.faults);
        shop.callers_take = !step.faults.contains(&Fault::NotTaken);
        match &step.action {
            // Nobody may say no to it on a day like this.
            action if *action == FAREWELL && step.faults.is_empty() => self.farewell(),
            action => self.act(action),
        }
        let shop = &mut self.shop;
        shop.host.heal();
        // What a kill has left to be done is gone on with while other kills wait.
        shop.see_that_it_is_open();
        shop.plan.heal();
        shop.arm_network(&[]);
        shop.callers_take = true;
        shop.reader.hold(Card::Good);
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Sale { attempt, minor, card } => self.sale(*attempt, *minor, *card),
            Action::Cancel { attempt, minor, after_ms } => self.cancel(*attempt, *minor, *after_ms),
            Action::Again { attempt, with_other_amount } => self.again(*attempt, *with_other_amount),
            Action::Void { attempt, of } => self.void(*attempt, *of),
            Action::Refund { of, percent, by, then } => self.refund(*of, *percent, *by, *then),
            Action::Later { refund, then } => {
                if let Some(refund) = self.refunds.get(*refund as usize).cloned() {
                    self.go_on(&refund, *then);
                }
            }
            Action::Decide { attempt, charged } => {
                self.be(Who::Alice);
                let decision = if *charged { Decision::Charged } else { Decision::NotCharged };
                self.call("decide", Some(*attempt), Ask::Decide { attempt: id(*attempt), decision, reason: None });
            }
            Action::Settle => {
                self.somebody(Who::Bob);
                self.call("settle", None, Ask::Settle);
            }
            Action::Errands => {
                self.be(Who::Alice);
                self.call("test_host", None, Ask::TestHost);
                self.call("parameters", None, Ask::DownloadParameters);
            }
            Action::Look { attempt } => self.look(*attempt),
            Action::Resolve => {
                self.somebody(Who::Bob);
                self.call("resolve", None, Ask::Resolve);
            }
            Action::SignIn { who } => self.sign_in(*who),
            Action::WrongPassword { who } => {
                let password = SecretBytes::new(b"not the password 1".to_vec());
                self.call("sign_in", None, Ask::SignIn { name: who.name(), password, new_password: None });
            }
            Action::Lock => drop(self.call("lock", None, Ask::Lock)),
            Action::SignOut => drop(self.call("sign_out", None, Ask::SignOut)),
            Action::Freeze => drop(self.call("freeze", None, Ask::Freeze { reason: None, by: None })),
            Action::FreezeDuring { attempt, minor, after_ms } => self.freeze_during(*attempt, *minor, *after_ms),
            Action::Release { by, second } => self.release(*by, *second),
            Action::Exit { is_forced } => {
                self.somebody(Who::Alice);
                let force = WrittenReason::new("closing early").ok().filter(|_| *is_forced);
                self.call("exit", None, Ask::Exit { force });
            }
            Action::RotateKeys => {
                self.be(Who::Alice);
                self.call("rotate_keys", None, Ask::RotateKeys);
            }
            Action::RenewPasswords => {
                self.be(Who::Alice);
                self.call("renew_passwords", None, Ask::RenewPasswords);
            }
            Action::RenewCertificate => {
                self.be(Who::Alice);
                self.call("renew_certificate", None, Ask::RenewCertificate);
            }
            Action::Pins { word } => {
                self.be(Who::Alice);
                self.bring_pins(*word);
            }
            Action::Evening => self.evening(),
            Action::Deregister { second, room, .. } => drop(self.deregister(*second, *room)),
            Action::CloseAndOpen => {
                self.shop.close();
                self.shop.see_that_it_is_open();
            }
            Action::Wait { ms } => self.shop.wait(*ms),
            Action::Midnight => {
                let ms = until_midnight_ms(self.shop.world_ms) + 5_000;
                self.shop.wait(ms);
            }
            Action::ClockJumps { by_ms } => self.shop.now.wall.0 += by_ms,
        }
    }

    pub(crate) fn call(&mut self, what: &'static str, attempt: Option<u32>, ask: Ask) -> Option<String> {
        let name = attempt.map(name);
        let number = self.shop.ask(what, name.as_deref(), None, ask);
        self.shop.await_result(number)
    }

    /// Sees to it that somebody is signed in.
    fn somebody(&mut self, who: Who) {
        let state = self.call("state", None, Ask::State);
        if !state.is_some_and(|text| text.contains("\"signed_in\"")) {
            self.sign_in(who);
        }
    }

    fn sign_in(&mut self, who: Who) {
        let mut told = self.come_in(who, self.people.password(who), None);
        if self.people.is_in_doubt(who) && audit::code(told.as_deref()) == "sign_in_refused" {
            told = self.come_in(who, self.people.next(who), None);
            // It opens the till, or nothing but its own change: either way it is the one that holds.
            let is_due = audit::code(told.as_deref()) == "password_must_change";
            if is_due || told.as_deref().is_some_and(audit::is_session) {
                self.people.has_changed(who);
            }
        }
        if audit::code(told.as_deref()) == "password_must_change" {
            let told = self.come_in(who, self.people.password(who), Some(self.people.next(who)));
            match told.as_deref().is_some_and(audit::is_session) {
                true => self.people.has_changed(who),
                false => self.people.may_have_changed(who),
            }
        }
    }

    fn come_in(&mut self, who: Who, password: SecretBytes, new_password: Option<SecretBytes>) -> Option<String> {
        self.call("sign_in", None, Ask::SignIn { name: who.name(), password, new_password })
    }

    /// Whoever has to set another password does.
    pub(crate) fn everybody_is_known(&mut self) {
        if self.shop.seen.calls.iter().any(|call| call.what == "renew_passwords") {
            self.be(Who::Carol);
        }
    }

    /// A till that was busy may have let nobody in who may bring them the time before.
    fn bring_the_pins_that_hold(&mut self) {
        if self.shop.host.acquirer.has_rotated() {
            self.be(Who::Alice);
            self.bring_pins(Word::TheAcquirers);
        }
    }

    fn bring_pins(&mut self, word: Word) {
        let acquirer = &self.shop.host.acquirer;
        let text = match word {
            Word::TheAcquirers => acquirer.pins(false),
            Word::AnOlderOne => acquirer.pins(true),
            Word::AStrangers => acquirer.strangers_pins(),
        };
        self.call("take_pins", None, Ask::TakePins { text: text.into_bytes() });
    }

    /// Sees to it that this person is signed in, and nobody else.
    pub(crate) fn be(&mut self, who: Who) {
        let state = self.call("state", None, Ask::State);
        let sign = format!("\"operator\":\"{}\"", who.name());
        if !state.is_some_and(|text| text.contains("\"signed_in\"") && text.contains(&sign)) {
            self.sign_in(who);
        }
    }

    fn void(&mut self, attempt: u32, of: u32) {
        self.be(Who::Alice);
        let order = VoidOrder { attempt: Some(id(attempt)), of: id(of) };
        self.call("void", Some(attempt), Ask::Void(order));
    }

    fn refund(&mut self, of: u32, percent: u64, by: Who, then: Then) {
        let Some(minor) = self.amounts.get(&of).map(|minor| (minor * percent).div_ceil(100)) else { return };
        self.be(by);
        let request = RefundRequest { refund: None, of: RefundOf::Attempt(id(of)), amount: amount(minor) };
        let Some(told) = self.call("request_refund", None, Ask::RequestRefund(request)) else { return };
        if let Some(refund) = audit::refund(&told) {
            self.refunds.push(refund.clone());
            self.go_on(&refund, then);
        }
    }

    fn go_on(&mut self, refund: &str, then: Then) {
        let Ok(refund) = RefundId::new(refund) else { return };
        match then {
            Then::Waits => {}
            Then::ApprovedAs(approver) => {
                self.somebody(Who::Bob);
                let (approver, password) = (approver.name(), self.people.password(approver));
                self.call("approve_refund", None, Ask::ApproveRefundAs { refund, approver, password });
            }
            Then::ApprovedBy(approver) => {
                self.be(approver);
                self.call("approve_refund", None, Ask::ApproveRefund(refund));
            }
            Then::RejectedBy(approver) => {
                self.be(approver);
                let Ok(reason) = RejectionReason::new("not today") else { return };
                self.call("reject_refund", None, Ask::RejectRefund { refund, reason });
            }
            Then::ApprovedTwice => {
                for approver in [Who::Alice, Who::Carol] {
                    self.be(approver);
                    self.call("approve_refund", None, Ask::ApproveRefund(refund.clone()));
                }
            }
        }
    }

    fn order(&mut self, attempt: u32, minor: u64) -> u64 {
        self.somebody(Who::Bob);
        let ask = Ask::Sale(order(attempt, minor));
        self.shop.ask("sale", Some(&name(attempt)), Some(minor), ask)
    }

    fn sale(&mut self, attempt: u32, minor: u64, card: Card) {
        self.amounts.insert(attempt, minor);
        self.shop.reader.hold(card);
        let waits = self.order(attempt, minor);
        if card == Card::Nobodys {
            self.shop.wait(700);
            self.call("cancel", Some(attempt), Ask::Cancel(id(attempt)));
        }
        self.shop.await_result(waits);
    }

    fn cancel(&mut self, attempt: u32, minor: u64, after_ms: u64) {
        self.amounts.insert(attempt, minor);
        let waits = self.order(attempt, minor);
        self.shop.wait(after_ms);
        self.call("cancel", Some(attempt), Ask::Cancel(id(attempt)));
        self.shop.await_result(waits);
    }

    fn freeze_during(&mut self, attempt: u32, minor: u64, after_ms: u64) {
        self.amounts.insert(attempt, minor);
        let waits = self.order(attempt, minor);
        self.shop.wait(after_ms);
        self.call("freeze", None, Ask::Freeze { reason: None, by: None });
        self.shop.await_result(waits);
    }

    fn release(&mut self, by: Who, second: Who) {
        self.be(by);
        let (second, password) = (second.name(), self.people.password(second));
        self.call("release", None, Ask::Release { second, password });
    }

    fn again(&mut self, attempt: u32, with_other_amount: bool) {
        let Some(minor) = self.amounts.get(&attempt).copied() else { return };
        let minor = if with_other_amount { minor + 1 } else { minor };
        let waits = self.order(attempt, minor);
        self.shop.await_result(waits);
    }

    fn look(&mut self, attempt: u32) {
        self.somebody(Who::Alice);
        self.call("status", Some(attempt), Ask::Status(id(attempt)));
        self.call("list", None, Ask::List(ListQuery::default()));
        self.call("debts", None, Ask::Debts);
        self.call("events", None, Ask::Events { after: None, limit: 20 });
        self.call("receipt", Some(attempt), Ask::PrintReceipt(id(attempt), ReceiptCopy::Customer));
        self.call("verify", None, Ask::Verify);
    }

    /// Everything is well, and every debt has its time.
    fn evening(&mut self) {
        self.shop.trace.note(self.shop.now.mono.0, "== evening", &[]);
        let at_ms = self.shop.world_ms;
        self.shop.host.deliver_what_is_held(at_ms);
        self.shop.host.lets_go();
        self.shop.see_that_it_is_open();
        if self.shop.is_gone {
            return;
        }
        self.everybody_is_known();
        self.be(Who::Alice);
        for _ in 0..40 {
            self.shop.see_that_it_is_open();
            if !self.shop.is_open() {
                return;
            }
            self.bring_the_pins_that_hold();
            self.somebody(Who::Alice);
            self.call("parameters", None, Ask::DownloadParameters);
            self.release(Who::Alice, Who::Carol);
            self.shop.wait(5_000);
            let resolved = self.call("resolve", None, Ask::Resolve);
            if resolved.is_some_and(|text| audit::only_stuck_is_left(&text)) {
                self.close_the_batch();
                return self.read_everything();
            }
        }
        self.shop.seen.troubles.push("the debts are never closed".to_owned());
        self.read_everything();
    }

    /// The batch is closed, or somebody says by name why it is not.
    fn close_the_batch(&mut self) {
        for _ in 0..20 {
            self.bring_the_pins_that_hold();
            self.somebody(Who::Alice);
            let told = self.call("settle", None, Ask::Settle).unwrap_or_default();
            if audit::settlement_has_ended(&told) {
                // What waited for the next batch goes out in it, and the host is told what it has yet to be told.
                self.shop.wait(120_000);
                self.somebody(Who::Alice);
                self.call("resolve", None, Ask::Resolve);
                return;
            }
            if let Some(batch) = self.refused_and_gone(&told) {
                self.call("decide_batch", None, Ask::DecideBatch { batch, decision: BatchDecision::Closed });
            }
            self.shop.wait(5_000);
        }
        self.shop.seen.troubles.push("the batch is never closed".to_owned());
    }

    /// The batch that the host only refuses to settle, when the acquirer, who is rung up, has nothing in it and is at
    /// another: somebody has decided that a payment counts which the host has taken back.
    fn refused_and_gone(&self, told: &str) -> Option<BatchNo> {
        let batch = audit::batch_refused(told)?;
        let counter = &self.shop.host.counter;
        let is_gone = batch < counter.batch && counter.book.closings.iter().all(|closing| closing.batch != batch);
        is_gone.then(|| BatchNo::new(batch).ok()).flatten()
    }

    pub(crate) fn read_everything(&mut self) {
        let mut cursor = None;
        self.shop.seen.attempts.clear();
        self.shop.seen.refunds.clear();
        loop {
            let query = ListQuery { limit: 100, cursor: cursor.take(), ..ListQuery::default() };
            let Some(page) = self.call("list", None, Ask::List(query)) else { break };
            let (attempts, next) = audit::page(&page);
            self.shop.seen.attempts.extend(attempts);
            match next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        loop {
            let query = RefundQuery { limit: 100, cursor: cursor.take(), ..RefundQuery::default() };
            let Some(page) = self.call("refunds", None, Ask::Refunds(query)) else { break };
            let (refunds, next) = audit::refunds(&page);
            self.shop.seen.refunds.extend(refunds);
            match next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        let verified = self.call("verify", None, Ask::Verify);
        self.shop.seen.head = verified.and_then(|text| audit::head(&text));
    }

    fn end(mut self) -> Outcome {
        self.shop.close();
        if self.shop.is_gone {
            let at_ms = self.shop.world_ms;
            self.shop.host.deliver_what_is_held(at_ms);
            let gone = self.what_is_left();
            let events = gone.exported.get("events.jsonl").map_or("", String::as_str);
            self.shop.seen.journal = events.lines().map(|event| event.as_bytes().to_vec()).collect();
            self.shop.seen.gone = Some(gone);
        } else {
            self.shop.seen.device_keys = self.shop.keys.names();
            let (alice, in_doubt) = (self.people.password(Who::Alice), self.people.is_in_doubt(Who::Alice));
            let read = match self.journal(&alice) {
                Err(_) if in_doubt => self.journal(&self.people.next(Who::Alice)),
                read => read,
            };
            match read {
                Ok(journal) => self.shop.seen.journal = journal,
                Err(why) => self.shop.seen.troubles.push(format!("the journal cannot be read: {why}")),
            }
        }
        let findings = audit::audit(&self.shop.host.counter.book, &self.shop.seen);
        for finding in &findings {
            self.shop.trace.note(0, finding, &[]);
        }
        let mut ends = audit::ends(&self.shop.host.counter.book, &self.shop.seen);
        ends.extend(
            [
                ("process killed", self.shop.killed),
                ("power cut", self.shop.cut),
                ("erased by a start", self.shop.resumed),
            ]
            .map(|(what, times)| (what.to_owned(), times)),
        );
        let (hash, lines) = self.shop.trace.end();
        Outcome { findings, ends, hash, lines }
    }

    /// The journal's events as they were written, read behind the till's back with alice's password.
    fn journal(&self, password: &SecretBytes) -> Result<Vec<Vec<u8>>, String> {
        let shop = &self.shop;
        let ports = JournalPorts::from(&shop.ports);
        let mut locked = LockedJournal::open(&shop.place.journal(), ports).map_err(|error| error.to_string())?;
        let mut vault = Vault::new(&mut locked, &*shop.keys, &*shop.entropy);
        let name = Who::Alice.name();
        let attempt = vault.begin(Name::Operator(&name), shop.now).map_err(|error| format!("{error:?}"))?;
        let derived = hashed(password.expose(), attempt.derivation());
        let opened = vault.finish(attempt, derived, shop.now).map_err(|error| format!("{error:?}"))?;
        let keyring = opened.masters().keyring();
        let journal = locked.unlock(keyring, till::folds()).map_err(|(_, error)| error.to_string())?;
        let mut events = Vec::new();
        let mut keep = |_, bytes: &[u8]| {
            events.push(bytes.to_vec());
            Ok(())
        };
        journal.scan(&mut keep).map_err(|error| error.to_string())?;
        Ok(events)
    }
}

fn name(attempt: u32) -> String {
    format!("A-{attempt}")
}

fn id(attempt: u32) -> AttemptId {
    AttemptId::new(name(attempt)).expect("a letter and a number")
}

fn order(attempt: u32, minor: u64) -> SaleOrder {
    SaleOrder { attempt: Some(id(attempt)), amount: amount(minor), order: None }
}

fn amount(minor: u64) -> Amount {
    Amount::from_minor(minor, Currency::CNY).expect("amounts of a day are small")
}
