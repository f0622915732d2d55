//! The verdict: what is wrong, or else what is proved and what is not, in plain words.
//!
//! Who: the name under which somebody was signed in, which is not a face. When: by the till's own clock, which its owner
//! can set; where the clock went back, that is said. Whole or a part: a stretch without a gap, or records picked out.
//! Beside it stands, always, what no bundle can prove.
//!
//! It never calls anything proved of a bundle with a finding. Evidence: `incident/evidence/verify/tests.rs`, `tests/evidence.rs`.

use serde::Serialize;

use crate::clock::WallMs;
use crate::ids::AttemptId;
use crate::incident::evidence::manifest::{Consent, Run};
use crate::incident::evidence::scope::Scope;
use crate::incident::evidence::verify::{Finding, Look};
use crate::journal::Event;
use crate::receipt::Zone;
use crate::text::{Arg, Catalogue, Language};

/// What came of looking at a bundle.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// What the bundle says, to be believed only where nothing is wrong.
    pub facts: Facts,
}

/// What a bundle says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Facts {
    /// What it is about.
    pub scope: Scope,
    /// The journal's name.
    pub origin: String,
    /// The shop, as the till has it.
    pub merchant: String,
    /// The first key, by which all is checked, as a line.
    pub key: Option<String>,
    /// Whether it was held against a key that the asker trusts.
    pub key_known: bool,
    /// Whether the device signed it with a key that never leaves it.
    pub device_signed: bool,
    /// How many records the journal had.
    pub size: u64,
    /// How many of them are disclosed.
    pub records: u64,
    /// Where it is a stretch without a gap.
    pub run: Option<Run>,
    /// The time of the first and the last record that it is about, by the till's clock.
    pub from_ms: Option<WallMs>,
    /// See `from_ms`.
    pub to_ms: Option<WallMs>,
    /// The names under which somebody was signed in.
    pub operators: Vec<String>,
    /// The payments.
    pub attempts: Vec<AttemptId>,
    /// The record with which somebody agreed to the disclosure.
    pub disclosed_sequence: u64,
    /// Who did.
    pub disclosed_by: Option<String>,
    /// When, by the till's clock.
    pub disclosed_ms: Option<WallMs>,
    /// To whom, where it was said.
    pub disclosed_to: Option<String>,
    /// The records at which the till's clock was earlier than at the record before that is disclosed.
    pub clock_went_back: Vec<u64>,
    /// The host's own time in its answers, `MMDDHHMMSS`, by record; as the till recorded it.
    pub host_times: Vec<(u64, String)>,
    time_zone: String,
}

/// A verdict in plain words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sentences {
    /// What is wrong; empty where nothing is.
    pub wrong: Vec<String>,
    /// What is proved; empty where anything is wrong.
    pub proved: Vec<String>,
    /// What is not.
    pub not_proved: Vec<String>,
}

impl Facts {
    pub(super) fn of(look: &Look<'_>, key_known: bool) -> Self {
        let manifest = look.manifest;
        let consent = look.events.get(&manifest.consent);
        let said = consent.and_then(|event| serde_json::from_value::<Consent>(event.body.clone()).ok());
        let is_about = |event: &&Event| match (manifest.run, &event.attempt) {
            (Some(run), _) => (run.first..=run.last).contains(&event.sequence),
            (None, attempt) => attempt.is_some(),
        };
        let about: Vec<&Event> = look.events.values().filter(is_about).collect();
        let went_back = look.events.values().zip(look.events.values().skip(1));
        let went_back = went_back.filter(|(before, after)| after.now.wall < before.now.wall);
        Self {
            scope: manifest.scope.clone(),
            origin: manifest.till.origin.clone(),
            merchant: manifest.till.merchant.clone(),
            key: look.own_key().map(|key| key.vkey()),
            key_known,
            device_signed: look.device_key().is_some(),
            size: manifest.checkpoint.size,
            records: look.events.len() as u64,
            run: manifest.run,
            from_ms: about.first().map(|event| event.now.wall),
            to_ms: about.last().map(|event| event.now.wall),
            operators: names(about.iter().filter_map(|event| event.operator.clone())),
            attempts: names(about.iter().filter_map(|event| event.attempt.clone())),
            disclosed_sequence: manifest.consent,
            disclosed_by: consent.and_then(|event| event.operator.clone()),
            disclosed_ms: consent.map(|event| event.now.wall),
            disclosed_to: said.and_then(|consent| consent.to).map(String::from),
            clock_went_back: went_back.map(|(_, after)| after.sequence).collect(),
            host_times: about.iter().filter_map(|event| host_time(event)).collect(),
            time_zone: manifest.till.time_zone.clone(),
        }
    }
}

