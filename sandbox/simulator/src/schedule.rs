//! A store day as a list of steps: what people do, and what goes wrong meanwhile.
//!
//! A seed gives a list; a list can be played without its seed, so that a failing one can be made shorter. A step says
//! everything that it needs by itself and refers to no stream of chance.
//!
//! It never looks at a till. Evidence: `sandbox/simulator/tests/same_bytes.rs`.

use std::fmt;

use crate::dice::Dice;

/// One thing that is done, and what goes wrong until it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub action: Action,
    pub faults: Vec<Fault>,
}

/// What somebody does. Attempts are numbered from the day's beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Sale {
        attempt: u32,
        minor: u64,
        card: Card,
    },
    /// A sale that is cancelled after so long.
    Cancel {
        attempt: u32,
        minor: u64,
        after_ms: u64,
    },
    /// The same attempt once more, with the same payload or with another amount.
    Again {
        attempt: u32,
        with_other_amount: bool,
    },
    /// A sale taken back whole, by an attempt of its own.
    Void {
        attempt: u32,
        of: u32,
    },
    /// Money back: who asks for it, how much of the sale in percent, and what becomes of the request.
    Refund {
        of: u32,
        percent: u64,
        by: Who,
        then: Then,
    },
    /// A refund that was asked for before, by its place in the day.
    Later {
        refund: u32,
        then: Then,
    },
    /// What is said of an attempt whose reversal is stuck.
    Decide {
        attempt: u32,
        charged: bool,
    },
    /// The open batch is closed.
    Settle,
    /// The host is asked whether it is there, and for its rules.
    Errands,
    /// Somebody looks around: status, list, events, a receipt.
    Look {
        attempt: u32,
    },
    Resolve,
    SignIn {
        who: Who,
    },
    WrongPassword {
        who: Who,
    },
    Lock,
    SignOut,
    /// Whoever is there, or nobody, freezes the till.
    Freeze,
    /// The same while a sale runs that has begun so long before.
    FreezeDuring {
        attempt: u32,
        minor: u64,
        after_ms: u64,
    },
    /// One signed in, and another beside, let a frozen till go.
    Release {
        by: Who,
        second: Who,
    },
    /// Somebody leaves by the checklist; with force, whatever is in the way.
    Exit {
        is_forced: bool,
    },
    RotateKeys,
    /// Everybody has to set another password, with another master key and another certificate.
    RenewPasswords,
    /// The host is asked for another certificate.
    RenewCertificate,
    /// Somebody brings other pins for the host.
    Pins {
        word: Word,
    },
    /// Everything is well: every debt has its time, and the batch is closed.
    Evening,
    /// Two people want the till to be gone. The folder for its records takes so many pieces.
    Deregister {
        by: Who,
        second: Who,
        room: Option<u32>,
    },
    /// The till is closed as it should be and opened again.
    CloseAndOpen,
    Wait {
        ms: u64,
    },
    /// Time passes until the host's day has changed.
    Midnight,
    /// The till's clock jumps; the world's does not.
    ClockJumps {
        by_ms: i64,
    },
}

/// What becomes of a request for a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Waits,
    /// This person approves it with a password, while another stays signed in.
    ApprovedAs(Who),
    /// This person signs in and approves it.
    ApprovedBy(Who),
    RejectedBy(Who),
    /// Two people approve it, one after the other.
    ApprovedTwice,
}

/// Which card is held to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Card {
    Good,
    /// One that does not pay, by a number.
    Bad(u32),
    Nobodys,
}

/// Who is at the till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// A supervisor.
    Alice,
    /// A cashier.
    Bob,
    /// Another supervisor.
    Carol,
}

/// Whose word it is that pins come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    TheAcquirers,
    /// The acquirer's from before the last one.
    AnOlderOne,
    AStrangers,
}

