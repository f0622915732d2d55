//! The licence check: every crate that is linked, tested with or measured against must offer a licence that
//! allows it. Source: the SPDX licence expressions in the crates' own manifests. Evidence: `mod tests`.

use cargo_metadata::{DependencyKind, MetadataCommand};
use spdx::{Expression, LicenseReq};

use crate::steps::project_folder;

/// What may be linked into a product that a shop's bank will read through.
const ACCEPTED: [&str; 12] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Zlib",
];

/// Fails with every crate whose licence is missing, unreadable or not accepted.
pub fn check() -> Result<(), String> {
    let metadata = MetadataCommand::new()
        .current_dir(project_folder())
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .map_err(|error| format!("licences: cargo metadata: {error}"))?;
    let mut refused = Vec::new();
    for package in &metadata.packages {
        if let Err(why) = accepted(package.license.as_deref()) {
            refused.push(format!("{} {}: {why}", package.name, package.version));
        }
    }
    if !refused.is_empty() {
        return Err(format!("licences not accepted:\n  {}", refused.join("\n  ")));
    }
    let floating = unpinned(&metadata);
    if !floating.is_empty() {
        return Err(format!("dependencies without a version: {}", floating.join(", ")));
    }
    eprintln!("    ok, {} crates", metadata.packages.len());
    Ok(())
}

fn accepted(licence: Option<&str>) -> Result<(), String> {
    let text = licence.ok_or("no licence in its manifest")?;
    // Older manifests separate alternatives with a slash, which SPDX calls OR.
    let expression = Expression::parse(&text.replace('/', " OR ")).map_err(|error| error.reason.to_string())?;
    let offers = |requirement: &LicenseReq| {
        requirement.license.id().is_some_and(|id| ACCEPTED.contains(&id.name)) && requirement.addition.is_none()
    };
    if expression.evaluate(offers) { Ok(()) } else { Err(format!("{text} is not accepted")) }
}

fn unpinned(metadata: &cargo_metadata::Metadata) -> Vec<String> {
    let ours = metadata.workspace_packages();
    let dependencies = ours.iter().flat_map(|package| &package.dependencies);
    let loose = dependencies.filter(|one| {
        one.path.is_none() && one.kind != DependencyKind::Unknown && one.req == cargo_metadata::semver::VersionReq::STAR
    });
    loose.map(|one| one.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::accepted;

    #[test]
    fn licences_are_accepted_or_refused_by_name() {
        let rows = [
            (Some("MIT"), true),
            (Some("MIT/Apache-2.0"), true),
            (Some("GPL-3.0-only OR MIT"), true),
            (Some("(MIT OR Apache-2.0) AND Unicode-3.0"), true),
            (Some("Apache-2.0 WITH LLVM-exception OR MIT"), true),
            (Some("GPL-3.0-only"), false),
            (Some("AGPL-3.0-or-later"), false),
            (Some("MIT AND GPL-2.0-only"), false),
            (Some("not a licence"), false),
            (None, false),
        ];
        for (licence, verdict) in rows {
            assert_eq!(accepted(licence).is_ok(), verdict, "{licence:?}");
        }
    }
}
