//! Checkpoints: the head of a tree as the text of a signed note (C2SP tlog-checkpoint).
//!
//! ```text
//! origin                   who keeps the tree, also the name of the key that signs
//! 42                       how many leaves it has
//! base64(root)             RFC 6962, 2.1
//! anything, or nothing     extension lines
//! ```
//!
//! It never says that a signature is right: that is [`super::Note::verify`]. Evidence: `mod tests` below,
//! `tests/proof_peers.rs`, `tests/proof_rubbish.rs`.

use super::base64;
use super::tree::Hash;

/// A tree's head under the name of who keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Who keeps the tree: one line, not empty.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Lines that mean nothing here, none of them empty. We write none.
    pub extensions: Vec<String>,
}

/// The rule that a checkpoint's text breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointRefused {
    /// It has not three lines, or its last one does not end.
    TooShort,
    /// Its origin is empty.
    Origin,
    /// Its size is not a decimal number without leading zeros, or too large.
    Size,
    /// Its root is not base 64 of 32 bytes.
    Root,
    /// An extension line is empty.
    EmptyExtension,
}

impl Checkpoint {
    /// Reads the text of a note.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, CheckpointRefused> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointRefused::TooShort)?.split('\n');
        let mut line = || lines.next().ok_or(CheckpointRefused::TooShort);
        let (origin, size, root) = (line()?, line()?, line()?);
        if origin.is_empty() {
            return Err(CheckpointRefused::Origin);
        }
        let size = number(size).ok_or(CheckpointRefused::Size)?;
        let root = hash(root).ok_or(CheckpointRefused::Root)?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if extensions.iter().any(String::is_empty) {
            return Err(CheckpointRefused::EmptyExtension);
        }
        Ok(Self { origin: origin.to_owned(), size, root, extensions })
    }
}

/// The text to be signed.
impl std::fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}\n{}\n", self.origin, self.size, base64::encode(&self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// A decimal number written in the one way that it can be.
pub(super) fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let leads_with_zero = text.len() > 1 && text.starts_with('0');
    text.parse().ok().filter(|_| digits && !leads_with_zero)
}

/// A hash in base 64.
pub(super) fn hash(text: &str) -> Option<Hash> {
    base64::decode(text)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    const PUBLISHED: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn the_published_checkpoint_is_read_and_written_again() {
        for text in [PUBLISHED.to_owned(), format!("{PUBLISHED}more\n"), PUBLISHED.replace("20852163", "0")] {
            assert_eq!(Checkpoint::parse(&text).unwrap().to_string(), text);
        }
        let checkpoint = Checkpoint::parse(PUBLISHED).unwrap();
        assert_eq!((checkpoint.size, checkpoint.root[..4].to_vec()), (20_852_163, vec![0x0a, 0xc5, 0x18, 0x6a]));
    }

    #[test]
    fn each_broken_rule_is_named() {
        use CheckpointRefused as R;
        let of_size = |size: &str| PUBLISHED.replace("20852163", size);
        for (case, text, rule) in [
            ("nothing", String::new(), R::TooShort),
            ("two lines", "o\n1\n".to_owned(), R::TooShort),
            ("the last line does not end", PUBLISHED.trim_end().to_owned(), R::TooShort),
            ("no origin", PUBLISHED.replace("example.com/behind-the-sofa", ""), R::Origin),
            ("a leading zero", of_size("020852163"), R::Size),
            ("a sign", of_size("+1"), R::Size),
            ("negative", of_size("-1"), R::Size),
            ("no number", of_size(""), R::Size),
            ("one more than 64 bits", of_size("18446744073709551616"), R::Size),
            ("other digits", of_size("١"), R::Size),
            ("a space", of_size("1 "), R::Size),
            ("a short root", PUBLISHED.replace("CsUY", ""), R::Root),
            ("no base 64", PUBLISHED.replace("CsUY", "C!UY"), R::Root),
            ("an empty extension", format!("{PUBLISHED}\nmore\n"), R::EmptyExtension),
        ] {
            assert_eq!(Checkpoint::parse(&text), Err(rule), "{case}");
        }
        assert_eq!(Checkpoint::parse(&of_size("18446744073709551615")).unwrap().size, u64::MAX);
    }
}