/// What network the device is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    OpenWifi,
    CaptivePortal,
    Proxied,
    UserAuthority,
    Vpn,
    ClockWrong,
    Absent,
}

const NETWORKS: [Network; 7] = [
    Network::OpenWifi,
    Network::CaptivePortal,
    Network::Proxied,
    Network::UserAuthority,
    Network::Vpn,
    Network::ClockWrong,
    Network::Absent,
];

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// With the next payment message, and so on in order.
    Payment(Wire),
    /// With the next sign-on or echo.
    Control(Wire),
    /// The host refuses the next request so, and books nothing.
    Refusal(&'static str),
    /// The host answers the next reversal so, and does nothing.
    ReversalAnswer(&'static str),
    /// The host will refuse every reversal of what it books next.
    NeverReverses,
    /// The process ends at the point of this number; with a power cut, what the disk has by then is chance.
    Kill {
        visit: u32,
        power: Option<u64>,
    },
    /// The disk is full, or a sync fails, at this point.
    Disk {
        point: &'static str,
        is_full: bool,
        times: u32,
    },
    /// The same at the point of this number.
    DiskAt {
        visit: u32,
        is_full: bool,
    },
    /// The disk is full from the point of this number on.
    FullFrom {
        visit: u32,
    },
    HostDown,
    /// Nobody listens any more after the next payment message.
    HostGoesDown,
    /// The host takes other keys into use.
    HostLosesKeys,
    /// The host names another batch at the next sign-on.
    OtherBatch,
    /// The host holds the till frozen, or lets it go, from its next answer on.
    HostHolds(bool),
    /// The host wants every record of the next settlement, whatever its totals.
    OutOfBalance,
    /// Nobody takes the results.
    NotTaken,
    /// The device is on this network.
    Network(Network),
    /// It is after so many looks.
    NetworkTurns {
        looks: u32,
        to: Network,
    },
    /// The acquirer finds money of the till's that the till knows nothing of.
    HostFindsBalance,
    /// The host takes into use the key that is pinned for later.
    HostTakesAnotherKey,
}

/// What becomes of a message and its answer on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    Fine,
    Slow,
    RequestLost,
    AnswerLost,
    ResetBefore,
    ResetAfter,
    /// The answer comes after its time.
    Late,
    AnswerTwice,
    RequestTwice,
    /// The request arrives after the next one.
    Overtaken,
    Half,
    Rubbish,
    BadMac,
    /// A right MAC over another amount.
    OtherAmount,
    /// A refusal that somebody made an approval of on the way.
    Forged,
    /// Somebody on the way first sends an answer to an earlier request of the same kind and amount.
    Replayed,
}

const WIRES: [Wire; 16] = [
    Wire::Fine,
    Wire::Slow,
    Wire::RequestLost,
    Wire::AnswerLost,
    Wire::ResetBefore,
    Wire::ResetAfter,
    Wire::Late,
    Wire::AnswerTwice,
    Wire::RequestTwice,
    Wire::Overtaken,
    Wire::Half,
    Wire::Rubbish,
    Wire::BadMac,
    Wire::OtherAmount,
    Wire::Forged,
    Wire::Replayed,
];

/// Points at which a disk fails.
const POINTS: [&str; 14] = [
    "before attempt.prepared",
    "after attempt.prepared",
    "before attempt.in_doubt",
    "after attempt.in_doubt",
    "before attempt.approved",
    "after attempt.approved",
    "before attempt.declined",
    "before attempt.not_sent",
    "before attempt.reversal_due",
    "before attempt.reversal_sent",
    "after attempt.reversal_sent",
    "before attempt.reversed",
    "before host.signed_on",
    "before attempt.delivered",
];

const REFUSALS: [&str; 10] = ["51", "05", "0A", "10", "01", "30", "91", "96", "25", "A0"];
/// A host that has a booking and says that it has none (25) is not tried: it is believed where it may be.
const REVERSAL_ANSWERS: [&str; 6] = ["96", "91", "12", "40", "A0", "77"];
const AMOUNTS: [u64; 5] = [100, 990, 1_230, 2_500, 4_999];
const DAY_MS: i64 = 86_400_000;

