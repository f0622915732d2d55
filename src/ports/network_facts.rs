//! What a device can tell of its network, fact by fact, and the one kind of network that follows.
//!
//! It never takes silence for a no. Evidence: `mod tests`.

use crate::ports::Posture;

/// What a device says of one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DeviceSays {
    /// It is so.
    Yes,
    /// It is not so.
    No,
    /// Nothing: the platform does not tell.
    #[default]
    Nothing,
}

/// What a device says of the network that carries its traffic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetworkFacts {
    /// There is a way out.
    pub reachable: DeviceSays,
    /// A page of its own answers before it lets anybody through.
    pub captive_portal: DeviceSays,
    /// Traffic goes through a proxy.
    pub proxied: DeviceSays,
    /// An authority that a person has added is trusted.
    pub user_authority: DeviceSays,
    /// Traffic goes through somebody else's tunnel.
    pub vpn: DeviceSays,
    /// It is Wi-Fi without a password.
    pub open_wifi: DeviceSays,
    /// The clock is set by hand.
    pub clock_by_hand: DeviceSays,
}

impl NetworkFacts {
    /// The kind of network that matters most of what is so, in this order: no way out, a portal, a proxy, an added
    /// authority, a tunnel, Wi-Fi without a password, a clock that is set by hand. Where none of it is so and something was
    /// not said, it is not known.
    #[must_use]
    pub fn posture(&self) -> Posture {
        let Self { reachable, captive_portal, proxied, user_authority, vpn, open_wifi, clock_by_hand } = *self;
        if reachable == DeviceSays::No {
            return Posture::Absent;
        }
        let rows = [
            (captive_portal, Posture::CaptivePortal),
            (proxied, Posture::Proxied),
            (user_authority, Posture::UserAuthority),
            (vpn, Posture::Vpn),
            (open_wifi, Posture::OpenWifi),
            (clock_by_hand, Posture::ClockWrong),
        ];
        let is_so = rows.iter().find(|(said, _)| *said == DeviceSays::Yes);
        let is_silent = reachable == DeviceSays::Nothing || rows.iter().any(|(said, _)| *said == DeviceSays::Nothing);
        let otherwise = if is_silent { Posture::Unknown } else { Posture::Trusted };
        is_so.map_or(otherwise, |(_, posture)| *posture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thing_that_is_so_counts_and_silence_is_no_no() {
        use DeviceSays::{No, Nothing, Yes};
        // Reachable, portal, proxy, authority, tunnel, open, by hand.
        for (said, verdict) in [
            ([Yes, No, No, No, No, No, No], Posture::Trusted),
            ([No, Yes, Yes, Yes, Yes, Yes, Yes], Posture::Absent),
            ([Yes, Yes, Yes, Yes, Yes, Yes, Yes], Posture::CaptivePortal),
            ([Yes, No, Yes, Yes, Yes, Yes, Yes], Posture::Proxied),
            ([Yes, No, No, Yes, Yes, Yes, Yes], Posture::UserAuthority),
            ([Yes, No, No, No, Yes, Yes, Yes], Posture::Vpn),
            ([Yes, No, No, No, No, Yes, Yes], Posture::OpenWifi),
            ([Yes, No, No, No, No, No, Yes], Posture::ClockWrong),
            ([Yes, Nothing, Nothing, Nothing, Nothing, Yes, Nothing], Posture::OpenWifi),
            ([Nothing, No, No, No, No, No, No], Posture::Unknown),
            ([Yes, Nothing, No, No, No, No, No], Posture::Unknown),
            ([Yes, No, Nothing, No, No, No, No], Posture::Unknown),
            ([Yes, No, No, Nothing, No, No, No], Posture::Unknown),
            ([Yes, No, No, No, Nothing, No, No], Posture::Unknown),
            ([Yes, No, No, No, No, Nothing, No], Posture::Unknown),
            ([Yes, No, No, No, No, No, Nothing], Posture::Unknown),
        ] {
            let [reachable, captive_portal, proxied, user_authority, vpn, open_wifi, clock_by_hand] = said;
            let facts =
                NetworkFacts { reachable, captive_portal, proxied, user_authority, vpn, open_wifi, clock_by_hand };
            assert_eq!(facts.posture(), verdict, "{said:?}");
        }
        assert_eq!(NetworkFacts::default().posture(), Posture::Unknown);
    }
}
