//! Replaying a transcript: the kernel must send the same commands and reach what is expected.
//!
//! A trailing Le of 00 may differ. The first difference stops the replay and is reported with its place; a
//! transcript without `expect`, and a masked one, is unjudged. A transcript of a kernel that is not built is
//! refused with `kernel_not_available` and not run, since nothing that it proves would be proved.
//!
//! It never touches a card. Evidence: `tests/emv_transcripts.rs`.

use std::sync::Arc;

use serde::Serialize;

use crate::emv::capk::{CaKeyError, CaKeyFault, CaKeys, Environment};
use crate::emv::hex::{self, HexBytes};
use crate::emv::kernel3::{KERNEL, Session};
use crate::emv::outcome::{EndReason, OdaResult, Outcome};
use crate::emv::tags::{TAG_9A_TRANSACTION_DATE, Tag};
use crate::emv::tap::{CardEvent, Tap, TapRequest, TapStep};
use crate::emv::terminal_data::KERNELS;
use crate::emv::tlv;
use crate::money::{Amount, Currency};

use super::values::{self, Values};
use super::{CryptogramWord, Expect, ExpectedTags, OdaWord, OutcomeWord, Transcript};

/// What came of a replay. As JSON, `ok` is `true`, `false`, or `null` for what is unjudged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayVerdict {
    /// The transcript's name.
    pub name: String,
    /// Whether the commands were the same and all that was expected was reached.
    pub ok: Option<bool>,
    /// Why it could not be judged, or not run: `unjudged`, `masked`, `kernel_not_available`, `date_missing`,
    /// `ca_keys_invalid`, `terminal_invalid`, `commands_differ`.
    pub reason: Option<&'static str>,
    /// CA keys of the transcript's own that were not used, each with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refused_ca_keys: Vec<String>,
    /// The kernel that ran, or would have had to.
    pub kernel: u8,
    /// The first command that differed.
    pub difference: Option<Difference>,
    /// `ok`, `failed`, `not_done`.
    pub oda: Option<&'static str>,
    /// `TC`, `ARQC`, `AAC`.
    pub cryptogram: Option<&'static str>,
    /// As in `expect`.
    pub outcome: Option<&'static str>,
    /// Why the tap ended so.
    pub outcome_reason: Option<&'static str>,
    /// Particulars of that: tags, offsets and status words.
    pub detail: Option<String>,
    /// Members of `expect` that were not reached, as `oda`.
    pub missed: Vec<&'static str>,
    /// Expected tags that have another value.
    pub tags: Vec<TagDifference>,
}

/// A command that differed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Its place in `apdus`, from 0.
    pub index: usize,
    /// The transcript's command; `null` where the transcript was over.
    pub expected: Option<String>,
    /// The kernel's command; `null` where the kernel was done.
    pub got: Option<String>,
}

/// A tag that has another value than expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TagDifference {
    /// The tag, as `9F26`.
    pub tag: String,
    /// The expected value; `null` where any would do.
    pub expected: Option<String>,
    /// The value at the end; `null` where there is none.
    pub got: Option<String>,
}

impl ReplayVerdict {
    fn new(transcript: &Transcript) -> Self {
        Self {
            name: transcript.name.clone(),
            ok: None,
            reason: None,
            refused_ca_keys: Vec::new(),
            kernel: transcript.kernel.unwrap_or(KERNEL),
            difference: None,
            oda: None,
            cryptogram: None,
            outcome: None,
            outcome_reason: None,
            detail: None,
            missed: Vec::new(),
            tags: Vec::new(),
        }
    }

    fn not_run(mut self, transcript: &Transcript, reason: &'static str) -> Self {
        self.ok = transcript.judged_by().map(|_| false);
        self.reason = Some(reason);
        self
    }
}