impl Verdict {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings.is_empty()
    }

    /// The verdict in plain words.
    #[must_use]
    pub fn sentences(&self, language: Language) -> Sentences {
        let texts = Catalogue::of(language);
        if !self.holds() {
            let wrong = self.findings.iter().map(|finding| sentence(texts, finding)).collect();
            return Sentences { wrong, proved: Vec::new(), not_proved: vec![texts.say("evidence.not.anything", &[])] };
        }
        let not_proved = self.not_proved(texts);
        Sentences { wrong: Vec::new(), proved: self.proved(texts), not_proved }
    }

    fn proved(&self, texts: &Catalogue) -> Vec<String> {
        let facts = &self.facts;
        let number = Arg::Number;
        let (by, to) = (facts.disclosed_by.as_deref().unwrap_or("-"), facts.disclosed_to.as_deref().unwrap_or("-"));
        let at = facts.disclosed_ms.map(|at| facts.shown(at)).unwrap_or_default();
        let mut said = vec![texts.say(
            "evidence.proved.word_for_word",
            &[("records", number(facts.records)), ("origin", Arg::Word(&facts.origin))],
        )];
        said.push(match facts.run {
            Some(Run { first, last }) => {
                texts.say("evidence.proved.whole", &[("first", number(first)), ("last", number(last))])
            }
            None => texts.say("evidence.proved.part", &[("records", number(facts.records))]),
        });
        if let (Some(from), Some(to)) = (facts.from_ms, facts.to_ms) {
            let (from, to) = (facts.shown(from), facts.shown(to));
            said.push(texts.say("evidence.proved.when", &[("from", Arg::Word(&from)), ("to", Arg::Word(&to))]));
        }
        if !facts.operators.is_empty() {
            let names = facts.operators.join(", ");
            said.push(texts.say("evidence.proved.who", &[("names", Arg::Word(&names))]));
        }
        for (sequence, time) in &facts.host_times {
            let args = [("sequence", number(*sequence)), ("time", Arg::Word(time))];
            said.push(texts.say("evidence.proved.host_time", &args));
        }
        said.push(
            texts.say(
                "evidence.proved.disclosed",
                &[("by", Arg::Word(by)), ("at", Arg::Word(&at)), ("to", Arg::Word(to))],
            ),
        );
        let signed = if facts.device_signed { "evidence.proved.device" } else { "evidence.proved.no_device" };
        said.push(texts.say(signed, &[]));
        said
    }

    fn not_proved(&self, texts: &Catalogue) -> Vec<String> {
        let facts = &self.facts;
        let key = facts.key.as_deref().unwrap_or("-");
        let whose = if facts.key_known { "evidence.not.who_holds_it" } else { "evidence.not.whose_key" };
        let mut said = vec![texts.say(whose, &[("key", Arg::Word(key))])];
        for sequence in &facts.clock_went_back {
            said.push(texts.say("evidence.not.clock_went_back", &[("sequence", Arg::Number(*sequence))]));
        }
        let rest = match facts.run {
            Some(_) => "evidence.not.outside",
            None => "evidence.not.the_rest",
        };
        said.push(texts.say("evidence.not.clock", &[]));
        said.push(texts.say("evidence.not.face", &[]));
        said.push(texts.say(rest, &[("size", Arg::Number(facts.size))]));
        said.push(texts.say("evidence.not.unrecorded", &[]));
        said.push(texts.say("evidence.not.host", &[]));
        said
    }
}

impl Facts {
    /// An instant in the shop's own zone, or in UTC where that is not known here.
    fn shown(&self, at: WallMs) -> String {
        match Zone::named(&self.time_zone).or_else(|_| Zone::named("UTC")) {
            Ok(zone) => format!("{} {}", zone.date(at), zone.time(at)),
            Err(_) => format!("{} ms", at.0),
        }
    }
}

fn sentence(texts: &Catalogue, finding: &Finding) -> String {
    let what = texts.say(&format!("evidence.wrong.{}", finding.what.word()), &[]);
    let file = finding.file.as_ref().map(|file| format!(" ({file})"));
    let sequence = finding.sequence.filter(|_| finding.file.is_none()).map(|sequence| format!(" ({sequence})"));
    format!("{what}{}", file.or(sequence).unwrap_or_default())
}

fn host_time(event: &Event) -> Option<(u64, String)> {
    let time = event.body.pointer("/answer/host_time")?.as_str()?;
    Some((event.sequence, time.to_owned()))
}

fn names<T: Ord>(names: impl Iterator<Item = T>) -> Vec<T> {
    let mut names: Vec<T> = names.collect();
    names.sort();
    names.dedup();
    names
}
