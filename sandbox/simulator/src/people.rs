//! The people at the till as they know themselves: the password that each has now, and the next one.
//!
//! Whoever set another password while the process ended does not know whether it holds; then the next one is tried where
//! the present one opens nothing.
//!
//! It never asks a till. Evidence: `sandbox/simulator/tests/seeds.rs`.

use taptill::secret::SecretBytes;

use crate::schedule::Who;

/// What each knows.
#[derive(Default)]
pub(crate) struct People {
    of: [Known; 3],
}

#[derive(Clone, Copy, Default)]
struct Known {
    /// How often the password was changed.
    changes: u32,
    /// Whether a change was begun of which nobody heard the end.
    is_in_doubt: bool,
}

impl People {
    pub fn password(&self, who: Who) -> SecretBytes {
        nth(who, self.known(who).changes)
    }

    /// The one after it.
    pub fn next(&self, who: Who) -> SecretBytes {
        nth(who, self.known(who).changes + 1)
    }

    pub fn is_in_doubt(&self, who: Who) -> bool {
        self.known(who).is_in_doubt
    }

    pub fn has_changed(&mut self, who: Who) {
        let known = &mut self.of[who as usize];
        *known = Known { changes: known.changes + 1, is_in_doubt: false };
    }

    pub fn may_have_changed(&mut self, who: Who) {
        self.of[who as usize].is_in_doubt = true;
    }

    /// Every password that somebody has or may have.
    pub fn all(&self) -> impl Iterator<Item = (Who, SecretBytes)> + '_ {
        let both = |who| [(who, self.password(who)), (who, self.next(who))];
        Who::ALL.into_iter().flat_map(both)
    }

    fn known(&self, who: Who) -> Known {
        self.of[who as usize]
    }
}

fn nth(who: Who, changes: u32) -> SecretBytes {
    let mut password = who.password().expose().to_vec();
    if changes > 0 {
        password.extend_from_slice(format!(" and {changes}").as_bytes());
    }
    SecretBytes::new(password)
}
