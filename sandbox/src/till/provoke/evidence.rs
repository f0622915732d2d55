//! Evidence: bundles that are none or not this till's, periods in which there is nothing, previews of yesterday.
//! Evidence: `sandbox/tests/till_provoke.rs`.

use taptill::clock::WallMs;
use taptill::incident::evidence::{Bundle, Scope, verify};
use taptill::merkle::{KeyName, VerifierKey};
use taptill::secret::Secret;
use taptill::text::Language;

use super::stage::{Played, Stage, broken};

pub(super) fn evidence_not_a_bundle() -> Played {
    Ok(Bundle::of_archive(b"a photograph of the till").map(drop)?)
}

pub(super) fn evidence_newer() -> Played {
    let mut bundle = Bundle::default();
    bundle.add("manifest.json", br#"{"format":"taptill-evidence","version":1000}"#.to_vec())?;
    Ok(verify(&bundle, &[]).map(drop)?)
}

pub(super) fn evidence_of_another_till() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let whole = Scope::Period { from_ms: WallMs(0), to_ms: WallMs(i64::MAX) };
    let preview = till.terminal.preview_evidence(&whole)?;
    let mut bundle = Bundle::default();
    till.terminal
        .disclose_evidence(preview, None, Language::En, &mut |file| Ok(bundle.add(&file.name, file.contents)?))?;
    let name = KeyName::new("taptill/TERM0002/00000000").ok_or_else(|| broken("the name is no key's"))?;
    let another = VerifierKey::of_seed(name, &Secret::from_fn(|seed| seed.fill(1)));
    Ok(verify(&bundle, &[another]).map(drop)?)
}

pub(super) fn evidence_period_invalid() -> Played {
    preview(Scope::Period { from_ms: WallMs(2), to_ms: WallMs(1) })
}

pub(super) fn evidence_empty() -> Played {
    preview(Scope::Period { from_ms: WallMs(1), to_ms: WallMs(2) })
}

pub(super) fn evidence_too_large() -> Played {
    let mut bundle = Bundle::default();
    loop {
        let number = bundle.files().count();
        // Many at once: counting them each time would take longer than adding them.
        (number..number + 10_000).try_for_each(|number| bundle.add(&number.to_string(), Vec::new()))?;
    }
}

pub(super) fn evidence_preview_outdated() -> Played {
    let stage = Stage::set()?;
    let till = stage.till()?;
    let whole = Scope::Period { from_ms: WallMs(0), to_ms: WallMs(i64::MAX) };
    let preview = till.terminal.preview_evidence(&whole)?;
    till.terminal.renew_passwords()?;
    Ok(till.terminal.disclose_evidence(preview, None, Language::En, &mut |_| Ok(())).map(drop)?)
}

fn preview(scope: Scope) -> Played {
    Ok(Stage::set()?.till()?.terminal.preview_evidence(&scope).map(drop)?)
}
