//! The log of a disk, and the states in which a power cut may leave it.
//!
//! Everything here is plain data: a state is a map from names to bytes. Evidence: `mod tests` below.

use std::collections::BTreeMap;
use std::sync::Arc;

/// What a drive writes whole or not at all.
pub const SECTOR_BYTES: usize = 512;

/// The files of a disk, by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What was done to a disk, from a state in which all was synced.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The state at its beginning.
    pub(super) base: Files,
    /// The numbers of its files.
    pub(super) numbers: BTreeMap<String, usize>,
    /// What came then.
    pub steps: Vec<Step>,
}

/// One thing done to a disk. A file has a number for as long as it lives, whatever its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new file under a name.
    Create {
        /// Its name.
        name: String,
        /// Its number.
        file: usize,
    },
    /// A name taken away.
    Delete {
        /// The name.
        name: String,
    },
    /// Bytes put into a file.
    Write {
        /// The file.
        file: usize,
        /// Where the first of them goes.
        offset: usize,
        /// The bytes.
        bytes: Arc<[u8]>,
    },
    /// A file cut off, or made longer with zeros.
    Truncate {
        /// The file.
        file: usize,
        /// Its new length.
        size: usize,
    },
    /// All work on a file made durable.
    Sync {
        /// The file.
        file: usize,
    },
    /// All names made durable.
    SyncFolder,
    /// Something that the disk's owner wants to find again.
    Mark,
}

/// What a power cut takes of the unsynced work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// All of it was on the drive already.
    Nothing,
    /// None of it was.
    Everything,
    /// What came first was, up to somewhere in the middle of a write.
    Tail,
    /// Any of it, in whole writes.
    Subset,
    /// Any of it, in sectors.
    Sectors,
}

impl Loss {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Nothing, Self::Everything, Self::Tail, Self::Subset, Self::Sectors];
}

/// A log on its way from its beginning to its end.
pub struct Replay<'a> {
    steps: &'a [Step],
    done: usize,
    durable: State<'a>,
    /// What was done and is not durable yet, in order.
    pending: Vec<&'a Step>,
}

impl<'a> Replay<'a> {
    /// At the log's beginning.
    #[must_use]
    pub fn new(log: &'a Log) -> Self {
        let names = log.numbers.iter().map(|(name, number)| (name.as_str(), *number)).collect();
        let files = log.numbers.iter().map(|(name, number)| (*number, log.base[name].clone())).collect();
        Self { steps: &log.steps, done: 0, durable: State { names, files }, pending: Vec::new() }
    }

    /// How many steps are done.
    #[must_use]
    pub fn done(&self) -> usize {
        self.done
    }

    /// Does the next step; `false` at the end.
    pub fn advance(&mut self) -> bool {
        let Some(step) = self.steps.get(self.done) else { return false };
        self.done += 1;
        match step {
            Step::Sync { file } => self.settle(|step| step.file() == Some(*file)),
            Step::SyncFolder => self.settle(|step| step.file().is_none()),
            Step::Mark => {}
            work => self.pending.push(work),
        }
        true
    }

    /// A state in which the power may leave the disk now.
    #[must_use]
    pub fn cut(&self, loss: Loss, dice: &mut Dice) -> Files {
        let mut state = self.durable.clone();
        let (last, odds) = (dice.below(self.pending.len() + 1), 1 + dice.below(7));
        for (index, step) in self.pending.iter().enumerate() {
            let is_kept = dice.below(8) < odds;
            match loss {
                Loss::Nothing => state.take(step),
                Loss::Tail if index < last => state.take(step),
                Loss::Subset if is_kept => state.take(step),
                Loss::Tail if index == last => state.take_some(step, odds, dice),
                Loss::Sectors => state.take_some(step, odds, dice),
                Loss::Everything | Loss::Tail | Loss::Subset => {}
            }
        }
        state.into_files()
    }

    fn settle(&mut self, is_settled: impl Fn(&Step) -> bool) {
        let durable = &mut self.durable;
        self.pending.retain(|step| {
            let settled = is_settled(step);
            if settled {
                durable.take(step);
            }
            !settled
        });
    }
}

impl Step {
    /// The file that it is work on; none for work on the folder.
    fn file(&self) -> Option<usize> {
        match self {
            Self::Write { file, .. } | Self::Truncate { file, .. } | Self::Sync { file } => Some(*file),
            Self::Create { .. } | Self::Delete { .. } | Self::SyncFolder | Self::Mark => None,
        }
    }
}

/// Names and contents.
#[derive(Clone)]
struct State<'a> {
    names: BTreeMap<&'a str, usize>,
    files: BTreeMap<usize, Vec<u8>>,
}

impl<'a> State<'a> {
    /// Does a step whole.
    fn take(&mut self, step: &'a Step) {
        match step {
            Step::Create { name, file } => drop(self.names.insert(name, *file)),
            Step::Delete { name } => drop(self.names.remove(name.as_str())),
            Step::Write { file, offset, bytes } => write(self.files.entry(*file).or_default(), *offset, bytes),
            Step::Truncate { file, size } => self.files.entry(*file).or_default().resize(*size, 0),
            Step::Sync { .. } | Step::SyncFolder | Step::Mark => {}
        }
    }