/// Replays a transcript with its own CA keys and those given.
#[must_use]
pub fn replay(transcript: &Transcript, ca_keys: &CaKeys) -> ReplayVerdict {
    let mut verdict = ReplayVerdict::new(transcript);
    if !KERNELS.contains(&verdict.kernel) {
        return verdict.not_run(transcript, "kernel_not_available");
    }
    let mut all_keys = ca_keys.as_one_environment(Environment::Test);
    let Ok((own_keys, refused)) = transcript.own_keys() else {
        return verdict.not_run(transcript, "ca_keys_invalid");
    };
    all_keys.extend_first(own_keys);
    for error in refused {
        // A key that the transcript damages must not be mended by one that lies beside it.
        if let CaKeyError::Key { rid, index, fault } = error
            && fault != CaKeyFault::Repeated
        {
            all_keys.remove(Environment::Test, rid, index);
        }
        verdict.refused_ca_keys.push(error.to_string());
    }
    let values = transcript.first_values();
    let given_date = values.get(&TAG_9A_TRANSACTION_DATE).and_then(|date| date.as_slice().try_into().ok());
    let Some(date_yymmdd) = transcript.date.map(|date| date.0).or(given_date) else {
        return verdict.not_run(transcript, "date_missing");
    };
    let amount = Amount::from_minor(values::amount_minor(&values), Currency::CNY);
    let (Some(data), Ok(amount)) = (transcript.terminal_data(&values), amount) else {
        return verdict.not_run(transcript, "terminal_invalid");
    };
    let request = TapRequest {
        amount,
        transaction_type: values::transaction_type(&values),
        date_yymmdd,
        time_hhmmss: [0; 3],
        unpredictable_number: [0; 4],
        sequence_counter: 1,
    };
    let (mut tap, first) = Tap::start(Arc::new(data), Arc::new(all_keys), request);
    tap.keep_evidence();
    match play(transcript, &mut tap, first) {
        Ok(outcome) => judge(verdict, transcript, &outcome, tap.evidence()),
        Err(difference) => {
            ReplayVerdict { difference: Some(difference), ..verdict }.not_run(transcript, "commands_differ")
        }
    }
}

/// Plays the card's part to the end, or to the first command that differs.
fn play(transcript: &Transcript, tap: &mut Tap, first: TapStep) -> Result<Box<Outcome>, Difference> {
    let show = |command: &HexBytes| hex::encode(&command.0);
    let (mut step, mut index) = (first, 0);
    loop {
        step = match step {
            // The tap begins anew; if the transcript does not, nobody came.
            TapStep::AwaitCard(_) if index < transcript.apdus.len() => tap.handle(CardEvent::Found),
            TapStep::AwaitCard(_) => tap.handle(CardEvent::TimedOut),
            TapStep::Transmit(command) => {
                let Some((expected, response)) = transcript.apdus.get(index) else {
                    return Err(Difference { index, expected: None, got: Some(hex::encode(&command)) });
                };
                if !is_same_command(&command, &expected.0) {
                    let got = Some(hex::encode(&command));
                    return Err(Difference { index, expected: Some(show(expected)), got });
                }
                index += 1;
                tap.give_values(values::store(&transcript.values_for(index)));
                tap.handle(CardEvent::Response(&response.0))
            }
            TapStep::Done(outcome) => {
                return match transcript.apdus.get(index) {
                    None => Ok(outcome),
                    Some((expected, _)) => Err(Difference { index, expected: Some(show(expected)), got: None }),
                };
            }
        };
    }
}

fn is_same_command(got: &[u8], expected: &[u8]) -> bool {
    let has_le_more = |long: &[u8], short: &[u8]| long.split_last() == Some((&0x00, short));
    got == expected || has_le_more(got, expected) || has_le_more(expected, got)
}