/// The days of this seed.
pub(crate) fn of(seed: u64, days: u32) -> Vec<Step> {
    let mut dice = Dice::new(seed ^ 0x0005_704E_DA75);
    let mut steps = Vec::new();
    let mut sold = Sold::default();
    for day in 0..days {
        if day > 0 {
            steps.push(Step { action: Action::Midnight, faults: Vec::new() });
        }
        for _ in 0..5 + dice.below(9) {
            let action = action(&mut dice, &mut sold);
            let (freezes, renews) =
                (matches!(action, Action::Freeze | Action::FreezeDuring { .. }), action == Action::RenewPasswords);
            steps.push(with_faults(&mut dice, action, is_stormy(seed)));
            if freezes {
                steps.extend(what_follows_a_freeze(&mut dice, &mut sold));
            }
            if renews {
                let action = Action::SignIn { who: dice.of(&[Who::Bob, Who::Bob, Who::Carol]) };
                steps.push(with_faults(&mut dice, action, is_stormy(seed)));
            }
            if dice.happens(1, 3) {
                let ms = dice.of(&[40, 900, 2_500, 6_000, 30_000, 200_000]);
                steps.push(Step { action: Action::Wait { ms }, faults: Vec::new() });
            }
        }
        if dice.happens(1, 4) {
            steps.push(Step { action: Action::Settle, faults: vec![Fault::OutOfBalance] });
        }
    }
    if dice.happens(1, 3) {
        steps.push(Step { action: Action::Evening, faults: Vec::new() });
        let action = goodbye(&mut dice);
        steps.push(with_faults(&mut dice, action, is_stormy(seed)));
        if dice.happens(3, 4) {
            steps.push(Step { action: FAREWELL, faults: Vec::new() });
        }
    }
    steps
}

/// Two people who may, on a day on which all is well.
pub(crate) const FAREWELL: Action = Action::Deregister { by: Who::Alice, second: Who::Carol, room: None };

fn with_faults(dice: &mut Dice, action: Action, is_stormy: bool) -> Step {
    let faults = faults(dice, &action, is_stormy);
    Step { action, faults }
}

fn goodbye(dice: &mut Dice) -> Action {
    let by = dice.of(&[Who::Alice, Who::Alice, Who::Carol, Who::Carol, Who::Bob]);
    let second = dice.of(&[Who::Alice, Who::Carol, Who::Alice, Who::Carol, Who::Bob]);
    Action::Deregister { by, second, room: dice.happens(1, 4).then(|| dice.below(14) as u32) }
}

/// What was named so far.
#[derive(Default)]
struct Sold {
    attempts: u32,
    sales: Vec<u32>,
}

impl Sold {
    fn another(&mut self) -> u32 {
        self.attempts += 1;
        self.attempts
    }

    fn another_sale(&mut self) -> u32 {
        let sale = self.another();
        self.sales.push(sale);
        sale
    }

    /// Any attempt, or one that there is not.
    fn any(&self, dice: &mut Dice) -> u32 {
        1 + dice.below(u64::from(self.attempts.max(1))) as u32
    }

    /// A sale that most likely still stands: one of the last few.
    fn recent(&self, dice: &mut Dice) -> u32 {
        let last = &self.sales[self.sales.len().saturating_sub(3)..];
        if last.is_empty() { 1 } else { dice.of(last) }
    }
}