    /// Does a step by sectors, each with `odds` in eight. A file may have grown and not been filled: then the drive's
    /// old bytes show, whatever they are.
    fn take_some(&mut self, step: &'a Step, odds: usize, dice: &mut Dice) {
        let Step::Write { file, offset, bytes } = step else {
            if dice.below(8) < odds {
                self.take(step);
            }
            return;
        };
        let content = self.files.entry(*file).or_default();
        let end = offset + bytes.len();
        if dice.below(4) == 0 && content.len() < end {
            let old_bytes = dice.below(256) as u8;
            content.resize(end, old_bytes);
        }
        let mut at = *offset;
        while at < end {
            let next = ((at / SECTOR_BYTES + 1) * SECTOR_BYTES).min(end);
            if dice.below(8) < odds {
                write(content, at, &bytes[at - offset..next - offset]);
            }
            at = next;
        }
    }

    fn into_files(mut self) -> Files {
        // A file has one name: SQLite links none twice.
        let mut content = |file| self.files.remove(&file).unwrap_or_default();
        self.names.into_iter().map(|(name, file)| (name.to_owned(), content(file))).collect()
    }
}

/// Writes into a file, which grows as far as it must.
pub(super) fn write(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

/// Pseudo-random numbers that are the same on each run (SplitMix64).
#[derive(Clone, Debug)]
pub struct Dice(pub u64);

impl Dice {
    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrote(offset: usize, bytes: &[u8]) -> Step {
        Step::Write { file: 0, offset, bytes: bytes.into() }
    }

    /// A file of three sectors of zeros, then these steps.
    fn log(steps: Vec<Step>) -> Log {
        let base = Files::from([("a".to_owned(), vec![0; 3 * SECTOR_BYTES])]);
        Log { base, numbers: BTreeMap::from([("a".to_owned(), 0)]), steps }
    }

    /// All different states that many cuts after the last step give.
    fn states(log: &Log, loss: Loss) -> std::collections::BTreeSet<Files> {
        let mut replay = Replay::new(log);
        while replay.advance() {}
        assert_eq!(replay.done(), log.steps.len());
        let mut dice = Dice(1);
        (0..2_000).map(|_| replay.cut(loss, &mut dice)).collect()
    }

    #[test]
    fn what_was_synced_is_there_after_every_loss() {
        let log = log(vec![wrote(0, b"new"), Step::Sync { file: 0 }]);
        for loss in Loss::ALL {
            let states = states(&log, loss);
            assert_eq!(states.len(), 1, "{loss:?}");
            assert!(states.iter().all(|files| files["a"].starts_with(b"new")), "{loss:?}");
        }
    }

    #[test]
    fn each_loss_leaves_what_it_says_of_two_unsynced_writes() {
        let log = log(vec![wrote(0, b"one"), wrote(700, b"two")]);
        let seen = |loss| -> Vec<(bool, bool)> {
            let states = states(&log, loss).into_iter();
            let mut seen: Vec<_> = states.map(|files| (files["a"][0] == b'o', files["a"][700] == b't')).collect();
            seen.sort_unstable();
            seen
        };
        assert_eq!(seen(Loss::Nothing), [(true, true)]);
        assert_eq!(seen(Loss::Everything), [(false, false)]);
        assert_eq!(seen(Loss::Tail), [(false, false), (true, false), (true, true)]);
        assert_eq!(seen(Loss::Subset), [(false, false), (false, true), (true, false), (true, true)]);
    }

    #[test]
    fn a_write_is_torn_at_the_edges_of_sectors() {
        let log = log(vec![wrote(500, &[7; 600])]);
        let torn: Vec<_> = states(&log, Loss::Sectors).into_iter().map(|files| files["a"].clone()).collect();
        assert_eq!(torn.len(), 8, "three sectors, each there or not");
        for bytes in torn {
            for sector in [500..512, 512..1024, 1024..1100] {
                assert!(bytes[sector.clone()].iter().all(|byte| *byte == bytes[sector.start]));
            }
        }
    }

    #[test]
    fn a_name_is_durable_with_its_folder_and_its_content_with_its_file() {
        let create = Step::Create { name: "b".into(), file: 1 };
        let fill = Step::Write { file: 1, offset: 0, bytes: b"content".as_slice().into() };
        let cases = [
            (vec![create.clone(), fill.clone()], None),
            (vec![create.clone(), fill.clone(), Step::Sync { file: 1 }], None),
            (vec![create.clone(), fill.clone(), Step::SyncFolder], Some(b"".to_vec())),
            (vec![create, fill, Step::Sync { file: 1 }, Step::SyncFolder], Some(b"content".to_vec())),
        ];
        for (steps, left) in cases {
            let log = log(steps);
            let states = states(&log, Loss::Everything);
            assert_eq!(states.first().unwrap().get("b").cloned(), left, "{:?}", log.steps.len());
        }
    }

    #[test]
    fn a_deletion_that_was_not_synced_may_be_undone() {
        let log = log(vec![Step::Delete { name: "a".into() }]);
        assert!(states(&log, Loss::Everything).first().unwrap().contains_key("a"));
        assert!(states(&log, Loss::Nothing).first().unwrap().is_empty());
    }

    #[test]
    fn a_file_that_grew_may_show_old_bytes() {
        let log = log(vec![wrote(3 * SECTOR_BYTES, &[7; SECTOR_BYTES])]);
        let grown = states(&log, Loss::Sectors);
        let ends: Vec<_> = grown.iter().filter_map(|files| files["a"].get(3 * SECTOR_BYTES)).collect();
        assert!(ends.iter().any(|byte| ![0, 7].contains(*byte)), "{ends:?}");
    }
}
