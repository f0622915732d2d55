//! Which networks the till may use, and for what: one table, the acquirer's.
//!
//! | verdict | keys and sign-on | payments, reversals and everything else |
//! |---|---|---|
//! | `allowed`, `warned` | yes | yes |
//! | `refused_for_keys` | no | yes, under keys that this run has already |
//! | `refused_for_all` | no | no |
//!
//! No network at all is refused for all, and a network that the owner trusts is allowed; the others are the table's. Of
//! two judgements, as of a network and of a clock, the stricter holds.
//!
//! It never looks at a network or a clock by itself. Evidence: `mod tests` below, `tests/network.rs`.

use serde::{Deserialize, Serialize};

use crate::ports::Posture;

/// What may go over a network, from the mildest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything.
    Allowed,
    /// Everything, and the people at the till are told.
    Warned,
    /// Everything but keys: no sign-on, no certificate.
    RefusedForKeys,
    /// Nothing.
    RefusedForAll,
}

/// What is to go over a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Working keys and certificates.
    Keys,
    /// Every other request.
    Requests,
}

impl Verdict {
    /// All of them, from the mildest.
    pub const ALL: [Self; 4] = [Self::Allowed, Self::Warned, Self::RefusedForKeys, Self::RefusedForAll];

    /// The stable word, as in JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Warned => "warned",
            Self::RefusedForKeys => "refused_for_keys",
            Self::RefusedForAll => "refused_for_all",
        }
    }

    /// Whether this may go over the network.
    #[must_use]
    pub fn admits(self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Keys => self < Self::RefusedForKeys,
            Purpose::Requests => self < Self::RefusedForAll,
        }
    }
}

/// A verdict for each kind of network that somebody else may listen on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkPolicy {
    /// Wi-Fi without a password.
    pub open_wifi: Verdict,
    /// Wi-Fi that answers with a page of its own before it lets anybody through.
    pub captive_portal: Verdict,
    /// Traffic goes through a proxy.
    pub proxied: Verdict,
    /// The device trusts an authority that a person has added.
    pub user_authority: Verdict,
    /// Traffic goes through somebody else's tunnel.
    pub vpn: Verdict,
    /// The clock is not to be believed, so that certificates cannot be judged by it.
    pub clock_wrong: Verdict,
    /// The device does not tell what network it is.
    pub unknown: Verdict,
}

impl Default for NetworkPolicy {
    /// TLS with both sides' certificates and a pin holds on any of these; keys are not risked on what looks like an
    /// attempt to sit in the middle, and a portal lets nothing through anyway. A clock that is too slow or too fast for the
    /// host's certificate is refused by TLS itself.
    fn default() -> Self {
        Self {
            open_wifi: Verdict::Warned,
            captive_portal: Verdict::RefusedForAll,
            proxied: Verdict::RefusedForKeys,
            user_authority: Verdict::RefusedForKeys,
            vpn: Verdict::Warned,
            clock_wrong: Verdict::Warned,
            unknown: Verdict::Warned,
        }
    }
}

/// What was decided, and because of what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Judgement {
    /// What decided it: the network, or the clock where that is the stricter.
    pub posture: Posture,
    /// What may go over it.
    pub verdict: Verdict,
}

impl Judgement {
    /// What somebody does about it, as a stable word; nothing where everything may go over it.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        if self.verdict == Verdict::Allowed {
            return None;
        }
        Some(match self.posture {
            Posture::Absent => "connect",
            Posture::ClockWrong => "set_the_clock",
            Posture::UserAuthority => "remove_the_authority",
            _ => "use_another_network",
        })
    }
}

impl NetworkPolicy {
    /// The table's verdict on one kind.
    #[must_use]
    pub fn verdict(&self, posture: Posture) -> Verdict {
        match posture {
            Posture::Trusted => Verdict::Allowed,
            Posture::OpenWifi => self.open_wifi,
            Posture::CaptivePortal => self.captive_portal,
            Posture::Proxied => self.proxied,
            Posture::UserAuthority => self.user_authority,
            Posture::Vpn => self.vpn,
            Posture::ClockWrong => self.clock_wrong,
            Posture::Unknown => self.unknown,
            Posture::Absent => Verdict::RefusedForAll,
        }
    }