/// Somebody tries to sell all the same; mostly two people let the till go, or one who says to be two.
fn what_follows_a_freeze(dice: &mut Dice, sold: &mut Sold) -> Vec<Step> {
    let mut actions = vec![Action::Sale { attempt: sold.another_sale(), minor: dice.of(&AMOUNTS), card: Card::Good }];
    if dice.happens(1, 3) {
        actions.insert(0, Action::CloseAndOpen);
    }
    if dice.happens(3, 4) {
        let second = dice.of(&[Who::Alice, Who::Carol, Who::Carol, Who::Bob]);
        actions.push(Action::Release { by: dice.of(&[Who::Alice, Who::Alice, Who::Carol, Who::Bob]), second });
    }
    actions.into_iter().map(|action| Step { action, faults: Vec::new() }).collect()
}

fn action(dice: &mut Dice, sold: &mut Sold) -> Action {
    match dice.below(62) {
        0..16 => {
            let attempt = sold.another_sale();
            let card = match dice.below(12) {
                0 => Card::Bad(dice.below(32) as u32),
                1 => Card::Nobodys,
                _ => Card::Good,
            };
            Action::Sale { attempt, minor: dice.of(&AMOUNTS), card }
        }
        16..19 => {
            let attempt = sold.another_sale();
            Action::Cancel { attempt, minor: dice.of(&AMOUNTS), after_ms: dice.below(500) }
        }
        19..21 => Action::Again { attempt: sold.any(dice), with_other_amount: dice.happens(1, 4) },
        21 => Action::Look { attempt: sold.any(dice) },
        22 => Action::Resolve,
        23 => Action::SignIn { who: dice.of(&[Who::Alice, Who::Bob, Who::Carol]) },
        24 => Action::WrongPassword { who: dice.of(&[Who::Alice, Who::Bob]) },
        25 => Action::Lock,
        26 => Action::SignOut,
        27 => Action::CloseAndOpen,
        28 => Action::Wait { ms: 1_000 * (1 + dice.below(1_000)) },
        29 => Action::Midnight,
        30..36 => {
            let of = sold.recent(dice);
            Action::Void { attempt: sold.another(), of }
        }
        36..44 => {
            let (percent, by) = (dice.of(&[100, 100, 60, 60, 30, 101]), dice.of(&[Who::Bob, Who::Bob, Who::Carol]));
            Action::Refund { of: sold.recent(dice), percent, by, then: then(dice) }
        }
        44 => Action::Later { refund: dice.below(4) as u32, then: then(dice) },
        45 => Action::Decide { attempt: sold.any(dice), charged: dice.happens(1, 2) },
        46 => Action::Errands,
        47..49 => Action::Settle,
        49 | 50 => Action::Freeze,
        51 => {
            let attempt = sold.another_sale();
            Action::FreezeDuring { attempt, minor: dice.of(&AMOUNTS), after_ms: dice.below(900) }
        }
        52..55 => Action::Exit { is_forced: dice.happens(1, 3) },
        55 => Action::RotateKeys,
        56 | 57 => Action::RenewPasswords,
        58 => Action::RenewCertificate,
        59 => Action::Pins { word: dice.of(&[Word::TheAcquirers, Word::AnOlderOne, Word::AStrangers]) },
        60 => goodbye(dice),
        _ => Action::ClockJumps { by_ms: (dice.below(5) as i64 - 2) * DAY_MS + dice.below(7_200_000) as i64 },
    }
}

fn then(dice: &mut Dice) -> Then {
    match dice.below(10) {
        0 => Then::Waits,
        1..5 => Then::ApprovedAs(dice.of(&[Who::Alice, Who::Alice, Who::Carol, Who::Bob])),
        5..8 => Then::ApprovedBy(dice.of(&[Who::Alice, Who::Carol, Who::Bob])),
        8 => Then::RejectedBy(dice.of(&[Who::Alice, Who::Carol])),
        _ => Then::ApprovedTwice,
    }
}

/// Every other day is stormy: the calm ones show what only a long quiet day leads to, the others what goes wrong at once.
fn is_stormy(seed: u64) -> bool {
    seed % 2 == 1
}