fn judge(
    mut verdict: ReplayVerdict,
    transcript: &Transcript,
    outcome: &Outcome,
    evidence: Option<&Session>,
) -> ReplayVerdict {
    if transcript.kernel.is_none() && outcome.reason == EndReason::KernelNotAvailable {
        return verdict.not_run(transcript, "kernel_not_available");
    }
    let oda = outcome.card.as_ref().map_or(OdaResult::NotDone, |card| card.oda);
    let cryptogram = outcome.card.as_ref().map(|card| card.cryptogram_kind);
    verdict.oda = Some(oda.word());
    verdict.cryptogram = cryptogram.map(crate::emv::CryptogramKind::word);
    verdict.outcome = Some(outcome.kind.word());
    verdict.outcome_reason = Some(outcome.reason.word());
    verdict.detail = detail(outcome.reason, oda);
    let Some(expect) = transcript.judged_by() else {
        verdict.reason = Some(if transcript.masked { "masked" } else { "unjudged" });
        return verdict;
    };
    if expect.oda.is_some_and(|word| word != OdaWord::from(oda)) {
        verdict.missed.push("oda");
    }
    if expect.cryptogram.is_some_and(|word| Some(word) != cryptogram.map(CryptogramWord::from)) {
        verdict.missed.push("cryptogram");
    }
    if expect.outcome.is_some_and(|word| word != OutcomeWord::from(outcome.kind)) {
        verdict.missed.push("outcome");
    }
    verdict.tags = differing_tags(transcript, expect, outcome, evidence);
    if !verdict.tags.is_empty() {
        verdict.missed.push("tags");
    }
    verdict.ok = Some(verdict.missed.is_empty());
    verdict
}

fn detail(reason: EndReason, oda: OdaResult) -> Option<String> {
    match (reason, oda) {
        (EndReason::CardError(error), _) => Some(format!("{error:?}")),
        (_, OdaResult::Failed(error)) => Some(format!("{error:?}")),
        _ => None,
    }
}

fn differing_tags(
    transcript: &Transcript,
    expect: &Expect,
    outcome: &Outcome,
    evidence: Option<&Session>,
) -> Vec<TagDifference> {
    let value_of = |tag: Tag| {
        let session = evidence?;
        let own = session.card.value(tag).or_else(|| session.terminal.value(tag));
        // What the kernel made of it (9F27, 9F34), and what came with SELECT.
        let made = || tlv::find(&outcome.card.as_ref()?.chip_data, tag).ok().flatten().map(|tlv| tlv.value);
        own.or_else(made).or_else(|| transcript.selected_value(&session.name, tag))
    };
    let compare = |name: &String, expected: Option<&HexBytes>| {
        let got = Tag::from_hex(name).and_then(value_of);
        let is_reached = got.is_some_and(|got| expected.is_none_or(|expected| expected.0 == got));
        (!is_reached).then(|| TagDifference {
            tag: name.clone(),
            expected: expected.map(|expected| hex::encode(&expected.0)),
            got: got.map(hex::encode),
        })
    };
    match &expect.tags {
        None => Vec::new(),
        Some(ExpectedTags::Values(values)) => {
            values.iter().filter_map(|(name, value)| compare(name, Some(value))).collect()
        }
        Some(ExpectedTags::Names(names)) => names.iter().filter_map(|name| compare(name, None)).collect(),
    }
}

impl Transcript {
    fn judged_by(&self) -> Option<&Expect> {
        self.expect.as_ref().filter(|expect| expect.judges_something() && !self.masked)
    }

    fn own_keys(&self) -> Result<(CaKeys, Vec<CaKeyError>), CaKeyError> {
        let Some(mut list) = self.capks.clone() else { return Ok(<_>::default()) };
        // A transcript's keys serve it alone, so that it need not say which environment is meant.
        for key in list.as_array_mut().into_iter().flatten().filter_map(serde_json::Value::as_object_mut) {
            key.entry("environment").or_insert_with(|| "test".into());
        }
        let (keys, refused) = CaKeys::sound_from_json(&list.to_string())?;
        Ok((keys.as_one_environment(Environment::Test), refused))
    }

    /// What the terminal says when the command at `index` is next.
    fn values_for(&self, index: usize) -> Values {
        let mut values = self.first_values();
        values.extend(self.options_answers(index));
        values
    }
}
