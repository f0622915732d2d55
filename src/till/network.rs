//! The network that the device is on: judged by the acquirer's table before anything goes over it, recorded, and shown.
//!
//! The device is asked before each connection, and before each wish that goes to the host. A judgement stands until it
//! changes; each new one is an event of the journal before anything follows from it. Where nothing may go out, no
//! connection is made, and one that stands ends; where keys may not, a connection that needs a sign-on ends before it.
//!
//! A clock that stands before a day that this till has seen is wrong, whatever the device says of it.
//!
//! It never asks the device by itself. Evidence: `tests/network.rs`.

use serde::Serialize;
use serde_json::json;

use crate::account::password::Day;
use crate::account::{self, Judgement, Verdict};
use crate::acquirer::{LinkEvent, LinkFault};
use crate::clock::Now;
use crate::error::Error;
use crate::journal::{Draft, SideWork};
use crate::payment::{self, LinkCommand};
use crate::ports::Posture;
use crate::session::Permit;
use crate::session::actions::ViewNetwork;
use crate::till::exchange::{Output, Reply};
use crate::till::gate::Answer;
use crate::till::record::Trouble;
use crate::till::{At, Till};

/// How the way to the host is judged, and by what the host is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NetworkView {
    /// What the device says.
    pub posture: Posture,
    /// Whether the clock stands before a day that this till has seen.
    pub clock_is_wrong: bool,
    /// What follows, and because of what.
    pub judgement: Judgement,
    /// The whole table.
    pub table: Vec<Judgement>,
    /// SHA-256 of the host's key, hex.
    pub pin: String,
    /// The same of the key that may replace it.
    pub pin_backup: Option<String>,
    /// What the acquirer's words are checked with; without it none is believed.
    pub acquirer_key: Option<String>,
}

impl Till {
    /// The device has said what network it is on. Whoever waits for a connection gets it, or the reason why not.
    pub(super) fn network_is(&mut self, posture: Posture, now: Now) -> Result<(), Trouble> {
        self.posture = posture;
        let Some(judgement) = self.judge_network(now)? else { return Ok(()) };
        if !std::mem::take(&mut self.connection_waits) {
            // A connection from before may have to end.
            return self.pay(payment::Input::Tick, now);
        }
        planted!(
            RefusedNetworkUsed,
            return {
                self.outputs.push(Output::Link(LinkCommand::Connect));
                Ok(())
            }
        );
        let fault = match judgement {
            Judgement { posture: Posture::Absent, .. } => LinkFault::NetworkAbsent,
            Judgement { verdict: Verdict::RefusedForAll, .. } => LinkFault::NetworkRefused,
            _ => {
                self.outputs.push(Output::Link(LinkCommand::Connect));
                return Ok(());
            }
        };
        self.pay(payment::Input::Link(LinkEvent::NotConnected(fault)), now)
    }

    /// What the engine wants of the connection. None is made before the network is judged.
    pub(super) fn command_link(&mut self, command: LinkCommand) -> Output {
        match command {
            LinkCommand::Connect => {
                self.connection_waits = true;
                Output::LookAtNetwork
            }
            LinkCommand::Disconnect => {
                self.connection_waits = false;
                Output::Link(LinkCommand::Disconnect)
            }
            send @ LinkCommand::Send(_) => Output::Link(send),
        }
    }

    /// Judges the network, records what is new, and lets it hold. Nothing where nobody is signed in.
    fn judge_network(&mut self, now: Now) -> Result<Option<Judgement>, Trouble> {
        let posture = self.posture;
        let At::Open(open) = &mut self.at else { return Ok(None) };
        let clock_is_wrong = clock_is_wrong(open.engine.journal(), now)?;
        let judgement = open.configuration.network.judge(posture, clock_is_wrong);
        open.engine.judge_network(judgement);
        if open.judged == Some(judgement) {
            return Ok(Some(judgement));
        }
        planted!(NetworkNotRecorded, return Ok(Some(judgement)));
        let body = json!({
            "posture": posture,
            "clock_is_wrong": clock_is_wrong,
            "because_of": judgement.posture,
            "verdict": judgement.verdict,
        });
        let (kind, v, attempt, may_use_ballast) = (JUDGED, 1, None, false);
        let operator = Some(open.session.operator().to_string());
        let draft = Draft { kind, v, attempt, operator, body, may_use_ballast };
        match open.engine.journal_mut().append(draft, SideWork::None, now).map_err(Trouble::from) {
            Ok(_) => open.judged = Some(judgement),
            // A full disk makes no network better; it is recorded as soon as there is room.
            Err(Trouble::Refused(_)) => {}
            Err(over) => return Err(over),
        }
        Ok(Some(judgement))
    }

    /// Shows how the network is judged.
    pub(super) fn network(&mut self, _permit: Permit<ViewNetwork>, now: Now) -> Result<Answer, Trouble> {
        let (posture, judged) = (self.posture, self.judge_network(now)?);
        let (At::Open(open), Some(judgement)) = (&self.at, judged) else { return Err(self.shut(now).into()) };
        let (policy, host) = (open.configuration.network, &open.configuration.host);
        let row = |posture| Judgement { posture, verdict: policy.verdict(posture) };
        Ok(Answer::Now(Reply::Network(Box::new(NetworkView {
            posture,
            clock_is_wrong: clock_is_wrong(open.engine.journal(), now)?,
            judgement,
            table: Posture::ALL.into_iter().map(row).collect(),
            pin: host.spki_sha256.clone(),
            pin_backup: host.spki_sha256_backup.clone(),
            acquirer_key: open.configuration.acquirer_key.clone(),
        }))))
    }
}

fn clock_is_wrong(journal: &crate::journal::Journal, now: Now) -> Result<bool, Error> {
    Ok(account::latest_day(journal, now)? > Day::of(now.wall))
}

const JUDGED: &str = "network.judged";