fn faults(dice: &mut Dice, action: &Action, is_stormy: bool) -> Vec<Fault> {
    let mut faults = Vec::new();
    let reaches_the_host = !matches!(
        action,
        Action::Look { .. }
            | Action::SignIn { .. }
            | Action::WrongPassword { .. }
            | Action::Lock
            | Action::SignOut
            | Action::CloseAndOpen
            | Action::Wait { .. }
            | Action::Midnight
            | Action::ClockJumps { .. }
            | Action::Decide { .. }
            | Action::Freeze
            | Action::Release { .. }
            | Action::RotateKeys
            | Action::Pins { .. }
            | Action::Evening
    );
    if reaches_the_host {
        let weather: &[u64] = if is_stormy { &[0, 0, 1, 1, 2, 3] } else { &[0, 0, 0, 0, 1, 1, 2, 3] };
        for _ in 0..dice.of(weather) {
            faults.push(Fault::Payment(dice.of(&WIRES)));
        }
        match dice.below(24) {
            0 | 1 => faults.push(Fault::Refusal(dice.of(&REFUSALS))),
            2 | 3 => {
                (0..1 + dice.below(3)).for_each(|_| faults.push(Fault::ReversalAnswer(dice.of(&REVERSAL_ANSWERS))))
            }
            4 => faults.push(Fault::NeverReverses),
            5 => faults.push(Fault::HostDown),
            6 => faults.push(Fault::HostGoesDown),
            7 => faults.push(Fault::HostLosesKeys),
            8 => faults.push(Fault::OtherBatch),
            9 => faults.push(Fault::NotTaken),
            10 => faults.push(Fault::Control(dice.of(&WIRES))),
            11 => faults.push(Fault::HostHolds(dice.happens(1, 2))),
            12 => faults.push(Fault::HostTakesAnotherKey),
            _ => {}
        }
        match dice.below(14) {
            0 => faults.push(Fault::Network(dice.of(&NETWORKS))),
            1 => faults.push(Fault::NetworkTurns { looks: dice.below(4) as u32, to: dice.of(&NETWORKS) }),
            _ => {}
        }
    }
    if *action == Action::RenewCertificate && dice.happens(1, 3) {
        faults.push(Fault::Network(dice.of(&[Network::Proxied, Network::UserAuthority])));
    }
    if matches!(action, Action::Deregister { .. }) {
        goes_wrong_with_a_goodbye(dice, &mut faults);
    }
    if *action == Action::Settle && dice.happens(1, 2) {
        faults.push(Fault::OutOfBalance);
    }
    match dice.below(16) {
        0..3 => {
            let power = dice.happens(1, 3).then(|| dice.next() >> 32);
            let visit = dice.below(if reaches_the_host { 48 } else { 12 }) as u32;
            faults.push(Fault::Kill { visit, power });
        }
        3 | 4 => {
            let (point, is_full) = (dice.of(&POINTS), dice.happens(1, 2));
            faults.push(Fault::Disk { point, is_full, times: 1 + dice.below(3) as u32 });
        }
        5 => faults.push(Fault::FullFrom { visit: dice.below(30) as u32 }),
        6 => faults.push(Fault::DiskAt { visit: dice.below(40) as u32, is_full: dice.happens(1, 2) }),
        _ => {}
    }
    faults
}

/// An erasure has many steps, and the start that goes on with it as well.
fn goes_wrong_with_a_goodbye(dice: &mut Dice, faults: &mut Vec<Fault>) {
    if dice.happens(1, 6) {
        faults.push(Fault::HostFindsBalance);
    }
    for _ in 0..dice.of(&[0, 1, 1, 2]) {
        let power = dice.happens(1, 3).then(|| dice.next() >> 32);
        faults.push(Fault::Kill { visit: dice.below(200) as u32, power });
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.action)?;
        self.faults.iter().try_for_each(|fault| write!(f, " + {fault:?}"))
    }
}