    /// Judges a network, and the clock beside it.
    #[must_use]
    pub fn judge(&self, posture: Posture, clock_is_wrong: bool) -> Judgement {
        let of = |posture| Judgement { posture, verdict: self.verdict(posture) };
        let network = of(posture);
        let clock = of(Posture::ClockWrong);
        if clock_is_wrong && clock.verdict > network.verdict { clock } else { network }
    }

    /// Whether nothing is said otherwise.
    pub(super) fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_admits_what_its_row_says() {
        for (verdict, keys, requests) in [
            (Verdict::Allowed, true, true),
            (Verdict::Warned, true, true),
            (Verdict::RefusedForKeys, false, true),
            (Verdict::RefusedForAll, false, false),
        ] {
            assert_eq!(verdict.admits(Purpose::Keys), keys, "{verdict:?}");
            assert_eq!(verdict.admits(Purpose::Requests), requests, "{verdict:?}");
        }
    }

    /// The network, whether the clock is wrong, and what decides.
    #[test]
    fn the_stricter_of_network_and_clock_decides() {
        use Posture as P;
        use Verdict as V;
        for (posture, clock_is_wrong, decides, verdict) in [
            (P::Trusted, false, P::Trusted, V::Allowed),
            (P::OpenWifi, false, P::OpenWifi, V::Warned),
            (P::Vpn, false, P::Vpn, V::Warned),
            (P::Proxied, false, P::Proxied, V::RefusedForKeys),
            (P::UserAuthority, false, P::UserAuthority, V::RefusedForKeys),
            (P::CaptivePortal, false, P::CaptivePortal, V::RefusedForAll),
            (P::Absent, false, P::Absent, V::RefusedForAll),
            (P::ClockWrong, false, P::ClockWrong, V::Warned),
            (P::Unknown, false, P::Unknown, V::Warned),
            (P::Unknown, true, P::Unknown, V::Warned),
            (P::Trusted, true, P::ClockWrong, V::Warned),
            (P::OpenWifi, true, P::OpenWifi, V::Warned),
            (P::Proxied, true, P::Proxied, V::RefusedForKeys),
            (P::CaptivePortal, true, P::CaptivePortal, V::RefusedForAll),
            (P::Absent, true, P::Absent, V::RefusedForAll),
        ] {
            let judged = NetworkPolicy::default().judge(posture, clock_is_wrong);
            assert_eq!(judged, Judgement { posture: decides, verdict }, "{posture:?} {clock_is_wrong}");
        }
        let strict = NetworkPolicy { clock_wrong: V::RefusedForAll, ..NetworkPolicy::default() };
        let judged = strict.judge(P::Proxied, true);
        assert_eq!(judged, Judgement { posture: P::ClockWrong, verdict: V::RefusedForAll });
    }

    #[test]
    fn what_is_not_allowed_has_a_remedy() {
        for verdict in Verdict::ALL {
            for posture in Posture::ALL {
                let remedy = Judgement { posture, verdict }.remedy();
                assert_eq!(remedy.is_none(), verdict == Verdict::Allowed, "{posture:?} {verdict:?}");
            }
        }
    }

    #[test]
    fn no_table_lets_a_till_without_a_network_send_or_forbids_a_trusted_one() {
        for verdict in Verdict::ALL {
            let all = NetworkPolicy {
                open_wifi: verdict,
                captive_portal: verdict,
                proxied: verdict,
                user_authority: verdict,
                vpn: verdict,
                clock_wrong: verdict,
                unknown: verdict,
            };
            assert_eq!(all.verdict(Posture::Absent), Verdict::RefusedForAll);
            assert_eq!(all.verdict(Posture::Trusted), Verdict::Allowed);
            for posture in Posture::ALL.into_iter().filter(|it| !matches!(it, Posture::Absent | Posture::Trusted)) {
                assert_eq!(all.verdict(posture), verdict, "{posture:?}");
            }
        }
    }

    #[test]
    fn a_table_in_a_file_is_read_whole_or_refused() {
        let read = |text: &str| serde_json::from_str::<NetworkPolicy>(text);
        let strict = read(r#"{"open_wifi":"refused_for_all"}"#).unwrap();
        assert_eq!(strict, NetworkPolicy { open_wifi: Verdict::RefusedForAll, ..NetworkPolicy::default() });
        for refused in
            [r#"{"open_wifi":"perhaps"}"#, r#"{"absent":"allowed"}"#, r#"{"trusted":"allowed"}"#, r#"{"vpn":1}"#]
        {
            assert!(read(refused).is_err(), "{refused}");
        }
    }
}
