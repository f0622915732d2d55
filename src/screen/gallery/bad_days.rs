//! The pictures of a bad day: the report of a loss, every password anew, evidence, the network.
//! Never a real day: all of it is made up.
//!
//! Evidence: `tests/screens.rs`.

use crate::account::{Judgement, Verdict};
use crate::clock::WallMs;
use crate::error::ErrorCode;
use crate::ids::Role;
use crate::incident::evidence::{Preview, Scope, ShownRecord};
use crate::incident::loss::{LossOf, LossReport, LossSums, NotMine, NotMineWhy, Sum};
use crate::ports::Posture;
use crate::screen::effect::Effect;
use crate::screen::gallery::{Pictures, ROOT, at, attempt, till, who};
use crate::screen::state::{Form, Letter, Place, Showing, State};
use crate::till::{MessageView, NetworkView, Standing, TillState};

pub(super) fn pictures() -> Pictures {
    let loss = |report, is_shared| at(Place::Loss { report: Box::new(report), is_shared });
    let evidence = |preview, files| at(Place::Evidence(Box::new(Showing { form: Form::default(), preview, files })));
    let network = |posture, verdict| at(Place::Network(Box::new(view_of(posture, verdict))));
    let message = |view| at(Place::Message(Box::new(Letter { form: Form::default(), view })));
    let judged = |posture, verdict| {
        let who = who(Standing::SignedIn, Role::Supervisor);
        State { who: Some(TillState { network: Some(Judgement { posture, verdict }), ..who }), ..at(Place::Pad) }
    };
    let sending = Effect::SendLoss { from: WallMs(0), to: WallMs(1) };
    let too_long = Form { refused: Some(ErrorCode::IdentifierMalformed.into()) };
    let refused = Showing { form: too_long, preview: incident(), files: None };
    vec![
        ("loss", loss(report(None), false)),
        ("loss-sending", State { wanted: Some(sending), ..loss(report(None), false) }),
        ("loss-sent", loss(report(Some(70_231)), false)),
        ("loss-handed-out", loss(report(Some(70_231)), true)),
        ("loss-nothing", loss(nothing_lost(), false)),
        ("renew-passwords", at(Place::Renew(false))),
        ("passwords-renewed", at(Place::Renew(true))),
        ("evidence", evidence(incident(), None)),
        ("evidence-one-payment", evidence(one_payment(), None)),
        ("evidence-refused", at(Place::Evidence(Box::new(refused)))),
        ("disclosed", evidence(incident(), Some(214))),
        ("network", network(Posture::Trusted, Verdict::Allowed)),
        ("network-warned", network(Posture::OpenWifi, Verdict::Warned)),
        ("network-refused", network(Posture::UserAuthority, Verdict::RefusedForKeys)),
        ("amount-pad-network-warned", judged(Posture::OpenWifi, Verdict::Warned)),
        ("amount-pad-network-refused", judged(Posture::CaptivePortal, Verdict::RefusedForAll)),
        ("message", message(None)),
        ("message-strangers", message(Some(strangers()))),
        ("message-acquirers", message(Some(acquirers(true)))),
        ("message-of-another-till", message(Some(acquirers(false)))),
    ]
}

fn report(number: Option<u64>) -> LossReport {
    let sum = |count, minor| Sum { count, minor };
    let sums = LossSums {
        gross: sum(31, 1_234_567),
        voided: sum(1, 500),
        refunded: sum(2, 20_000),
        at_risk: sum(12, 400_000),
        unknown: sum(1, 8_800),
    };
    let not_mine = |why| NotMine { why, sequence: 9, at_ms: WallMs(0), attempt: None, refund: None, minor: None };
    let of = |name: Option<&str>| LossOf { name: name.map(str::to_owned), sums };
    LossReport {
        number,
        sums,
        operators: vec![of(Some("alice")), of(None)],
        not_mine: NotMineWhy::ALL.into_iter().map(not_mine).collect(),
        ..nothing_lost()
    }
}

fn nothing_lost() -> LossReport {
    let till = till();
    LossReport {
        v: 1,
        number: None,
        shop: till.merchant,
        terminal: till.terminal_id,
        merchant: till.merchant_id,
        time_zone: till.time_zone,
        from_ms: WallMs(1_795_269_933_000),
        to_ms: WallMs(1_795_356_333_000),
        made_ms: WallMs(1_795_356_333_000),
        made_by: "alice".to_owned(),
        frozen: None,
        currency: till.currency,
        sums: LossSums::default(),
        operators: Vec::new(),
        readers: Vec::new(),
        lines: Vec::new(),
        is_cut: false,
        not_mine: Vec::new(),
        journal_size: 1_204,
        journal_root: ROOT.to_owned(),
    }
}

fn incident() -> Preview {
    let (from_ms, to_ms) = (WallMs(1_795_269_933_000), WallMs(1_795_356_333_000));
    preview(Scope::Incident { from_ms, to_ms }, &["alice", "bob", "carol"], 37)
}

fn one_payment() -> Preview {
    Preview { slips: vec![attempt()], ..preview(Scope::Attempt { attempt: attempt() }, &["alice"], 5) }
}

fn preview(scope: Scope, names: &[&str], records: u64) -> Preview {
    let record = |sequence| ShownRecord {
        sequence,
        kind: "attempt.approved".to_owned(),
        at_ms: WallMs(1_795_357_800_000),
        operator: None,
        attempt: Some(attempt()),
    };
    Preview {
        scope,
        records: (1..=records).map(record).collect(),
        run: None,
        slips: Vec::new(),
        operators: names.iter().map(ToString::to_string).collect(),
        size: 1_204,
    }
}

fn view_of(posture: Posture, verdict: Verdict) -> NetworkView {
    let policy = crate::account::NetworkPolicy::default();
    NetworkView {
        posture,
        clock_is_wrong: posture == Posture::UserAuthority,
        judgement: Judgement { posture, verdict },
        table: Posture::ALL
            .into_iter()
            .map(|posture| Judgement { posture, verdict: policy.verdict(posture) })
            .collect(),
        pin: ROOT.to_owned(),
        pin_backup: Some(ROOT.to_owned()),
        acquirer_key: None,
    }
}

fn strangers() -> MessageView {
    MessageView {
        is_the_acquirers: false,
        why: Some("signature"),
        kind: None,
        number: None,
        at_ms: None,
        is_for_this_till: false,
        facts: Vec::new(),
    }
}

fn acquirers(is_for_this_till: bool) -> MessageView {
    MessageView {
        is_the_acquirers: true,
        why: None,
        kind: Some("pins".to_owned()),
        number: Some(12),
        at_ms: Some(WallMs(1_795_356_333_000)),
        is_for_this_till,
        facts: vec![("terminal".to_owned(), "TT000001".to_owned()), ("pin".to_owned(), ROOT.to_owned())],
    }
}
